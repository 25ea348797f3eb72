/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metakey.h: what kernel and user side share. C11 and C++; for BPF programs and for applications.
 *
 * Everything here is in host byte order and never leaves the host. The structs never change; what is
 * new gets a new version. Java reads and writes the same bytes: package dev.metakey.layout.
 * docs/formats.md and docs/packet-format.md explain them.
 *
 * In a BPF program it needs no other header, and may come before or after vmlinux.h and
 * <linux/...>; elsewhere it needs the kernel's <linux/types.h>.
 */
#ifndef METAKEY_H
#define METAKEY_H

#if defined(__bpf__)
/* The same typedefs as in vmlinux.h and <linux/types.h>: C11 allows them twice. */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
#else
#include <linux/types.h>
#endif

/* Ids 0-63 are handed out; the well-known ones start here. */
#define METAKEY_IDS 64

/* Room for a name and the NUL behind it. */
#define METAKEY_NAME_BYTES 64

/* Layouts: one per host. */
#define METAKEY_SLOTTED 1
#define METAKEY_PACKED 2

/* States of a field. */
#define METAKEY_ACTIVE 1
#define METAKEY_RETIRED 2
#define METAKEY_RESERVED 3
#define METAKEY_WELL_KNOWN 4
#define METAKEY_FREE 5

/* What a program does with a field: the role in a record. */
#define METAKEY_ROLE_PRODUCES 1
#define METAKEY_ROLE_CONSUMES 2

/* Bytes of a tag. */
#define METAKEY_TAG_BYTES 6

/* The last eight bytes of a metadata area, right before the packet. They are bytes, in the same
 * order on every host.
 *
 *   data-8           data-2    data
 *     | tag: 6 bytes   | zero:16 |
 *
 * The tag is random, never all zero, and secret: it tells this host's areas from bytes that came in
 * with a packet. It stands for one layout and size of area. The zeros are last, as IP forwarding
 * overwrites the last two bytes before the packet with zeros.
 */
struct metakey_mark {
	__u8 tag[METAKEY_TAG_BYTES];
	__u16 zero;
};

/* One METAKEY_PRODUCES or METAKEY_CONSUMES line. The ELF section .rodata.metakey is an array of
 * these; the kernel keeps it as a frozen map of the same name. Linking fills in what follows the
 * name; a program that was never linked has zero there.
 *
 *    0      4           5        6        7        8                72      80
 *    | magic | version:8 | role:8 | size:8 | alone:8| name: 64 bytes | mark  |
 *    80                      96              100      101    102        103        104
 *    | registry_id: 16 bytes | generation:32 | slot:8 | id:8 | layout:8 | area/8:8 |
 */
struct metakey_record {
	__u32 magic; /*   0 METAKEY_RECORD_MAGIC */
	__u8 version; /*   4 METAKEY_RECORD_VERSION */
	__u8 role; /*   5 METAKEY_ROLE_... */
	__u8 size; /*   6 of a value: 2, 4 or 8 */
	__u8 alone; /*   7 1: a variable of its own, so an address in it reaches no other record */
	char name[METAKEY_NAME_BYTES]; /*   8 ends with NUL */
	struct metakey_mark mark; /*  72 the mark of this host's areas: secret */
	__u8 registry_id[16]; /*  80 UUID, big-endian bytes as in its text form */
	__u32 generation; /*  96 */
	__u8 slot; /* 100 the value starts this many bytes before the packet; 0: packed */
	__u8 id; /* 101 0-63 */
	__u8 layout; /* 102 METAKEY_SLOTTED or METAKEY_PACKED; 0: never linked */
	__u8 area8; /* 103 size of the area / 8: 3-27 */
};

#define METAKEY_RECORD_MAGIC 0x43524b4du /* "MKRC" in a little-endian file */
#define METAKEY_RECORD_VERSION 2
#define METAKEY_SECTION ".rodata.metakey"

/* The registry itself: in registry.bin, and the value of the pinned map "header". */
struct metakey_header {
	__u64 seq; /*  0 sequence lock: odd while written */
	__u64 high; /*  8 the global header: bit k belongs to id k; low alone: 2 bytes, */
	__u64 low; /* 16 high alone: 4, both: 8 */
	__u64 revision; /* 24 counts committed changes */
	__u8 registry_id[16]; /* 32 UUID, big-endian bytes as in its text form */
	__u8 layout; /* 48 METAKEY_SLOTTED or METAKEY_PACKED */
	__u8 area8; /* 49 size of the metadata area / 8 */
	__u16 version; /* 50 METAKEY_FILE_VERSION, in the maps too */
	__u32 reserved; /* 52 zero */
	__u64 published_at_ms; /* 56 wall-clock time, milliseconds since 1970 */
};

/* What is known of one id: in registry.bin, and the value of the pinned maps "ids" and "names". A name
 * stands for the key if its state is active or well-known, or if it is foreign. */
struct metakey_key {
	char name[METAKEY_NAME_BYTES]; /*  0 ends with NUL; empty: the id was never used */
	__u64 revision; /* 64 at which the field came into being; 0: only reserved */
	__u32 generation; /* 72 counts the fields that the id has belonged to */
	__u16 slot; /* 76 the value starts this many bytes before the packet; 0: none */
	__u8 id; /* 78 0-63; well-known ones (in "names" only) from 64 */
	__u8 size; /* 79 2, 4 or 8 */
	__u8 state; /* 80 METAKEY_ACTIVE ... */
	__u8 format; /* 81 1 dec, 2 hex, 3 ipv4, 4 mac, 5 ns, 6 bool */
	__u8 merge; /* 82 0 unspecified, 1 block, 2 keep_first, 3 keep_last, 4 discard */
	__u8 sharing; /* 83 1 exclusive, 2 shared */
	/* 84 of the first owner, if that is a user (a uid and its claim); 0xffffffff if it is a unit, a
	 * claim of containers, or nobody: a unit has no uid, whatever user it runs as */
	__u32 owner_uid;
	__u8 foreign; /* 88 1: some program hard-codes the id; the name resolves whatever its state */
	__u8 reserved[7]; /* 89 zero */
};

/* registry.bin: one table to map into memory. */
struct metakey_file {
	char magic[8]; /*    0 METAKEY_FILE_MAGIC */
	__u32 version; /*    8 METAKEY_FILE_VERSION */
	__u32 bytes; /*   12 sizeof(struct metakey_file) */
	struct metakey_header header; /*   16 starts with the sequence lock */
	__u8 boot_id[16]; /*   80 UUID of the host's boot, big-endian; zero if not known */
	__u8 zero[32]; /*   96 */
	struct metakey_key keys[METAKEY_IDS]; /*  128 by id */
};

#define METAKEY_FILE_MAGIC "METAKEY" /* with its NUL: eight bytes */
#define METAKEY_FILE_VERSION 2

/* The tag, and what it stands for: the file "tag", and the value of the pinned map "tag". Only
 * those who may link programs may read them: root and the group metakey. */
struct metakey_tag {
	__u32 magic; /*  0 METAKEY_TAG_MAGIC */
	__u32 version; /*  4 METAKEY_TAG_VERSION */
	__u8 registry_id[16]; /*  8 as in struct metakey_header */
	__u64 revision; /* 24 of the registry, when this was published */
	__u8 tag[METAKEY_TAG_BYTES]; /* 32 */
	__u8 layout; /* 38 METAKEY_SLOTTED or METAKEY_PACKED */
	__u8 area8; /* 39 size of the metadata area / 8 */
};

#define METAKEY_TAG_MAGIC 0x47544b4du /* "MKTG" in a little-endian file */
#define METAKEY_TAG_VERSION 1

#if defined(__cplusplus)
#define METAKEY_STATIC_ASSERT_(what) static_assert(what, #what)
#else
#define METAKEY_STATIC_ASSERT_(what) _Static_assert(what, #what)
#endif

METAKEY_STATIC_ASSERT_(sizeof(struct metakey_mark) == 8);
METAKEY_STATIC_ASSERT_(sizeof(struct metakey_record) == 104);
METAKEY_STATIC_ASSERT_(sizeof(struct metakey_header) == 64);
METAKEY_STATIC_ASSERT_(sizeof(struct metakey_key) == 96);
METAKEY_STATIC_ASSERT_(sizeof(struct metakey_file) == 6272);
METAKEY_STATIC_ASSERT_(sizeof(struct metakey_tag) == 40);

#endif /* METAKEY_H */
