/* SPDX-License-Identifier: GPL-2.0 */
/* join_a.bpf.c: one of two sources of an object, for JoinedObjectsIT; see join_b.bpf.c. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_PRODUCES(number, "join.first", __u64);
METAKEY_CONSUMES(zone, "join.zone", __u16);

SEC("xdp") int join_a(struct xdp_md *ctx)
{
	__u16 found = 0;

	metakey_get(ctx, zone, &found);
	return metakey_set(ctx, number, found) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
