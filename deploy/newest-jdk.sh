#!/usr/bin/env bash
# Prints the directory of the newest JDK on this machine that is newer than the one in use, if any. With --lts: of the newest that
# has long-term support, the one in use included. With --used: of the one in use.
set -euo pipefail

# version JDK_DIRECTORY: its major version.
version() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2> /dev/null; }

is_lts() { [ "$1" -ge 17 ] && [ $((($1 - 17) % 4)) -eq 0 ]; }

used_jdk=$(dirname "$(dirname "$(readlink -f "$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}javac")")")")
if [ "${1:-}" = --used ]; then
  printf '%s\n' "$used_jdk"
  exit
fi
used=$(version "$used_jdk")
best=
best_version=${used:-17}
if [ "${1:-}" = --lts ]; then
  best=$used_jdk
  is_lts "$best_version" || best_version=0
fi
for jdk in /usr/lib/jvm/*/; do
  jdk=${jdk%/}
  if [ ! -x "$jdk/bin/javac" ]; then continue; fi
  found=$(version "$jdk")
  if [ "${1:-}" = --lts ] && ! is_lts "${found:-0}"; then continue; fi
  if [ "${found:-0}" -gt "$best_version" ]; then
    best=$jdk
    best_version=$found
  fi
done
printf '%s\n' "$best"
