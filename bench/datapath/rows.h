/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the benchmark: which program each one runs on what, and the results. */
#ifndef DATAPATH_ROWS_H
#define DATAPATH_ROWS_H

#include <metakey/metakey.h>

#define ROWS 40
#define MAX_RUNS 10000

/* Where the field is: in a metadata area of one of the layouts, in a type-length-value list
 * instead, or in a hash map. */
enum form { SLOTTED = METAKEY_SLOTTED, PACKED = METAKEY_PACKED, LIST, MAP };

/* Which value the field has. */
enum value { ABSENT, OLD, NEW };

struct row {
	const char *name;
	const char *program;
	enum form form;
	int fields; /* the fields before or after, whichever are more */
	enum value before, after;
	const char *base; /* the row whose time is subtracted */
};

/* What was measured for a row. */
struct measured {
	double ns[MAX_RUNS]; /* an operation, in each run; print_results() sorts them */
	int insns, checked, bytes; /* of the program that does it once, as the kernel counts */
};

extern const struct row rows[ROWS];
extern struct measured measured[ROWS];

/* Prints a line for each row, and whether the goals are reached. */
void print_results(int runs);

/* Says what is wrong, and ends the program. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
