#!/usr/bin/env bash
# Prints the directory of the newest JDK on this machine that is newer than the one in use, if any.
set -euo pipefail

# version JDK_DIRECTORY: its major version.
version() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2> /dev/null; }

used=$(version "$(dirname "$(dirname "$(readlink -f "$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}javac")")")")")
best=
best_version=${used:-17}
for jdk in /usr/lib/jvm/*/; do
  jdk=${jdk%/}
  if [ ! -x "$jdk/bin/javac" ]; then continue; fi
  found=$(version "$jdk")
  if [ "${found:-0}" -gt "$best_version" ]; then
    best=$jdk
    best_version=$found
  fi
done
printf '%s\n' "$best"
