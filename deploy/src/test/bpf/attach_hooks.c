/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_hooks OBJECT CGROUP ADDRESS [packet]: attaches the programs of sockets.bpf.c, receives UDP
 * on ports 9 and 10 and TCP on port 11 of the address, with `packet` also everything on a packet
 * socket, pins the programs and maps into /sys/fs/bpf, prints `attached`, and runs until it is
 * killed. Netfilter programs are newer than some libbpf and headers, so the constants are our own.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROG_TYPE_NETFILTER 32
#define ATTACH_NETFILTER 45
#define LINK_CREATE 28
#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif

static struct bpf_object *object;

static void check(int done, const char *what)
{
	if (done < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static struct bpf_program *program(const char *name)
{
	return bpf_object__find_program_by_name(object, name);
}

static int fd(const char *name)
{
	return bpf_program__fd(program(name));
}

/* Hooks as in enum nf_inet_hooks; IPv4. The link lives as long as the descriptor. */
static void filter(const char *name, __u32 hook)
{
	struct {
		__u32 prog_fd, target_fd, attach_type, flags;
		__u32 family, hook;
		__s32 priority;
		__u32 filter_flags;
	} link = {
		.prog_fd = fd(name), .attach_type = ATTACH_NETFILTER, .family = AF_INET, .hook = hook, .priority = -100
	};

	check(syscall(__NR_bpf, LINK_CREATE, &link, sizeof(link)), name);
}

static int listening(int type, const char *address, int port, int shared)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1, made = socket(AF_INET, type, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	if (shared)
		check(setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), "SO_REUSEPORT");
	check(bind(made, (struct sockaddr *)&at, sizeof(at)), "bind");
	return made;
}

static void give(int to, int option, const char *name)
{
	int program_fd = fd(name);

	check(setsockopt(to, SOL_SOCKET, option, &program_fd, sizeof(program_fd)), name);
}

int main(int argc, char **argv)
{
	static const char *const filters[] = { "nf_prerouting", "nf_input", "nf_forward", "nf_output", "nf_postrouting" };
	int cgroup, listener, connection;
	__u32 key = 0;

	if (argc < 4)
		return 2;
	object = bpf_object__open_file(argv[1], NULL);
	check(object ? 0 : -1, "open");
	for (__u32 i = 0; i < 5; i++) {
		bpf_program__set_type(program(filters[i]), PROG_TYPE_NETFILTER);
		bpf_program__set_expected_attach_type(program(filters[i]), ATTACH_NETFILTER);
	}
	check(bpf_object__load(object), "load");
	check(bpf_object__pin(object, "/sys/fs/bpf/hooks"), "pin");
	for (__u32 i = 0; i < 5; i++)
		filter(filters[i], i);

	cgroup = open(argv[2], O_RDONLY | O_DIRECTORY);
	check(cgroup, argv[2]);
	check(bpf_program__attach_cgroup(program("read_cgroup_ingress"), cgroup) ? 0 : -1, "cgroup_ingress");
	check(bpf_program__attach_cgroup(program("read_sockops"), cgroup) ? 0 : -1, "sockops");
	give(listening(SOCK_DGRAM, argv[3], 9, 0), SO_ATTACH_BPF, "read_socket_udp");
	if (argc > 4)
		give(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), SO_ATTACH_BPF, "read_socket_packet");
	give(listening(SOCK_DGRAM, argv[3], 10, 1), SO_ATTACH_REUSEPORT_EBPF, "read_reuseport");
	check(bpf_prog_attach(fd("read_sk_skb"), bpf_object__find_map_fd_by_name(object, "connections"), BPF_SK_SKB_STREAM_VERDICT, 0),
	      "sk_skb");
	listener = listening(SOCK_STREAM, argv[3], 11, 0);
	check(listen(listener, 8), "listen");

	printf("attached\n");
	fflush(stdout);
	for (;;) {
		connection = accept(listener, NULL, NULL);
		check(connection, "accept");
		check(bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "connections"), &key, &connection, BPF_ANY),
		      "connections");
	}
}
