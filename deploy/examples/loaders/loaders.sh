#!/usr/bin/env bash
# loaders.sh OBJECT DEVICE: loads a linked number.bpf.o with three loaders, and sends packets through each.
set -euo pipefail
object=$1 device=$2
here=$(cd "$(dirname "$0")/.." && pwd)
pin=/sys/fs/bpf/metakey-number
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf

count() {
  "$here/lab.sh" send 3
  printf '%s: ' "$1"
  bpftool -j map dump name number.bss |
    sed -n 's/.*"numbered":\([0-9]*\).*"refused":\([0-9]*\).*/numbered \1, refused \2/p'
}

ip link set dev "$device" xdp obj "$object" sec xdp
count "ip link"
ip link set dev "$device" xdp off

bpftool prog load "$object" "$pin" type xdp
bpftool net attach xdp pinned "$pin" dev "$device"
count "bpftool"
bpftool net detach xdp dev "$device"
rm "$pin"

xdp-loader load --mode native --section xdp "$device" "$object"
count "xdp-loader"
xdp-loader unload --all "$device"
