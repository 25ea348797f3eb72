/* SPDX-License-Identifier: Apache-2.0 */
/* Sets fields of each size and format, gen.dec to 42 for datagrams to port 11. For those to port 10, makes an
 * area with a tag of its own instead. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_PRODUCES(absent, "gen.absent", __u64);
METAKEY_PRODUCES(dec, "gen.dec", __u64);
METAKEY_PRODUCES(hex, "gen.hex", __u32);
METAKEY_PRODUCES(ip, "gen.ip", __u32);
METAKEY_PRODUCES(mac, "gen.mac", __u64);
METAKEY_PRODUCES(ns, "gen.ns", __u16);
METAKEY_PRODUCES(flag, "gen.flag", __u16);

#define AREA_WORDS 16
#define PORT_AT 36 /* Ethernet, IPv4 without options, then the UDP port that is sent to */

/* What the packed layout has for ids 0 to 6 in the order in which they are linked: 8 8 4 4 8 2 2 bytes. */
#define FORGED_HIGH 0x1full
#define FORGED_LOW 0x73ull
#define FORGED_MARK 0x0000665544332211ull

static int forge(struct xdp_md *ctx)
{
	__u64 *word, *end;

	if (bpf_xdp_adjust_meta(ctx, -8 * AREA_WORDS))
		return XDP_PASS;
	word = (__u64 *)(long)ctx->data_meta;
	end = (__u64 *)(long)ctx->data;
	if (word + AREA_WORDS > end)
		return XDP_PASS;
	for (int i = 0; i < AREA_WORDS; i++)
		word[i] = 0;
	word[0] = FORGED_HIGH;
	word[1] = FORGED_LOW;
	word[AREA_WORDS - 2] = FORGED_HIGH | FORGED_LOW;
	word[AREA_WORDS - 1] = FORGED_MARK;
	return XDP_PASS;
}

SEC("xdp")
int gen(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data;
	long error = 0;
	__u16 port;

	if (data + PORT_AT + 2 > (char *)(long)ctx->data_end)
		return XDP_PASS;
	port = bpf_ntohs(*(__u16 *)(data + PORT_AT));
	if (port == 10)
		return forge(ctx);
	error |= metakey_set(ctx, flag, 2);
	error |= metakey_set(ctx, dec, port == 11 ? 42 : ~0ull);
	error |= metakey_set(ctx, hex, 0xff);
	error |= metakey_set(ctx, ip, 0x0a620001);
	error |= metakey_set(ctx, mac, 0x0200000000f0ull);
	error |= metakey_set(ctx, ns, 65535);
	return error ? XDP_DROP : XDP_PASS;
}
