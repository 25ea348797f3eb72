# shellcheck shell=bash disable=SC2034,SC2154  # package.sh sets root, work, packages, name, arch, version, cross_jdk and SOURCE_DATE_EPOCH
# Sourced by package.sh: makes an OCI image, without Docker and without a registry. Its base is what the programs need and no more:
# the C and C++ libraries, libbpf for 'metakey trace', and busybox for the launchers, from the packages of the distribution that builds.

# Names the packages of the base, with what they depend on.
base_packages() {
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
    libc6 libstdc++6 libbpf1 busybox-static | grep '^[a-z0-9]' | sort -u
}

# fetch_base: fetches them into $debs, those that are there already excepted. Fails where apt cannot.
fetch_base() {
  local package
  debs=${XDG_CACHE_HOME:-$HOME/.cache}/metakey/oci-base-$arch
  mkdir -p "$debs"
  for package in $(base_packages); do
    (cd "$debs" && apt-get download -qq "$package") > /dev/null 2>&1 || return 1
  done
}

# The same namespaces for root and for others.
unshared=(unshare --mount --pid --fork --kill-child)
[ "$(id -u)" -eq 0 ] || unshared+=(--map-root-user)

# Whether an image can be made here; if not, says in $lacking what is missing.
can_make_oci() {
  lacking="apt-cache and apt-get, which fetch the base"
  command -v apt-cache > /dev/null && [ -n "$(base_packages 2> /dev/null)" ] || return 1
  lacking="the packages of the base, which apt cannot fetch"
  fetch_base || { [ "$(id -u)" -eq 0 ] && apt-get update -qq && fetch_base; } || return 1
  lacking="the right to make namespaces"
  "${unshared[@]}" true 2> /dev/null
}

# make_base ROOT: a file system of those packages.
make_base() {
  local package version_of_it directory applet
  mkdir -p "$1"/{dev,etc/metakey/keys.d,proc,run/metakey,sys,tmp,usr/{bin,lib,lib64,sbin},var/{cache,lib/dpkg/status.d,lib/metakey}}
  for directory in bin lib lib64 sbin; do ln -s "usr/$directory" "$1/$directory"; done
  for package in $(base_packages); do
    version_of_it=$(apt-cache show --no-all-versions "$package" | sed -n 's/^Version: //p')
    set -- "$1" "$debs/${package}_${version_of_it/:/%3a}"_*.deb
    dpkg-deb -x "$2" "$1"
    # So that scanners know what is in it.
    dpkg-deb -f "$2" > "$1/var/lib/dpkg/status.d/$package"
  done
  # Encodings that Java does not use, and what only a system that boots has a use for.
  rm -rf "$1"/usr/share/{bug,gcc,gdb,initramfs-tools,lintian,locale,man} "$1"/usr/lib/*/gconv "$1"/usr/lib/*/audit
  find "$1/usr/share/doc" -type f ! -name copyright -delete
  find "$1/usr/share/doc" -mindepth 1 -type d -empty -delete
  for applet in sh cat env grep id kill ls mkdir mv ps readlink rm sed sleep stat sync test wget; do ln -s busybox "$1/bin/$applet"; done
  printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' > "$1/etc/passwd"
  printf 'root:x:0:\nmetakey:x:%s:\nnogroup:x:65534:\n' "$oci_group" > "$1/etc/group"
  chmod -R u=rwX,go=rX "$1"
  chmod 1777 "$1/tmp"
  chmod 700 "$1/var/lib/metakey"
}

# The group that may register and link: a number that no distribution gives out, as only the number means something to the host.
oci_group=64064

# in_root ROOT COMMAND...: runs it with ROOT as the root, in namespaces that end with it; with $emulator, by qemu (arm64.sh).
emulator=
in_root() {
  # shellcheck disable=SC2016  # for that shell
  emulator=$emulator "${unshared[@]}" --mount-proc sh -c '
    if [ -n "$emulator" ]; then
      mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf %s "$emulator" > /proc/sys/fs/binfmt_misc/register || exit
    fi
    mount --rbind "$1" "$1" && mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" || exit
    root=$1
    shift
    PATH=$PATH:/usr/sbin exec chroot "$root" /bin/busybox env -i PATH=/usr/bin:/bin "$@"' sh "$@"
}

# make_image_archives ROOT: archives of classes belong to a place, so they are made with ROOT as the root. The same JVM makes the same bytes of the
# same jars, but not where qemu runs it: an image of another architecture has none.
make_image_archives() { [ -n "$cross_jdk" ] || in_root "$1" /usr/lib/metakey/lib/make-archives; }

# layer ROOT: adds it to the layout as a layer; prints its digest as it is unpacked, and its descriptor.
layer() {
  local tar=$work/layer.tar digest
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  # The launchers take an archive only if its note is newer than all jars.
  find "$1" -name '*.archive' -exec touch -d "@$((SOURCE_DATE_EPOCH + 1))" {} +
  tar -C "$1" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf "$tar" .
  digest=$(sha256sum < "$tar")
  gzip -n9 "$tar"
  printf 'sha256:%s %s\n' "${digest%% *}" "$(blob application/vnd.oci.image.layer.v1.tar+gzip "$tar.gz")"
}

# blob TYPE FILE: moves a file into the layout, and prints its descriptor.
blob() {
  local digest size
  digest=$(sha256sum < "$2")
  digest=${digest%% *}
  size=$(stat -c %s "$2")
  mv "$2" "$work/oci/blobs/sha256/$digest"
  printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$1" "$digest" "$size"
}

# make_oci TREE NAME: writes NAME.tar, which is an OCI layout, and NAME.cdx.json, what the image is made of.
make_oci() {
  local base=$work/base app=$work/app place layers=() ids=() one descriptor labels created revision
  created=$(date -ud "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
  revision=$(git -C "$root" rev-parse HEAD 2> /dev/null || echo unknown)
  make_base "$base"
  # What is laid over the base: the installation, in the places of the .deb.
  place=$app/usr/lib/metakey
  mkdir -p "$app"/usr/{bin,lib,share/doc}
  cp -a "$1" "$place"
  bundled "$place" "$base/var/lib/dpkg/status.d"
  rm -r "$place/share/man" "$place/share/doc/metakey/docs"
  mv "$place/share/doc/metakey" "$app/usr/share/doc/"
  rmdir "$place/share/doc"
  cp -p "$app/usr/share/doc/metakey/sbom.cdx.json" "$2.cdx.json"
  ln -s ../lib/metakey/bin/metakey ../lib/metakey/bin/metakeyd "$app/usr/bin/"
  find "$place" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  mv "$place" "$base/usr/lib/"
  make_image_archives "$base"
  mv "$base/usr/lib/metakey" "$place"
  chmod -R u=rwX,go=rX "$app"

  mkdir -p "$work/oci/blobs/sha256"
  for one in "$base" "$app"; do
    read -r id descriptor < <(layer "$one")
    ids+=("\"$id\"")
    layers+=("$descriptor")
  done
  labels='"org.opencontainers.image.title":"metakey","org.opencontainers.image.description":"A registry of packet metadata keys"'
  labels+=",\"org.opencontainers.image.version\":\"$version\",\"org.opencontainers.image.revision\":\"$revision\""
  labels+=",\"org.opencontainers.image.created\":\"$created\",\"org.opencontainers.image.licenses\":\"Apache-2.0\""
  printf '{"created":"%s","architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/bin:/bin"],"Entrypoint":["/usr/bin/metakeyd"],"Labels":{%s}},' \
    "$created" "$arch" "$labels" > "$work/config.json"
  printf '"rootfs":{"type":"layers","diff_ids":[%s,%s]},"history":[{"created":"%s","created_by":"base"},{"created":"%s","created_by":"metakey"}]}' \
    "${ids[@]}" "$created" "$created" >> "$work/config.json"
  descriptor=$(blob application/vnd.oci.image.config.v1+json "$work/config.json")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s,%s],"annotations":{%s}}' \
    "$descriptor" "${layers[@]}" "$labels" > "$work/manifest.json"
  descriptor=$(blob application/vnd.oci.image.manifest.v1+json "$work/manifest.json")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s,' "${descriptor%\}}" > "$work/oci/index.json"
  printf '"platform":{"architecture":"%s","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"%s"}}]}' "$arch" "$version" >> "$work/oci/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' > "$work/oci/oci-layout"
  tar -C "$work/oci" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=gnu \
    -cf "$2.tar" blobs index.json oci-layout
}
