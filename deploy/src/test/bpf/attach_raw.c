/* SPDX-License-Identifier: Apache-2.0 */
/* attach_raw PINNED: attaches a tp_btf program, which bpftool may load but not attach, until it ends. */
#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>

int main(int argc, char **argv)
{
	int program = argc == 2 ? bpf_obj_get(argv[1]) : -1;

	if (program < 0 || bpf_raw_tracepoint_open(NULL, program) < 0) {
		perror("attach_raw");
		return 1;
	}
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
