// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the headers' calls on one packet in the kernel, as the lines of stdin say, and prints the
 * result of each.
 *
 *   runner OBJECT RUN_FOLDER clsact|tcx     how the tc program is attached
 *
 *   HOOK set|get|del FIELD [VALUE]    HOOK: xdp, tail (xdp behind a tail call), tight (xdp without
 *                                     headroom; set of field 0 only), tc, trace (get only)
 *   new [HEX]                         another packet, with these bytes of metadata
 *
 * Prints a line for each: result, value of a get in hex or -, and the packet's metadata in hex or -.
 * The object is bound with metakey_user.h from RUN_FOLDER/registry.bin. Runs in its own network
 * namespace. Exits with 1 and a message if anything else is wrong.
 */
#define _GNU_SOURCE
#include <metakey/metakey_user.h>

#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "fields.h"

#define PACKET_BYTES 64

#if !defined(BPF_F_TEST_XDP_LIVE_FRAMES)
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

static unsigned char packet[PACKET_BYTES];
static unsigned char meta[MAX_META_BYTES];
static unsigned int meta_bytes;

static struct bpf_object *object;
static volatile struct exchange *exchange;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static struct bpf_program *program(const char *name)
{
	struct bpf_program *found = bpf_object__find_program_by_name(object, name);

	if (!found)
		fail("no program %s", name);
	return found;
}

/* Runs an XDP program on the packet with its metadata, and takes the metadata that it leaves. */
static void run_xdp(const char *name)
{
	unsigned char in[MAX_META_BYTES + PACKET_BYTES], out[MAX_META_BYTES + PACKET_BYTES + 256];
	struct xdp_md context_in = { .data = meta_bytes, .data_end = meta_bytes + PACKET_BYTES };
	struct xdp_md context_out;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = meta_bytes + PACKET_BYTES,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &context_in,
		    .ctx_size_in = sizeof(context_in), .ctx_out = &context_out,
		    .ctx_size_out = sizeof(context_out));

	memcpy(in, meta, meta_bytes);
	memcpy(in + meta_bytes, packet, PACKET_BYTES);
	if (bpf_prog_test_run_opts(bpf_program__fd(program(name)), &run))
		fail("%s: cannot run: %s", name, strerror(errno));
	if (run.retval != XDP_PASS)
		fail("%s: returned %u", name, run.retval);
	meta_bytes = context_out.data - context_out.data_meta;
	if (run.data_size_out != meta_bytes + PACKET_BYTES || meta_bytes > MAX_META_BYTES)
		fail("%s: left %u bytes, %u of metadata", name, run.data_size_out, meta_bytes);
	if (memcmp(out + meta_bytes, packet, PACKET_BYTES))
		fail("%s: touched the packet", name);
	memcpy(meta, out, meta_bytes);
}

/* Lets the packet with its metadata into the stack, where the tc program and the tracer see it. */
static void run_stack(void)
{
	struct xdp_md context = { .data_end = PACKET_BYTES };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = PACKET_BYTES,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	memcpy((void *)exchange->meta, meta, meta_bytes);
	exchange->meta_bytes = meta_bytes;
	exchange->done = 0;
	if (bpf_prog_test_run_opts(bpf_program__fd(program("xdp_place")), &run))
		fail("xdp_place: cannot run: %s", strerror(errno));
	for (int tried = 0; !exchange->done; tried++) {
		if (tried == 5000)
			fail("the packet did not arrive");
		poll(NULL, 0, 1);
	}
	meta_bytes = exchange->meta_bytes;
	memcpy(meta, (const void *)exchange->meta, meta_bytes);
}

static void print_state(void)
{
	for (unsigned int i = 0; i < meta_bytes; i++)
		printf("%02x", meta[i]);
	puts(meta_bytes ? "" : "-");
}

static void new_packet(const char *hex)
{
	unsigned int byte;

	for (meta_bytes = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		if (meta_bytes == MAX_META_BYTES)
			fail("more than %d bytes of metadata", MAX_META_BYTES);
		meta[meta_bytes++] = byte;
	}
	printf("0 - ");
	print_state();
}

static int index_of(const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(word, words[i]))
			return i;
	fail("what is %s?", word);
}

static void call(const char *hook, const char *op, unsigned int field, unsigned long long value)
{
	static const char *const hooks[] = { "xdp", "tail", "tight", "tc", "trace", NULL };
	static const char *const programs[] = { "xdp_op", "xdp_tail", "xdp_tight" };
	static const char *const ops[] = { "set", "get", "del", NULL };

	exchange->hook = index_of(hook, hooks);
	exchange->op = index_of(op, ops);
	exchange->field = field;
	exchange->value = value;
	exchange->result = -1000;
	if (exchange->hook == HOOK_TC || exchange->hook == HOOK_TRACE)
		run_stack();
	else
		run_xdp(programs[exchange->hook]);
	if (exchange->op != OP_GET)
		printf("%lld - ", (long long)exchange->result);
	else
		printf("%lld %llx ", (long long)exchange->result, (unsigned long long)exchange->value);
	print_state();
}

static void set_up_network(void)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		fail("cannot make a network namespace: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback))
		fail("cannot set lo up: %s", strerror(errno));
	close(fd);
}

/* libbpf knows tcx from 1.3 on. */
static int attach_tcx(void)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.link_create.prog_fd = bpf_program__fd(program("tc_op"));
	attributes.link_create.target_ifindex = if_nametoindex("lo");
	attributes.link_create.attach_type = 46; /* BPF_TCX_INGRESS */
	return syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes));
}

static int attach_clsact(void)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex("lo"),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, tc, .prog_fd = bpf_program__fd(program("tc_op")));

	return bpf_tc_hook_create(&hook) ? -1 : bpf_tc_attach(&hook, &tc);
}

static void attach(int to_tcx)
{
	if ((to_tcx ? attach_tcx() : attach_clsact()) < 0)
		fail("cannot attach tc_op: %s", strerror(errno));
	if (!bpf_program__attach(program("trace_op")))
		fail("cannot attach trace_op: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	char line[1024], first[16], second[600];
	struct metakey_registry registry;
	struct metakey_message why;
	unsigned long long value;
	unsigned int field;
	int error;

	if (argc != 4)
		fail("usage: runner OBJECT RUN_FOLDER clsact|tcx");
	for (int i = 0; i < PACKET_BYTES; i++)
		packet[i] = i;
	packet[12] = TEST_PROTOCOL >> 8;
	packet[13] = TEST_PROTOCOL & 0xff;

	set_up_network();
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		fail("%s: %s", argv[1], strerror(errno));
	if (metakey_read_file(&registry, argv[2], &why))
		fail("%s", why.text);
	error = metakey_bind(object, &registry, &why); /* some fields have no slot in a small area */
	if (error && error != -ENOENT)
		fail("%s", why.text);
	if (bpf_object__load(object))
		fail("%s: cannot be loaded", argv[1]);
	exchange = (volatile struct exchange *)mmap(
		NULL, sizeof(*exchange), PROT_READ | PROT_WRITE, MAP_SHARED,
		bpf_map__fd(bpf_object__find_map_by_name(object, ".bss")), 0);
	if (exchange == MAP_FAILED)
		fail("cannot map .bss: %s", strerror(errno));
	attach(!strcmp(argv[3], "tcx"));

	while (fgets(line, sizeof(line), stdin)) {
		*second = 0;
		field = value = 0;
		if (sscanf(line, "%15s %599s %u %llx", first, second, &field, &value) < 1)
			fail("not understood: %s", line);
		if (!strcmp(first, "new"))
			new_packet(second);
		else
			call(first, second, field, value);
	}
	return 0;
}
