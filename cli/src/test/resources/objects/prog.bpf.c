/* prog.bpf.o is this, compiled: clang -O2 -target bpfel -I client-lib/src/main/bpf -c prog.bpf.c */
#include <linux/bpf.h>
#include <linux/types.h>
#include "metakey/metakey.h"

#define RECORD(var, role, size, name) \
	const volatile struct metakey_record var __attribute__((section(METAKEY_SECTION), used)) = { \
		METAKEY_RECORD_MAGIC, METAKEY_RECORD_VERSION, role, size, 0, name }

RECORD(hop, METAKEY_ROLE_PRODUCES, 2, "edge.hop");
RECORD(packet_id, METAKEY_ROLE_CONSUMES, 8, "edge.packet_id");

__attribute__((section("xdp"), used)) int pass(struct xdp_md *ctx)
{
	return hop.id == packet_id.id ? XDP_DROP : XDP_PASS;
}

char license_text[] __attribute__((section("license"), used)) = "GPL";
