#!/usr/bin/env bash
# Makes what is released, in deploy/target/packages: a tarball that runs from anywhere, with a Java runtime of its own, a .deb,
# an OCI image, what they are made of, and sums.
# The same commit gives the same bytes, wherever and whenever this runs with the same JDK. docs/packaging.md tells more.
#
#   deploy/package.sh               makes the packages
#   deploy/package.sh --arch arm64  makes those of arm64, on a machine of another kind, too
#   deploy/package.sh --tarball     makes the tarball alone
#   deploy/package.sh --train       lists anew which classes the programs load, in deploy/classes, after greater changes of the code
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
. "$root/deploy/src/package/oci.sh"
. "$root/deploy/src/package/arm64.sh"
case "$*" in
  '' | --tarball | --train | '--arch arm64') ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
umask 022
export LC_ALL=C.UTF-8 TZ=UTC

# Classes that only optional parts of the libraries use, which metakey has no use for: windows (JNA), data sources (gson),
# records of the JVM (netty) and name services (grpc, for hosts). They would take 30 MB more.
unused_modules='java.desktop
java.naming
java.sql
jdk.jfr'

# The field has to be there, and nobody can be written to yet: RFC 2606 keeps .invalid for what is no domain.
maintainer='metakey maintainers <maintainers@metakey.invalid>'
version=$(sed -n 's:^  <version>\(.*\)</version>:\1:p' "$root/pom.xml")
# When the source was last changed: every file of a package is of that time.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
packages=$root/deploy/target/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make_runtime JDK OUT: a Java runtime of the modules that the programs use; where $cross_jdk is set, of those modules.
make_runtime() {
  local modules
  # Of the lines '   MODULE[/PACKAGE]', those of the JDK.
  modules=$("$1/bin/jdeps" --multi-release base --ignore-missing-deps --list-deps --class-path "$image/lib/*" "$image"/lib/*.jar 2> /dev/null |
    sed -n 's/^ *\(\(java\|jdk\)\.[a-z.]*\).*/\1/p' | sort -u | grep -vxF "$unused_modules" | paste -sd ,)
  # Not compressed by itself: archives of classes save most of the reading, and a package that is compressed as a whole gets smaller.
  "$1/bin/jlink" ${cross_jdk:+--module-path "$cross_jdk/jmods"} --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages --output "$2"
  # jlink keeps only the version.
  grep -v '^MODULES=' "${cross_jdk:-$1}/release" > "$2/release"
  printf 'MODULES="%s"\n' "${modules//,/ }" >> "$2/release"
}

# bundled TREE [DIRECTORY]: says in share/doc/metakey what it is made of, and whose that is. DIRECTORY describes packages that belong to it, too.
bundled() {
  "$jdk/bin/java" -XX:TieredStopAtLevel=1 -cp "$(echo "$1"/lib/gson-*.jar)" "$root/deploy/src/package/Bundled.java" \
    "$1" "$root/deploy/target/bom.json" "$root/deploy/src/notices" "$SOURCE_DATE_EPOCH" ${2:+"$2"}
}

# Everything has the modes of an installation, whatever the umask of the build was.
make_tree() {
  cp -a "$image" "$1"
  rm -rf "$1/cache"
  cp "$root/deploy/classes/"*.classes "$1/lib/"
  make_runtime "$2" "$1/runtime"
  if [ -n "$cross_jdk" ]; then cross_tree "$1"; fi
  # jlink strips its classes; what is left are symbols that only debuggers read.
  find "$1/runtime/lib" "$1/lib" "$1/libexec" \( -name "*.so" -o -name metakey-trace \) -exec "$strip" --strip-unneeded {} +
  "$strip" "$1/runtime/bin"/* "$1/runtime/lib/jspawnhelper"
  rm -f "$1/runtime/bin/keytool" "$1/runtime/lib/jexec"
  bundled "$1"
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# tarball DIRECTORY FILE
tarball() {
  tar -C "$(dirname "$1")" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
    -cf - "$(basename "$1")" | gzip -n9 > "$2"
}

# links_to FILE...: which packages have the libraries that files of $work/deb/usr/lib/metakey link to.
links_to() (
  if [ -n "$cross_jdk" ]; then
    cd "$work/deb/usr/lib/metakey" && cross_depends "$@"
  else
    place=deb/usr/lib/metakey
    mkdir -p "$work/debian"
    printf 'Source: metakey\n\nPackage: metakey\nArchitecture: any\n' > "$work/debian/control"
    cd "$work" && dpkg-shlibdeps -O --ignore-missing-info "-l$place/runtime/lib" "-l$place/runtime/lib/server" "${@/#/-e$place/}" 2> /dev/null | sed -n 's/^shlibs:Depends=//p'
  fi
)

# make_deb TREE: the same installation as a package of Debian, in $work/deb.
make_deb() {
  local deb=$work/deb debian=$root/deploy/src/deb deb_version depends recommends libraries
  # What comes before a release sorts before it.
  deb_version=${version/-SNAPSHOT/~snapshot}
  mkdir -p "$deb"/{DEBIAN,etc/metakey/keys.d,usr/{bin,include,share/doc/metakey,lib/{sysusers.d,tmpfiles.d,systemd/system}},usr/share/lintian/overrides}
  cp -a "$1" "$deb/usr/lib/metakey"
  ln -s ../lib/metakey/bin/metakey ../lib/metakey/bin/metakeyd "$deb/usr/bin/"
  # Archives of classes are what changes there.
  ln -s /var/cache/metakey "$deb/usr/lib/metakey/cache"
  mv "$deb/usr/lib/metakey/include/metakey" "$deb/usr/include/metakey"
  mv "$deb/usr/lib/metakey/share/doc/metakey"/* "$deb/usr/share/doc/metakey/"
  rm "$deb/usr/share/doc/metakey/LICENSE"
  rmdir "$deb/usr/lib/metakey/share/doc/metakey" "$deb/usr/lib/metakey/share/doc" "$deb/usr/lib/metakey/include"
  cp -a "$deb/usr/lib/metakey/share/." "$deb/usr/share/"
  rm -r "$deb/usr/lib/metakey/share"
  mv "$deb/usr/share/metakey/systemd/metakeyd.service" "$deb/usr/lib/systemd/system/"
  cp "$deb/usr/share/metakey/examples/metakeyd.yaml" "$deb/etc/metakey/"
  cp "$debian/metakey.sysusers" "$deb/usr/lib/sysusers.d/metakey.conf"
  cp "$debian/metakey.tmpfiles" "$deb/usr/lib/tmpfiles.d/metakey.conf"
  cp "$debian/copyright" "$deb/usr/share/doc/metakey/"
  cp "$debian/lintian-overrides" "$deb/usr/share/lintian/overrides/metakey"
  cp "$debian"/{postinst,prerm,postrm} "$deb/DEBIAN/"
  echo /etc/metakey/metakeyd.yaml > "$deb/DEBIAN/conffiles"
  cp "$deb/usr/share/doc/metakey/CHANGELOG.md" "$deb/usr/share/doc/metakey/changelog"
  printf 'metakey (%s) stable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' "$deb_version" "$maintainer" \
    "$(date -Rud "@$SOURCE_DATE_EPOCH")" > "$deb/usr/share/doc/metakey/changelog.Debian"
  gzip -n9 "$deb/usr/share/doc/metakey"/changelog* "$deb"/usr/share/man/man*/*

  # What it links to decides what it depends on; only 'metakey trace' needs libbpf.
  mapfile -t libraries < <(cd "$deb/usr/lib/metakey" && ls lib/*.so)
  depends=$(links_to runtime/bin/java runtime/lib/server/libjvm.so "${libraries[@]}")
  recommends=
  if [ -x "$deb/usr/lib/metakey/libexec/metakey-trace" ]; then
    recommends=$(links_to libexec/metakey-trace | tr , '\n' | sed -n 's/^ *\(libbpf.*\)/\1/p')
  fi
  cat > "$deb/DEBIAN/control" <<CONTROL
Package: metakey
Version: $deb_version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$deb" | cut -f 1)
Depends: $depends, init-system-helpers (>= 1.54~), systemd | systemd-standalone-sysusers | systemd-sysusers
${recommends:+Recommends: $recommends
}Section: net
Priority: optional
Description: registry of packet metadata keys
 Programs that handle packets (XDP, tc, tracers, applications) can leave up to
 64 small values in front of a packet. The daemon metakeyd gives each named
 field its key id and its place, for good, and lets everybody resolve names:
 over gRPC on a unix socket, from files, and from pinned BPF maps.
 .
 The package has a Java runtime of its own.
CONTROL
  (cd "$deb" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | sort | xargs -d '\n' md5sum > DEBIAN/md5sums)
  chmod -R u=rwX,go=rX "$deb"
  chmod 755 "$deb/DEBIAN"/{postinst,prerm,postrm}
  find "$deb" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  # -z6 makes an eighth less, and takes three times as long.
  dpkg-deb --root-owner-group -Zxz -z2 --build "$deb" "$packages/metakey_${deb_version}_$arch.deb" > /dev/null
}

# sums: of all the packages that are there.
sums() {
  (cd "$packages" && rm -f SHA256SUMS && sha256sum -- * > "$work/sums" && mv "$work/sums" SHA256SUMS)
}

set_up
need gzip gzip
need strip binutils
build
# Maven makes none when it is offline.
[ -e "$root/deploy/target/bom.json" ] || build anew || true
if [ ! -e "$root/deploy/target/bom.json" ]; then
  say "deploy/target/bom.json is missing, which says what is bundled: Maven makes it only where it may ask Maven Central, so run this again where it can" >&2
  exit 1
fi
cross_jdk=
strip='strip'
cpu=$(uname -m)
arch=$(dpkg --print-architecture 2> /dev/null) || arch=$cpu
if [ "${1:-}" = --arch ] && [ "$arch" != "$2" ]; then
  jdk=$("$root/deploy/newest-jdk.sh" --used)
  if ! can_cross "$jdk"; then
    say "== left out: packages of arm64, as this is missing: $lacking"
    exit
  fi
  cpu=aarch64
  arch=arm64
  strip=aarch64-linux-gnu-strip
else
  jdk=$("$root/deploy/newest-jdk.sh" --lts)
fi
name=metakey-$version-linux-$cpu
tree=$work/$name
say "== the installation with its runtime, from ${cross_jdk:+modules for $arch of }$jdk"
make_tree "$tree" "$jdk"

if [ "${1:-}" = --train ]; then
  "$root/deploy/train.sh" "$tree"
  for program in metakey metakeyd; do
    # What the JVM resolved differs from run to run, and does not matter.
    grep -v '^@cp ' "$tree/lib/$program.classes" | sort > "$root/deploy/classes/$program.classes"
  done
  say "deploy/classes was written anew"
  exit
fi

# Those of another architecture stay.
mkdir -p "$packages"
rm -rf "$packages"/{*"-linux-$cpu".*,*"_$arch.deb",*"-oci-$arch".*}
say "== tarball"
tarball "$tree" "$packages/$name.tar.gz"
cp -p "$tree/share/doc/metakey/sbom.cdx.json" "$packages/$name.cdx.json"
if [ "${1:-}" = --tarball ]; then
  sums
  exit
fi
if [ -n "$cross_jdk" ] || { want dpkg-deb dpkg && want dpkg-shlibdeps dpkg-dev; }; then
  say "== .deb"
  make_deb "$tree"
else
  say "== left out: the .deb, as dpkg-deb and dpkg-shlibdeps could not be installed"
fi
if can_make_oci; then
  say "== OCI image"
  make_oci "$tree" "$packages/metakey-$version-oci-$arch"
else
  say "== left out: the OCI image, as this is missing: $lacking"
fi

sums
say "== made in ${packages#"$root"/}"
du -sm "$tree" | sed 's/\t.*/ MB when installed/'
cat "$packages/SHA256SUMS"
