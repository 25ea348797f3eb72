#!/usr/bin/env bash
# Two veth pairs to try the examples on, as root:
#
#   mk-peer: mk1 10.98.0.2 ---- mk0 10.98.0.1 :here: mk2 10.99.0.1 ---- mk3 10.99.0.2 :mk-out
#
#   lab.sh up        makes them
#   lab.sh send N    sends N datagrams from mk-peer to mk0, to a port where nobody listens
#   lab.sh down      removes them, and what was attached to them
set -euo pipefail

# pair NAMESPACE HERE THERE NETWORK
pair() {
  ip netns add "$1"
  ip link add "$2" address "02:00:00:00:00:${2#mk}0" type veth peer name "$3" address "02:00:00:00:00:${3#mk}0" netns "$1"
  # Only what the examples send shall pass: no IPv6, and the neighbours are known.
  ip link set "$2" addrgenmode none
  ip -n "$1" link set "$3" addrgenmode none
  ip addr add "$4.1/24" dev "$2"
  ip -n "$1" addr add "$4.2/24" dev "$3"
  ip link set "$2" up
  ip -n "$1" link set "$3" up
  ip neigh add "$4.2" lladdr "02:00:00:00:00:${3#mk}0" dev "$2" nud permanent
  ip -n "$1" neigh add "$4.1" lladdr "02:00:00:00:00:${2#mk}0" dev "$3" nud permanent
}

case "${1:-}" in
  up)
    pair mk-peer mk0 mk1 10.98.0
    pair mk-out mk2 mk3 10.99.0
    ;;
  send)
    # shellcheck disable=SC2016  # the inner bash expands it
    ip netns exec mk-peer bash -c 'for ((i = 0; i < $1; i++)); do echo "$i" > /dev/udp/10.98.0.1/9; done' bash "${2:-1}"
    ;;
  down)
    for device in mk0 mk2; do ip link del "$device" 2> /dev/null || true; done
    for namespace in mk-peer mk-out; do ip netns del "$namespace" 2> /dev/null || true; done
    ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
