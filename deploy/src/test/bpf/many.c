// SPDX-License-Identifier: Apache-2.0
/*
 * many OBJECT LAYOUT AREA: loads the object as if it were linked on a host with this layout and area
 * size in bytes, and prints for each program its name and how many instructions the verifier
 * processed.
 */
#include <metakey/metakey_user.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

/* The records of an object that is not loaded yet may be written. */
static void fill_in(struct bpf_object *object, int layout, int area)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, METAKEY_SECTION);
	size_t bytes;
	struct metakey_record *records = (void *)bpf_map__initial_value(map, &bytes);

	for (size_t i = 0; i < bytes / sizeof(*records); i++) {
		static const struct metakey_mark mark = { .tag = { 1, 2, 3, 4, 5, 6 } };

		records[i].mark = mark;
		records[i].layout = layout;
		records[i].area8 = area / 8;
		records[i].id = i;
		if (layout == METAKEY_SLOTTED) /* over each other where the area is small */
			records[i].slot = 24 + 8 * i % (area - 16);
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;

	if (argc != 4)
		return fail("usage: many OBJECT LAYOUT AREA");
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail(argv[1]);
	fill_in(object, atoi(argv[2]), atoi(argv[3]));
	if (bpf_object__load(object))
		return fail("load");
	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = { 0 };
		__u32 bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &bytes))
			return fail("bpf_obj_get_info_by_fd");
		printf("%s %u\n", bpf_program__name(program), info.verified_insns);
	}
	return 0;
}
