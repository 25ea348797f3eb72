#!/usr/bin/env bash
# Makes the packages of the current commit twice, in two places, and compares them byte by byte.
#
#   deploy/reproducible.sh           clones the commit twice, and builds and packages each under another path, umask, time zone, locale and time.
#                                    Takes twice as long as a build and deploy/package.sh
#   deploy/reproducible.sh --short   packages what is built already once more, from a copy under another path and so on, and compares
#                                    the tarball with that of deploy/package.sh. What it leaves out: compiling twice, the .deb and the OCI image
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
case "${1:-}" in
  '' | --short) ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compare DIRECTORY DIRECTORY FILE...: what differs, and where.
compare() {
  local one=$1 other=$2 file code=0
  shift 2
  for file in "$@"; do
    cmp "$one/$file" "$other/$file" || code=1
  done
  return "$code"
}

if [ "${1:-}" = --short ]; then
  SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
  copy="$work/a copy, elsewhere"
  mkdir -p "$copy/deploy/target"
  git -C "$root" ls-files -z | tar -C "$root" --null -T - -cf - | tar -C "$copy" -xf -
  cp -a "$root/deploy/target/metakey" "$root/deploy/target/bom.json" "$copy/deploy/target/"
  touch "$copy/deploy/target/metakey/bin/metakeyd" # newer than the sources
  (umask 077 && LC_ALL=POSIX TZ=Pacific/Kiritimati "$copy/deploy/package.sh" --tarball > "$work/log" 2>&1) || {
    cat "$work/log" >&2
    exit 1
  }
  made=$(cd "$copy/deploy/target/packages" && ls)
else
  git clone -q "$root" "$work/one"
  mkdir -p "$work/a much longer path/to the other"
  git clone -q "$root" "$work/a much longer path/to the other/clone"
  for arch in '' '--arch arm64'; do
    # shellcheck disable=SC2086  # words
    (umask 022 && LC_ALL=C TZ=UTC "$work/one/deploy/package.sh" $arch) || exit 1
    # shellcheck disable=SC2086
    (umask 077 && LC_ALL=POSIX TZ=Pacific/Kiritimati "$work/a much longer path/to the other/clone/deploy/package.sh" $arch) || exit 1
  done
  root=$work/one
  copy="$work/a much longer path/to the other/clone"
  made=$(cd "$root/deploy/target/packages" && ls)
fi
# shellcheck disable=SC2086  # names without blanks
if compare "$root/deploy/target/packages" "$copy/deploy/target/packages" ${made//SHA256SUMS/}; then
  echo "the same bytes:" $made
else
  if [ -n "${METAKEY_KEEP:-}" ]; then
    trap - EXIT
    echo "kept in $work" >&2
  fi
  exit 1
fi
