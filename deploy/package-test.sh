#!/usr/bin/env bash
# Tests what package.sh made: installs each package where there is no Java, runs it, and looks at what it says and leaves.
# Prints what it had to leave out.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
. "$root/deploy/src/package/oci.sh"
. "$root/deploy/src/package/oci-test.sh"
. "$root/deploy/src/package/arm64.sh"
. "$root/deploy/src/package/arm64-test.sh"
cpu=$(uname -m)
arch=$(dpkg --print-architecture 2> /dev/null) || arch=$cpu
packages=$root/deploy/target/packages
work=$(mktemp -d)
daemon=
machine=
end() {
  if [ -n "$daemon" ]; then kill "$daemon" 2> /dev/null || true; fi
  if [ -n "$machine" ]; then
    pkill -KILL -P "$machine" || true
    wait "$machine" || true
  fi
  end_containers
  if mountpoint -q "$work/machine/root"; then umount "$work/machine/root"; fi
  rm -rf --one-file-system "$work"
}
trap end EXIT

fail() {
  printf 'package-test: %s\n' "$*" >&2
  exit 1
}

# expect WANTED COMMAND...: fails unless the command prints that.
expect() {
  local wanted=$1 got
  shift
  got=$("$@") || fail "'$*' failed and printed: $got"
  [ "$got" = "$wanted" ] || fail "'$*' printed '$got' instead of '$wanted'"
}

# Classes that come from no archive, of a run of `metakey WORDS`: if there are many, deploy/classes is outdated.
not_archived() {
  METAKEY_JAVA_OPTS="-Xlog:class+load:file=$work/classes" "$@" > /dev/null
  grep ' source: ' "$work/classes" | grep -vc 'shared objects file' || true
}

test_sums() {
  (cd "$packages" && sha256sum --quiet -c SHA256SUMS)
  expect "$(cd "$packages" && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort)" \
    sh -c "sed 's/^[0-9a-f]*  //' '$packages/SHA256SUMS' | LC_ALL=C sort"
}

test_tarball() {
  local installed=$work/installed size
  mkdir "$installed"
  tar -xzf "$packages"/metakey-*-linux-"$cpu".tar.gz -C "$installed" --strip-components 1
  # Everybody's to read, root's to write.
  expect '' find "$installed" ! -type l -perm /022
  expect '' find "$installed" ! -type l ! -perm -004
  size=$(du -sm "$installed" | cut -f 1)
  [ "$size" -le 100 ] || fail "the installation takes $size MB, 100 are allowed"

  # No Java but its own.
  unset JAVA_HOME
  mkdir "$work/path"
  for program in sh readlink stat flock sync mkdir mv rm grep sed nice; do ln -s "$(command -v $program)" "$work/path/"; done
  local PATH=$installed/bin:$work/path
  "$installed/lib/make-archives"
  export METAKEY_SOCKET=$work/run/metakeyd.sock
  metakeyd --socket "$METAKEY_SOCKET" --data "$work/data" --run "$work/run" --bpffs none --programs none 2> "$work/log" &
  daemon=$!
  expect 'edge.packet_id' metakey --timeout 60s register edge.packet_id:8 --service test -o name
  expect 0 metakey id edge.packet_id
  [ "$(readlink -f "/proc/$daemon/exe")" = "$installed/runtime/bin/java" ] || fail "metakeyd runs on another Java"
  local others
  others=$(not_archived metakey list)
  [ "$others" -lt 150 ] || fail "$others classes of 'metakey list' are in no archive: run deploy/package.sh --train"
  kill "$daemon"
  wait "$daemon" || fail "metakeyd ended with $?"
  daemon=
  if grep -v ' INFO ' "$work/log"; then fail "metakeyd said more than it should"; fi
}

# What the packages say of what they bundle, held against the installation that the tarball made.
test_sbom() {
  local installed=$work/installed docs=$work/installed/share/doc/metakey schemas copy=$work/unknown
  cmp "$packages"/metakey-*-linux-"$cpu".cdx.json "$docs/sbom.cdx.json" || fail "the bill of materials beside the packages is not the one in them"
  # The Maven plugin that began it has the schemas.
  schemas=$(find "${HOME:-/root}/.m2/repository/org/cyclonedx" -name 'cyclonedx-core-java-*.jar' 2> /dev/null | sort -V | tail -n 1)
  if [ -z "$schemas" ] || ! want /usr/lib/python3/dist-packages/jsonschema python3-jsonschema; then
    say "left out: the bill of materials against CycloneDX's schema: python3-jsonschema could not be installed, or Maven has its libraries somewhere else"
    schemas=
  fi
  /usr/bin/python3 "$root/deploy/src/package/check-sbom.py" "$packages"/metakey-*-linux-"$cpu".cdx.json "$installed" ${schemas:+"$schemas"} || fail "the bill of materials is wrong"
  for jar in "$installed"/lib/*.jar; do
    jar=${jar##*/}
    grep -q "^${jar%%-[0-9]*} " "$docs/NOTICE" || fail "no notice for $jar"
  done

  # A library that nobody wrote a notice for stops the packages.
  mkdir -p "$copy/lib" "$work/notices"
  cp "$installed"/lib/*.jar "$copy/lib/"
  cp "$root"/deploy/src/notices/* "$work/notices/"
  sed -i '/^gson /d' "$work/notices/bundled"
  bundled "$copy" && fail "packages are made without a notice for gson"
  grep -q "gson.* has no notice" "$work/log" || fail "it is not said that gson has no notice: $(cat "$work/log")"
  cp "$root/deploy/src/notices/bundled" "$work/notices/"
  touch "$copy/lib/unknown-1.0.jar"
  bundled "$copy" && fail "packages are made with a jar that is not in the bill of materials"
  grep -q "unknown-1.0.jar is not in the bill" "$work/log" || fail "it is not said that a jar is unknown: $(cat "$work/log")"
}

# bundled INSTALLATION: writes what it bundles, by the notices in $work.
bundled() {
  java -XX:TieredStopAtLevel=1 -cp "$(echo "$1"/lib/gson-*.jar)" "$root/deploy/src/package/Bundled.java" \
    "$1" "$root/deploy/target/bom.json" "$work/notices" 0 > "$work/log" 2>&1
}

# Boots a Debian of its own, in which each change goes to a file system that is thrown away.
boot_with() {
  local boot
  lay_root "$work/machine"
  cp "$1" "$work/machine/root/root/metakey.deb"
  "${boot[@]}" > "$work/console" 2>&1 < /dev/null &
  machine=$!
  until case $(inside systemctl is-system-running 2> /dev/null) in running | degraded) ;; *) false ;; esac do
    kill -0 "$machine" 2> /dev/null || fail "no machine booted: $(cat "$work/console")"
    sleep 0.2
  done
}

# inside COMMAND...: runs it in the machine, as root.
inside() {
  local first
  first=$(pgrep -P "$machine") || return 1
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive nsenter --target="$first" --all -- "$@"
}

# as_user COMMAND...: likewise, as a user who is in the group metakey.
as_user() { inside runuser -u tester -- env METAKEY_SERVICE=tester "$@"; }

# The metakey of the machine that is not the first: the same files as a later version.
later() {
  dpkg-deb -R "$1" "$work/later"
  sed -i 's/^Version: .*/&+later1/' "$work/later/DEBIAN/control"
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$work/later" "$work/machine/root/root/later.deb" > /dev/null
  rm -rf "$work/later"
}

# A property of the unit.
property() { inside systemctl show metakeyd.service --value --property="$1"; }

test_deb() {
  local deb
  deb=$(echo "$packages"/metakey_*_"$arch".deb)
  if want lintian lintian; then
    lintian --allow-root --fail-on error --tag-display-limit 0 "$deb" || fail "lintian found errors"
  else
    say "left out: lintian could not be installed"
  fi
  if ! set_up_root; then
    say "left out: installing the .deb: $lacking is missing"
    return
  fi
  boot_with "$deb"

  inside dpkg -i /root/metakey.deb > "$work/log" 2>&1 || fail "it cannot be installed: $(cat "$work/log")"
  expect active inside systemctl is-active metakeyd.service
  expect enabled inside systemctl is-enabled metakeyd.service
  expect 'root root 700 /var/lib/metakey' inside stat -c '%U %G %a %n' /var/lib/metakey
  inside useradd -G metakey tester
  expect edge.packet_id as_user metakey register edge.packet_id:8 -o name 2> "$work/log"
  # A busy machine may take its time.
  if grep -v 'note: waiting' "$work/log"; then fail "registering said more than it should"; fi
  expect 0 as_user metakey id edge.packet_id
  [[ $(as_user metakey list -o name) == edge.packet_id$'\n'* ]] || fail "list does not show what was registered"
  inside test -n "$(inside sh -c 'ls /var/cache/metakey/*.jsa')" || fail "no archives were made"

  # Each shell looks there by itself; only bash is in a small Debian.
  inside test -s /usr/share/zsh/vendor-completions/_metakey -a -s /usr/share/fish/vendor_completions.d/metakey.fish || fail "completions are missing"
  # shellcheck disable=SC2016  # for the shell inside
  expect edge.packet_id inside bash -c '. /usr/share/bash-completion/completions/metakey
    COMP_WORDS=(metakey show edge.p) COMP_CWORD=2; _complete_metakey_live; echo "${COMPREPLY[*]}"'
  inside test -s /usr/share/man/man1/metakey-list.1.gz || fail "pages of the manual are missing"

  later "$deb"
  echo '# by the admin' | inside tee -a /etc/metakey/metakeyd.yaml > "$work/log"
  inside dpkg -i /root/later.deb > "$work/log" 2>&1 || fail "it cannot be upgraded: $(cat "$work/log")"
  expect active inside systemctl is-active metakeyd.service
  expect 0 as_user metakey id edge.packet_id
  [[ $(as_user metakey register edge.packet_id:8) == *' existing '* ]] || fail "the field was not kept"
  expect '# by the admin' inside tail -n 1 /etc/metakey/metakeyd.yaml
  say "an upgrade: $((($(property ActiveEnterTimestampMonotonic) - $(property ActiveExitTimestampMonotonic)) / 1000)) ms from the stop of the old daemon until the new one answered"

  inside dpkg -r metakey > "$work/log" 2>&1 || fail "it cannot be removed: $(cat "$work/log")"
  inside test -e /var/lib/metakey -a -e /etc/metakey/metakeyd.yaml || fail "removing it took the registry or the config"
  if inside systemctl is-active --quiet metakeyd.service; then fail "metakeyd still runs"; fi
  inside dpkg -i /root/metakey.deb > "$work/log" 2>&1 || fail "it cannot be installed again: $(cat "$work/log")"
  expect 0 as_user metakey id edge.packet_id

  inside dpkg -P metakey > "$work/log" 2>&1 || fail "it cannot be purged: $(cat "$work/log")"
  # Only what the policy of Debian leaves: the group, and what dpkg and systemd note of every package.
  expect '' inside find /usr /etc /var /run -xdev -iname '*metakey*' ! -path '/var/log/*'
}

test_sums
test_tarball
test_sbom
if ls "$packages"/metakey_*_"$arch".deb > /dev/null 2>&1; then
  test_deb
else
  say "left out: the .deb, which could not be made here"
fi
if ls "$packages"/metakey-*-oci-"$arch".tar > /dev/null 2>&1; then
  test_oci
else
  say "left out: the OCI image, which could not be made here"
fi
if [ "$arch" != arm64 ] && ls "$packages"/metakey-*-linux-aarch64.tar.gz > /dev/null 2>&1; then
  test_arm64
else
  say "left out: packages of arm64, which were not made elsewhere"
fi
say "the packages work"
