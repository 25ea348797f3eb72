/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports every packet with metadata that passes a tracepoint to the user side, which finds out
 * what is in the metadata: so one program serves any names, and no tag is needed here. It only
 * looks; packets pass unchanged.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "trace.h"

/* The members of the kernel's structs that are read; the loader finds out where they are. */
struct net_device {
	char name[16];
	int ifindex;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct net_device *dev;
	unsigned int len;
	unsigned char *head;
	__u32 end;
	__u16 mac_header;
} __attribute__((preserve_access_index));

struct skb_shared_info {
	__u8 meta_len;
} __attribute__((preserve_access_index));

/* Only packets of this device; if empty, of any device. */
const volatile char only_device[16];

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} packets SEC(".maps");

/* How many packets found the ring buffer full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} missed SEC(".maps");

static __always_inline void count_missed(void)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&missed, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline int is_wanted(const char *device)
{
	if (!only_device[0])
		return 1;
	for (int i = 0; i < 16; i++) {
		if (device[i] != only_device[i])
			return 0;
		if (!device[i])
			return 1;
	}
	return 1;
}

/* The metadata lies right before the MAC header; its length is kept behind the packet's end, in
 * skb_shared_info. */
static __always_inline int tell(struct sk_buff *skb, __u16 hook, __u32 reason)
{
	const struct skb_shared_info *shared;
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	unsigned char *head = BPF_CORE_READ(skb, head);
	__u16 mac = BPF_CORE_READ(skb, mac_header);
	struct trace_packet *packet;
	char device[16] = {};
	__u32 bytes;

	shared = (const void *)(head + BPF_CORE_READ(skb, end));
	bytes = BPF_CORE_READ(shared, meta_len);
	if (!bytes || mac == 0xffff || mac < bytes)
		return 0;
	if (bytes > TRACE_AREA_BYTES)
		bytes = TRACE_AREA_BYTES;
	if (dev)
		bpf_core_read_str(device, sizeof(device), &dev->name);
	if (!is_wanted(device))
		return 0;
	packet = bpf_ringbuf_reserve(&packets, sizeof(*packet), 0);
	if (!packet) {
		count_missed();
		return 0;
	}
	packet->ns = bpf_ktime_get_ns();
	packet->ifindex = dev ? BPF_CORE_READ(dev, ifindex) : 0;
	packet->length = BPF_CORE_READ(skb, len);
	packet->cpu = bpf_get_smp_processor_id();
	packet->pid = bpf_get_current_pid_tgid() >> 32;
	packet->reason = reason;
	packet->hook = hook;
	packet->bytes = bytes;
	__builtin_memcpy(packet->device, device, sizeof(device));
	bpf_get_current_comm(packet->process, sizeof(packet->process));
	if (bpf_probe_read_kernel(packet->metadata, bytes, head + mac - bytes))
		packet->bytes = 0;
	bpf_ringbuf_submit(packet, 0);
	return 0;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(trace_receive, struct sk_buff *skb)
{
	return tell(skb, TRACE_RECEIVE, 0);
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(trace_transmit, struct sk_buff *skb)
{
	return tell(skb, TRACE_TRANSMIT, 0);
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(trace_drop, struct sk_buff *skb, void *location, __u32 reason)
{
	return tell(skb, TRACE_DROP, reason);
}

char _license[] SEC("license") = "GPL"; /* which bpf_probe_read_kernel asks for */
