/* SPDX-License-Identifier: Apache-2.0 */
/* Reads edge.packet_id after an XDP program has set it, counts, and marks the packet with it. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_CONSUMES(packet_id, "edge.packet_id", __u64);

__u64 with_number; /* packets */
__u64 without_number;
__u64 last_number;

SEC("tc")
int tc_read(struct __sk_buff *skb)
{
	__u64 number;

	if (metakey_get(skb, packet_id, &number)) {
		__sync_fetch_and_add(&without_number, 1);
		return TC_ACT_UNSPEC;
	}
	__sync_fetch_and_add(&with_number, 1);
	last_number = number;
	skb->mark = number;
	return TC_ACT_UNSPEC;
}
