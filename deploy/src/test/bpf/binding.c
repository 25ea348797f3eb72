// SPDX-License-Identifier: Apache-2.0
/*
 * binding OBJECT RUN_FOLDER|- [LATER_RUN_FOLDER]: binds an object of fields.bpf.c with metakey_user.h,
 * where - stands for what the environment says, and prints a line for each step: its name, its result and
 * the message. With a later registry, checks the first record against that. Where RUN_FOLDER is maps:FOLDER,
 * only reads the maps that are pinned there.
 */
#include <metakey/metakey_user.h>

static struct metakey_message why;

static int told(const char *step, int result)
{
	printf("%s %d %s\n", step, result, result ? why.text : "");
	return result;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

int main(int argc, char **argv)
{
	const struct metakey_record *records;
	struct metakey_registry registry;
	struct bpf_object *object;
	size_t count, linked = 0;
	int error;

	libbpf_set_print(quiet);
	if (argc < 3 || !(object = bpf_object__open_file(argv[1], NULL)))
		return 2;
	if (!strncmp(argv[2], "maps:", 5))
		return told("read", metakey_read_maps(&registry, argv[2] + 5, &why)) != 0;
	if (told("read", metakey_read_file(&registry, strcmp(argv[2], "-") ? argv[2] : NULL, &why)))
		return 0;
	error = told("bind", metakey_bind(object, &registry, &why));
	records = metakey_records(object, &count);
	for (size_t i = 0; i < count; i++)
		linked += records[i].layout != 0;
	printf("linked %zu of %zu\n", linked, count);
	if (error && error != -ENOENT)
		return 0;
	if (argc > 3 && metakey_read_file(&registry, argv[3], &why))
		return 2;
	told("check", metakey_check(&records[0], &registry, &why));
	if (bpf_object__load(object))
		return 2;
	told("again", metakey_bind(object, &registry, &why));
	return 0;
}
