// SPDX-License-Identifier: Apache-2.0
/*
 * What a field costs in the packet path: runs each program of datapath.bpf.c by BPF_PROG_TEST_RUN,
 * first once, to check that it does what its row says, then many times, in turn.
 *
 *   datapath [RUNS [OPERATIONS]]    runs of each program, and operations in each run
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <metakey/metakey_user.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "datapath.h"
#include "datapath.skel.h"
#include "rows.h"

#define FRAME_BYTES 64
#define LOOPBACK 1 /* the interface */
#define BYTES_OF_INSTRUCTION 8 /* of BPF */
#define OLD_VALUE 0x1122334455667788ull
#define NEW_VALUE 1ull /* what a program that runs once sets */

void fail(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	fprintf(stderr, "datapath: ");
	vfprintf(stderr, format, values);
	fprintf(stderr, "\n");
	va_end(values);
	exit(1);
}

/* ---- The bytes before the packet, made here from the layouts' description ---- */

struct bytes {
	__u8 at[256];
	__u32 used;
};

static void put(struct bytes *to, __u32 offset, __u64 value, __u32 bytes)
{
	memcpy(to->at + offset, &value, bytes);
}

static __u32 size_of(int id)
{
	static const __u32 sizes[] = { 2, 8, 4 };

	return sizes[id % 3];
}

/* Bytes between the value's start and the packet: past the bitmap and the mark, the greatest values
 * first, so that each is aligned. */
static __u32 slot_of(int id)
{
	__u32 slot = 16;

	for (__u32 size = 8; size >= 2; size /= 2)
		for (int other = 0; other < 20; other++) {
			slot += size_of(other) == size ? size : 0;
			if (other == id && size_of(id) == size)
				return slot;
		}
	return 0;
}

/* As HAND_MARK in datapath.bpf.c has it. */
#define TAG { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66 }

static void place(struct bytes *to, enum form form, int id, __u64 value)
{
	__u64 *header = (void *)to->at, *bitmap = (void *)(to->at + AREA_BYTES - 16);
	__u32 size = size_of(id);

	if (form == SLOTTED) {
		*bitmap |= 1ull << id;
		put(to, AREA_BYTES - slot_of(id), value, size);
		return;
	}
	if (form == PACKED) {
		header[0] |= (__u64)(size >= 4) << id;
		header[1] |= (__u64)(size != 4) << id;
	} else {
		put(to, to->used, id | size << 8, sizeof(struct tlv));
		to->used += sizeof(struct tlv);
	}
	put(to, to->used, value, size);
	to->used += size;
}

static __u64 value_of(enum value value)
{
	return value == OLD ? OLD_VALUE : NEW_VALUE;
}

/* An area with this many fields around the measured one, and with that one unless it is absent. */
static struct bytes area_of(enum form form, int fields, enum value measured)
{
	struct bytes area = { .used = form == PACKED ? 16 : 0 };
	static const struct metakey_mark mark = { .tag = TAG };
	int first = FIELD_ID - fields / 2;

	if (form == MAP)
		return area;
	for (int id = first; id < first + fields; id++)
		if (id != FIELD_ID)
			place(&area, form, id, 0x0101010101010101ull * (id + 1));
		else if (measured != ABSENT)
			place(&area, form, id, value_of(measured));
	if (form == LIST) {
		area.used = (area.used + 3) & ~3u;
	} else {
		area.used = AREA_BYTES;
		memcpy(area.at + AREA_BYTES - sizeof(mark), &mark, sizeof(mark));
	}
	return area;
}

/* ---- Loading and running ---- */

/* A registry in which the measured field is the only one. */
static struct metakey_registry registry_of(enum form layout)
{
	struct metakey_registry registry = {
		.header = { .high = 1ull << FIELD_ID, .low = 1ull << FIELD_ID, .revision = 1,
			    .layout = layout, .area8 = AREA_BYTES / 8,
			    .version = METAKEY_FILE_VERSION },
		.tag = { .tag = TAG, .layout = layout, .area8 = AREA_BYTES / 8 },
	};

	registry.keys[FIELD_ID] = (struct metakey_key){
		.name = FIELD_NAME, .revision = 1, .generation = 1, .id = FIELD_ID,
		.size = size_of(FIELD_ID), .slot = layout == SLOTTED ? slot_of(FIELD_ID) : 0,
		.state = METAKEY_ACTIVE,
	};
	return registry;
}

static struct datapath *load(enum form layout)
{
	struct metakey_registry registry = registry_of(layout);
	struct datapath *object = datapath__open();
	struct metakey_message message;
	__u32 zero = 0;

	if (slot_of(FIELD_ID) != FIELD_SLOT)
		fail("the field's slot is %u, not %d", slot_of(FIELD_ID), FIELD_SLOT);
	if (!object)
		fail("cannot open the programs");
	if (metakey_bind(object->obj, &registry, &message))
		fail("%s", message.text);
	if (datapath__load(object))
		fail("the kernel does not load the programs");
	if (bpf_map__update_elem(object->maps.header, &zero, sizeof(zero), &registry.header,
				 sizeof(registry.header), 0))
		fail("cannot write the header map");
	return object;
}

static void set_in_map(struct datapath *object, __u64 value)
{
	__u32 id = FIELD_ID;

	if (bpf_map__update_elem(object->maps.by_id, &id, sizeof(id), &value, sizeof(value), 0))
		fail("cannot write the hash map");
}

static __u64 get_from_map(struct datapath *object)
{
	__u64 value = 0;
	__u32 id = FIELD_ID;

	bpf_map__lookup_elem(object->maps.by_id, &id, sizeof(id), &value, sizeof(value), 0);
	return value;
}

static struct bpf_program *program_of(const char *name, const char *suffix, struct datapath *object)
{
	struct bpf_program *program;
	char full[64];

	snprintf(full, sizeof(full), "%s%s", name, suffix);
	program = bpf_object__find_program_by_name(object->obj, full);
	if (!program)
		fail("there is no program %s", full);
	return program;
}

/* Runs a row's program. Returns the nanoseconds that it took, and in *left the bytes that are then
 * before the packet. */
static __u32 run(const struct row *row, const char *suffix, struct datapath *object,
		 struct bytes *left)
{
	struct bytes area = area_of(row->form, row->fields, row->before);
	__u8 in[sizeof(area.at) + FRAME_BYTES] = {}, out[sizeof(in)];
	struct xdp_md ctx = { .data = area.used, .data_end = area.used + FRAME_BYTES };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = ctx.data_end,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &ctx, .ctx_size_out = sizeof(ctx),
		    .repeat = 1);
	struct bpf_program *program = program_of(row->program, suffix, object);
	__u32 presence = row->form == SLOTTED ? AREA_BYTES - 16 : 0;

	memcpy(in, area.at, area.used);
	memcpy(object->bss->presence, area.at + presence, sizeof(object->bss->presence));
	memset(&object->bss->outcome, 0, sizeof(object->bss->outcome));
	set_in_map(object, OLD_VALUE);
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts))
		fail("%s: the program does not run", row->name);
	left->used = ctx.data;
	memcpy(left->at, out, sizeof(left->at));
	return opts.duration;
}

/* Which of the programs that see received packets a row runs, if any. */
static enum live live_of(const struct row *row)
{
	static const char *const programs[] = {
		[TRACE_EMPTY] = "trace_empty", [TRACE_GET] = "trace_get",
		[SOCK_EMPTY] = "sock_empty",   [SOCK_GET] = "sock_get",
	};

	for (int live = TRACE_EMPTY; live <= SOCK_GET; live++)
		if (!strcmp(row->program, programs[live]))
			return live;
	return NOT_LIVE;
}

/* Receives a packet with the row's area on the loopback device of a network namespace of our own. The row's program
 * sees it, and says itself how many nanoseconds its work took. */
static __u32 receive(const struct row *row, enum live selected, struct datapath *object)
{
	struct bytes area = area_of(row->form, row->fields, row->before);
	__u8 in[sizeof(area.at) + FRAME_BYTES] = {};
	struct xdp_md ctx = { .data = area.used, .data_end = area.used + FRAME_BYTES };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = ctx.data_end,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	memcpy(in, area.at, area.used);
	memset(&object->bss->outcome, 0, sizeof(object->bss->outcome));
	object->bss->took_ns = 0;
	object->bss->selected = selected;
	if (bpf_prog_test_run_opts(bpf_program__fd(program_of("pass", "", object)), &opts))
		fail("%s: the packet is not received", row->name);
	object->bss->selected = NOT_LIVE;
	if (selected < ONCE && !object->bss->took_ns)
		fail("%s: the program does not see the packet", row->name);
	return object->bss->took_ns;
}

static void check_outcome(const struct row *row, const struct datapath *object, __u64 operations)
{
	const struct outcome *outcome = &object->bss->outcome;
	int reads = strstr(row->program, "get") != NULL;
	__u64 sum = reads ? OLD_VALUE * operations : 0;

	if (outcome->failed)
		fail("%s: %llu calls failed", row->name, outcome->failed);
	if (outcome->sum != sum)
		fail("%s: the values read add up to %llx, not %llx", row->name, outcome->sum, sum);
}

/* Runs the program once: its calls must succeed, and leave exactly the bytes that the row says. */
static void check(const struct row *row, struct datapath *object)
{
	struct bytes expected = area_of(row->form, row->fields, row->after), left;
	__u64 in_map = row->form == MAP ? value_of(row->after) : OLD_VALUE;

	if (live_of(row)) {
		receive(row, live_of(row) + ONCE, object);
		check_outcome(row, object, 1);
		return;
	}
	run(row, "_once", object, &left);
	check_outcome(row, object, 1);
	if (left.used != expected.used || memcmp(left.at, expected.at, left.used))
		fail("%s: leaves other bytes before the packet than it should", row->name);
	if (get_from_map(object) != in_map)
		fail("%s: leaves another value in the hash map than it should", row->name);
}

/* Nanoseconds per operation. */
static double measure(const struct row *row, struct datapath *object, __u32 batches)
{
	__u64 operations = (__u64)batches * BATCH;
	struct bytes left;
	__u32 total_ns;

	object->bss->batches = batches;
	total_ns = live_of(row) ? receive(row, live_of(row), object) : run(row, "", object, &left);

	check_outcome(row, object, operations);
	return (double)total_ns / operations;
}

/* ---- How busy other processes kept the machine ---- */

struct usage {
	double at_s, ours_s, all_s;
};

static struct usage usage(void)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq;
	FILE *stat = fopen("/proc/stat", "r");
	struct timespec now;
	struct rusage ours;

	if (!stat || fscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
			    &idle, &iowait, &irq, &softirq) != 7)
		fail("cannot read /proc/stat");
	fclose(stat);
	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &ours);
	return (struct usage){
		.at_s = now.tv_sec + now.tv_nsec / 1e9,
		.ours_s = ours.ru_utime.tv_sec + ours.ru_utime.tv_usec / 1e6 +
			  ours.ru_stime.tv_sec + ours.ru_stime.tv_usec / 1e6,
		.all_s = (double)(user + nice + system + irq + softirq) / sysconf(_SC_CLK_TCK),
	};
}

static double others(struct usage from, struct usage to)
{
	return ((to.all_s - from.all_s) - (to.ours_s - from.ours_s)) / (to.at_s - from.at_s);
}

/* Has the programs that see received packets see those of the loopback device. */
static void attach(struct datapath *object)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS);
	struct bpf_program *program;

	bpf_object__for_each_program(program, object->obj) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program));

		if (bpf_program__type(program) == BPF_PROG_TYPE_XDP)
			continue;
		if (bpf_program__type(program) == BPF_PROG_TYPE_SCHED_CLS ?
			    bpf_tc_attach(&hook, &opts) :
			    !bpf_program__attach(program))
			fail("cannot attach %s", bpf_program__name(program));
	}
}

/* What the kernel says about the program that does a row's work once. */
static void weigh(const struct row *row, struct datapath *object, struct measured *to)
{
	struct bpf_program *program = program_of(row->program, "_once", object);
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		fail("%s: the kernel does not tell about the program", row->name);
	to->insns = info.xlated_prog_len / BYTES_OF_INSTRUCTION;
	to->checked = info.verified_insns;
	to->bytes = info.jited_prog_len;
}

/* A number from 1 to the greatest allowed. */
static int number(const char *what, const char *text, int most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || value < 1 || value > most)
		fail("%s: %s, not a number from 1 to %d", what, text, most);
	return value;
}

int main(int count, char **words)
{
	int runs = number("runs", count > 1 ? words[1] : "500", MAX_RUNS);
	int operations = number("operations", count > 2 ? words[2] : "20000", 100000000);
	__u32 batches = (operations + BATCH - 1) / BATCH;
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS);
	struct datapath *objects[2];
	struct usage before;

	if (unshare(CLONE_NEWNET) || bpf_tc_hook_create(&hook))
		fail("cannot make a network namespace with tc");
	for (int i = 0; i < 2; i++) {
		objects[i] = load(i ? PACKED : SLOTTED);
		attach(objects[i]);
	}
	for (int i = 0; i < ROWS; i++) {
		struct datapath *object = objects[rows[i].form == PACKED];

		check(&rows[i], object);
		weigh(&rows[i], object, &measured[i]);
	}
	printf("checked: each of the %d rows does what it says\n", ROWS);
	before = usage();
	for (int round = 0; round < runs; round++)
		for (int i = 0; i < ROWS; i++)
			measured[i].ns[round] =
				measure(&rows[i], objects[rows[i].form == PACKED], batches);
	printf("%d runs of %u operations; other processes kept %.2f cores busy\n\n", runs,
	       batches * BATCH, others(before, usage()));
	print_results(runs);
	datapath__destroy(objects[0]);
	datapath__destroy(objects[1]);
	return 0;
}
