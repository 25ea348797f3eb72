/* SPDX-License-Identifier: Apache-2.0 */
/* Sends every packet out of another device, with what this device knows about it in two fields. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey_hints.bpf.h>

METAKEY_PRODUCES(rx_timestamp, "edge.rx_timestamp", __u64);
METAKEY_PRODUCES(rx_hash, "edge.rx_hash", __u32);

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} out SEC(".maps");

SEC("xdp")
int hints(struct xdp_md *ctx)
{
	__u64 ns;
	__u32 hash;

	if (!metakey_hint_rx_timestamp(ctx, &ns))
		metakey_set(ctx, rx_timestamp, ns);
	if (!metakey_hint_rx_hash(ctx, &hash))
		metakey_set(ctx, rx_hash, hash);
	return bpf_redirect_map(&out, 0, XDP_PASS);
}

char _license[] SEC("license") = "GPL"; /* which the kernel's metadata functions ask for */
