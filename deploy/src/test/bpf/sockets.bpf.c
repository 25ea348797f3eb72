/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of SocketHooksIT: an XDP program sets a value, and one on each hook reads it and counts. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <metakey/metakey.bpf.h>

#include "sockets.h"

METAKEY_PRODUCES(packet_id, "edge.packet_id", __u64);

#define VALUE 0x1122334455667788ull

struct counts {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HOOKS);
	__type(key, __u32);
	__type(value, __u64);
};

struct counts right SEC(".maps"); /* packets with the value */
struct counts absent SEC(".maps"); /* without one */
struct counts wrong SEC(".maps"); /* anything else */

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} connections SEC(".maps");

static __always_inline void count(__u32 hook, long result, __u64 value)
{
	void *map = result == -METAKEY_ENOENT ? (void *)&absent : (void *)&wrong;
	__u64 *counted;

	if (!result && value == VALUE)
		map = &right;
	counted = bpf_map_lookup_elem(map, &hook);
	if (counted)
		__sync_fetch_and_add(counted, 1);
}

SEC("xdp")
int xdp_set(struct xdp_md *ctx)
{
	metakey_set(ctx, packet_id, VALUE);
	return XDP_PASS;
}

#define READS(section, name, context, verdict)                                    \
	SEC(section) int read_##name(struct context *ctx)                         \
	{                                                                         \
		__u64 value = 0;                                                  \
		long result = metakey_sock_get(ctx, packet_id, &value);           \
                                                                                  \
		count(hook_##name, result, value);                                \
		return verdict;                                                   \
	}

READS("cgroup_skb/ingress", cgroup_ingress, __sk_buff, 1)
READS("socket", socket_udp, __sk_buff, 0xffff)
READS("socket", socket_packet, __sk_buff, 0xffff)
READS("sk_skb/stream_verdict", sk_skb, __sk_buff, SK_PASS)
READS("lwt_in", lwt_in, __sk_buff, BPF_OK)
READS("lwt_out", lwt_out, __sk_buff, BPF_OK)
READS("lwt_xmit", lwt_xmit, __sk_buff, BPF_OK)
READS("sk_reuseport", reuseport, sk_reuseport_md, SK_PASS)

/* Where a packet is at hand: the last one of the handshake. */
SEC("sockops") int read_sockops(struct bpf_sock_ops *ctx)
{
	__u64 value = 0;
	long result = metakey_sock_get(ctx, packet_id, &value);

	if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		count(hook_sockops, result, value);
	else if (ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB)
		count(hook_sockops_listen, result, value);
	return 1;
}

struct sk_buff;

/* Only newer headers have it. */
struct bpf_nf_ctx {
	const void *state;
	struct sk_buff *skb;
} __attribute__((preserve_access_index));

#define FILTERS(name)                                                             \
	SEC("netfilter") int name(struct bpf_nf_ctx *ctx)                         \
	{                                                                         \
		__u64 value = 0;                                                  \
		long result = metakey_trace_get(ctx->skb, packet_id, &value);     \
                                                                                  \
		count(hook_##name, result, value);                                \
		return 1;                                                         \
	}

FILTERS(nf_prerouting)
FILTERS(nf_input)
FILTERS(nf_forward)
FILTERS(nf_output)
FILTERS(nf_postrouting)

char _license[] SEC("license") = "GPL";
