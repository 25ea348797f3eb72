# shellcheck shell=bash disable=SC2034,SC2154  # package.sh sets root, image, work and arch
# Sourced by package.sh and package-test.sh: makes packages of arm64 on another kind of machine. Java's code is the same everywhere. The rest is
# what jlink makes of the distribution's JDK for arm64, native libraries from the jars, and metakey-trace, compiled for it. Programs of arm64 are
# run by qemu.

cross=${XDG_CACHE_HOME:-$HOME/.cache}/metakey/arm64

# use_arm64_packages: from now on apt is about packages of arm64, with lists of its own: those of this machine stay as they are.
use_arm64_packages() {
  mkdir -p "$cross"/apt/{lists/partial,cache/archives/partial}
  touch "$cross/apt/status"
  cat > "$cross/apt.conf" << CONFIG
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State "$cross/apt";
Dir::State::status "$cross/apt/status";
Dir::Cache "$cross/apt/cache";
CONFIG
  export APT_CONFIG=$cross/apt.conf
}

# fetch_for_arm64 PACKAGE...: fetches them into $cross/debs, those that are there already excepted.
fetch_for_arm64() {
  mkdir -p "$cross/debs"
  (cd "$cross/debs" && { apt-get download -qq "$@" || { apt-get update -qq && apt-get download -qq "$@"; }; }) > /dev/null 2>&1
}

# deb PACKAGE: the file of its newest version.
deb() {
  local version_of_it
  version_of_it=$(apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p')
  printf '%s\n' "$cross/debs/${1}_${version_of_it/:/%3a}_arm64.deb"
}

# can_cross JDK: whether packages of arm64 can be made here; if not, says in $lacking what is missing. JDK is the one whose jlink makes the
# runtime, which takes modules of its own version only. Afterwards they are in $cross_jdk, and the libraries to link to in $sysroot.
can_cross() {
  local version package
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  lacking="gcc-aarch64-linux-gnu, a compiler for arm64"
  want aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu > /dev/null 2>&1 && want /usr/aarch64-linux-gnu/include/stdio.h libc6-dev-arm64-cross > /dev/null 2>&1 || return 1
  lacking="openjdk-$version-jdk-headless for arm64, or libbpf-dev: apt has no such package"
  command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || return 1
  use_arm64_packages
  fetch_for_arm64 "openjdk-$version-jdk-headless" "openjdk-$version-jre-headless" libbpf-dev libbpf1 libelf1 zlib1g libc6 libgcc-s1 libstdc++6 || return 1
  sysroot=$work/sysroot
  cross_jdk=$sysroot/usr/lib/jvm/java-$version-openjdk-arm64
  mkdir -p "$sysroot"
  for package in libbpf-dev libbpf1 libelf1 zlib1g; do dpkg-deb -x "$(deb "$package")" "$sysroot"; done
  for package in jdk jre; do
    dpkg-deb --fsys-tarfile "$(deb "openjdk-$version-$package-headless")" | tar -xC "$sysroot" --wildcards './usr/lib/jvm/*/jmods' './usr/lib/jvm/*/release' 2> /dev/null || true
  done
  [ -e "$cross_jdk/jmods" ] && [ -e "$cross_jdk/release" ]
}

# cross_tree TREE: has it the native code of arm64 in place of this machine's. Of BPF programs there is one kind.
cross_tree() {
  local libraries=lib/aarch64-linux-gnu
  find "$1/lib" -name '*.so' -delete
  find "$1/lib" -mindepth 1 -type d -empty -delete
  cp -a "$root/deploy/target/aarch64/." "$1/lib/"
  if [ -e "$1/libexec/metakey-trace" ]; then
    aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -I "$sysroot/usr/include" "$root/deploy/src/trace/metakey-trace.c" -o "$1/libexec/metakey-trace" \
      -L "$sysroot/usr/$libraries" -Wl,-rpath-link,"$sysroot/usr/$libraries:$sysroot/$libraries" -lbpf
  fi
}

# cross_depends FILE...: which packages have the libraries that they link to, as those packages say themselves.
cross_depends() {
  local package
  for package in libc6 libgcc-s1 libstdc++6 zlib1g libbpf1; do
    dpkg-deb -I "$(deb "$package")" shlibs
  done > "$work/shlibs"
  readelf -d "$@" 2> /dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u | awk '
    NR == FNR { packages = $0; sub(/^[^ ]* [^ ]* /, "", packages); of[$1 ".so." $2] = packages; next }
    $1 in of { print of[$1] }' "$work/shlibs" - | sort -u | paste -sd , | sed 's/,/, /g'
}

# How the kernel knows programs of arm64, and that qemu runs them. In namespaces of our own, only what runs there gets to know.
can_emulate() {
  lacking="qemu-user-static"
  (unset APT_CONFIG && want qemu-aarch64-static qemu-user-static) > /dev/null 2>&1 || return 1
  emulator=':aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:'
  emulator+='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'$(command -v qemu-aarch64-static):FP
  unshared=(unshare --map-root-user --mount --pid --fork --kill-child)
  if [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then emulator=; fi
  lacking="a kernel with binfmt_misc in namespaces (6.7 or later)"
  [ -z "$emulator" ] || "${unshared[@]}" mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2> /dev/null
}
