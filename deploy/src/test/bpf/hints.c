// SPDX-License-Identifier: Apache-2.0
/*
 * hints OBJECT TO FROM: loads hints.bpf.c for the device TO, sends a frame out of the device FROM, and
 * prints what the program saw: the results for timestamp, hash, VLAN tag and set, and the tag in hex.
 */
#include <metakey/metakey_user.h>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct seen {
	long timestamp, hash, vlan, set;
	__u32 tag;
	__u32 done;
};

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	unsigned char frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	volatile struct seen *seen;
	struct bpf_object *object;
	struct bpf_program *program;
	int device, fd;

	if (argc != 4)
		return fail("usage: hints OBJECT TO FROM");
	device = if_nametoindex(argv[2]);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail(argv[1]);
	program = bpf_object__find_program_by_name(object, "read_hints");
	bpf_program__set_ifindex(program, device);
	bpf_program__set_flags(program, 1 << 6); /* BPF_F_XDP_DEV_BOUND_ONLY */
	if (bpf_object__load(object))
		return fail("load");
	seen = (volatile struct seen *)mmap(
		NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED,
		bpf_map__fd(bpf_object__find_map_by_name(object, ".bss")), 0);
	if (seen == MAP_FAILED)
		return fail("mmap");
	if (bpf_xdp_attach(device, bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL))
		return fail("attach");
	fd = socket(AF_PACKET, SOCK_RAW, htons(0x88b5));
	to.sll_ifindex = if_nametoindex(argv[3]);
	to.sll_protocol = htons(0x88b5);
	memcpy(to.sll_addr, frame, 6);
	for (int tried = 0; !seen->done && tried < 500; tried++) { /* the link takes a moment to be up */
		sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
		poll(NULL, 0, 10);
	}
	if (!seen->done)
		return fail("no frame arrived");
	printf("%ld %ld %ld %ld %x\n", seen->timestamp, seen->hash, seen->vlan, seen->set, seen->tag);
	return 0;
}
