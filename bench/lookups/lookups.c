// SPDX-License-Identifier: Apache-2.0
/*
 * Looks a name up as a C program would, without the daemon: in registry.bin, and in the pinned map.
 *
 *   lookups RUN BPFFS NAME              reads orders, "file COUNT" or "map COUNT", and answers each with
 *                                       COUNT lines: nanoseconds of each look-up
 *   lookups RUN BPFFS NAME file|map     looks up once, and prints the id
 */
#include <metakey/metakey_user.h>
#include <time.h>

/* The pinned map "names". */
static int names = -1;

static const char *run;
static char name[METAKEY_NAME_BYTES];

/* Each returns the id, or a negative errno. They are not inlined, as an instruction counter looks
 * for them. */
__attribute__((noinline)) static int look_up_in_file(void)
{
	struct metakey_registry registry;
	const struct metakey_key *key;
	int error = metakey_read_file(&registry, run, NULL);

	if (error)
		return error;
	key = metakey_find(&registry, name);
	return key ? key->id : -ENOENT;
}

__attribute__((noinline)) static int look_up_in_map(void)
{
	struct metakey_key key;

	return bpf_map_lookup_elem(names, name, &key) ? -errno : key.id;
}

static int look_up(const char *where)
{
	return *where == 'f' ? look_up_in_file() : look_up_in_map();
}

static void fail(const char *where, int error)
{
	fprintf(stderr, "lookups: %s: %s is not found: %s\n", where, name, strerror(-error));
	exit(1);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void open_map(const char *bpffs)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/names", bpffs);
	names = metakey_get_pinned_(path);
}

static void measure(const char *where, int count)
{
	for (int i = 0; i < count; i++) {
		long long start_ns = now_ns();
		int id = look_up(where);
		long long end_ns = now_ns();

		if (id < 0)
			fail(where, id);
		printf("%lld\n", end_ns - start_ns);
	}
	fflush(stdout);
}

int main(int count, char **words)
{
	char where[8];
	int calls, id;

	if (count < 4) {
		fprintf(stderr, "usage: lookups RUN BPFFS NAME [file|map]\n");
		return 2;
	}
	run = words[1];
	open_map(words[2]);
	strncpy(name, words[3], sizeof(name) - 1);
	if (count > 4) {
		id = look_up(words[4]);
		if (id < 0)
			fail(words[4], id);
		printf("%d\n", id);
		return 0;
	}
	while (scanf("%7s %d", where, &calls) == 2)
		measure(where, calls);
	return 0;
}
