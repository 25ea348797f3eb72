/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metakey_hints.bpf.h: what the hardware knows of a packet, in XDP programs: the kernel.* names.
 *
 *   long metakey_hint_rx_timestamp(struct xdp_md *ctx, __u64 *ns);   kernel.rx_timestamp
 *   long metakey_hint_rx_hash(struct xdp_md *ctx, __u32 *hash);      kernel.rx_hash
 *   long metakey_hint_rx_vlan_tag(struct xdp_md *ctx, __u32 *tag);   kernel.rx_vlan_tag
 *
 *   0                  the value is there
 *   -METAKEY_ENOENT    the packet, the device's driver or the kernel has nothing to give;
 *                      *ns, *hash or *tag is as before
 *
 * ns      when the device received the packet, nanoseconds, by the device's clock
 * hash    the device's receive hash
 * tag     the VLAN protocol (0x8100, 0x88a8) in the upper 16 bits, the tag control information in the
 *         lower, both in host byte order
 *
 * They are not in the metadata area and end with the XDP program. To keep them, set a field:
 *
 *   if (!metakey_hint_rx_timestamp(ctx, &ns))
 *       metakey_set(ctx, received, ns);
 *
 * The kernel allows them in programs with a GPL-compatible license that are loaded for one device: in
 * libbpf, bpf_program__set_ifindex(program, ifindex) and bpf_program__set_flags(program,
 * BPF_F_XDP_DEV_BOUND_ONLY, which is 1 << 6) before bpf_object__load. Others are refused at load. A kernel
 * that does not have a function (timestamp and hash came with 6.3, the VLAN tag with 6.8) loads the
 * program all the same.
 *
 * May be included in any order with <linux/bpf.h> and <bpf/bpf_helpers.h>. vmlinux.h, where it is
 * used, comes first.
 */
#ifndef METAKEY_HINTS_BPF_H
#define METAKEY_HINTS_BPF_H

#if !defined(__VMLINUX_H__)
#include <linux/bpf.h>
#endif

#include "metakey.bpf.h"

#define METAKEY_KFUNC_ __attribute__((section(".ksyms"), weak))

#if !defined(__VMLINUX_H__)
/* Needed only for the type of the function, which the loader compares with the kernel's. */
enum xdp_rss_hash_type { METAKEY_RSS_TYPE_NONE_ };
#endif

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, __u64 *timestamp) METAKEY_KFUNC_;
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash,
				    enum xdp_rss_hash_type *rss_type) METAKEY_KFUNC_;
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __u16 *vlan_proto,
					__u16 *vlan_tci) METAKEY_KFUNC_;

METAKEY_INLINE_ long metakey_hint_rx_timestamp(struct xdp_md *ctx, __u64 *ns)
{
	__u64 value;

	if (!bpf_xdp_metadata_rx_timestamp || bpf_xdp_metadata_rx_timestamp(ctx, &value))
		return -METAKEY_ENOENT;
	*ns = value;
	return 0;
}

METAKEY_INLINE_ long metakey_hint_rx_hash(struct xdp_md *ctx, __u32 *hash)
{
	__u32 value, type;

	if (!bpf_xdp_metadata_rx_hash ||
	    bpf_xdp_metadata_rx_hash(ctx, &value, (enum xdp_rss_hash_type *)&type))
		return -METAKEY_ENOENT;
	*hash = value;
	return 0;
}

METAKEY_INLINE_ long metakey_hint_rx_vlan_tag(struct xdp_md *ctx, __u32 *tag)
{
	__u16 protocol, control; /* in network and in host byte order */

	if (!bpf_xdp_metadata_rx_vlan_tag ||
	    bpf_xdp_metadata_rx_vlan_tag(ctx, &protocol, &control))
		return -METAKEY_ENOENT;
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		protocol = __builtin_bswap16(protocol);
	*tag = (__u32)protocol << 16 | control;
	return 0;
}

#endif /* METAKEY_HINTS_BPF_H */
