#!/usr/bin/env bash
# Builds everything and runs every test: the one test command. Fails on a test that was skipped
# without a reason that this machine gives. Needs a few hundred MB of disk and about 20 minutes on two cores.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
set_up
cd "$root"

# What this machine cannot do is left out; the end says so.
left_out=()

# Some tests are skipped here: WHAT says the end, and NAMES, the words by which those tests name what they lack, for grep.
leave_out() { # WHAT NAMES
  left_out+=("$1")
  expected="$expected\|$2"
}

# install_all THING:PACKAGE...: installs each that is missing. Fails at the first that cannot be.
install_all() {
  local thing
  for thing in "$@"; do want "${thing%%:*}" "${thing#*:}" || return 1; done > /dev/null 2>&1
}

# Root may write everywhere, so one test is for other users; some are for root only. If something
# that BPF needs is missing, the tests that name it are left out. Nothing else may be skipped.
if [ "$(id -u)" -eq 0 ]; then expected='run this as another user'; else expected='root'; fi
if set_up_bpf; then
  want clang-19 clang-19 || left_out+=("objects of a newer clang: clang-19 could not be installed")
  want bpftrace bpftrace || leave_out "scripts for bpftrace: it could not be installed" bpftrace
else
  leave_out "whatever loads a BPF program: $lacking is missing" "$lacking"
fi

# Whether root may make a cgroup in each hierarchy that tells where a process is.
can_make_cgroups() {
  local hierarchy found=
  while read -r hierarchy; do
    found=yes
    mkdir "$hierarchy/metakey-it-tried" 2> /dev/null && rmdir "$hierarchy/metakey-it-tried" || return 1
  done < <(awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /name=systemd/) { print $2 }' /proc/self/mounts)
  [ -n "$found" ]
}

# Services run in cgroups of their own; where root may make none, the tests that make some are left out.
if [ "$(id -u)" -eq 0 ] && ! can_make_cgroups; then
  leave_out "services in cgroups of their own: none can be made here" cgroups
fi

# The units run under a systemd of their own, and a package is installed there.
if want systemd-analyze systemd > /dev/null 2>&1 && set_up_root; then
  export METAKEY_TEST_ROOT=$test_root
else
  export METAKEY_TEST_ROOT=/nonexistent
  leave_out "the units under a systemd of their own: ${lacking:-systemd-analyze} is missing" 'systemd-analyze\|a Debian to boot'
fi

# Python's own tools for gRPC, in a place of their own that `mvn clean` leaves alone.
export METAKEY_TEST_PYTHON="${METAKEY_TEST_PYTHON:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/python}"
if ! "$METAKEY_TEST_PYTHON/bin/python" -c 'import grpc_tools, grpc, google.rpc.status_pb2' 2> /dev/null; then
  if ! { python3 -m venv "$METAKEY_TEST_PYTHON" &&
    "$METAKEY_TEST_PYTHON/bin/pip" install -q grpcio grpcio-tools googleapis-common-protos; } > /dev/null 2>&1; then
    leave_out "Python stubs: grpcio-tools could not be installed" grpcio-tools
  fi
fi

# Likewise for Node, where it is installed.
export METAKEY_TEST_NODE="${METAKEY_TEST_NODE:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/node}"
if [ ! -d "$METAKEY_TEST_NODE/node_modules/@grpc/proto-loader" ]; then
  if ! { install_all node:nodejs npm:npm && mkdir -p "$METAKEY_TEST_NODE" &&
    npm install --silent --prefix "$METAKEY_TEST_NODE" @grpc/grpc-js @grpc/proto-loader; } > /dev/null 2>&1; then
    leave_out "the program for Node: grpc-js could not be installed" grpc-js
  fi
fi

# The page is looked at in a browser, without a window.
export METAKEY_TEST_BROWSER="${METAKEY_TEST_BROWSER:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/browser}"
if ! { install_all chromium:chromium node:nodejs npm:npm && mkdir -p "$METAKEY_TEST_BROWSER" &&
  { [ -d "$METAKEY_TEST_BROWSER/node_modules/axe-core" ] || npm install --silent --prefix "$METAKEY_TEST_BROWSER" puppeteer-core@24 axe-core@4; }; } > /dev/null 2>&1; then
  leave_out "the page in a browser: chromium, puppeteer-core or axe-core could not be installed" chromium
fi

# And for Go.
gocode=/usr/share/gocode/src
install_all go:golang-go protoc:protobuf-compiler /usr/include/google/protobuf/any.proto:libprotobuf-dev protoc-gen-go:protoc-gen-go \
  protoc-gen-go-grpc:protoc-gen-go-grpc "$gocode/github.com/golang/protobuf/ptypes:golang-github-golang-protobuf-1-5-dev" \
  "$gocode/google.golang.org/grpc:golang-google-grpc-dev" || leave_out "the program for Go: its libraries for gRPC could not be installed" 'grpc for Go'

# And for cilium/ebpf.
install_all go:golang-go "$gocode/github.com/cilium/ebpf:golang-github-cilium-ebpf-dev" ||
  leave_out "a loader in Go: cilium/ebpf could not be installed" cilium/ebpf

# Constants are compiled in each language. Rust is too large to install for that.
install_all go:golang-go python3:python3 clang:clang ||
  leave_out "constants for Go, Python or C: what compiles them could not be installed" 'go$\|python3\|clang'
command -v rustc > /dev/null || leave_out "constants for Rust: rustc is not installed" rustc

# Prometheus' tool checks metrics and alerts. It is unpacked and not installed, as that would start a server.
export METAKEY_TEST_PROMETHEUS="${METAKEY_TEST_PROMETHEUS:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/prometheus/usr/bin}"
if ! command -v promtool > /dev/null && [ ! -x "$METAKEY_TEST_PROMETHEUS/promtool" ]; then
  unpacked=${METAKEY_TEST_PROMETHEUS%/usr/bin}
  if ! (mkdir -p "$unpacked" && cd "$unpacked" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; } &&
    dpkg -x prometheus_*.deb . && rm prometheus_*.deb) > /dev/null 2>&1; then
    leave_out "metrics and alerts by Prometheus' tool: it could not be fetched" promtool
  fi
fi

# Fleets agree through etcd, which is unpacked and not installed, likewise.
export METAKEY_TEST_ETCD="${METAKEY_TEST_ETCD:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/etcd/usr/bin}"
if [ ! -x "$METAKEY_TEST_ETCD/etcd" ] || [ ! -x "$METAKEY_TEST_ETCD/etcdctl" ]; then
  unpacked=${METAKEY_TEST_ETCD%/usr/bin}
  if ! (mkdir -p "$unpacked" && cd "$unpacked" &&
    { apt-get download -qq etcd-server etcd-client || { apt-get update -qq && apt-get download -qq etcd-server etcd-client; }; } &&
    for package in etcd-*.deb; do dpkg -x "$package" . && rm "$package"; done) > /dev/null 2>&1; then
    leave_out "fleets with a real etcd: it could not be fetched" etcd
  fi
fi

# Completion is tried in bash, zsh and fish; the pages of the manual are checked; one test counts instructions, and one has devices leave to
# software what they can do themselves.
install_all zsh:zsh || leave_out "completion in zsh: it could not be installed" zsh
install_all fish:fish || leave_out "completion in fish: it could not be installed" fish
install_all mandoc:mandoc || leave_out "the pages of the manual: mandoc could not be installed" mandoc
install_all valgrind:valgrind || leave_out "instructions of a look-up in C: valgrind could not be installed" valgrind
install_all ethtool:ethtool || leave_out "what happens to metadata on its way: ethtool could not be installed" ethtool
{ install_all kubectl:kubernetes-client && kubectl kustomize --help > /dev/null 2>&1; } ||
  leave_out "manifests as kustomize makes them: a kubectl that can do that could not be installed" kubectl

# Another test counts system calls with strace.
can_trace() {
  sleep 10 &
  local traced=$! code=0
  timeout -s INT 1 strace -o /dev/null -p "$traced" > /dev/null 2>&1 || code=$?
  kill "$traced"
  [ "$code" -eq 124 ] # it ran until timeout ended it
}
{ install_all strace:strace && can_trace; } ||
  leave_out "system calls of the daemon: strace could not be installed, or may not attach to processes" strace

say "== build, unit tests, integration tests, system tests (Java: $(javac -version 2>&1))"
mvn -B -ntp -T 2 clean verify

newest=$(deploy/newest-jdk.sh)
[ -n "$newest" ] || left_out+=("the client's tests and the demo on a newer JDK: none but the build's was found")

# What needs only one core runs beside the demo and the benchmarks, which need little more.
run_beside() {
  if [ -n "$newest" ]; then
    say "== the client's tests again, on the newest JDK found: $newest"
    mvn -B -ntp -o test -pl client-lib -am -Djvm="$newest/bin/java"
  fi
  say "== benchmarks inside the JVM, in a short form"
  java -jar bench/target/metakey-bench.jar -f 1 -wi 0 -i 1 -r 10ms > /dev/null
}
said_beside=$(mktemp)
run_beside > "$said_beside" 2>&1 &
beside=$!
trap 'kill "$beside" 2> /dev/null || true; cat "$said_beside"; rm "$said_beside"' EXIT

say "== demo"
deploy/demo.sh > /dev/null
say "the demo ran to its end"
if [ -n "$newest" ]; then
  JAVA_HOME=$newest deploy/demo.sh > /dev/null
  say "the demo ran to its end on $newest"
fi
if [ "$(id -u)" -eq 0 ] && [ -x "$METAKEY_TEST_ETCD/etcd" ] && ip netns list > /dev/null 2>&1; then
  deploy/demo-fleet.sh > /dev/null
  say "the demo of a fleet ran to its end"
else
  left_out+=("the demo of a fleet: it needs root, etcd and network namespaces")
fi
# The benchmark of the packet path is among the system tests. Their figures do not count here.
say "== benchmarks: each documented command, in a short form"
bench/run.sh --help > /dev/null
# What the benchmark left out, such as a server that could not be fetched, counts as left out here
# too.
benched=$(bench/run.sh --short)
while IFS= read -r what; do left_out+=("of the benchmarks, $what"); done < <(sed -n 's/^- left out: //p' <<< "$benched")
say "the benchmarks ran to their end"
wait "$beside"
trap - EXIT
cat "$said_beside"
rm "$said_beside"

say "== the documentation as a site"
if set_up_site > /dev/null 2>&1; then
  deploy/site.sh | tail -n 2
else
  left_out+=("the documentation as a site: $lacking could not be installed")
fi

say "== packages"
deploy/package.sh
# Each of these mostly needs one core.
crossed=$(mktemp)
deploy/package.sh --arch arm64 > "$crossed" 2>&1 &
crossing=$!
trap 'kill "$crossing" 2> /dev/null || true; cat "$crossed"; rm "$crossed"' EXIT
deploy/reproducible.sh --short
wait "$crossing"
trap - EXIT
cat "$crossed"
while IFS= read -r what; do left_out+=("$what"); done < <(sed -n 's/^== left out: //p' "$crossed")
rm "$crossed"
tested=$(deploy/package-test.sh)
say "$tested"
while IFS= read -r what; do left_out+=("of the packages, $what"); done < <(sed -n 's/^left out: //p' <<< "$tested")

if want shellcheck shellcheck; then
  shellcheck -x .ci/run deploy/*.sh deploy/src/trace/*.sh deploy/src/package/*.sh deploy/examples/*.sh deploy/examples/*/*.sh bench/*.sh bench/datapath/*.sh
  say "shellcheck: the scripts are clean"
else
  left_out+=("shellcheck: not installed")
fi

# Adds up the reports of all modules.
count() {
  find . -path '*/target/*-reports/TEST-*.xml' -exec sed -n 's/.*<testsuite [^>]* '"$1"'="\([0-9]*\)".*/\1/p' {} + |
    awk '{ sum += $1 } END { print sum + 0 }'
}

# A line for each skipped test: what it says is missing. Assumptions name it.
skips() {
  find . -path '*/target/*-reports/TEST-*.xml' -exec cat {} + |
    sed -n 's/.*<skipped[^>]*>.*Assumption failed: \(.*\)/\1/p; s/.*<skipped[^>]*message="\([^"]*\)".*/\1/p'
}

total=$(count tests)
failed=$(($(count failures) + $(count errors)))
skipped=$(count skipped)
unexpected=$((skipped - $(skips | grep -c "$expected" || true)))
say "== summary"
for what in "${left_out[@]}"; do say "left out: $what"; done
skips | sort | uniq -c | sed 's/^ */skipped: /'
printf '%d passed, %d failed, %d skipped\n' "$((total - failed - skipped))" "$failed" "$skipped"
if [ "$total" -eq 0 ]; then
  say "no test ran"
  exit 1
fi
if [ "$unexpected" -ne 0 ]; then
  say "$unexpected skipped that this machine should run"
  exit 1
fi
[ "$failed" -eq 0 ]
