#!/usr/bin/env bash
# Measures metakey beside what people would use instead, and prints a table in Markdown:
#
#   bench/run.sh [--short | --long] [PART...]
#
#   --short   a few seconds, to see that it runs; the figures mean nothing
#   --long    an hour or so, up to 1,000,000 changes of history; without either: ten minutes or so
#   PART      calls, clients, watchers, history, commands, neighbours, idle, fleet, soak (ten minutes more); default: all, soak only with --short and --long
#
# etcd and Redis are taken from PATH, or from Debian's packages, which are unpacked into a folder of their own
# ($METAKEY_BENCH_PEERS, or metakey/peers in the user's cache) and not installed. What is not
# available is left out, and the output says so. Servers run on sockets in temporary folders;
# everything is ended and removed, whatever happens. Root measures everything; without root, pinned
# maps and names that are new each time are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
# shellcheck source=deploy/lib.sh
. "$root/deploy/lib.sh"

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "$0"
  exit 0
fi

work=
run=
pins=none
peers=${METAKEY_BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/peers}

# Ends whatever still runs in the folders of this run, as it belongs to it.
end_processes() {
  local process
  for process in /proc/[0-9]*; do
    case $(readlink "$process/cwd" 2> /dev/null || true) in
      "$work" | "$work"/*) kill -9 "${process#/proc/}" 2> /dev/null || true ;;
    esac
  done
}

clean_up() {
  trap - EXIT
  if [ -n "$work" ]; then
    end_processes
    rm -rf "$work"
  fi
  if [ -n "$run" ]; then rm -rf "$run"; fi
  if [ "$pins" != none ]; then rm -rf "$pins"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Unpacks the servers that are not in PATH.
unpack_peers() {
  local packages=() package
  command -v etcd > /dev/null && command -v etcdctl > /dev/null || packages+=(etcd-server etcd-client)
  command -v redis-server > /dev/null && command -v redis-cli > /dev/null ||
    packages+=(redis-server redis-tools libjemalloc2 liblzf1 libatomic1)
  [ "${#packages[@]}" -gt 0 ] && [ ! -e "$peers/unpacked" ] || return 0
  command -v apt-get > /dev/null && command -v dpkg > /dev/null || return 0
  say "fetching ${packages[*]}" >&2
  mkdir -p "$peers" "$work/packages"
  (
    cd "$work/packages"
    apt-get download -qq "${packages[@]}" || { [ "$(id -u)" -eq 0 ] && apt-get update -qq && apt-get download -qq "${packages[@]}"; }
  ) > /dev/null 2>&1 || return 0
  for package in "$work/packages"/*.deb; do dpkg -x "$package" "$peers"; done
  rm -rf "$work/packages"
  touch "$peers/unpacked"
}

# Builds the benchmark if a source is newer than it.
build_bench() {
  local made=$here/target/metakey-bench.jar
  if [ -e "$made" ] && [ -z "$(find "$here/pom.xml" "$here/src" "$root"/{proto,client-lib,registry-server}/src/main -newer "$made" -print -quit)" ]; then return; fi
  say "building the benchmark"
  (cd "$root" && mvn -B -ntp -q -pl bench -am -Dmaven.test.skip package)
}

build_lookups() {
  command -v cc > /dev/null && [ -e /usr/include/bpf/libbpf.h ] || return 0
  cc -std=gnu11 -O2 -Wall -Wextra -Werror -I"$root/client-lib/src/main/bpf" "$here/lookups/lookups.c" -o "$work/lookups" -lbpf
}

# Makes a folder for pinned maps, if this user may pin some.
make_pins() {
  [ "$(id -u)" -eq 0 ] && [ "$(stat -f -c %T /sys/fs/bpf 2> /dev/null)" = bpf_fs ] || return 0
  pins=/sys/fs/bpf/metakey_bench_$$
  mkdir -m 755 "$pins" 2> /dev/null || pins=none
}

{
  set_up
  build
  build_bench
} >&2
work=$(mktemp -d "${TMPDIR:-/tmp}/metakey-bench.XXXXXX")
run=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/metakey-bench.XXXXXX")
chmod 711 "$work" "$run" # other users connect, too
unpack_peers
build_lookups
make_pins
# Otherwise the first start would make the archives of classes during the measurement.
if [ -x "$image/lib/make-archives" ]; then "$image/lib/make-archives" > /dev/null 2>&1 || true; fi
libraries=$(find "$peers/usr/lib" -maxdepth 1 -mindepth 1 -name '*-linux-*' 2> /dev/null | head -n 1)

# VFORK: a JVM starts commands as fast as a shell does.
(
  cd "$work"
  PATH=$peers/usr/bin:$PATH LD_LIBRARY_PATH=$libraries exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" \
    -Xmx2g -Djava.io.tmpdir="$work" -Djdk.lang.Process.launchMechanism=VFORK \
    -cp "$here/target/metakey-bench.jar" dev.metakey.bench.Bench --image "$image" --work "$work" --run "$run" \
    --bpffs "$pins" --lookups "$work/lookups" --results "$here/results" "$@"
) &
wait $!
