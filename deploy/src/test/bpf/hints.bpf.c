// SPDX-License-Identifier: Apache-2.0
/* What the hardware's hints say of a packet, copied into registered fields. Used by hints.c. */
#if defined(WITH_VMLINUX)
#include <vmlinux.h>
#endif
#include <metakey/metakey_hints.bpf.h>
#include <bpf/bpf_helpers.h>

METAKEY_PRODUCES(received, "test.received", __u64);

struct {
	long timestamp, hash, vlan, set;
	__u32 tag;
	__u32 done;
} seen;

SEC("xdp")
int read_hints(struct xdp_md *ctx)
{
	__u64 ns = 0;
	__u32 hash = 0, tag = 0;

	seen.timestamp = metakey_hint_rx_timestamp(ctx, &ns);
	seen.hash = metakey_hint_rx_hash(ctx, &hash);
	seen.vlan = metakey_hint_rx_vlan_tag(ctx, &tag);
	seen.tag = tag;
	seen.set = metakey_set(ctx, received, ns);
	seen.done = 1;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
