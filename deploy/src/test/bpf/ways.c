/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What MetadataWaysIT needs besides tc: each says `ready` and goes on until it is killed, or until it has seen everything.
 *
 *   ways udp ADDRESS        receives on port 9, with the program read_socket on the socket
 *   ways packet [read]      receives everything on a packet socket, with `read` with the program on it
 *   ways tcp ADDRESS        receives one connection on port 9 to its end
 *   ways tap DEVICE COUNT   sends packets into a tap
 *   ways xsk DEVICE COUNT   receives packets on an AF_XDP socket, and counts the areas in front of them
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ways.h"

#define PORT 9
#define PINNED "/sys/fs/bpf/"
#define FRAMES 64
#define FRAME_BYTES 4096

static void check(long done, const char *what)
{
	if (done < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int pinned(const char *path)
{
	int fd = bpf_obj_get(path);

	check(fd, path);
	return fd;
}

static void say_ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void read_on(int socket_fd)
{
	int program = pinned(PINNED "p/read_socket");

	check(setsockopt(socket_fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)), "SO_ATTACH_BPF");
}

static int bound(int type, const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int made = socket(AF_INET, type, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	check(bind(made, (struct sockaddr *)&at, sizeof(at)), "bind");
	return made;
}

static void receive_udp(const char *address)
{
	read_on(bound(SOCK_DGRAM, address));
	say_ready();
	pause();
}

static void receive_packets(int reads)
{
	int made = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	check(made, "AF_PACKET");
	if (reads)
		read_on(made);
	say_ready();
	pause();
}

static void receive_tcp(const char *address)
{
	static char bytes[65536];
	int listener = bound(SOCK_STREAM, address), connection;

	check(listen(listener, 1), "listen");
	say_ready();
	connection = accept(listener, NULL, NULL);
	check(connection, "accept");
	while (read(connection, bytes, sizeof(bytes)) > 0)
		;
}

static void send_into_tap(const char *device, int count)
{
	unsigned char packet[1000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 }; /* a protocol for experiments */
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int tap = open("/dev/net/tun", O_RDWR);

	check(tap, "/dev/net/tun");
	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	check(ioctl(tap, TUNSETIFF, &request), "TUNSETIFF");
	while (count--)
		check(write(tap, packet, sizeof(packet)), "write");
	say_ready();
	pause();
}

static void count_area(const unsigned char *packet)
{
	unsigned char area[AREA_BYTES];
	int counted = pinned(PINNED "m/counted");
	__u32 key = 0;
	__u64 packets;

	check(bpf_map_lookup_elem(pinned(PINNED "m/area"), &key, area), "area");
	key = PLACE_USER * OUTCOMES;
	if (memcmp(packet - 8, area + AREA_BYTES - 8, 8))
		key += ABSENT;
	else if (memcmp(packet - AREA_BYTES, area, AREA_BYTES))
		key += WRONG;
	check(bpf_map_lookup_elem(counted, &key, &packets), "counted");
	packets++;
	check(bpf_map_update_elem(counted, &key, &packets, BPF_ANY), "counted");
}

static void *ring(int xsk, struct xdp_ring_offset *offset, size_t bytes, __u64 page)
{
	char *mapped = mmap(NULL, offset->desc + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, xsk, page);

	check(mapped == MAP_FAILED ? -1 : 0, "mmap");
	return mapped;
}

static void receive_xdp(const char *device, int count)
{
	char *frames = mmap(NULL, FRAMES * FRAME_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xdp_umem_reg umem = { .addr = (unsigned long)frames, .len = FRAMES * FRAME_BYTES, .chunk_size = FRAME_BYTES };
	struct sockaddr_xdp at = { .sxdp_family = AF_XDP, .sxdp_ifindex = if_nametoindex(device), .sxdp_flags = XDP_COPY };
	int xsk = socket(AF_XDP, SOCK_RAW, 0), size = FRAMES;
	struct xdp_mmap_offsets offsets;
	socklen_t length = sizeof(offsets);
	volatile __u32 *filled, *received;
	struct xdp_desc *packets;
	__u32 key = 0, done = 0;
	char *fill, *rx;

	check(xsk, "AF_XDP");
	check(setsockopt(xsk, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)), "XDP_UMEM_REG");
	check(setsockopt(xsk, SOL_XDP, XDP_UMEM_FILL_RING, &size, sizeof(size)), "XDP_UMEM_FILL_RING");
	check(setsockopt(xsk, SOL_XDP, XDP_UMEM_COMPLETION_RING, &size, sizeof(size)), "XDP_UMEM_COMPLETION_RING");
	check(setsockopt(xsk, SOL_XDP, XDP_RX_RING, &size, sizeof(size)), "XDP_RX_RING");
	check(getsockopt(xsk, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length), "XDP_MMAP_OFFSETS");
	fill = ring(xsk, &offsets.fr, FRAMES * sizeof(__u64), XDP_UMEM_PGOFF_FILL_RING);
	rx = ring(xsk, &offsets.rx, FRAMES * sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	filled = (void *)(fill + offsets.fr.producer);
	received = (void *)(rx + offsets.rx.producer);
	packets = (void *)(rx + offsets.rx.desc);
	for (__u64 frame = 0; frame < FRAMES; frame++)
		((__u64 *)(fill + offsets.fr.desc))[frame] = frame * FRAME_BYTES;
	__sync_synchronize();
	*filled = FRAMES;
	check(bind(xsk, (struct sockaddr *)&at, sizeof(at)), "bind");
	check(bpf_map_update_elem(pinned(PINNED "m/sockets"), &key, &xsk, BPF_ANY), "sockets");
	say_ready();
	while (done < (__u32)count) {
		usleep(1000);
		for (__sync_synchronize(); done < *received; done++)
			count_area((unsigned char *)frames + packets[done].addr);
	}
	pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "udp") && argc == 3)
		receive_udp(argv[2]);
	else if (!strcmp(what, "packet"))
		receive_packets(argc == 3);
	else if (!strcmp(what, "tcp") && argc == 3)
		receive_tcp(argv[2]);
	else if (!strcmp(what, "tap") && argc == 4)
		send_into_tap(argv[2], atoi(argv[3]));
	else if (!strcmp(what, "xsk") && argc == 4)
		receive_xdp(argv[2], atoi(argv[3]));
	else
		return 2;
	return 0;
}
