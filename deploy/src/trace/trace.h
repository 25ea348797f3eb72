/* SPDX-License-Identifier: Apache-2.0 */
/* What the BPF programs of metakey-trace report about a packet to its user side. */
#ifndef METAKEY_TRACE_H
#define METAKEY_TRACE_H

#define TRACE_AREA_BYTES 216 /* the largest area that there is */

enum trace_hook {
	TRACE_RECEIVE,
	TRACE_TRANSMIT,
	TRACE_DROP,
};

struct trace_packet {
	__u64 ns; /* since boot, CLOCK_MONOTONIC */
	__u32 ifindex; /* 0: no device */
	__u32 length; /* bytes, from what the hook sees as the packet's start */
	__u32 cpu;
	__u32 pid; /* of the process on the CPU, which need not be the packet's */
	__u32 reason; /* why it was dropped: enum skb_drop_reason of this kernel */
	__u16 hook;
	__u16 bytes; /* of metadata: the last ones before the packet */
	char device[16];
	char process[16];
	__u8 metadata[TRACE_AREA_BYTES];
};

#endif
