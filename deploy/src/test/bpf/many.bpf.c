// SPDX-License-Identifier: Apache-2.0
/* Many calls in a row: what the verifier can take, with results that are collected and results that
 * are tested one by one. Loaded by many.c; never run. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

#include "fields.h"

#define DECLARE(n, type) METAKEY_PRODUCES(f##n, "test.f" #n, type);
FIELDS(DECLARE)

#define GET(ctx, n, type)                                                                          \
	({                                                                                         \
		type value_ = 0;                                                                   \
		long result_ = metakey_get(ctx, f##n, &value_);                                    \
		sum += value_;                                                                     \
		result_;                                                                           \
	})

#define COLLECT_SET(n, type) error |= metakey_set(ctx, f##n, (type)sum);
#define COLLECT_GET(n, type) error |= GET(ctx, n, type);
#define COLLECT_DEL(n, type) error |= metakey_del(ctx, f##n);

#define TEST_SET(n, type)                                                                          \
	if (metakey_set(ctx, f##n, (type)sum))                                                     \
		return 0;
#define TEST_GET(n, type)                                                                          \
	if (GET(ctx, n, type))                                                                     \
		return 0;
#define TEST_DEL(n, type)                                                                          \
	if (metakey_del(ctx, f##n))                                                                \
		return 0;

/* In one program they would need more stack than there is, as clang keeps the results that it
 * collects. */
#define COLLECTING(hook, name, type, calls)                                                        \
	SEC(#hook) int hook##_##name(type *ctx)                                                    \
	{                                                                                          \
		__u64 sum = ctx->ingress_ifindex;                                                  \
		long error = 0;                                                                    \
                                                                                                   \
		FIELDS(calls)                                                                      \
		return error ? 0 : 1 + (sum & 1);                                                  \
	}

#define TESTING(hook, type)                                                                        \
	SEC(#hook) int hook##_all(type *ctx)                                                       \
	{                                                                                          \
		__u64 sum = ctx->ingress_ifindex;                                                  \
                                                                                                   \
		FIELDS(TEST_SET)                                                                   \
		FIELDS(TEST_GET)                                                                   \
		FIELDS(TEST_DEL)                                                                   \
		return 1 + (sum & 1);                                                              \
	}

#define TEST_GET_ALONE(n, type)                                                                    \
	if (metakey_get(ctx, f##n, (type *)&last))                                                 \
		return 0;

/* A hundred of them: the fields four times over, and four. */
SEC("xdp") int xdp_hundred(struct xdp_md *ctx)
{
	__u64 last = 0;

	FIELDS(TEST_GET_ALONE)
	FIELDS(TEST_GET_ALONE)
	FIELDS(TEST_GET_ALONE)
	FIELDS(TEST_GET_ALONE)
	TEST_GET_ALONE(0, __u16)
	TEST_GET_ALONE(1, __u32)
	TEST_GET_ALONE(2, __u64)
	TEST_GET_ALONE(3, __u16)
	return 1 + (last & 1);
}

/* The stack has 512 bytes, for a program and what it calls. A set leaves it this many in either layout. */
#define STACK_BYTES 456

SEC("xdp") int xdp_stack(struct xdp_md *ctx)
{
	volatile __u64 words[STACK_BYTES / 8];

	for (unsigned int i = 0; i < STACK_BYTES / 8; i++)
		words[i] = i;
	return metakey_set(ctx, f2, 1) ? 0 : 1;
}

COLLECTING(xdp, set, struct xdp_md, COLLECT_SET)
COLLECTING(xdp, get, struct xdp_md, COLLECT_GET)
COLLECTING(xdp, del, struct xdp_md, COLLECT_DEL)
TESTING(xdp, struct xdp_md)

COLLECTING(tc, set, struct __sk_buff, COLLECT_SET)
COLLECTING(tc, get, struct __sk_buff, COLLECT_GET)
COLLECTING(tc, del, struct __sk_buff, COLLECT_DEL)
TESTING(tc, struct __sk_buff)
