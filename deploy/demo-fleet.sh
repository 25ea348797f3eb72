#!/usr/bin/env bash
# Shows a fleet: three hosts, each a network namespace with a daemon of its own, and one etcd. Root only. Everything
# is in a private directory and in namespaces that are removed at the end. docs/fleet.md explains.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
set_up
build

etcd_path=${METAKEY_TEST_ETCD:-${XDG_CACHE_HOME:-$HOME/.cache}/metakey/etcd/usr/bin}
export PATH="$image/bin:$etcd_path:$PATH" NO_COLOR=1
[ "$(id -u)" -eq 0 ] || { echo "this needs root, for network namespaces" >&2; exit 1; }
command -v etcd > /dev/null || { echo "etcd is missing: install Debian's etcd-server, or name its directory in METAKEY_TEST_ETCD" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/metakey-fleet.XXXXXX")
hub=mkfleet$$
hosts=(a b c)
etcd=

clean_up() {
  trap - EXIT
  local jobs host
  jobs=$(jobs -p)
  if [ -n "$jobs" ]; then
    # shellcheck disable=SC2086  # one word a job
    kill $jobs 2> /dev/null || true
    wait
  fi
  for host in "" "${hosts[@]}"; do ip netns delete "$hub$host" 2> /dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

step() { printf '\n== %s\n' "$*"; }

# on HOST COMMAND...: metakey at a host's daemon
on() {
  local host=$1
  shift
  printf '%s$ metakey %s\n' "$host" "$*"
  METAKEY_SOCKET=$work/$host/metakeyd.sock metakey "$@" 2>&1
}

# id_of HOST NAME
id_of() { METAKEY_SOCKET=$work/$1/metakeyd.sock metakey id "$2"; }

# until_status HOST WORDS: waits until 'fleet status' has them
until_status() {
  local tries=0
  until METAKEY_SOCKET=$work/$1/metakeyd.sock metakey fleet status 2> /dev/null | grep -q "$2"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then
      echo "waited in vain for '$2' on host $1" >&2
      on "$1" fleet status || true
      cat "$work/$1/log" >&2
      exit 1
    fi
    sleep 0.2
  done
}

start_etcd() {
  ip netns exec "$hub" etcd --name demo --data-dir "$work/etcd" --log-level error \
    --listen-client-urls http://10.77.0.254:2379 --advertise-client-urls http://10.77.0.254:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster demo=http://127.0.0.1:2380 > "$work/etcd.log" 2>&1 &
  etcd=$!
}

start_host() {
  local host=$1 number=$2
  mkdir -p "$work/$host"
  ip netns add "$hub$host"
  ip -n "$hub" link add "v$host" type veth peer name eth0 netns "$hub$host"
  ip -n "$hub" link set "v$host" master br0 up
  ip -n "$hub$host" address add "10.77.0.$number/24" dev eth0
  ip -n "$hub$host" link set eth0 up
  cat > "$work/$host/metakeyd.yaml" << END
programs: none
fleet:
  name: demo
  endpoints: [10.77.0.254:2379]
  prefixes: [edge., shared.]
END
  # shellcheck disable=SC2016  # for that shell
  ip netns exec "$hub$host" unshare --uts sh -c 'hostname "host-$0"; exec "$@"' "$host" \
    metakeyd --config "$work/$host/metakeyd.yaml" --socket "$work/$host/metakeyd.sock" \
    --data "$work/$host/data" --run "$work/$host" --bpffs none 2> "$work/$host/log" &
}

step "One etcd and three hosts"
ip netns add "$hub"
ip -n "$hub" link set lo up
ip -n "$hub" link add br0 type bridge
ip -n "$hub" address add 10.77.0.254/24 dev br0
ip -n "$hub" link set br0 up
start_etcd
number=1
for host in "${hosts[@]}"; do
  start_host "$host" "$number"
  number=$((number + 1))
done
for host in "${hosts[@]}"; do until_status "$host" 'joined *yes'; done
on a fleet status
on a fleet hosts

step "Host b has names of its own first, so that its next free id is another one"
on b register local.x:4 local.y:4 --service b

step "The same name gets the same id and slot everywhere"
for host in "${hosts[@]}"; do on "$host" register edge.packet_id:8 --service edge; done
id=$(id_of a edge.packet_id)
[ "$(id_of b edge.packet_id)" = "$id" ] && [ "$(id_of c edge.packet_id)" = "$id" ]
on a register edge.zone:2 --service edge
until_status c 'names *2;'

step "etcd is killed"
kill -9 "$etcd"
wait "$etcd" 2> /dev/null || true
for host in "${hosts[@]}"; do until_status "$host" 'etcd *away'; done

step "What is known is answered; so is a name that the fleet has and this host is new to"
on b register edge.packet_id:8 --service edge
on c register edge.zone:2 --service edge
[ "$(id_of c edge.zone)" = "$(id_of a edge.zone)" ]

step "A name that is new to the fleet is refused (exit code 8), unless one waits"
code=0
on c register edge.hop:2 --service edge || code=$?
[ "$code" -eq 8 ]
METAKEY_SOCKET=$work/c/metakeyd.sock metakey register edge.hop:2 --service edge --wait 5m > "$work/waited" 2>&1 &
waiter=$!

step "etcd is back, and the one who waits is answered"
start_etcd
wait "$waiter"
cat "$work/waited"
on b register edge.hop:2 --service edge --wait 5m
[ "$(id_of b edge.hop)" = "$(id_of c edge.hop)" ]
until_status a 'names *3;'
on a fleet list
on b fleet plan

step "Done"
