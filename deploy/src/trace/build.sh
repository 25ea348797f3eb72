#!/bin/sh
# build.sh OUT: compiles what `metakey trace` runs into OUT. Without clang, a C compiler or libbpf's
# headers it says what is missing, and the image does without; the verb then says so.
set -eu
out=$1
cd "$(dirname "$0")"

for program in clang cc; do
  if ! command -v "$program" > /dev/null; then missing=$program; fi
done
if ! echo '#include <bpf/libbpf.h>' | cc -E - > /dev/null 2>&1; then missing=libbpf-dev; fi
if [ -n "${missing:-}" ]; then
  echo "metakey trace is left out of the image: $missing is missing"
  exit 0
fi

mkdir -p "$out"
# Without the path of the sources, so that they give the same bytes wherever they are built.
clang -O2 -g -ffile-prefix-map="$PWD=." -fdebug-compilation-dir=. -Wall -Werror -target bpf -mcpu=v3 -idirafter "/usr/include/$(cc -print-multiarch)" \
  -c trace.bpf.c -o "$out/metakey-trace.bpf.o"
cc -O2 -Wall -Wextra -Werror metakey-trace.c -o "$out/metakey-trace" -lbpf
