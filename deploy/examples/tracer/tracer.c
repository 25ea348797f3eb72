/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracer OBJECT [COUNT]: prints edge.packet_id of every packet that this host receives, or of the
 * first COUNT.
 *
 * It may be started first: it waits for the daemon to publish its registry, and for the name to be
 * there.
 */
#include <net/if.h>
#include <metakey/metakey_user.h>

#include "tracer.h"

static unsigned long left;

static int fail(const char *what)
{
	fprintf(stderr, "tracer: %s\n", what);
	return 1;
}

/* Asks the published registry four times a second. Says what it waits for, and says so again only
 * when that changes. */
static int bind_when_known(struct bpf_object *object)
{
	struct metakey_message why, said = {};

	for (;; usleep(250 * 1000)) {
		struct metakey_registry registry;
		int error = metakey_read_file(&registry, NULL, &why);

		if (!error)
			error = metakey_bind(object, &registry, &why);
		if (!error)
			return 0;
		if (error != -ENOENT && error != -EAGAIN)
			return fail(why.text);
		if (strcmp(why.text, said.text)) {
			printf("waiting: %s\n", why.text);
			said = why;
		}
	}
}

static int print(void *context, void *data, size_t bytes)
{
	const struct received *received = data;
	char name[IF_NAMESIZE];

	if (!left)
		return 0;
	/* The device may be in another namespace. */
	if (!if_indextoname(received->ifindex, name))
		snprintf(name, sizeof(name), "device %u", received->ifindex);
	printf("%s: %u bytes, edge.packet_id %llu\n", name, received->bytes, received->packet_id);
	left--;
	return 0;
}

static int trace(struct bpf_object *object)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "trace_received");
	struct ring_buffer *packets;

	if (bpf_object__load(object) || !bpf_program__attach(program))
		return fail("the kernel does not take the program; are you root?");
	packets = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "packets"), print, NULL, NULL);
	if (!packets)
		return fail("no ring buffer");
	printf("tracing\n");
	while (left)
		if (ring_buffer__poll(packets, -1) < 0)
			return fail("interrupted");
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;

	if (argc < 2 || argc > 3)
		return fail("usage: tracer OBJECT [COUNT]");
	left = argc == 3 ? strtoul(argv[2], NULL, 10) : -1ul;
	setvbuf(stdout, NULL, _IOLBF, 0);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail("cannot open the object");
	return bind_when_known(object) || trace(object);
}
