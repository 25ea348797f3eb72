/* SPDX-License-Identifier: GPL-2.0 */
/* join_b.bpf.c: gives another field the same variable as join_a.bpf.c does, and shares one field
 * with it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_PRODUCES(number, "join.second", __u64);
METAKEY_CONSUMES(zone, "join.zone", __u16);

SEC("xdp") int join_b(struct xdp_md *ctx)
{
	__u16 found = 0;

	metakey_get(ctx, zone, &found);
	return metakey_set(ctx, number, found) ? XDP_DROP : XDP_PASS;
}
