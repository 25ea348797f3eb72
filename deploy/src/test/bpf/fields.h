/* SPDX-License-Identifier: Apache-2.0 */
/* What fields.bpf.c and runner.c share. DifferentialIT knows the same fields. */

#define FIELDS(ON)                                                                                 \
	ON(0, __u16) ON(1, __u32) ON(2, __u64) ON(3, __u16) ON(4, __u16) ON(5, __u64)              \
	ON(6, __u32) ON(7, __u32) ON(8, __u64) ON(9, __u64) ON(10, __u16) ON(11, __u32)            \
	ON(12, __u16) ON(13, __u64) ON(14, __u64) ON(15, __u32) ON(16, __u16) ON(17, __u16)        \
	ON(18, __u32) ON(19, __u64) ON(20, __u16) ON(21, __u32) ON(22, __u64) ON(23, __u16)

enum { OP_SET, OP_GET, OP_DEL };
enum { HOOK_XDP, HOOK_TAIL, HOOK_TIGHT, HOOK_TC, HOOK_TRACE };

#define MAX_META_BYTES 252
#define TEST_PROTOCOL 0x88b5 /* for experiments */
#define UNTOUCHED 0xa5 /* what a get that finds nothing leaves in *out */

struct exchange {
	__u32 hook;
	__u32 op;
	__u32 field;
	__u32 done;
	__u64 value;
	__s64 result;
	__u32 meta_bytes;
	unsigned char meta[MAX_META_BYTES];
};
