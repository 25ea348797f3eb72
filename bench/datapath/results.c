// SPDX-License-Identifier: Apache-2.0
/* The rows that are measured, what is printed about them, and their goals. */
#include "rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOP "empty loop"
#define TRACE_LOOP "tracer, empty loop"
#define SOCK_LOOP "tc by sock_get, empty loop"
#define SLOTTED_BASE "slotted presence restored"
#define PACKED_BASE "packed presence restored"
#define HAND_GET "by hand, with a mark check, get"
#define HAND_SET "by hand, with a mark check, set"

const struct row rows[ROWS] = {
	{ LOOP, "empty", SLOTTED, 1, OLD, OLD, LOOP },
	{ "slotted get", "get", SLOTTED, 1, OLD, OLD, LOOP },
	{ "slotted set", "set", SLOTTED, 1, OLD, NEW, LOOP },
	{ "slotted set, checked against the header map", "checked_set", SLOTTED, 1, OLD, NEW, LOOP },
	{ SLOTTED_BASE, "restored", SLOTTED, 1, OLD, OLD, LOOP },
	{ "slotted set, not there before", "insert", SLOTTED, 1, ABSENT, NEW, SLOTTED_BASE },
	{ "slotted del", "del", SLOTTED, 1, OLD, ABSENT, SLOTTED_BASE },
	{ "slotted first set, area made", "first_set", SLOTTED, 1, OLD, NEW, LOOP },
	{ "packed get, 1 field", "get", PACKED, 1, OLD, OLD, LOOP },
	{ "packed get, 7 fields", "get", PACKED, 7, OLD, OLD, LOOP },
	{ "packed get, 20 fields", "get", PACKED, 20, OLD, OLD, LOOP },
	{ "packed set, 1 field", "set", PACKED, 1, OLD, NEW, LOOP },
	{ "packed set, 7 fields", "set", PACKED, 7, OLD, NEW, LOOP },
	{ "packed set, 20 fields", "set", PACKED, 20, OLD, NEW, LOOP },
	{ PACKED_BASE, "restored", PACKED, 1, OLD, OLD, LOOP },
	{ "packed insert, 1 field", "insert", PACKED, 1, ABSENT, NEW, PACKED_BASE },
	{ "packed insert, 7 fields", "insert", PACKED, 7, ABSENT, NEW, PACKED_BASE },
	{ "packed insert, 20 fields", "insert", PACKED, 20, ABSENT, NEW, PACKED_BASE },
	{ "packed del, 1 field", "del", PACKED, 1, OLD, ABSENT, PACKED_BASE },
	{ "packed del, 7 fields", "del", PACKED, 7, OLD, ABSENT, PACKED_BASE },
	{ "packed del, 20 fields", "del", PACKED, 20, OLD, ABSENT, PACKED_BASE },
	{ "packed insert and del, 1 field", "insert_del", PACKED, 1, ABSENT, ABSENT, LOOP },
	{ "packed insert and del, 7 fields", "insert_del", PACKED, 7, ABSENT, ABSENT, LOOP },
	{ "packed insert and del, 20 fields", "insert_del", PACKED, 20, ABSENT, ABSENT, LOOP },
	{ "packed first set, area made", "first_set", PACKED, 1, OLD, NEW, LOOP },
	{ TRACE_LOOP, "trace_empty", SLOTTED, 1, OLD, OLD, TRACE_LOOP },
	{ "slotted trace_get", "trace_get", SLOTTED, 1, OLD, OLD, TRACE_LOOP },
	{ "packed trace_get, 7 fields", "trace_get", PACKED, 7, OLD, OLD, TRACE_LOOP },
	{ SOCK_LOOP, "sock_empty", SLOTTED, 1, OLD, OLD, SOCK_LOOP },
	{ "slotted sock_get", "sock_get", SLOTTED, 1, OLD, OLD, SOCK_LOOP },
	{ "packed sock_get, 7 fields", "sock_get", PACKED, 7, OLD, OLD, SOCK_LOOP },
	{ "by hand, bounds check alone, get", "bare_get", SLOTTED, 1, OLD, OLD, LOOP },
	{ "by hand, bounds check alone, set", "bare_set", SLOTTED, 1, OLD, NEW, LOOP },
	{ HAND_GET, "marked_get", SLOTTED, 1, OLD, OLD, LOOP },
	{ HAND_SET, "marked_set", SLOTTED, 1, OLD, NEW, LOOP },
	{ "list get, 1 entry", "list_get", LIST, 1, OLD, OLD, LOOP },
	{ "list get, 7 entries", "list_get", LIST, 7, OLD, OLD, LOOP },
	{ "list get, 20 entries", "list_get", LIST, 20, OLD, OLD, LOOP },
	{ "hash map get", "map_get", MAP, 1, OLD, OLD, LOOP },
	{ "hash map set", "map_set", MAP, 1, OLD, NEW, LOOP },
};

struct measured measured[ROWS];

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double best(const struct row *row)
{
	return measured[row - rows].ns[0];
}

static const struct row *named(const char *name)
{
	for (const struct row *row = rows; row < rows + ROWS; row++)
		if (!strcmp(row->name, name))
			return row;
	fail("no row is called %s", name);
}

/* Nanoseconds of what the row names, without its base. */
static double alone(const struct row *row)
{
	return best(row) - best(named(row->base));
}

static void print_table(int runs)
{
	printf("%-46s %8s %8s %8s %8s %8s %8s\n", "one operation", "ns", "median", "alone", "insns",
	       "checked", "bytes");
	for (int i = 0; i < ROWS; i++) {
		const struct measured *row = &measured[i];
		const struct measured *base = &measured[named(rows[i].base) - rows];

		printf("%-46s %8.2f %8.2f %8.2f %8d %8d %8d\n", rows[i].name, row->ns[0],
		       row->ns[runs / 2], alone(&rows[i]), row->insns - base->insns,
		       row->checked - base->checked, row->bytes - base->bytes);
	}
}

static void goal(const char *what, double limit, double measured)
{
	printf("%-58s <= %5.2f %9.2f  %s\n", what, limit, measured,
	       measured <= limit ? "yes" : "no");
}

static void print_goals(void)
{
	double get = alone(named("slotted get")), set = alone(named("slotted set"));
	double packed_get = alone(named("packed get, 7 fields"));
	double map_get = alone(named("hash map get"));

	printf("\n%-58s    %5s %9s  %s\n", "goal, without the loop", "", "measured", "reached");
	goal("slotted get / by hand, with a mark check", 1.5, get / alone(named(HAND_GET)));
	goal("slotted set / by hand, with a mark check", 1.5, set / alone(named(HAND_SET)));
	goal("slotted get / packed get, 7 fields", 0.25, get / packed_get);
	goal("slotted set / packed set, 7 fields", 0.25,
	     set / alone(named("packed set, 7 fields")));
	goal("slotted set / packed insert, 7 fields", 0.25,
	     set / alone(named("packed insert, 7 fields")));
	goal("slotted get / hash map get", 0.25, get / map_get);
	goal("slotted set / hash map set", 0.25, set / alone(named("hash map set")));
	goal("packed get, 7 fields / hash map get", 1, packed_get / map_get);
	goal("packed insert, 1 field / packed get, 1 field", 2,
	     alone(named("packed insert, 1 field")) / alone(named("packed get, 1 field")));
	printf("\npublished for the key/value store proposed for the kernel, on another machine: "
	       "get 9.2 ns, set 10.1 ns, move 14.8 ns\n");
}

void print_results(int runs)
{
	for (int i = 0; i < ROWS; i++)
		qsort(measured[i].ns, runs, sizeof(measured[i].ns[0]), by_value);
	print_table(runs);
	print_goals();
}
