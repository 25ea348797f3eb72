// SPDX-License-Identifier: Apache-2.0
/*
 * join RUN_FOLDER: opens, binds and loads the skeleton of join_a.bpf.c and join_b.bpf.c, whose
 * header is given to the compiler as SKELETON, light (-DLIGHT) or not, and prints the ids that its
 * records have in the kernel.
 */
#include <metakey/metakey_user.h>

#include SKELETON

static int fail(const char *what, const struct metakey_message *why)
{
	fprintf(stderr, "%s: %s\n", what, why->text);
	return 1;
}

int main(int argc, char **argv)
{
	struct metakey_registry registry;
	struct metakey_message why = { "" };
	struct join *join = join__open();

	if (argc != 2 || !join)
		return fail("open", &why);
	if (metakey_read_file(&registry, argv[1], &why))
		return fail("read", &why);
#ifdef LIGHT
	if (metakey_bind_records(join->rodata_metakey, sizeof(*join->rodata_metakey) - 1, &registry, &why) !=
	    -EINVAL)
		return fail("bind what is cut off", &why);
	if (metakey_bind_records(join->rodata_metakey, sizeof(*join->rodata_metakey), &registry, &why))
		return fail("bind", &why);
#else
	if (metakey_bind(join->obj, &registry, &why))
		return fail("bind", &why);
#endif
	if (join__load(join))
		return fail("load", &why);
	printf("first %d second %d zone %d\n",
	       join->rodata_metakey->metakey_produces___u64_join_first.id,
	       join->rodata_metakey->metakey_produces___u64_join_second.id,
	       join->rodata_metakey->metakey_consumes___u16_join_zone.id);
	join__destroy(join);
	return 0;
}
