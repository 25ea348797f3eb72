/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metakey.bpf.h: packet metadata by name, in BPF programs.
 *
 *   METAKEY_PRODUCES(packet_id, "edge.packet_id", __u64);
 *
 *   SEC("xdp")
 *   int tag(struct xdp_md *ctx)
 *   {
 *       metakey_set(ctx, packet_id, next_id());
 *       return XDP_PASS;
 *   }
 *
 * Fields
 *
 *   METAKEY_PRODUCES(var, "name", type);    the program sets the field
 *   METAKEY_CONSUMES(var, "name", type);    the program only reads it
 *
 * stand outside of functions. A name is 1 to 63 bytes (edge.packet_id); a type is __u16, __u32 or
 * __u64. Where a field lives on this host is filled in when the object is linked: by `metakey link`,
 * or by a loader (metakey_user.h). Until then the field counts as never linked.
 *
 * Calls
 *
 *   long metakey_set(ctx, var, value);           ctx: struct xdp_md * or struct __sk_buff *
 *   long metakey_get(ctx, var, type *out);
 *   long metakey_del(ctx, var);
 *   long metakey_trace_get(skb, var, type *out); skb: struct sk_buff * in a tracing or netfilter program
 *   long metakey_sock_get(ctx, var, type *out);  where there is no data_meta; ctx: struct __sk_buff *
 *                                                (cgroup, socket filter, sk_skb, lwt),
 *                                                struct sk_reuseport_md * or struct bpf_sock_ops *
 *
 *   set    0         the packet has the value
 *          -EBUSY    somebody else's bytes are in front of the packet
 *          -ENOSPC   no room: no headroom, or a driver without metadata; a packed area that is full;
 *                    in tc, a packet without an area, as only XDP can make one
 *          -ENOLINK  the field was never linked
 *   get    0         *out is the value
 *          -ENOENT   not set, no area, somebody else's bytes, or never linked; *out is as before
 *   del    0         the value is gone
 *          -ENOENT   there was none, as for get
 *
 * The errors are METAKEY_EBUSY and so on below, with the numbers of <asm-generic/errno.h>. A call that
 * fails leaves the packet as it was. No call touches a byte outside of the metadata area, whatever
 * the area holds.
 *
 * The first set on a packet makes the area, zeroed. It moves data_meta: in XDP, load ctx->data,
 * data_end and data_meta again after each metakey_set, or the verifier refuses the old pointers. The
 * area stays when its last value is deleted. Equal values make equal bytes, whatever was set and
 * deleted before: the kernel compares metadata before it merges packets.
 *
 * Metadata that somebody else put in front of an area of ours, as a program does that runs later and
 * takes some for itself, is skipped and stays. Without an area behind it, a set is refused (-EBUSY).
 *
 * Results may be tested one by one or collected (error |= metakey_set(...)). clang keeps collected
 * ones until the end, each in 8 of the 512 bytes of stack, and likewise values that are only added up.
 *
 * Programs
 *
 * XDP and tc (clsact, tcx) need no license. metakey_trace_get needs a GPL-compatible one and
 * CAP_PERFMON, as bpf_probe_read_kernel does, kernel BTF, and a packet whose MAC header is known:
 * tp_btf, fentry, kprobe, netfilter. metakey_sock_get needs the same, and Linux 6.2. In tc, a program
 * that sets or deletes gets its own copy of a cloned packet from the kernel, which always comes without
 * metadata; one that only gets does not.
 *
 * clang 14 and newer, -O2, C11. May be included in any order with vmlinux.h, <linux/bpf.h> and
 * <bpf/bpf_helpers.h>, and needs none of them.
 */
#ifndef METAKEY_BPF_H
#define METAKEY_BPF_H

#if !defined(__OPTIMIZE__)
#error "metakey: compile with -O2; without, the calls are not inlined, and no verifier takes them"
#endif

#include "metakey.h"

#define METAKEY_ENOENT 2
#define METAKEY_EBUSY 16
#define METAKEY_ENOSPC 28
#define METAKEY_ENOLINK 67

#define METAKEY_PRODUCES(var, text, type) \
	METAKEY_FIELD_(var, text, type, METAKEY_ROLE_PRODUCES, "metakey.produces." #type "." text)
#define METAKEY_CONSUMES(var, text, type) \
	METAKEY_FIELD_(var, text, type, METAKEY_ROLE_CONSUMES, "metakey.consumes." #type "." text)

#define metakey_set(ctx, var, value)                                                               \
	({                                                                                         \
		METAKEY_CHECK_PRODUCES_(var);                                                      \
		metakey_type_of_##var metakey_value_ = (value);                                    \
		_Generic((ctx), struct xdp_md *: metakey_xdp_set_,                                 \
			 struct __sk_buff *: metakey_skb_set_)((ctx), &(var), metakey_value_,      \
							       sizeof(metakey_value_));            \
	})

#define metakey_get(ctx, var, out)                                                                 \
	({                                                                                         \
		METAKEY_CHECK_OUT_(var, out);                                                      \
		metakey_get_(METAKEY_WHERE_(ctx), &(var), (out), sizeof(*(out)));                  \
	})

#define metakey_del(ctx, var)                                                                      \
	({                                                                                         \
		METAKEY_CHECK_PRODUCES_(var);                                                      \
		metakey_del_(METAKEY_WHERE_(ctx), &(var), sizeof(metakey_type_of_##var));          \
	})

#define metakey_trace_get(skb, var, out)                                                           \
	({                                                                                         \
		METAKEY_CHECK_OUT_(var, out);                                                      \
		metakey_trace_get_((skb), &(var), (out), sizeof(*(out)));                          \
	})

#define metakey_sock_get(ctx, var, out)                                                            \
	({                                                                                         \
		METAKEY_CHECK_OUT_(var, out);                                                      \
		metakey_trace_get_(_Generic((ctx), struct __sk_buff *: metakey_skb_skb_,           \
					    struct sk_reuseport_md *: metakey_reuseport_skb_,      \
					    struct bpf_sock_ops *: metakey_sock_ops_skb_)(ctx),    \
				   &(var), (out), sizeof(*(out)));                                 \
	})

/* ---- From here on: the implementation. Names that end in _ may change. ---- */

#define METAKEY_INLINE_ static inline __attribute__((always_inline, unused))
/* Compiled once for a program, however many fields it has. */
#define METAKEY_ONCE_ static __attribute__((noinline, unused))

/* The symbol is named after the field, not after the variable, as several sources of one object may
 * give different fields the same variable. If they have the same field, all of its records but the
 * first lose their symbol (it is weak), which does no harm, as they are equal. */
#if defined(METAKEY_NO_WEAK)
#define METAKEY_WEAK_ /* for loaders that refuse weak symbols: cilium/ebpf before 0.17 */
#else
#define METAKEY_WEAK_ weak,
#endif
#define METAKEY_FIELD_(var, text, type, does, symbol)                                              \
	_Static_assert(sizeof(text) > 1 && sizeof(text) <= METAKEY_NAME_BYTES,                     \
		       "metakey: a name has 1 to 63 bytes");                                       \
	_Static_assert(_Generic((type)0, __u16: 1, __u32: 1, __u64: 1, unsigned long: 1,           \
				default: 0),                                                       \
		       "metakey: the type of a field is __u16, __u32 or __u64");                   \
	const volatile struct metakey_record var __asm__(symbol)                                   \
		__attribute__((section(METAKEY_SECTION), METAKEY_WEAK_ used, aligned(8))) = {      \
			.magic = METAKEY_RECORD_MAGIC,                                             \
			.version = METAKEY_RECORD_VERSION,                                         \
			.role = does,                                                              \
			.size = sizeof(type),                                                      \
			.alone = 1,                                                                \
			.name = text,                                                              \
		};                                                                                 \
	enum { metakey_produces_##var = (does) == METAKEY_ROLE_PRODUCES };                         \
	typedef type metakey_type_of_##var

#define METAKEY_CHECK_PRODUCES_(var)                                                               \
	_Static_assert(metakey_produces_##var,                                                     \
		       "metakey: a field that is only consumed here cannot be set or deleted; "    \
		       "say METAKEY_PRODUCES")

#define METAKEY_CHECK_OUT_(var, out)                                                               \
	_Static_assert(sizeof(*(out)) == sizeof(metakey_type_of_##var),                            \
		       "metakey: out must point to a value of the field's type")

struct xdp_md;
struct __sk_buff;
struct sk_reuseport_md;
struct bpf_sock_ops;
struct sk_buff;

/* Bytes of an area that hold no value: the mark at its end and, in the packed layout, the header at
 * its start. */
#define METAKEY_MARK_BYTES_ 8
#define METAKEY_HEADER_BYTES_ 16

/* Where the metadata and the packet start, and where an area of ours ends. */
struct metakey_where_ {
	char *meta;
	char *data;
	char *end;
	void *ctx;
	int is_skb;
};

/* clang would turn ctx->data into arithmetic on ctx, which the verifier refuses. The offsets are
 * those of struct xdp_md and struct __sk_buff, which never change. */
#define METAKEY_LOAD_(to, ctx, offset) \
	__asm__ volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(to) : "r"(ctx), "i"(offset))

METAKEY_INLINE_ struct metakey_where_ metakey_xdp_where_(struct xdp_md *ctx)
{
	struct metakey_where_ at = { .ctx = ctx };

	METAKEY_LOAD_(at.data, ctx, 0);
	METAKEY_LOAD_(at.meta, ctx, 8);
	return at;
}

METAKEY_INLINE_ struct metakey_where_ metakey_skb_where_(struct __sk_buff *ctx)
{
	struct metakey_where_ at = { .ctx = ctx, .is_skb = 1 };

	METAKEY_LOAD_(at.data, ctx, 76);
	METAKEY_LOAD_(at.meta, ctx, 140);
	return at;
}

#define METAKEY_WHERE_(ctx) \
	_Generic((ctx), struct xdp_md *: metakey_xdp_where_, struct __sk_buff *: metakey_skb_where_)(ctx)

/* Hides from clang what it knows about a value, so that the value that is checked is the one that
 * is used. */
#define METAKEY_PIN_(value) __asm__ volatile("" : "+r"(value))

#define METAKEY_U64_(pointer) (*(volatile __u64 *)(pointer))

/* ---- What the record says: constants to the verifier, as the section is frozen. ---- */

METAKEY_INLINE_ int metakey_linked_(const volatile struct metakey_record *field)
{
	return field->area8 != 0;
}

METAKEY_INLINE_ int metakey_slotted_(const volatile struct metakey_record *field)
{
	return field->layout == METAKEY_SLOTTED;
}

METAKEY_INLINE_ __u32 metakey_area_(const volatile struct metakey_record *field)
{
	return field->area8 * 8u;
}

METAKEY_INLINE_ __u64 metakey_mark_(const volatile struct metakey_record *field)
{
	return *(const volatile __u64 *)(const volatile void *)&field->mark;
}

METAKEY_INLINE_ __u64 metakey_bit_(const volatile struct metakey_record *field)
{
	return 1ull << field->id;
}

/* ---- What a call returns ----
 *
 * A zero that the verifier takes for any number, and likewise the errors of set and del. To it, all ways
 * through a call then end alike, and it follows one of them. With plain constants, a program that collects
 * results (error |= metakey_set(...), which clang does at the program's end) would be checked for each
 * combination of them: "BPF program is too large" from some eight calls on. The errors of a get stay
 * constants: after them the verifier must not go on to where the value is used. */

/* Made of any word from the packet. */
METAKEY_INLINE_ long metakey_done_(__u64 word)
{
	__u64 others = ~word;

	METAKEY_PIN_(others);
	return word & others;
}

/* Made of the number of the interface. */
METAKEY_INLINE_ long metakey_failed_(struct metakey_where_ at, int error)
{
	__u32 word;

	if (at.is_skb)
		METAKEY_LOAD_(word, at.ctx, 40);
	else
		METAKEY_LOAD_(word, at.ctx, 12);
	return metakey_done_(word) - error;
}

/* ---- Areas and values ---- */

/* How many bytes of metadata, somebody else's, are in front of an area that ends at the packet: in steps
 * from 128 bytes down to 4, as lengths of metadata are multiples of 4. The sum starts with a zero that the
 * verifier does not know, and is cut each time to what it may be: so the ways through meet again at once. */
METAKEY_INLINE_ __u32 metakey_in_front_(struct metakey_where_ at)
{
	__u64 bytes = metakey_done_(METAKEY_U64_(at.meta));

#pragma clang loop unroll(disable)
	for (__u32 step = 128; step >= 4; step /= 2) {
		char *end = at.end;

		bytes &= 0xfc;
		end += bytes;
		end += step;
		METAKEY_PIN_(end);
		if (end <= at.data)
			bytes += step;
	}
	return bytes & 0xfc;
}

/* Whether the metadata ends in an area of this host. Then at->meta is where that starts, and at->end
 * where it ends: at the packet, to the byte. Compared twice, with > alone: the verifier allows packet
 * pointers no ==, and clang would make one of the two. */
METAKEY_INLINE_ int metakey_is_ours_(struct metakey_where_ *at,
				     const volatile struct metakey_record *field, __u32 area)
{
	at->end = at->meta + area;
	if (at->end > at->data)
		return 0;
	METAKEY_PIN_(at->end);
	if (METAKEY_U64_(at->end - METAKEY_MARK_BYTES_) == metakey_mark_(field) &&
	    at->data <= at->end)
		return 1;
	at->meta += metakey_in_front_(*at);
	METAKEY_PIN_(at->meta);
	at->end = at->meta + area;
	if (at->end > at->data)
		return 0;
	METAKEY_PIN_(at->end);
	if (at->data > at->end)
		return 0;
	return METAKEY_U64_(at->end - METAKEY_MARK_BYTES_) == metakey_mark_(field);
}

/* The last two bytes of an area that is ours: a zero like that of metakey_done_, in one
 * instruction. */
METAKEY_INLINE_ long metakey_zero_(const char *end)
{
	return *(const volatile __u16 *)(end - 2);
}

/* Size is a constant: one load or store remains. */
METAKEY_INLINE_ void metakey_load_value_(void *to, const char *from, __u32 size)
{
	if (size == 2)
		*(__u16 *)to = *(const volatile __u16 *)from;
	else if (size == 4)
		*(__u32 *)to = *(const volatile __u32 *)from;
	else
		*(__u64 *)to = *(const volatile __u64 *)from;
}

METAKEY_INLINE_ void metakey_store_value_(char *to, __u64 value, __u32 size)
{
	if (size == 2)
		*(volatile __u16 *)to = value;
	else if (size == 4)
		*(volatile __u32 *)to = value;
	else
		*(volatile __u64 *)to = value;
}

/* ---- The packed layout ---- */

/* The two bits of a field's size in the header: 1 low, 2 high. */
METAKEY_INLINE_ __u32 metakey_size_bits_(__u32 size)
{
	return size == 8 ? 3 : size / 2;
}

/* Whether the header has the field with a value of its size. */
METAKEY_INLINE_ int metakey_has_(__u64 high, __u64 low, const volatile struct metakey_record *field,
				 __u32 size)
{
	__u64 has = (size == 2 ? ~high : high) & (size == 4 ? ~low : low);

	return has >> field->id & 1;
}

/* How many bytes the values of a header take: 2 for each bit of low, 4 of high, 2 more where both are
 * set. For up to 63 ids: 0-504. BPF has no population count: the three are counted side by side. */
METAKEY_INLINE_ __u32 metakey_bytes_(__u64 high, __u64 low)
{
	const __u64 pairs = 0x5555555555555555ull;
	const __u64 nibbles = 0x3333333333333333ull;
	const __u64 bytes = 0x0f0f0f0f0f0f0f0full;
	__u64 both = high & low;

	low -= low >> 1 & pairs;
	both -= both >> 1 & pairs;
	high -= high >> 1 & pairs;
	low = (low & nibbles) + (low >> 2 & nibbles) + (both & nibbles) + (both >> 2 & nibbles);
	high = (high & nibbles) + (high >> 2 & nibbles);
	low = (low & bytes) + (low >> 4 & bytes);
	high = (high & bytes) + (high >> 4 & bytes);
	return ((low + 2 * high) * 0x0101010101010101ull >> 56) * 2;
}

/* Where a field's value is in the area, or would be. */
METAKEY_INLINE_ __u32 metakey_start_(__u64 high, __u64 low, const volatile struct metakey_record *field)
{
	__u64 below = metakey_bit_(field) - 1;

	return METAKEY_HEADER_BYTES_ + metakey_bytes_(high & below, low & below);
}

/* How many bytes the values behind it take. */
METAKEY_INLINE_ __u32 metakey_behind_(__u64 high, __u64 low, const volatile struct metakey_record *field)
{
	return metakey_bytes_(high >> field->id >> 1, low >> field->id >> 1);
}

/* Finds where in the area the field's value is. False if it is not set, or if the header claims more than
 * there is room for: then the area is not ours. What is behind is counted only if it might be too much. */
METAKEY_INLINE_ int metakey_find_(__u64 high, __u64 low, const volatile struct metakey_record *field,
				  __u32 size, __u32 *start)
{
	__u32 room = metakey_area_(field) - METAKEY_MARK_BYTES_ - size;

	if (!metakey_has_(high, low, field, size))
		return 0;
	*start = metakey_start_(high, low, field);
	if (*start > room)
		return 0;
	room -= *start;
	return !((high | low) >> field->id >> 1 >> room / 8) ||
	       metakey_behind_(high, low, field) <= room;
}

/* Moves the bytes of a word to later or earlier addresses, by 0 to 8 bytes. In two halves, because a shift by 64
 * bits would not shift at all. */
METAKEY_INLINE_ __u64 metakey_later_(__u64 word, __u32 bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word << 4 * bytes << 4 * bytes;
#else
	return word >> 4 * bytes >> 4 * bytes;
#endif
}

METAKEY_INLINE_ __u64 metakey_earlier_(__u64 word, __u32 bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word >> 4 * bytes >> 4 * bytes;
#else
	return word << 4 * bytes << 4 * bytes;
#endif
}

METAKEY_INLINE_ void metakey_put_header_(char *meta, const volatile struct metakey_record *field,
					 __u64 high, __u64 low)
{
	__u32 bits = metakey_size_bits_(field->size);

	METAKEY_U64_(meta) = bits & 2 ? high ^ metakey_bit_(field) : high;
	METAKEY_U64_(meta + 8) = bits & 1 ? low ^ metakey_bit_(field) : low;
}

#define METAKEY_MAX_WORDS_ 24 /* of values in an area: (216 - 24) / 8 */

/* How many bytes of a word that many bytes leave, without a branch for the verifier to follow. */
METAKEY_INLINE_ __u32 metakey_rest_(__u32 bytes)
{
	long rest = 8 - (long)bytes;

	return rest & ~(rest >> 63);
}

/* Writes those bytes of a word that are not kept. */
METAKEY_INLINE_ void metakey_merge_(char *at, __u64 word, __u64 kept)
{
	METAKEY_U64_(at) = (METAKEY_U64_(at) & kept) | (word & ~kept);
}

/* Sets a value in an area that is ours. The values behind the place of a new one move to later addresses by
 * its size, the last word first. The first word is read before others are written over it, and written
 * last; where there is less than a word to move, what follows stays. */
METAKEY_ONCE_ long metakey_packed_put_(char *meta, char *data,
				       const volatile struct metakey_record *field, __u64 value)
{
	__u64 high = METAKEY_U64_(meta), low = METAKEY_U64_(meta + 8), first, from;
	__u32 start, room, behind = 0, size = field->size;
	char *at;

	if (!((high | low) & metakey_bit_(field))) {
		start = metakey_start_(high, low, field);
		if (start > metakey_area_(field) - METAKEY_MARK_BYTES_)
			return metakey_done_(low) - METAKEY_EBUSY;
		room = metakey_area_(field) - METAKEY_MARK_BYTES_ - start;
		if ((high | low) >> field->id)
			behind = metakey_behind_(high, low, field);
		if (behind > room)
			return metakey_done_(low) - METAKEY_EBUSY;
		if (behind + size > room)
			return metakey_done_(low) - METAKEY_ENOSPC;
		metakey_put_header_(meta, field, high, low);
	} else if (!metakey_find_(high, low, field, size, &start)) {
		return metakey_done_(low) - METAKEY_EBUSY; /* another size, or not ours */
	}
	at = meta + start;
	METAKEY_PIN_(at);
	if (at + size + METAKEY_MARK_BYTES_ > data)
		return metakey_done_(METAKEY_U64_(meta)) - METAKEY_EBUSY; /* never: for the verifier, as below */
	if (behind) {
		first = METAKEY_U64_(at);
		from = start + behind - 8;
		for (int i = 0; i < METAKEY_MAX_WORDS_ && from > start; i++, from -= 8) {
			char *word;

			METAKEY_PIN_(from); /* or clang counts a pointer down, to where none may be */
			word = meta + (from & 0xff);
			if (word + size + 8 > data)
				break;
			METAKEY_U64_(word + size) = METAKEY_U64_(word);
		}
		metakey_merge_(at + size, first, ~metakey_earlier_(~0ull, metakey_rest_(behind)));
	}
	metakey_store_value_(at, value, size);
	return metakey_done_(METAKEY_U64_(meta));
}

/* Takes a value out: those behind it move to its place, the last word last, and zeros follow. */
METAKEY_ONCE_ long metakey_remove_(char *meta, char *data,
				   const volatile struct metakey_record *field)
{
	__u64 high = METAKEY_U64_(meta), low = METAKEY_U64_(meta + 8), last;
	__u32 size = field->size, behind = 0, start, end;
	char *at;

	if (!metakey_find_(high, low, field, size, &start))
		return metakey_done_(low) - METAKEY_ENOENT;
	if ((high | low) >> field->id >> 1)
		behind = metakey_behind_(high, low, field);
	end = start + behind;
	at = meta + (end - 8 & 0xff);
	METAKEY_PIN_(at);
	if (at + size + 8 > data)
		return metakey_done_(low) - METAKEY_ENOENT; /* never: for the verifier, as below */
	metakey_put_header_(meta, field, high, low);
	if (behind) {
		last = METAKEY_U64_(at + size);
		for (int i = 0; i < METAKEY_MAX_WORDS_ && start + 8 < end; i++, start += 8) {
			char *word = meta + start;

			METAKEY_PIN_(word);
			if (word + size + 8 > data)
				break;
			METAKEY_U64_(word) = METAKEY_U64_(word + size);
		}
		metakey_merge_(at, last, ~metakey_later_(~0ull, metakey_rest_(behind)));
	}
	metakey_store_value_(at + 8, 0, size);
	return metakey_done_(low);
}

/* ---- Get, set, delete ----
 *
 * Each decides about the layout before anything else, so that the verifier, to which the record is
 * constant, drops the other layout's code and that decision with it. Only the slotted layout has
 * slots. */

/* Marks the path of a program that was never linked. An instruction of its own keeps the compiler
 * from joining it with another path, which would keep the decision in a program that was linked. */
#define METAKEY_NEVER_LINKED_()                                                                    \
	({                                                                                         \
		int nothing_;                                                                      \
		__asm__ volatile("%0 = 0" : "=r"(nothing_));                                       \
	})

METAKEY_INLINE_ long metakey_get_(struct metakey_where_ at,
				  const volatile struct metakey_record *field, void *out, __u32 size)
{
	__u32 area, slot, start;

	METAKEY_PIN_(field);
	area = metakey_area_(field);
	if (!area) {
		METAKEY_NEVER_LINKED_();
		return -METAKEY_ENOENT;
	}
	if (!metakey_is_ours_(&at, field, area))
		return -METAKEY_ENOENT;
	slot = field->slot;
	if (slot) {
		if (!(METAKEY_U64_(at.end - 16) & metakey_bit_(field)))
			return -METAKEY_ENOENT;
		metakey_load_value_(out, at.end - slot, size);
	} else {
		if (!metakey_find_(METAKEY_U64_(at.meta), METAKEY_U64_(at.meta + 8), field, size,
				   &start))
			return -METAKEY_ENOENT;
		at.meta += start;
		METAKEY_PIN_(at.meta);
		if (at.meta + size + METAKEY_MARK_BYTES_ > at.data)
			return -METAKEY_ENOENT;
		metakey_load_value_(out, at.meta, size);
	}
	return metakey_zero_(at.end);
}

METAKEY_INLINE_ long metakey_del_(struct metakey_where_ at,
				  const volatile struct metakey_record *field, __u32 size)
{
	__u32 area, slot;
	__u64 set;

	METAKEY_PIN_(field);
	area = metakey_area_(field);
	if (!area) {
		METAKEY_NEVER_LINKED_();
		return metakey_failed_(at, METAKEY_ENOENT);
	}
	if (!metakey_is_ours_(&at, field, area))
		return metakey_failed_(at, METAKEY_ENOENT);
	slot = field->slot;
	if (!slot)
		return metakey_remove_(at.meta, at.data, field);
	set = METAKEY_U64_(at.end - 16);
	if (!(set & metakey_bit_(field)))
		return metakey_failed_(at, METAKEY_ENOENT);
	METAKEY_U64_(at.end - 16) = set & ~metakey_bit_(field);
	metakey_store_value_(at.end - slot, 0, size);
	return metakey_zero_(at.end);
}

/* Sets a value in an area that is ours. */
METAKEY_INLINE_ long metakey_put_(struct metakey_where_ at, const volatile struct metakey_record *field,
				  __u64 value, __u32 size)
{
	__u32 slot = field->slot;

	if (!slot)
		return metakey_packed_put_(at.meta, at.data, field, value);
	METAKEY_U64_(at.end - 16) |= metakey_bit_(field);
	metakey_store_value_(at.end - slot, value, size);
	return metakey_zero_(at.end);
}

/* Makes the area, with the one value in it. */
METAKEY_ONCE_ long metakey_first_set_(struct xdp_md *ctx,
				      const volatile struct metakey_record *field, __u64 value)
{
	static long (*const adjust_meta)(struct xdp_md *, int) = (void *)54; /* a BPF helper */
	struct metakey_where_ at = metakey_xdp_where_(ctx);
	__u32 area = metakey_area_(field);
	__u32 size = field->size;
	char *end;

	if (at.meta > at.data)
		return metakey_failed_(at, METAKEY_ENOSPC); /* how a driver says that it has no metadata */
	if (at.meta + 1 <= at.data)
		return metakey_failed_(at, METAKEY_EBUSY);
	if (!metakey_slotted_(field) && METAKEY_HEADER_BYTES_ + size + METAKEY_MARK_BYTES_ > area)
		return metakey_failed_(at, METAKEY_ENOSPC);
	if (adjust_meta(ctx, -(int)area))
		return metakey_failed_(at, METAKEY_ENOSPC);
	at = metakey_xdp_where_(ctx);
	end = at.meta + area;
	if (end > at.data)
		return metakey_failed_(at, METAKEY_ENOSPC); /* never: for the verifier */
#pragma unroll
	for (__u32 byte = 0; byte < 216; byte += 8)
		if (byte < area)
			METAKEY_U64_(at.meta + byte) = 0;
	METAKEY_U64_(end - METAKEY_MARK_BYTES_) = metakey_mark_(field);
	if (metakey_slotted_(field)) {
		METAKEY_U64_(end - 16) = metakey_bit_(field);
		metakey_store_value_(end - field->slot, value, size);
	} else {
		metakey_put_header_(at.meta, field, 0, 0);
		metakey_store_value_(at.meta + METAKEY_HEADER_BYTES_, value, size);
	}
	return metakey_done_(METAKEY_U64_(at.meta));
}

METAKEY_INLINE_ long metakey_xdp_set_(struct xdp_md *ctx,
				      const volatile struct metakey_record *field, __u64 value,
				      __u32 size)
{
	struct metakey_where_ at = metakey_xdp_where_(ctx);
	__u32 area;

	METAKEY_PIN_(field);
	area = metakey_area_(field);
	if (!area) {
		METAKEY_NEVER_LINKED_();
		return metakey_failed_(at, METAKEY_ENOLINK);
	}
	if (metakey_is_ours_(&at, field, area))
		return metakey_put_(at, field, value, size);
	return metakey_first_set_(ctx, field, value);
}

METAKEY_INLINE_ long metakey_skb_set_(struct __sk_buff *ctx,
				      const volatile struct metakey_record *field, __u64 value,
				      __u32 size)
{
	struct metakey_where_ at = metakey_skb_where_(ctx);
	__u32 area;

	METAKEY_PIN_(field);
	area = metakey_area_(field);
	if (!area) {
		METAKEY_NEVER_LINKED_();
		return metakey_failed_(at, METAKEY_ENOLINK);
	}
	if (metakey_is_ours_(&at, field, area))
		return metakey_put_(at, field, value, size);
	return metakey_failed_(at, at.meta + 1 <= at.data ? METAKEY_EBUSY : METAKEY_ENOSPC);
}

/* ---- Tracing: the area lies right before the MAC header ---- */

/* The parts of the kernel's structs that are read. The loader finds out where they are (CO-RE). */
struct sk_buff___metakey {
	unsigned char *head;
	__u32 end;
	__u16 mac_header;
} __attribute__((preserve_access_index));

struct skb_shared_info___metakey {
	__u8 meta_len;
} __attribute__((preserve_access_index));

#define METAKEY_READ_(to, from) metakey_read_(&(to), sizeof(to), (from))

METAKEY_INLINE_ long metakey_read_(void *to, __u32 bytes, const void *from)
{
	static long (*const probe_read_kernel)(void *, __u32, const void *) = (void *)113;

	return probe_read_kernel(to, bytes, from);
}

METAKEY_INLINE_ long metakey_trace_get_(const struct sk_buff *packet,
					const volatile struct metakey_record *field, void *out,
					__u32 size)
{
	const struct sk_buff___metakey *skb = (const void *)packet;
	const struct skb_shared_info___metakey *shared;
	unsigned char *head, *data;
	__u32 area = metakey_area_(field);
	__u64 mark, high, low, value;
	__u32 end, start;
	__u16 mac;
	__u8 meta_len;

	if (!metakey_linked_(field) || METAKEY_READ_(head, &skb->head) ||
	    METAKEY_READ_(end, &skb->end) || METAKEY_READ_(mac, &skb->mac_header))
		return -METAKEY_ENOENT;
	shared = (const void *)(head + end);
	data = head + mac;
	if (mac == 0xffff || mac < area || METAKEY_READ_(meta_len, &shared->meta_len) ||
	    meta_len < area || METAKEY_READ_(mark, data - METAKEY_MARK_BYTES_) ||
	    mark != metakey_mark_(field))
		return -METAKEY_ENOENT;
	if (metakey_slotted_(field)) {
		if (METAKEY_READ_(low, data - 16) || !(low & metakey_bit_(field)))
			return -METAKEY_ENOENT;
		data -= field->slot;
	} else {
		if (METAKEY_READ_(high, data - area) || METAKEY_READ_(low, data - area + 8) ||
		    !metakey_find_(high, low, field, size, &start))
			return -METAKEY_ENOENT;
		data = data - area + start;
	}
	if (metakey_read_(&value, size, data))
		return -METAKEY_ENOENT;
	metakey_load_value_(out, (const char *)&value, size);
	return 0;
}

/* ---- Sockets: the kernel's own context has the packet ---- */

extern void *bpf_cast_to_kern_ctx(void *obj) __attribute__((section(".ksyms"), weak));

struct sk_reuseport_kern___metakey {
	struct sk_buff *skb;
} __attribute__((preserve_access_index));

struct bpf_sock_ops_kern___metakey {
	struct sk_buff *skb;
} __attribute__((preserve_access_index));

METAKEY_INLINE_ const struct sk_buff *metakey_skb_skb_(struct __sk_buff *ctx)
{
	return bpf_cast_to_kern_ctx(ctx);
}

METAKEY_INLINE_ const struct sk_buff *metakey_reuseport_skb_(struct sk_reuseport_md *ctx)
{
	const struct sk_reuseport_kern___metakey *kernel = bpf_cast_to_kern_ctx(ctx);
	const struct sk_buff *skb;

	return METAKEY_READ_(skb, &kernel->skb) ? 0 : skb;
}

METAKEY_INLINE_ const struct sk_buff *metakey_sock_ops_skb_(struct bpf_sock_ops *ctx)
{
	const struct bpf_sock_ops_kern___metakey *kernel = bpf_cast_to_kern_ctx(ctx);
	const struct sk_buff *skb;

	return METAKEY_READ_(skb, &kernel->skb) ? 0 : skb;
}

#endif /* METAKEY_BPF_H */
