/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hints OBJECT FROM TO: loads hints.bpf.o for the device FROM, and has it send what
 * comes in there out of the device TO.
 */
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <metakey/metakey_user.h>

#ifndef BPF_F_XDP_DEV_BOUND_ONLY /* Linux 6.3 */
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6)
#endif

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hints: %s: %s\n", what, why);
	return 1;
}

int main(int argc, char **argv)
{
	struct metakey_registry registry;
	struct metakey_message why;
	struct bpf_object *object;
	struct bpf_program *program;
	__u32 zero = 0, from, to;
	int error;

	if (argc != 4)
		return fail("usage", "hints OBJECT FROM TO");
	from = if_nametoindex(argv[2]);
	if (!from)
		return fail(argv[2], strerror(errno));
	to = if_nametoindex(argv[3]);
	if (!to)
		return fail(argv[3], strerror(errno));
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail(argv[1], strerror(errno));
	if (metakey_read_file(&registry, NULL, &why) || metakey_bind(object, &registry, &why))
		return fail(argv[1], why.text);

	/* Only programs that are loaded for a device get its hints. */
	program = bpf_object__find_program_by_name(object, "hints");
	bpf_program__set_ifindex(program, from);
	bpf_program__set_flags(program, BPF_F_XDP_DEV_BOUND_ONLY);
	if (bpf_object__load(object))
		return fail(argv[1], strerror(errno));

	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "out"), &zero, &to, BPF_ANY))
		return fail(argv[3], strerror(errno));
	error = bpf_xdp_attach(from, bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL);
	if (error)
		return fail(argv[2], strerror(-error));
	printf("%s: what comes in goes out of %s\n", argv[2], argv[3]);
	return 0;
}
