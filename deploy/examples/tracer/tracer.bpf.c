/* SPDX-License-Identifier: Apache-2.0 */
/* Reports every packet received on this host that carries edge.packet_id to the user side. */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <metakey/metakey.bpf.h>

#include "tracer.h"

METAKEY_CONSUMES(packet_id, "edge.packet_id", __u64);

/* The members of the kernel's structs that are read; the loader finds out where they are. */
struct net_device {
	int ifindex;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct net_device *dev;
	unsigned int len;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} packets SEC(".maps");

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(trace_received, struct sk_buff *skb)
{
	struct received received = {};

	if (metakey_trace_get(skb, packet_id, &received.packet_id))
		return 0;
	received.ifindex = skb->dev->ifindex;
	received.bytes = skb->len;
	bpf_ringbuf_output(&packets, &received, sizeof(received), 0);
	return 0;
}

char _license[] SEC("license") = "GPL"; /* which bpf_probe_read_kernel asks for */
