/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps with each connection the last edge.packet_id that came in on it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <metakey/metakey.bpf.h>

METAKEY_CONSUMES(packet_id, "edge.packet_id", __u64);

/* The kernel keeps an entry as long as its socket; user space finds it by the socket's descriptor. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} connection_values SEC(".maps");

SEC("cgroup_skb/ingress")
int keep_value(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	__u64 value, *kept;

	if (!sk || metakey_sock_get(skb, packet_id, &value))
		return 1;
	sk = bpf_sk_fullsock(sk); /* not one that is still in its handshake */
	if (!sk)
		return 1;
	kept = bpf_sk_storage_get(&connection_values, sk, &value, BPF_SK_STORAGE_GET_F_CREATE);
	if (kept)
		*kept = value;
	return 1;
}

char _license[] SEC("license") = "GPL"; /* which metakey_sock_get asks for */
