// SPDX-License-Identifier: Apache-2.0
/*
 * The measured programs. Each does one thing many times; they differ in nothing else, and the empty
 * one shows what the loop itself costs.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>
#include "datapath.h"

METAKEY_PRODUCES(measured, FIELD_NAME, __u64);

/* Set before a run. */
__u32 batches;
__u64 presence[2]; /* the words of the area that say which fields are there */

/* Which of the programs that see received packets is to do its work, and how long that took. */
enum live selected;
__u64 took_ns;

/* Zero before a run, which adds to it. The verifier must not know that, or it would follow the sums. */
struct outcome outcome;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct metakey_header);
} header SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, METAKEY_IDS);
	__type(key, __u32);
	__type(value, __u64);
} by_id SEC(".maps");

struct loop {
	struct xdp_md *ctx;
	struct outcome outcome;
};

/* Keeps the compiler from merging what comes before with what comes after. */
#define USED(value) __asm__ volatile("" : "+r"(value)::"memory");

/* Makes two programs of a body, which may use ctx and i: `name` runs it BATCH * batches times,
 * `name_once` once. The body is written out BATCH times, so that little is left of what the loop
 * costs. The verifier would lose its way in a loop that it walks through, so bpf_loop() runs it. */
#define MEASURED(name, body)									\
	static long name##_batch(__u32 index, struct loop *loop)				\
	{											\
		struct xdp_md *ctx = loop->ctx;							\
		struct outcome so_far = loop->outcome;						\
		__u32 i = index + 1;								\
		(void)ctx, (void)i;								\
		_Pragma("clang loop unroll(full)") for (int copy = 0; copy < BATCH; copy++)	\
		{										\
			body USED(so_far.sum)							\
		}										\
		loop->outcome = so_far;								\
		return 0;									\
	}											\
	SEC("xdp") int name(struct xdp_md *ctx)							\
	{											\
		struct loop loop = { ctx, outcome };						\
		bpf_loop(batches, name##_batch, &loop, 0);					\
		outcome = loop.outcome;								\
		return XDP_PASS;								\
	}											\
	SEC("xdp") int name##_once(struct xdp_md *ctx)						\
	{											\
		struct outcome so_far = outcome;						\
		__u32 i = 1;									\
		(void)ctx, (void)i;								\
		body outcome = so_far;								\
		return XDP_PASS;								\
	}

/* Likewise, of a body that may use skb, in programs that see received packets. Those of others, in other
 * network namespaces too, do not carry the value. */
#define RECEIVED(number, name, section, verdict, type, packet, read, body)			\
	struct name##_loop {									\
		type skb;									\
		struct outcome outcome;								\
	};											\
	static long name##_batch(__u32 index, struct name##_loop *loop)				\
	{											\
		type skb = loop->skb;								\
		struct outcome so_far = loop->outcome;						\
		(void)index, (void)skb;								\
		_Pragma("clang loop unroll(full)") for (int copy = 0; copy < BATCH; copy++)	\
		{										\
			body USED(so_far.sum)							\
		}										\
		loop->outcome = so_far;								\
		return 0;									\
	}											\
	SEC(section) int name(void *ctx)							\
	{											\
		struct name##_loop loop = { packet, outcome };					\
		__u64 value, start_ns;								\
		if (selected != number || read(loop.skb, measured, &value))			\
			return verdict;								\
		start_ns = bpf_ktime_get_ns();							\
		bpf_loop(batches, name##_batch, &loop, 0);					\
		took_ns += bpf_ktime_get_ns() - start_ns;					\
		outcome = loop.outcome;								\
		return verdict;									\
	}											\
	SEC(section) int name##_once(void *ctx)							\
	{											\
		struct outcome so_far = outcome;						\
		type skb = packet;								\
		(void)skb;									\
		if (selected != number + ONCE)							\
			return verdict;								\
		body outcome = so_far;								\
		return verdict;									\
	}

#define TRACED(number, name, body)								\
	RECEIVED(number, name, "tp_btf/netif_receive_skb", 0, struct sk_buff *,			\
		 *(struct sk_buff **)ctx, metakey_trace_get, body)
#define IN_TC(number, name, body)								\
	RECEIVED(number, name, "tc", TC_ACT_UNSPEC, struct __sk_buff *, ctx, metakey_sock_get, body)

/* A body consists of calls. After each the program branches, as one would that drops the packet on
 * an error. */
#define DO(call)										\
	if (__builtin_expect(call, 0)) {							\
		so_far.failed++;								\
		USED(so_far.failed)								\
	}
#define READ(call)										\
	{											\
		__u64 value;									\
		if (__builtin_expect(call, 0)) {						\
			so_far.failed++;							\
			USED(so_far.failed)							\
		} else {									\
			so_far.sum += value;							\
		}										\
	}

/* Two stores: makes an area say again which fields it has, so that each call finds what the one
 * before it found. */
static __always_inline long restore(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data;
	__u64 *words = (__u64 *)(long)ctx->data_meta;

	if ((char *)words + AREA_BYTES > data)
		return -1;
	if (measured.layout == METAKEY_SLOTTED)
		words += AREA_BYTES / 8 - 2;
	words[0] = presence[0];
	words[1] = presence[1];
	return 0;
}

/* Whether the registry, as published in the pinned map, has the field's id. */
static __always_inline long is_registered(void)
{
	struct metakey_header *now = bpf_map_lookup_elem(&header, &(__u32){ 0 });

	return now && (now->high | now->low) >> measured.id & 1;
}

/* What one would write by hand for one program alone: a value at a fixed place in the area, with
 * the bounds check that the verifier wants, and a look at the mark, so that nobody else's bytes are
 * taken for the value. A program that knows the sizes when it is compiled needs no table, header or
 * bitmap. */
struct by_hand {
	__u64 others[10];
	__u64 value;
	__u64 more[3];
	__u64 presence;
	__u64 mark;
};

_Static_assert(sizeof(struct by_hand) == AREA_BYTES, "the struct is the area");
_Static_assert(offsetof(struct by_hand, value) == AREA_BYTES - FIELD_SLOT, "the value has its slot");

/* The tag of the measured registry, as datapath.c makes it, and two zero bytes. */
#define HAND_MARK 0x0000665544332211ull

/* Results in an error if the area is not there, or not ours. */
#define BY_HAND(ctx, area, is_ours)								\
	struct metakey_where_ at = metakey_xdp_where_(ctx);					\
	volatile struct by_hand *area = (volatile struct by_hand *)at.meta;			\
	if ((char *)(area + 1) > at.data || !(is_ours))						\
		return -METAKEY_ENOENT;

static __always_inline long bare_get_one(struct xdp_md *ctx, __u64 *out)
{
	BY_HAND(ctx, area, 1)
	*out = area->value;
	return 0;
}

static __always_inline long bare_set_one(struct xdp_md *ctx, __u64 value)
{
	BY_HAND(ctx, area, 1)
	area->value = value;
	return 0;
}

static __always_inline long marked_get_one(struct xdp_md *ctx, __u64 *out)
{
	BY_HAND(ctx, area, area->mark == HAND_MARK)
	*out = area->value;
	return 0;
}

static __always_inline long marked_set_one(struct xdp_md *ctx, __u64 value)
{
	BY_HAND(ctx, area, area->mark == HAND_MARK)
	area->value = value;
	return 0;
}

static __always_inline long list_get_one(struct xdp_md *ctx, __u64 *out)
{
	char *data = (char *)(long)ctx->data;
	char *at = (char *)(long)ctx->data_meta;

	for (int i = 0; i < 32; i++) {
		const struct tlv *head = (const struct tlv *)at;

		if (at + sizeof(*head) > data)
			break;
		at += sizeof(*head);
		if (head->type == FIELD_ID) {
			if (head->bytes != sizeof(*out) || at + sizeof(*out) > data)
				break;
			*out = *(__u64 *)at;
			return 0;
		}
		at += head->bytes;
	}
	return -METAKEY_ENOENT;
}

static __always_inline long map_get_one(__u64 *out)
{
	__u64 *value = bpf_map_lookup_elem(&by_id, &(__u32){ FIELD_ID });

	if (!value)
		return -METAKEY_ENOENT;
	*out = *value;
	return 0;
}

static __always_inline long map_set_one(__u64 value)
{
	return bpf_map_update_elem(&by_id, &(__u32){ FIELD_ID }, &value, BPF_ANY);
}

SEC("xdp") int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

MEASURED(empty, )
MEASURED(get, READ(metakey_get(ctx, measured, &value)))
MEASURED(set, DO(metakey_set(ctx, measured, i)))
MEASURED(checked_set, DO(is_registered() ? metakey_set(ctx, measured, i) : -1))
MEASURED(first_set, DO(bpf_xdp_adjust_meta(ctx, AREA_BYTES)) DO(metakey_set(ctx, measured, i)))
MEASURED(restored, DO(restore(ctx)))
MEASURED(insert, DO(restore(ctx)) DO(metakey_set(ctx, measured, i)))
MEASURED(del, DO(restore(ctx)) DO(metakey_del(ctx, measured)))
MEASURED(insert_del, DO(metakey_set(ctx, measured, i)) DO(metakey_del(ctx, measured)))
MEASURED(bare_get, READ(bare_get_one(ctx, &value)))
MEASURED(bare_set, DO(bare_set_one(ctx, i)))
MEASURED(marked_get, READ(marked_get_one(ctx, &value)))
MEASURED(marked_set, DO(marked_set_one(ctx, i)))
MEASURED(list_get, READ(list_get_one(ctx, &value)))
MEASURED(map_get, READ(map_get_one(&value)))
MEASURED(map_set, DO(map_set_one(i)))
TRACED(TRACE_EMPTY, trace_empty, )
TRACED(TRACE_GET, trace_get, READ(metakey_trace_get(skb, measured, &value)))
IN_TC(SOCK_EMPTY, sock_empty, )
IN_TC(SOCK_GET, sock_get, READ(metakey_sock_get(skb, measured, &value)))

char _license[] SEC("license") = "GPL";
