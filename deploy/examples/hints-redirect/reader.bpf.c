/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what hints.bpf.o left, where the packets arrive. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_CONSUMES(rx_timestamp, "edge.rx_timestamp", __u64);
METAKEY_CONSUMES(rx_hash, "edge.rx_hash", __u32);

__u64 with_timestamp; /* packets */
__u64 with_hash;
__u64 last_timestamp;
__u32 last_hash;

SEC("xdp")
int reader(struct xdp_md *ctx)
{
	__u64 ns;
	__u32 hash;

	if (!metakey_get(ctx, rx_timestamp, &ns)) {
		__sync_fetch_and_add(&with_timestamp, 1);
		last_timestamp = ns;
	}
	if (!metakey_get(ctx, rx_hash, &hash)) {
		__sync_fetch_and_add(&with_hash, 1);
		last_hash = hash;
	}
	return XDP_PASS;
}
