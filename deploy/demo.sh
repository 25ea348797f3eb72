#!/usr/bin/env bash
# Shows the main job of metakey with real processes, on a private directory that is removed at the end.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
set_up
if set_up_bpf; then with_packets=yes; else with_packets=; fi
build

work=$(mktemp -d "${TMPDIR:-/tmp}/metakey-demo.XXXXXX")
export METAKEY_SOCKET=$work/metakeyd.sock NO_COLOR=1
export PATH="$image/bin:$PATH"
daemon=

clean_up() {
  trap - EXIT
  local jobs
  jobs=$(jobs -p)
  if [ -n "$jobs" ]; then
    # shellcheck disable=SC2086  # one word a job
    kill $jobs 2> /dev/null || true
    wait
  fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

step() { printf '\n== %s\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@" 2>&1
}

# start_daemon DATA RUN
start_daemon() {
  metakeyd --socket "$METAKEY_SOCKET" --data "$work/$1" --run "$2" --bpffs none 2>> "$work/log" &
  daemon=$!
  # 10: it serves, and reports a problem. Where linked programs are loaded, a new registry takes
  # over their fields.
  metakey --timeout 30s status > /dev/null || [ $? -eq 10 ]
}

java_service() {
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 \
    -cp "$image/lib/*" "$root/deploy/examples/java-service/EdgeService.java"
}

step "The daemon starts, on a directory of its own"
start_daemon data "$work"
run metakey status || [ $? -eq 10 ]

step "A tracer wants the id of edge.packet_id, which nobody has yet: it waits"
(
  id=$(metakey id edge.packet_id --wait 30s --service tracer)
  printf 'tracer: edge.packet_id has id %s\n' "$id" > "$work/tracer"
) &
tracer=$!
until metakey pending -o jsonl | grep -q .; do sleep 0.1; done
run metakey pending

step "Three services start and register their fields; the first is written in Java"
java_service
run metakey register flow.id:4 flow.verdict:2 --service flow-meter
run metakey register latency.rx_ns:8 --format ns --service latency-probe

step "The tracer was answered at that moment"
wait "$tracer"
cat "$work/tracer"

step "A service restarts, registers again, and has the same ids"
java_service

step "Somebody else takes the same name by accident: refused, and told why"
run metakey register edge.packet_id --size 4 --service new-service || printf 'exit code %s\n' $?
run metakey register edge.packet_id --size 8 --format hex --service new-service || printf 'exit code %s\n' $?

step "What the host has now, and the header of a packet that would carry all of it"
run metakey list
run metakey header

step "kill -9 of the daemon; what it published last still answers, and says that it is old"
kill -9 "$daemon"
wait "$daemon" 2> /dev/null || true
run metakey id edge.packet_id

step "It starts again: the same ids"
start_daemon data "$work"
run metakey list

if [ -n "$with_packets" ]; then
  kill "$daemon"
  wait "$daemon" || true
  start_daemon live "$work/live.run" # in a run directory of its own: it must not replace what another registry published
  make -s -C "$root/deploy/examples" INCLUDE="$image/include" OUT="$work/build"
  # In namespaces for network, mounts and processes, so that nothing is left behind, whatever
  # happens.
  if metakey id edge.packet_id > /dev/null 2>&1; then
    say "the part with real packets is left out: loaded programs of this host use edge.packet_id"
  else
    METAKEY_RUN=$work/live.run unshare --net --mount --pid --fork --kill-child --mount-proc \
      "$root/deploy/demo-live.sh" "$root/deploy/examples/lab.sh" "$work/build"
  fi
else
  say "the part with real packets is left out; missing: $lacking"
fi

step "Done: everything is stopped and removed"
