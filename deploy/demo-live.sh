#!/usr/bin/env bash
# demo-live.sh LAB BUILD: the demo's part with packets. demo.sh runs it in namespaces of its own.
set -euo pipefail
lab=$1
cd "$2"

step() { printf '\n== %s\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@" 2>&1
}
# until_says FILE TEXT
until_says() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if grep -q "$2" "$1"; then return; fi
    sleep 0.1
  done
  cat "$1"
  return 1
}

ip link set lo up
mount -t bpf bpf /sys/fs/bpf
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
"$lab" up

step "Now with packets, on a new registry: a tracer starts first, and waits for the name"
timeout 60 ./tracer tracer.bpf.o 5 > trace &
tracer=$!
until_says trace waiting
cat trace

step "An XDP program that numbers packets is linked: that registers its field. Then it is attached"
run metakey link number.bpf.o -o number.linked.o --service edge-xdp
run ip link set dev mk0 xdp obj number.linked.o sec xdp

step "A tc program that reads the number, linked likewise"
run metakey link tc_read.bpf.o -o tc_read.linked.o --service edge-tc
run tc qdisc add dev mk0 clsact
run tc filter add dev mk0 ingress bpf da obj tc_read.linked.o sec tc

step "Five packets come in. The tracer"
until_says trace tracing
"$lab" send 5
wait "$tracer"
sed -n '/^tracing/,$p' trace

step "The tc program"
bpftool -j map dump name tc_read.bss |
  sed -n 's/.*"with_number":\([0-9]*\).*"last_number":\([0-9]*\).*/packets with a number: \1, the last number: \2/p'

step "The same without a program of one's own: metakey trace"
metakey trace edge.packet_id --at receive,drop -n 4 > traced 2> traced.err &
tracer=$!
until_says traced.err tracing
"$lab" send 2
wait "$tracer"
run cat traced

step "Who uses the name, as the kernel tells it; so it cannot be released"
run metakey users edge.packet_id
run metakey release edge.packet_id || printf 'exit code %s\n' $?
