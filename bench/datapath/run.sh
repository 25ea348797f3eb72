#!/usr/bin/env bash
# What a field costs in the packet path: bench/datapath/run.sh [RUNS [OPERATIONS]]. Needs root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/deploy/lib.sh"
if ! set_up_bpf; then
  say "missing: $lacking; this benchmark builds and runs BPF programs" >&2
  exit 1
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

mcpu=v3
includes=(-I"$root/client-lib/src/main/bpf" -I"$made")
clang -target bpf -mcpu=$mcpu -O2 -g -Wall -Wextra -Werror "${includes[@]}" -I"/usr/include/$(cc -print-multiarch)" \
  -c "$here/datapath.bpf.c" -o "$made/datapath.bpf.o"
bpftool gen skeleton "$made/datapath.bpf.o" name datapath > "$made/datapath.skel.h"
cc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror "${includes[@]}" "$here/datapath.c" "$here/results.c" -o "$made/datapath" -lbpf

say "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, kernel $(uname -r | cut -d- -f1)"
say "BPF code: $(clang --version | sed -n 's/.*\(clang version [0-9.]*\).*/\1/p'), -O2 -mcpu=$mcpu"
"$made/datapath" "$@"
