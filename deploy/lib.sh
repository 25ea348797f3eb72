# shellcheck shell=bash disable=SC2154  # the caller sets root
# Sourced by demo.sh, test.sh, package.sh and package-test.sh, with $root set to the project's root.

image=$root/deploy/target/metakey

say() { printf '%s\n' "$*"; }

updated=

# want THING PACKAGE: installs the package where the command, or file, is missing. Fails if that
# cannot be done.
want() {
  if command -v "$1" > /dev/null || [ -e "$1" ]; then return; fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then return 1; fi
  say "installing $2"
  if [ -z "$updated" ]; then
    apt-get update -qq
    updated=yes
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" > /dev/null
}

# need THING PACKAGE: the same, but ends the script if that cannot be done.
need() {
  if ! want "$1" "$2"; then
    say "$1 is missing: install it (Debian and Ubuntu: apt-get install $2), then run this again" >&2
    exit 1
  fi
}

# Installs what it takes to build and load BPF programs. Where this machine or user cannot load
# them, fails, with the first thing that is missing in $lacking.
set_up_bpf() {
  local thing
  for thing in make:make cc:gcc clang:clang llvm-objdump:llvm /usr/include/bpf/libbpf.h:libbpf-dev /usr/include/linux/bpf.h:linux-libc-dev \
    bpftool:bpftool ip:iproute2 tc:iproute2 xdp-loader:xdp-tools; do
    lacking=${thing%%:*}
    want "$lacking" "${thing#*:}" || return 1
  done
  lacking="root"
  [ "$(id -u)" -eq 0 ] || return 1
  lacking="BPF in this kernel, or the right to use it"
  bpftool prog list > /dev/null 2>&1
}

# Installs what makes a site of the documentation. Fails, with what is missing in $lacking, if that cannot be done.
set_up_site() {
  local modules=/usr/lib/python3/dist-packages thing
  for thing in sphinx-build:python3-sphinx "$modules/myst_parser:python3-myst-parser" "$modules/furo:furo"; do
    lacking=${thing#*:}
    want "${thing%%:*}" "$lacking" || return 1
  done
}

# Installs what a build needs.
set_up() {
  need javac openjdk-17-jdk-headless
  need mvn maven
}

# build [anew]: builds the image if a source is newer than it, or in any case.
# shellcheck disable=SC2120  # of package.sh
build() {
  local made=$image/bin/metakeyd
  local sources=("$root/pom.xml" "$root"/{proto,client-lib,registry-server,cli}/{pom.xml,src/main})
  sources+=("$root/deploy/pom.xml" "$root"/deploy/{src/image,src/trace,examples} "$root/docs" "$root"/*.md)
  if [ -z "${1:-}" ] && [ -x "$made" ] && [ -z "$(find "${sources[@]}" -path "$root/deploy/examples/build" -prune -o -newer "$made" -type f -print -quit)" ]; then
    # It may have been built before there was a clang.
    [ -x "$image/libexec/metakey-trace" ] || "$root/deploy/src/trace/build.sh" "$image/libexec"
    return
  fi
  say "building metakey: Maven compiles it and puts the installation together in deploy/target/metakey"
  say "(a minute or two; the first time it also fetches some 300 MB of libraries and plugins, which takes some minutes more)"
  (cd "$root" && mvn -B -ntp -pl deploy -am -Dmaven.test.skip -Dstyle.color=never package) |
    sed -n 's/^\[INFO\] Building \(metakey[^0-9]*\).*/  \1/p; /^\[ERROR\]/p'
}

# Makes, once, a Debian in which services can be run under a systemd of their own, and sets
# $test_root to it. Nobody may change it: tests lay a file system of their own over it. Where it
# cannot be made, fails, with what is missing in $lacking.
set_up_root() {
  local suite=bookworm cache=${XDG_CACHE_HOME:-$HOME/.cache}/metakey
  lacking=root
  [ "$(id -u)" -eq 0 ] || return 1
  lacking=debootstrap
  want debootstrap debootstrap || return 1
  lacking=systemd-nspawn
  want systemd-nspawn systemd-container || return 1
  test_root=$cache/root-$suite
  [ -d "$test_root" ] || make_root "$suite" || return 1
  lacking="a system that boots in systemd-nspawn"
  boots
}

# make_root SUITE: see set_up_root.
make_root() {
  local suite=$1 cache made
  cache=$(dirname "$test_root")
  lacking="a Debian that debootstrap can fetch"
  say "making a small Debian in $test_root"
  mkdir -p "$cache"
  made=$(mktemp -d "$test_root.XXXXXX")
  if debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$suite" "$made" > /dev/null 2>&1; then
    chmod 755 "$made"
    rm -f "$made"/var/cache/apt/archives/*.deb
    mv -T "$made" "$test_root" 2> /dev/null || rm -rf --one-file-system "$made" # somebody else was first
  else
    rm -rf --one-file-system "$made"
    return 1
  fi
}

# lay_root PLACE: lays a file system of its own over $test_root, in PLACE/root, and sets $boot to the command that boots it.
lay_root() {
  mkdir -p "$1"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$test_root,upperdir=$1/upper,workdir=$1/work" "$1/root"
  boot=(systemd-nspawn --quiet --boot --keep-unit --register=no --console=pipe --machine="metakey-$$" --directory="$1/root"
    --private-network --resolv-conf=off --timezone=off --link-journal=no)
}

# Whether $test_root boots here, in a file system of its own, and ends again.
boots() {
  local place boot code=1
  place=$(mktemp -d)
  if lay_root "$place" 2> /dev/null; then
    timeout 120 "${boot[@]}" systemd.unit=poweroff.target > /dev/null 2>&1 < /dev/null && code=0
    umount "$place/root"
  fi
  rm -rf --one-file-system "$place"
  return "$code"
}
