/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of MetadataWaysIT. XDP programs set a value, each sends the packet another way; tc programs do something
 * to the packet; and readers, each at its place, count whether the value is still there.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <metakey/metakey.bpf.h>

#include "ways.h"

METAKEY_PRODUCES(value, "test.value", __u64);
METAKEY_PRODUCES(other, "test.other", __u16);

/* By place and outcome. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES * OUTCOMES);
	__type(key, __u32);
	__type(value, __u64);
} counted SEC(".maps");

/* The devices that packets are sent to. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/* The area that the last packet for AF_XDP had. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[AREA_BYTES]);
} area SEC(".maps");

/* The network namespace that the tracer looks at. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} traced SEC(".maps");

__u64 base; /* what is set; chosen by the first set */
__u64 added; /* so much was added to it at most, where packets are told apart */

static __always_inline void count(enum place place, enum outcome outcome)
{
	__u32 key = place * OUTCOMES + outcome;
	__u64 *packets = bpf_map_lookup_elem(&counted, &key);

	if (packets)
		__sync_fetch_and_add(packets, 1);
}

static __always_inline void saw(enum place place, long result, __u64 seen)
{
	if (result == -METAKEY_ENOENT)
		count(place, ABSENT);
	else
		count(place, !result && seen - base <= added ? RIGHT : WRONG);
}

static __always_inline int is_ours(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data + SHORTEST <= (void *)(long)ctx->data_end;
}

static __always_inline int set(struct xdp_md *ctx, __u64 more)
{
	if (!is_ours(ctx))
		return 0;
	if (!more)
		added = 0;
	__sync_val_compare_and_swap(&base, 0, (__u64)bpf_get_prandom_u32() << 32 | 1);
	count(PLACE_SET, metakey_set(ctx, value, base + more) ? WRONG : RIGHT);
	return 1;
}

SEC("xdp")
int xdp_set(struct xdp_md *ctx)
{
	set(ctx, 0);
	return XDP_PASS;
}

SEC("xdp")
int xdp_set_differing(struct xdp_md *ctx)
{
	if (is_ours(ctx))
		set(ctx, __sync_fetch_and_add(&added, 1) + 1);
	return XDP_PASS;
}

SEC("xdp")
int xdp_read(struct xdp_md *ctx)
{
	__u64 seen = 0;

	if (is_ours(ctx))
		saw(PLACE_XDP, metakey_get(ctx, value, &seen), seen);
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} next SEC(".maps") = { .values = { [0] = (void *)&xdp_read } };

SEC("xdp")
int xdp_tail_call(struct xdp_md *ctx)
{
	set(ctx, 0);
	bpf_tail_call(ctx, &next, 0);
	return XDP_DROP; /* never */
}

SEC("xdp")
int xdp_adjust_head(struct xdp_md *ctx)
{
	struct ethhdr saved = {}, *header = (void *)(long)ctx->data;

	if (!set(ctx, 0))
		return XDP_PASS;
	header = (void *)(long)ctx->data;
	if ((void *)(header + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	saved = *header;
	if (bpf_xdp_adjust_head(ctx, ETH_HLEN) || bpf_xdp_adjust_head(ctx, -ETH_HLEN - 8) || bpf_xdp_adjust_head(ctx, 8))
		return XDP_DROP;
	header = (void *)(long)ctx->data;
	if ((void *)(header + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	*header = saved;
	return XDP_PASS;
}

SEC("xdp")
int xdp_tx(struct xdp_md *ctx)
{
	return set(ctx, 0) ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int xdp_redirect(struct xdp_md *ctx)
{
	return set(ctx, 0) ? bpf_redirect_map(&devices, 0, XDP_DROP) : XDP_PASS;
}

SEC("xdp")
int xdp_broadcast(struct xdp_md *ctx)
{
	return set(ctx, 0) ? bpf_redirect_map(&devices, 0, BPF_F_BROADCAST) : XDP_PASS;
}

SEC("xdp")
int xdp_to_cpu(struct xdp_md *ctx)
{
	return set(ctx, 0) ? bpf_redirect_map(&cpus, 0, XDP_DROP) : XDP_PASS;
}

SEC("xdp")
int xdp_to_socket(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *copy = bpf_map_lookup_elem(&area, &key), *meta;

	if (!set(ctx, 0))
		return XDP_PASS;
	meta = (void *)(long)ctx->data_meta;
	if (!copy || meta + AREA_BYTES > (void *)(long)ctx->data)
		return XDP_DROP;
	__builtin_memcpy(copy, meta, AREA_BYTES);
	return bpf_redirect_map(&sockets, 0, XDP_DROP);
}

/* What the peers of a veth that gets redirected packets need. */
SEC("xdp")
int xdp_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

#define READS(name, place)                                                       \
	SEC("tc") int name(struct __sk_buff *skb)                                \
	{                                                                        \
		__u64 seen = 0;                                                  \
                                                                                 \
		if (skb->len >= SHORTEST && !is_left_out(skb))                   \
			saw(place, metakey_get(skb, value, &seen), seen);        \
		return TC_ACT_UNSPEC;                                            \
	}

/* The last byte of the sender's address. */
#define SENDER (2 * ETH_ALEN - 1)
#define LEFT_OUT 0xee

static __always_inline int is_left_out(struct __sk_buff *skb)
{
	__u8 *sender = (void *)(long)skb->data + SENDER;

	return (void *)(sender + 1) <= (void *)(long)skb->data_end && *sender == LEFT_OUT;
}

READS(read_ingress, PLACE_INGRESS)
READS(read_egress, PLACE_EGRESS)
READS(read_next, PLACE_NEXT)

SEC("socket")
int read_socket(struct __sk_buff *skb)
{
	__u64 seen = 0;

	if (skb->len >= SHORTEST)
		saw(PLACE_SOCKET, metakey_sock_get(skb, value, &seen), seen);
	return skb->len;
}

struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));

struct net {
	struct ns_common ns;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct net_device {
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

struct sk_buff {
	unsigned int len;
	struct net_device *dev;
} __attribute__((preserve_access_index));

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(read_tracer, struct sk_buff *skb)
{
	__u32 key = 0, *only = bpf_map_lookup_elem(&traced, &key);
	__u64 seen = 0;

	if (only && skb->dev->nd_net.net->ns.inum == *only && skb->len >= SHORTEST)
		saw(PLACE_TRACER, metakey_trace_get(skb, value, &seen), seen);
	return 0;
}

/* What is done to a packet in tc, before the reader behind it looks. */
#define DOES(name, done)                                              \
	SEC("tc") int name(struct __sk_buff *skb)                     \
	{                                                             \
		if (skb->len < SHORTEST)                              \
			return TC_ACT_UNSPEC;                         \
		return (done) ? TC_ACT_SHOT : TC_ACT_UNSPEC;          \
	}

DOES(tc_set, (metakey_set(skb, other, 7), 0))
DOES(tc_pull_data, bpf_skb_pull_data(skb, skb->len))
DOES(tc_store, bpf_skb_store_bytes(skb, SHORTEST - 1, &(char){ 'y' }, 1, 0))
DOES(tc_vlan_push, bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5))
DOES(tc_vlan_pop, bpf_skb_vlan_pop(skb))
DOES(tc_change_tail, bpf_skb_change_tail(skb, skb->len + 16, 0))
DOES(tc_change_head, bpf_skb_change_head(skb, 16, 0))
DOES(tc_change_proto, bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0))
DOES(tc_put_on, bpf_skb_adjust_room(skb, 28, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP))
DOES(tc_take_off, bpf_skb_adjust_room(skb, -28, BPF_ADJ_ROOM_MAC, 0))
/* Has the readers leave out what was not merged of a stream. */
DOES(tc_merged_only, skb->gso_segs > 1 ? 0 : bpf_skb_store_bytes(skb, SENDER, &(__u8){ LEFT_OUT }, 1, 0))

/* How a packet is sent elsewhere in tc. */
#define SENDS(name, sent)                                             \
	SEC("tc") int name(struct __sk_buff *skb)                     \
	{                                                             \
		__u32 key = 0, *to = bpf_map_lookup_elem(&target, &key); \
                                                                      \
		return to && skb->len >= SHORTEST ? (sent) : TC_ACT_UNSPEC; \
	}

SENDS(tc_redirect, bpf_redirect(*to, 0))
SENDS(tc_redirect_in, bpf_redirect(*to, BPF_F_INGRESS))
SENDS(tc_redirect_peer, bpf_redirect_peer(*to, 0))
SENDS(tc_redirect_neigh, bpf_redirect_neigh(*to, 0, 0, 0))
SENDS(tc_clone_redirect, bpf_clone_redirect(skb, *to, 0) ? TC_ACT_SHOT : TC_ACT_UNSPEC)

char _license[] SEC("license") = "GPL";
