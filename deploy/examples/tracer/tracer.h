/* SPDX-License-Identifier: Apache-2.0 */
/* What the tracer's BPF program reports about a packet to its user side. */
#ifndef TRACER_H
#define TRACER_H

struct received {
	__u64 packet_id;
	__u32 ifindex;
	__u32 bytes;
};

#endif
