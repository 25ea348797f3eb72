# shellcheck shell=bash disable=SC2154  # the caller sets root
# Sourced by demo.sh and test.sh, with $root set to the project's root.

image=$root/deploy/target/metakey

say() { printf '%s\n' "$*"; }

# need COMMAND PACKAGE: installs the package where the command is missing.
need() {
  if command -v "$1" > /dev/null; then return; fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    say "$1 is missing: install it (Debian and Ubuntu: apt-get install $2), then run this again" >&2
    exit 1
  fi
  say "installing $2"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" > /dev/null
}

# What a build needs.
set_up() {
  need javac openjdk-17-jdk-headless
  need mvn maven
}

# The image, made anew where a source is newer than it.
build() {
  local made=$image/bin/metakeyd
  local sources=("$root/pom.xml" "$root"/{proto,client-lib,registry-server,cli}/{pom.xml,src/main})
  sources+=("$root/deploy/pom.xml" "$root/deploy/src/image")
  if [ -x "$made" ] && [ -z "$(find "${sources[@]}" -newer "$made" -print -quit)" ]; then return; fi
  say "building metakey (the first time, Maven fetches what it needs: some minutes)"
  (cd "$root" && mvn -B -q -pl deploy -am -Dmaven.test.skip package)
}
