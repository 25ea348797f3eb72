/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metakey-trace OBJECT [--dev NAME] [receive] [transmit] [drop]: what `metakey trace` runs. Prints
 * a line for each packet with metadata, in the order in which the CPUs reported them, with fields
 * separated by blanks:
 *
 *   ready
 *   packet NS HOOK IFINDEX LENGTH CPU PID REASON DEVICE PROCESS METADATA
 *   missed COUNT
 *
 * NS is the wall time, nanoseconds since 1970. HOOK is receive, transmit or drop, and REASON the
 * kernel's word for why it was dropped. DEVICE and PROCESS are in hex. METADATA is the bytes up to
 * the packet's first, at most 216, in hex. '-' stands for nothing. `missed` counts the packets so
 * far that came too fast to be reported. Ends when its standard input does, and on SIGINT and
 * SIGTERM.
 *
 * Exit codes: 0 done; 77 not permitted; 69 the kernel lacks something; 1 anything else. Each but 0
 * comes with a sentence on stderr.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trace.h"

#define EXIT_NOT_PERMITTED 77
#define EXIT_LACKING 69
#define DEVICE_BYTES sizeof(((struct trace_packet *)0)->device)

static const char *const hooks[] = { "receive", "transmit", "drop" };
static const char *const programs[] = { "trace_receive", "trace_transmit", "trace_drop" };

#define HOOKS (sizeof(hooks) / sizeof(*hooks))

static volatile sig_atomic_t stopped;
static const struct btf *kernel;
static const struct btf_type *reasons;
static __s64 boot_ns; /* wall time less the time since boot */

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int fail(int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return code;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static __s64 now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The kernel's own word for the reason, without the prefix that all of them have. */
static const char *reason_word(__u32 reason)
{
	static const char prefix[] = "SKB_DROP_REASON_";
	static char number[16];

	for (int i = 0; reasons && i < btf_vlen(reasons); i++) {
		const struct btf_enum *entry = btf_enum(reasons) + i;

		if ((__u32)entry->val == reason) {
			const char *word = btf__name_by_offset(kernel, entry->name_off);

			return strncmp(word, prefix, sizeof(prefix) - 1) ? word : word + sizeof(prefix) - 1;
		}
	}
	snprintf(number, sizeof(number), "%u", reason);
	return number;
}

static void print_hex(const void *from, size_t bytes)
{
	const unsigned char *at = from;

	if (!bytes)
		putchar('-');
	for (size_t i = 0; i < bytes; i++)
		printf("%02x", at[i]);
}

static int print(void *context, void *data, size_t size)
{
	const struct trace_packet *packet = data;

	(void)context;
	(void)size;
	printf("packet %lld %s %u %u %u %u %s ", (long long)(packet->ns + boot_ns), hooks[packet->hook],
	       packet->ifindex, packet->length, packet->cpu, packet->pid,
	       packet->hook == TRACE_DROP ? reason_word(packet->reason) : "-");
	print_hex(packet->device, strnlen(packet->device, sizeof(packet->device)));
	putchar(' ');
	print_hex(packet->process, strnlen(packet->process, sizeof(packet->process)));
	putchar(' ');
	print_hex(packet->metadata, packet->bytes);
	putchar('\n');
	return 0;
}

static void print_missed(struct bpf_object *object)
{
	static __u64 said;
	__u32 key = 0;
	__u64 count = 0;

	if (!bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "missed"), &key, &count) && count != said) {
		printf("missed %llu\n", (unsigned long long)count);
		said = count;
	}
}

/* Prints packets until standard input ends or a signal comes. */
static int follow(struct bpf_object *object, struct ring_buffer *packets)
{
	struct pollfd both[] = {
		{ .fd = ring_buffer__epoll_fd(packets), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	char byte;

	while (!stopped) {
		if (poll(both, 2, 1000) < 0 && errno != EINTR)
			return fail(1, "waiting for packets failed: %s", strerror(errno));
		ring_buffer__consume(packets);
		print_missed(object);
		if (fflush(stdout))
			break;
		if (both[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			break;
	}
	ring_buffer__consume(packets);
	print_missed(object);
	fflush(stdout);
	return 0;
}

static int cannot_load(int error)
{
	if (error == -EPERM)
		return fail(EXIT_NOT_PERMITTED,
			    "only root, and processes with CAP_BPF and CAP_PERFMON, may trace packets");
	return fail(EXIT_LACKING, "this kernel does not take the tracing programs: %s; they need tp_btf (Linux 5.5) and for drops the reason (5.17)",
		    strerror(-error));
}

static int trace(struct bpf_object *object, const char *device, const int wanted[])
{
	struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
	struct ring_buffer *packets;
	struct bpf_program *program;
	char only[DEVICE_BYTES] = {};
	int error;

	strncpy(only, device, sizeof(only) - 1);
	if (!constants || bpf_map__set_initial_value(constants, only, sizeof(only)))
		return fail(1, "the object beside this program is not its own; install metakey again");
	for (size_t i = 0; i < HOOKS; i++) {
		program = bpf_object__find_program_by_name(object, programs[i]);
		if (!program)
			return fail(1, "the object beside this program lacks %s; install metakey again", programs[i]);
		bpf_program__set_autoload(program, wanted[i]);
	}
	error = bpf_object__load(object);
	if (error)
		return cannot_load(error);
	for (size_t i = 0; i < HOOKS; i++)
		if (wanted[i] &&
		    !bpf_program__attach(bpf_object__find_program_by_name(object, programs[i])))
			return cannot_load(-errno);
	packets = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "packets"), print, NULL, NULL);
	if (!packets)
		return cannot_load(-errno);
	boot_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
	printf("ready\n");
	fflush(stdout);
	return follow(object, packets);
}

int main(int argc, char **argv)
{
	struct sigaction on_signal = { .sa_handler = stop };
	struct bpf_object *object;
	const char *device = "";
	int wanted[HOOKS] = {};
	__s32 id;

	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--dev") && i + 1 < argc) {
			device = argv[++i];
			continue;
		}
		for (size_t hook = 0; hook < HOOKS; hook++)
			wanted[hook] |= !strcmp(argv[i], hooks[hook]);
	}
	if (argc < 3)
		return fail(1, "usage: metakey-trace OBJECT [--dev NAME] [receive] [transmit] [drop]; run metakey trace");
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	signal(SIGPIPE, SIG_IGN);
	libbpf_set_print(quiet);
	kernel = btf__load_vmlinux_btf();
	if (libbpf_get_error(kernel))
		return fail(EXIT_LACKING, "this kernel does not publish its types: /sys/kernel/btf/vmlinux is missing (CONFIG_DEBUG_INFO_BTF)");
	id = btf__find_by_name_kind(kernel, "skb_drop_reason", BTF_KIND_ENUM);
	reasons = id > 0 ? btf__type_by_id(kernel, id) : NULL;
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail(1, "%s cannot be opened: %s; install metakey again", argv[1], strerror(errno));
	return trace(object, device, wanted);
}
