/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep OBJECT CGROUP: keeps the last edge.packet_id of each connection of a cgroup's sockets, as
 * long as it runs. Servers look in the map /sys/fs/bpf/connection_values.
 */
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PINNED "/sys/fs/bpf/connection_values"

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_map *values;
	int cgroup;

	if (argc != 3) {
		fprintf(stderr, "usage: keep OBJECT CGROUP\n");
		return 2;
	}
	cgroup = open(argv[2], O_RDONLY | O_DIRECTORY);
	if (cgroup < 0)
		return fail(argv[2]);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		return fail(argv[1]);
	values = bpf_object__find_map_by_name(object, "connection_values");
	if (!bpf_program__attach_cgroup(bpf_object__find_program_by_name(object, "keep_value"), cgroup))
		return fail("attaching to the cgroup");
	unlink(PINNED);
	if (bpf_map__pin(values, PINNED))
		return fail(PINNED);
	printf("keeping\n");
	fflush(stdout);
	for (;;)
		pause();
}
