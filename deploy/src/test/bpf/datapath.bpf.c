/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of DataPathIT. Packets are told apart by their UDP source port and payload. What was
 * set and what was read is kept by that key, and the test compares it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <metakey/metakey.bpf.h>

METAKEY_PRODUCES(packet_id, "edge.packet_id", __u64);
METAKEY_PRODUCES(zone, "edge.zone", __u16);

#define FOREIGN 0x1122334455667788ull
#define ZONE 0x2a17

struct by_packet {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
};

struct by_packet was_set SEC(".maps");
struct by_packet in_xdp SEC(".maps");
struct by_packet in_tc SEC(".maps");
struct by_packet in_tc_out SEC(".maps");
struct by_packet zone_in_tc SEC(".maps");
struct by_packet raw_in_tc SEC(".maps"); /* metadata of eight bytes, as somebody else would read it */
struct by_packet traced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* error number */
	__type(value, __u64); /* packets */
} set_results SEC(".maps"), get_results SEC(".maps"), sock_results SEC(".maps"),
	trace_results SEC(".maps");

static __always_inline void count(void *results, long result)
{
	__u64 one = 1, *counted;
	__u32 error = -result;

	counted = bpf_map_lookup_elem(results, &error);
	if (counted)
		__sync_fetch_and_add(counted, 1);
	else
		bpf_map_update_elem(results, &error, &one, BPF_ANY);
}

static __always_inline void keep(void *map, __u32 key, __u64 value)
{
	bpf_map_update_elem(map, &key, &value, BPF_ANY);
}

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	__u16 says;
} __attribute__((packed));

/* A key of 31 bits that tells a datagram from others; 0 if it is not a datagram. */
static __always_inline __u32 datagram_key(const struct datagram *packet)
{
	if (packet->ip.protocol != 17)
		return 0;
	return (bpf_ntohs(packet->udp.source) & 0x7fff) << 16 | packet->says;
}

static __always_inline __u32 key_of(void *data, void *end)
{
	struct datagram *packet = data + ETH_HLEN;

	return (void *)(packet + 1) > end ? 0 : datagram_key(packet);
}

static __always_inline __u32 xdp_key(struct xdp_md *ctx)
{
	return key_of((void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

static __always_inline int set(struct xdp_md *ctx, __u32 key)
{
	__u64 value = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
	long result = metakey_set(ctx, packet_id, value);

	count(&set_results, result);
	if (!result)
		keep(&was_set, key, value);
	return result;
}

SEC("xdp")
int xdp_set(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);

	if (key)
		set(ctx, key);
	return XDP_PASS;
}

SEC("xdp")
int xdp_set_two(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);

	if (key && !set(ctx, key))
		count(&set_results, metakey_set(ctx, zone, ZONE));
	return XDP_PASS;
}

SEC("xdp")
int xdp_get(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);
	__u64 value;
	long result;

	if (!key)
		return XDP_PASS;
	result = metakey_get(ctx, packet_id, &value);
	count(&get_results, result);
	if (!result)
		keep(&in_xdp, key, value);
	return XDP_PASS;
}

/* Somebody else's eight bytes are there first. */
SEC("xdp")
int xdp_foreign(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);
	__u64 *meta, value;

	if (!key || bpf_xdp_adjust_meta(ctx, -8))
		return XDP_PASS;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_DROP;
	*meta = FOREIGN;
	set(ctx, key);
	count(&get_results, metakey_get(ctx, packet_id, &value));
	return XDP_PASS;
}

/* Takes the Ethernet header off and puts it on again, and more, and reads the value each time. */
SEC("xdp")
int xdp_adjust_head(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);
	struct ethhdr saved;
	void *data;
	__u64 value;

	if (!key || set(ctx, key))
		return XDP_PASS;
	data = (void *)(long)ctx->data;
	if (data + sizeof(saved) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(&saved, data, sizeof(saved));
	if (bpf_xdp_adjust_head(ctx, ETH_HLEN))
		return XDP_DROP;
	count(&get_results, metakey_get(ctx, packet_id, &value));
	if (bpf_xdp_adjust_head(ctx, -ETH_HLEN - 8))
		return XDP_DROP;
	count(&get_results, metakey_get(ctx, packet_id, &value));
	if (bpf_xdp_adjust_head(ctx, 8))
		return XDP_DROP;
	count(&get_results, metakey_get(ctx, packet_id, &value));
	data = (void *)(long)ctx->data;
	if (data + sizeof(saved) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(data, &saved, sizeof(saved));
	keep(&in_xdp, key, value);
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} next SEC(".maps") = { .values = { [0] = (void *)&xdp_get } };

SEC("xdp")
int xdp_tail_call(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);

	if (key)
		set(ctx, key);
	bpf_tail_call(ctx, &next, 0);
	return XDP_DROP; /* never */
}

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} out SEC(".maps");

SEC("xdp")
int xdp_redirect(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);

	if (!key)
		return XDP_PASS;
	set(ctx, key);
	return bpf_redirect_map(&out, 0, XDP_DROP);
}

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cpu SEC(".maps");

SEC("xdp")
int xdp_to_cpu(struct xdp_md *ctx)
{
	__u32 key = xdp_key(ctx);

	if (!key)
		return XDP_PASS;
	set(ctx, key);
	return bpf_redirect_map(&cpu, 0, XDP_DROP);
}

static __always_inline int see(struct __sk_buff *skb)
{
	__u32 key = key_of((void *)(long)skb->data, (void *)(long)skb->data_end);
	__u64 *meta = (void *)(long)skb->data_meta, value;
	__u16 number;
	long result;

	if (!key)
		return TC_ACT_UNSPEC;
	if ((void *)(meta + 1) <= (void *)(long)skb->data)
		keep(&raw_in_tc, key, *meta);
	result = metakey_get(skb, packet_id, &value);
	count(&get_results, result);
	if (!result)
		keep(&in_tc, key, value);
	if (!metakey_get(skb, zone, &number))
		keep(&zone_in_tc, key, number);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_get(struct __sk_buff *skb)
{
	return see(skb);
}

SEC("tc")
int tc_set_and_get(struct __sk_buff *skb)
{
	count(&set_results, metakey_set(skb, zone, ZONE));
	return see(skb);
}

/* On its way out, after IP forwarding. */
SEC("tc")
int tc_out(struct __sk_buff *skb)
{
	__u32 key = key_of((void *)(long)skb->data, (void *)(long)skb->data_end);
	__u64 value;

	if (key && !metakey_get(skb, packet_id, &value))
		keep(&in_tc_out, key, value);
	return TC_ACT_UNSPEC;
}

/* Takes the headers of a tunnel off, as a program does that ends the tunnel in tc. The metadata
 * stays where it was, and then is bytes of the headers. */
#define TUNNEL_PORT 6081
#define TUNNEL_BYTES 180

SEC("tc")
int tc_decap(struct __sk_buff *skb)
{
	struct datagram *packet = (void *)(long)skb->data + ETH_HLEN;
	__u64 value;
	__u32 key;

	if ((void *)(packet + 1) > (void *)(long)skb->data_end || !datagram_key(packet) ||
	    packet->udp.dest != bpf_htons(TUNNEL_PORT))
		return TC_ACT_UNSPEC;
	key = datagram_key(packet);
	if (bpf_skb_adjust_room(skb, -TUNNEL_BYTES, BPF_ADJ_ROOM_MAC, 0))
		return TC_ACT_SHOT;
	count(&sock_results, metakey_sock_get(skb, packet_id, &value));
	count(&trace_results, metakey_trace_get(bpf_cast_to_kern_ctx(skb), packet_id, &value));
	if (!metakey_get(skb, packet_id, &value))
		keep(&in_tc, key, value);
	count(&get_results, metakey_get(skb, packet_id, &value)); /* last: the test waits for it */
	return TC_ACT_SHOT;
}

/* The members of the kernel's structs that are read. */
struct sk_buff {
	unsigned char *data;
} __attribute__((preserve_access_index));

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(trace, struct sk_buff *skb)
{
	struct datagram packet;
	__u64 value;

	if (bpf_probe_read_kernel(&packet, sizeof(packet), skb->data) || !datagram_key(&packet))
		return 0;
	if (!metakey_trace_get(skb, packet_id, &value))
		keep(&traced, datagram_key(&packet), value);
	return 0;
}

char _license[] SEC("license") = "GPL";
