# shellcheck shell=bash disable=SC2154  # package-test.sh sets root, work and packages
# Sourced by package-test.sh: looks at packages of arm64 that were made elsewhere, and runs them by qemu, with the root of their OCI image as the root.

# layers LAYOUT: the files of an image's layers, the lowest first.
layers() {
  /usr/bin/python3 - "$1" << 'PYTHON'
import json, pathlib, sys

def blob(descriptor):
    return pathlib.Path(sys.argv[1], "blobs", *descriptor["digest"].split(":"))

(image,) = json.loads(pathlib.Path(sys.argv[1], "index.json").read_text())["manifests"]
print(*map(blob, json.loads(blob(image).read_text())["layers"]), sep="\n")
PYTHON
}

test_arm64() {
  local host=$work/arm64 layer strange
  if ! can_emulate || ! "${unshared[@]}" true; then
    say "left out: packages of arm64: $lacking is missing"
    return
  fi
  if ! ls "$packages"/metakey-*-oci-arm64.tar > /dev/null 2>&1; then
    say "left out: packages of arm64: the OCI image, which they are run in, could not be made"
    return
  fi
  mkdir -p "$host" "$work/arm64-oci"
  tar -xf "$packages"/metakey-*-oci-arm64.tar -C "$work/arm64-oci"
  while IFS= read -r layer; do tar -xzf "$layer" -C "$host"; done < <(layers "$work/arm64-oci")
  # A user may map no group but the own.
  sed -i '/^metakey:/d' "$host/etc/group"
  mkdir "$host/root" "$host/opt"
  tar -xzf "$packages"/metakey-*-linux-aarch64.tar.gz -C "$host/opt" --strip-components 1
  dpkg-deb -x "$packages"/metakey_*_arm64.deb "$work/arm64-deb"
  expect arm64 dpkg-deb -f "$packages"/metakey_*_arm64.deb Architecture
  [[ $(dpkg-deb -f "$packages"/metakey_*_arm64.deb Depends Recommends) == *libc6*libstdc++6*zlib1g*libbpf1* ]] || fail "the .deb of arm64 does not say what it links to"

  # No native code of another kind, and all that the packages of this machine have.
  strange=$(find "$host" "$work/arm64-deb" -type f -exec sh -c 'for file; do
    readelf -h "$file" 2> /dev/null | grep "Machine:" | grep -qv "AArch64\|Linux BPF" && echo "$file"; done' sh {} +) || true
  [ -z "$strange" ] || fail "code of another kind of machine is in a package of arm64: $strange"
  expect "$(cd "$work/installed" && find lib libexec -type f | sed 's/x86[-_]64/aarch64/; s/linux64/linux-aarch64/; s/aarch_64/aarch64/' | sort)" \
    sh -c "cd '$host/opt' && find lib libexec -type f | sed 's/aarch_64/aarch64/' | sort"
  /usr/bin/python3 "$root/deploy/src/package/check-sbom.py" "$packages"/metakey-*-linux-aarch64.cdx.json "$host/opt" || fail "the bill of materials of arm64 is wrong"

  # What differs between the tarball, the .deb and the image is where they are.
  mkdir -p "$host/deb"
  cp -a "$work/arm64-deb/." "$host/deb/"
  expect aarch64 in_root "$host" uname -m
  in_root "$host" /opt/bin/metakey --help > "$work/log" || fail "metakey of arm64 does not run"
  grep -q '^Usage: metakey ' "$work/log" || fail "metakey --help of arm64 printed: $(cat "$work/log")"
  in_root "$host" /deb/usr/bin/metakey --version > "$work/log" || fail "the metakey of the .deb of arm64 does not run"
  # A restart in between keeps the field.
  cat > "$host/root/use" << 'USE'
set -e
export METAKEY_SOCKET=/run/metakey/metakeyd.sock METAKEY_SERVICE=test
serve() {
  metakeyd --bpffs none --programs none 2>> /root/log &
  daemon=$!
}
serve
metakey --timeout 180s register edge.packet_id:8 -o name
metakey id edge.packet_id
kill "$daemon"
wait "$daemon"
serve
metakey --timeout 180s resolve --wait 180s edge.packet_id -o name
metakey list -o name | head -n 1
/usr/lib/metakey/libexec/metakey-trace 2>&1 | grep -c 'error while loading' || true
kill "$daemon"
wait "$daemon"
USE
  expect $'edge.packet_id\n0\nedge.packet_id\nedge.packet_id\n0' in_root "$host" sh /root/use 2> "$work/log"
  if grep -v ' INFO ' "$host/root/log"; then fail "metakeyd of arm64 said more than it should"; fi
}
