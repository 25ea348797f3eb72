/* SPDX-License-Identifier: Apache-2.0 */
/* What the measured programs and their runner agree on. */
#ifndef DATAPATH_H
#define DATAPATH_H

#include <linux/types.h>

/* The field that is measured, between others with smaller and greater ids. */
#define FIELD_NAME "bench.measured"
#define FIELD_ID 10

/* Where it is in the slotted layout, in bytes before the packet. */
#define FIELD_SLOT 48

/* Bytes of the metadata area. */
#define AREA_BYTES 128

/* How many operations a measured program has written out. */
#define BATCH 16

/* An entry of the type-length-value list; its value follows. */
struct tlv {
	__u8 type;
	__u8 bytes;
};

/* The programs that see received packets. */
enum live { NOT_LIVE, TRACE_EMPTY, TRACE_GET, SOCK_EMPTY, SOCK_GET };

/* Added to one of these: the program that does its work once. */
#define ONCE 16

/* The results of a run's calls. */
struct outcome {
	__u64 sum; /* of all values read */
	__u64 failed; /* how many returned an error */
};

#endif /* DATAPATH_H */
