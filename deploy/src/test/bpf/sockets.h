/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of sockets.bpf.c, by which it counts; in the order of SocketHooksIT. */
#ifndef SOCKETS_H
#define SOCKETS_H

enum hook {
	hook_cgroup_ingress,
	hook_socket_udp,
	hook_socket_packet,
	hook_sk_skb,
	hook_lwt_in,
	hook_lwt_out,
	hook_lwt_xmit,
	hook_reuseport,
	hook_sockops,
	hook_sockops_listen,
	hook_nf_prerouting,
	hook_nf_input,
	hook_nf_forward,
	hook_nf_output,
	hook_nf_postrouting,
	HOOKS
};

#endif
