/* SPDX-License-Identifier: GPL-2.0 */
/* two.bpf.c: two programs of one object that use different fields, for KernelTruthIT. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_PRODUCES(number, "two.number", __u64);
METAKEY_CONSUMES(zone, "two.zone", __u16);

SEC("xdp") int two_number(struct xdp_md *ctx)
{
	return metakey_set(ctx, number, 1) ? XDP_DROP : XDP_PASS;
}

SEC("tc") int two_zone(struct __sk_buff *skb)
{
	__u16 found = 0;

	return metakey_get(skb, zone, &found) ? 0 : found;
}

char _license[] SEC("license") = "GPL";
