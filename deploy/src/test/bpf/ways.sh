# shellcheck shell=bash
# What MetadataWaysIT runs in its lab, and the words that its ways are made of. WAYS is the path of the helper, ways.c, and
# PACKETS how many datagrams are sent. The devices are those of deploy/examples/lab.sh:
#
#   mk-peer: mk1 10.98.0.2 ---- mk0 10.98.0.1 :here: mk2 10.99.0.1 ---- mk3 10.99.0.2 :mk-out
set -u

# Reads commands that end in a zero byte, runs them with new devices, and says what came of it: `sent`, `no device` or
# `failed`. After `sent`, each line that is read is answered with what was counted, until one says `done`.
serve() {
  local commands
  ip netns add mk-peer && ip netns add mk-out
  echo 1 > /proc/sys/net/ipv4/ip_forward
  while IFS= read -r -d '' commands; do
    (
      trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
      set -e
      begin
      eval "$commands"
      echo sent
      while read -r line && [ "$line" != done ]; do echo "$(bpftool -j map dump pinned /sys/fs/bpf/m/counted)"; done
    ) || echo failed
  done
}

# Few processes, as there are many ways.
begin() {
  # What the way before this one has made; most of it is not there.
  ip -force -batch - 2> /dev/null << END || true
link del mk0
link del mk2
link del br0
link del bond0
link del ifb9
link del tap9
END
  ip -batch - << END
link add mk0 address 02:00:00:00:00:00 type veth peer name mk1 address 02:00:00:00:00:10 netns mk-peer
link add mk2 address 02:00:00:00:00:20 type veth peer name mk3 address 02:00:00:00:00:30 netns mk-out
link set mk0 addrgenmode none up
link set mk2 addrgenmode none up
addr add 10.98.0.1/24 dev mk0
addr add 10.99.0.1/24 dev mk2
neigh add 10.98.0.2 lladdr 02:00:00:00:00:10 dev mk0 nud permanent
neigh add 10.99.0.2 lladdr 02:00:00:00:00:30 dev mk2 nud permanent
END
  ip -n mk-peer -batch - << END
link set mk1 addrgenmode none up
addr add 10.98.0.2/24 dev mk1
neigh add 10.98.0.1 lladdr 02:00:00:00:00:00 dev mk1 nud permanent
route add 10.96.0.0/11 via 10.98.0.1
END
  ip -n mk-out -batch - << END
link set mk3 addrgenmode none up
addr add 10.99.0.2/24 dev mk3
neigh add 10.99.0.1 lladdr 02:00:00:00:00:20 dev mk3 nud permanent
route add 10.98.0.0/24 via 10.99.0.1
END
}

# at DEVICE COMMAND...: where the device is. Not `ip netns exec`, which would take the bpffs away.
at() {
  local device=$1
  shift
  case "$device" in
    mk1) nsenter --net=/run/netns/mk-peer "$@" ;;
    mk3) nsenter --net=/run/netns/mk-out "$@" ;;
    *) "$@" ;;
  esac
}

# x DEVICE PROGRAM [xdpgeneric]: attaches an XDP program.
x() { at "$1" ip link set dev "$1" "${3:-xdpdrv}" pinned "/sys/fs/bpf/p/$2"; }

# t DEVICE ingress|egress PROGRAM...: attaches tc programs, in this order.
t() {
  local device=$1 way=$2 order=0 program lines
  shift 2
  lines="qdisc replace dev $device clsact"
  for program in "$@"; do
    order=$((order + 1))
    lines+=$'\n'"filter add dev $device $way prio $order bpf da object-pinned /sys/fs/bpf/p/$program"
  done
  at "$device" tc -batch - <<< "$lines"
}

# mirred WORDS...: an action of the kernel's own for each packet that comes in.
mirred() {
  tc qdisc replace dev mk0 clsact
  tc filter add dev mk0 ingress prio 1 protocol all u32 match u32 0 0 action mirred "$@"
}

# put MAP KEY VALUE: small numbers, or an index of a device.
put() { bpftool map update pinned "/sys/fs/bpf/m/$1" key "$2" 0 0 0 value $(($3 & 255)) $(($3 >> 8 & 255)) $(($3 >> 16 & 255)) $(($3 >> 24)); }

index() { cat "/sys/class/net/$1/ifindex"; }

mac() { cat "/sys/class/net/$1/address"; }

# offload DEVICE WORDS...
offload() { at "$1" ethtool -K "$@" > /dev/null; }

# add NAME WORDS...: a device. Where the kernel has no such thing, that is all that comes of this way.
add() {
  local said
  if said=$(ip link add "$@" 2>&1); then return; fi
  case "$said" in
    *'Unknown device type'*) echo 'no device' && exit 0 ;;
    *) echo "ip link add $*: $said" >&2 && return 1 ;;
  esac
}

# up DEVICE [ADDRESS]
up() {
  ip link set "$1" addrgenmode none up
  if [ $# -gt 1 ]; then ip addr add "$2" dev "$1"; fi
}

# via MAC: where mk-peer sends what is for here.
via() { ip -n mk-peer neigh replace 10.98.0.1 lladdr "$1" dev mk1 nud permanent; }

# listen DEVICE WORDS...: starts the helper where the device is, and waits until it is ready.
listen() {
  local there=()
  if [ "$1" = mk3 ]; then there=(nsenter --net=/run/netns/mk-out); fi
  coproc exec "${there[@]}" "$WAYS" "${@:2}"
  helper=$COPROC_PID
  read -r _ <&"${COPROC[0]}"
}

# to ADDRESS [BYTES]: datagrams from mk-peer. From one CPU, and RPS gives them to another.
to() {
  at mk1 taskset -c 0 bash -c 'for ((i = 0; i < $1; i++)); do printf %$3s x > "/dev/udp/$2/9"; done' bash "$PACKETS" "$1" "${2:-1000}"
}

# stream ADDRESS: a TCP connection from mk-peer to who listens, to its end.
stream() {
  at mk1 timeout 20 bash -c 'head -c 500000 /dev/zero > "/dev/tcp/$1/9"' bash "$1"
  wait "$helper"
}
