/* SPDX-License-Identifier: GPL-2.0 */
/*
 * linked.bpf.c: a program with one record as linking leaves it, for KernelTruthIT. NAME, SIZE, ID,
 * GENERATION, SLOT, LAYOUT, AREA and TAG are given to the compiler; without ID it was never linked.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.h>

const volatile struct metakey_record field SEC(METAKEY_SECTION) = {
	.magic = METAKEY_RECORD_MAGIC,
	.version = METAKEY_RECORD_VERSION,
	.role = METAKEY_ROLE_CONSUMES,
	.size = SIZE,
	.name = NAME,
#ifdef ID
	.mark = {.tag = {TAG}},
	.layout = LAYOUT,
	.area8 = AREA / 8,
	.generation = GENERATION,
	.slot = SLOT,
	.id = ID,
#endif
};

SEC("xdp") int linked(struct xdp_md *ctx)
{
	(void)ctx;
	return field.layout ? XDP_PASS : XDP_ABORTED;
}

char _license[] SEC("license") = "GPL";
