/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader OBJECT DEVICE: binds an object to this host's registry, loads it, and attaches its XDP and tc
 * programs to a device, where they stay.
 *
 * It does not know which fields the object has.
 */
#include <linux/if_link.h>
#include <net/if.h>
#include <metakey/metakey_user.h>

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "loader: %s: %s\n", what, why);
	return 1;
}

static int bind_fields(struct bpf_object *object, const char *path)
{
	struct metakey_registry registry;
	struct metakey_message why;
	const struct metakey_record *records;
	size_t count;

	if (metakey_read_file(&registry, NULL, &why))
		return fail("registry", why.text);
	if (metakey_bind(object, &registry, &why))
		return fail(path, why.text);
	records = metakey_records(object, &count);
	for (size_t i = 0; i < count; i++)
		printf("%s %s: id %d\n", records[i].role == METAKEY_ROLE_PRODUCES ? "produces" : "consumes",
		       records[i].name, records[i].id);
	return 0;
}

static int attach_tc(int program, int device)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = device, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program);
	int error = bpf_tc_hook_create(&hook);

	return error && error != -EEXIST ? error : bpf_tc_attach(&hook, &options);
}

static int attach(const struct bpf_program *program, int device)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_XDP:
		return bpf_xdp_attach(device, bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL);
	case BPF_PROG_TYPE_SCHED_CLS:
		return attach_tc(bpf_program__fd(program), device);
	default:
		return -EINVAL;
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	int device;

	if (argc != 3)
		return fail("usage", "loader OBJECT DEVICE");
	device = if_nametoindex(argv[2]);
	if (!device)
		return fail(argv[2], strerror(errno));
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail(argv[1], strerror(errno));
	if (bind_fields(object, argv[1]))
		return 1;
	if (bpf_object__load(object))
		return fail(argv[1], strerror(errno));
	bpf_object__for_each_program(program, object) {
		int error = attach(program, device);

		if (error)
			return fail(bpf_program__name(program), strerror(-error));
		printf("%s: attached to %s\n", bpf_program__name(program), argv[2]);
	}
	return 0;
}
