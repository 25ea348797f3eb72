// SPDX-License-Identifier: Apache-2.0
/* One call of the headers on one packet: .bss says which call, field and value, and takes the
 * result. Used by runner.c. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

#include "fields.h"

#define DECLARE(n, type) METAKEY_PRODUCES(f##n, "test.f" #n, type);
FIELDS(DECLARE)

struct exchange exchange;

#define CASE(n, type)                                                                              \
	case n: {                                                                                  \
		type out = UNTOUCHED;                                                              \
		if (op == OP_SET)                                                                  \
			result = metakey_set(ctx, f##n, (type)exchange.value);                     \
		else if (op == OP_GET)                                                             \
			result = metakey_get(ctx, f##n, &out);                                     \
		else                                                                               \
			result = metakey_del(ctx, f##n);                                           \
		exchange.value = out;                                                              \
		break;                                                                             \
	}

#define TRACE_CASE(n, type)                                                                        \
	case n: {                                                                                  \
		type out = UNTOUCHED;                                                              \
		result = metakey_trace_get(skb, f##n, &out);                                       \
		exchange.value = out;                                                              \
		break;                                                                             \
	}

/* Where a tail call must end up: in a program that calls the headers in turn. */
int xdp_op(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} programs SEC(".maps") = { .values = { [0] = &xdp_op } };

SEC("xdp")
int xdp_op(struct xdp_md *ctx)
{
	__u32 op = exchange.op;
	long result = -1;

	switch (exchange.field) {
		FIELDS(CASE)
	}
	exchange.result = result;
	return XDP_PASS;
}

SEC("xdp")
int xdp_tail(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, 0);
	return XDP_ABORTED;
}

/* As xdp_op, with 8 bytes of headroom left: 256 less the kernel's own 40. */
SEC("xdp")
int xdp_tight(struct xdp_md *ctx)
{
	__u64 value = exchange.value;

	if (bpf_xdp_adjust_head(ctx, -208))
		return XDP_ABORTED;
	exchange.result = metakey_set(ctx, f0, (__u16)value);
	return bpf_xdp_adjust_head(ctx, 208) ? XDP_ABORTED : XDP_PASS;
}

/* Puts metadata in front of a packet and lets it into the host's stack, where tc and tracers are. */
SEC("xdp")
int xdp_place(struct xdp_md *ctx)
{
	int bytes = exchange.meta_bytes;
	char *data, *meta;

	if (!bytes)
		return XDP_PASS;
	if (bpf_xdp_adjust_meta(ctx, -bytes))
		return XDP_ABORTED;
	meta = (char *)(long)ctx->data_meta;
	data = (char *)(long)ctx->data;
	for (int i = 0; i < MAX_META_BYTES && i < bytes; i++) {
		if (meta + i + 1 > data)
			break;
		meta[i] = exchange.meta[i];
	}
	return XDP_PASS;
}

SEC("tc")
int tc_op(struct __sk_buff *ctx)
{
	__u32 op = exchange.op;
	long result = -1;
	char *data, *meta;

	if (ctx->protocol != __builtin_bswap16(TEST_PROTOCOL) || exchange.hook != HOOK_TC)
		return -1; /* TC_ACT_UNSPEC */
	switch (exchange.field) {
		FIELDS(CASE)
	}
	exchange.result = result;
	meta = (char *)(long)ctx->data_meta;
	data = (char *)(long)ctx->data;
	exchange.meta_bytes = 0;
	for (int i = 0; i < MAX_META_BYTES; i++) {
		if (meta + i + 1 > data)
			break;
		exchange.meta[i] = meta[i];
		exchange.meta_bytes = i + 1;
	}
	exchange.done = 1;
	return -1;
}

struct sk_buff___test {
	__u16 protocol;
} __attribute__((preserve_access_index));

SEC("tp_btf/netif_receive_skb")
int trace_op(__u64 *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx[0];
	struct sk_buff___test *packet = (struct sk_buff___test *)skb;
	long result = -1;

	if (exchange.hook != HOOK_TRACE || packet->protocol != __builtin_bswap16(TEST_PROTOCOL))
		return 0;
	switch (exchange.field) {
		FIELDS(TRACE_CASE)
	}
	exchange.result = result;
	exchange.done = 1;
	return 0;
}

char _license[] SEC("license") = "GPL";
