/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers the packets that come in, from 1: edge.packet_id. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_PRODUCES(packet_id, "edge.packet_id", __u64);

__u64 numbered; /* packets, on all CPUs together */
__u64 refused; /* packets that could not carry a number */

SEC("xdp")
int number(struct xdp_md *ctx)
{
	__u64 next = __sync_fetch_and_add(&numbered, 1) + 1;

	if (metakey_set(ctx, packet_id, next))
		__sync_fetch_and_add(&refused, 1);
	return XDP_PASS;
}
