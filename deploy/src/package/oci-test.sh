# shellcheck shell=bash disable=SC2154  # package-test.sh sets root, work and packages
# Sourced by package-test.sh: runs the OCI image as the manifests of deploy/kubernetes have it.

containers=()
pinned=/sys/fs/bpf/metakey-package-test-$$

end_containers() {
  local container
  for container in "${containers[@]}"; do runc delete --force "$container" > /dev/null 2>&1 || true; done
  rm -rf "$pinned" 2> /dev/null || true
}

# Whether images can be run here; if not, what is missing is in $lacking.
can_run_oci() {
  local thing
  lacking=root
  [ "$(id -u)" -eq 0 ] || return 1
  for thing in umoci:umoci runc:runc kubectl:kubernetes-client /usr/lib/python3/dist-packages/yaml:python3-yaml; do
    lacking=${thing#*:}
    want "${thing%%:*}" "$lacking" > /dev/null 2>&1 || return 1
  done
  lacking="kubectl kustomize of 1.21 or later"
  kubectl kustomize "$root/deploy/kubernetes/overlays/example" > "$work/overlay.yaml" 2> /dev/null || return 1
  # What container engines allow by default. It is unpacked and not installed, as it belongs to an engine.
  lacking="golang-github-containers-common, which has the default profile of seccomp"
  seccomp=${XDG_CACHE_HOME:-$HOME/.cache}/metakey/containers/usr/share/containers/seccomp.json
  [ -e "$seccomp" ] || (mkdir -p "${seccomp%/usr/*}" && cd "${seccomp%/usr/*}" && apt-get download -qq golang-github-containers-common &&
    dpkg -x golang-github-containers-common_*.deb . && rm golang-github-containers-common_*.deb) > /dev/null 2>&1 || return 1
  lacking="containers that runc can run"
  mkdir -p "$work/empty/rootfs"
  (cd "$work/empty" && runc spec && sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"nothing"/; /"cgroup"/,/}/d' config.json) || return 1
  lacking="a bpf file system in /sys/fs/bpf"
  [ "$(stat -fc %T /sys/fs/bpf)" = bpf_fs ] || return 1
}

# pod MANIFESTS KIND NAME: makes a container of it from the image, with the directories of $host for those of the host.
pod() {
  umoci unpack --image "$work/oci:$tag" "$work/$3" > "$work/log" 2>&1 || fail "the image cannot be unpacked: $(cat "$work/log")"
  # shellcheck disable=SC2046  # words
  /usr/bin/python3 "$root/deploy/src/package/pod.py" "$1" "$2" "$3" "$work/$3" "$seccomp" "${host[@]}" > "$work/$3.probes" || fail "$3 cannot be run from its manifest"
}

# start NAME: starts the daemon that pod made, and waits until its startup probe is content.
start() {
  local probe deadline=$((SECONDS + 180))
  read -ra probe < "$work/$1.probes"
  containers+=("$1-$$")
  runc run --bundle "$work/$1" --detach "$1-$$" > "$work/$1.log" 2>&1 < /dev/null || fail "$1 cannot be started: $(cat "$work/$1.log")"
  until runc exec "$1-$$" "${probe[@]}" > "$work/log" 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 does not get ready: $(cat "$work/log" "$work/$1.log")"
    sleep 0.2
  done
}

# stop NAME: as a kubelet stops it.
stop() {
  local deadline=$((SECONDS + 60))
  runc kill "$1-$$" TERM
  until [ "$(runc state "$1-$$" | sed -n 's/.*"status": "\(.*\)".*/\1/p')" = stopped ]; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 does not stop"
    sleep 0.2
  done
  runc delete "$1-$$"
}

in_daemon() { runc exec --env METAKEY_SERVICE=test "metakeyd-$$" "$@"; }

test_oci() {
  local tag probe others
  local -a host
  if ! can_run_oci; then
    say "left out: running the OCI image: $lacking is missing"
    return
  fi
  mkdir -p "$work/oci" "$work/host"
  tar -xf "$packages"/metakey-*-oci-"$arch".tar -C "$work/oci"
  tag=$(umoci list --layout "$work/oci")
  /usr/bin/python3 "$root/deploy/src/package/check-sbom.py" "$packages"/metakey-*-oci-"$arch".cdx.json "$work/installed" || fail "the image's bill of materials is wrong"
  echo 0123456789abcdef0123456789abcdef > "$work/host/machine-id"
  host=(/run/metakey="$work/host/run" /var/lib/metakey="$work/host/data" /sys/fs/bpf/metakey="$pinned" /etc/machine-id="$work/host/machine-id")
  pod "$work/overlay.yaml" DaemonSet metakeyd
  start metakeyd
  while read -ra probe; do in_daemon "${probe[@]}" || fail "the probe '${probe[*]}' fails"; done < "$work/metakeyd.probes"

  # In it, and from the host by the directory that is mounted.
  expect edge.first in_daemon metakey register edge.first:8 -o name
  expect 0 in_daemon metakey id edge.first
  [[ $(in_daemon metakey list -o name) == edge.first$'\n'* ]] || fail "list in the container does not show what was registered"
  expect 0 env METAKEY_SOCKET="$work/host/run/metakeyd.sock" "$work/installed/bin/metakey" id edge.first
  # All that it may do, it can: read-only, and with no other capabilities than the manifest's.
  if in_daemon metakey status | grep -E 'cannot|not published|no maps|without'; then fail "the daemon lacks something"; fi
  [ -e "$pinned/header" ] || fail "no maps were pinned"
  # The archives of the image are used, and no other was made.
  others=$(runc exec --env METAKEY_JAVA_OPTS=-Xlog:class+load "metakeyd-$$" metakey list | grep ' source: ' | grep -vc 'shared objects file' || true)
  [ "$others" -lt 150 ] || fail "$others classes of 'metakey list' are in no archive of the image"
  expect 2 sh -c "find '$work/metakeyd/rootfs' -name '*.jsa' | wc -l"

  # A pod as in the example: another uid, the group, the name of its label, and the directory for reading only.
  pod "$work/overlay.yaml" Pod edge
  containers+=("edge-$$")
  runc run --bundle "$work/edge" "edge-$$" > "$work/edge.log" 2>&1 < /dev/null || fail "the example's pod fails: $(cat "$work/edge.log")"
  [[ $(in_daemon metakey show edge.packet_id) == *"edge (uid 10001)"* ]] || fail "the pod's field is not of the service that its label names"

  # Another pod of the same node goes on where this one ends.
  stop metakeyd
  expect 0 env METAKEY_SOCKET="$work/host/run/metakeyd.sock" "$work/installed/bin/metakey" id edge.first 2> "$work/log"
  start metakeyd
  expect 0 in_daemon metakey id edge.first
  stop metakeyd

  test_plain_user
}

# As a user of its own without any capability, the daemon serves and publishes files.
test_plain_user() {
  local config=$work/metakeyd/config.json directory
  for directory in run data; do chown -R 64065:64064 "$work/host/$directory"; done
  /usr/bin/python3 - "$config" << 'PYTHON'
import json, sys
config = json.load(open(sys.argv[1]))
process = config["process"]
process["user"] = {"uid": 64065, "gid": 64064}
process["capabilities"] = {}
process["args"] += ["--bpffs", "none", "--programs", "none"]
json.dump(config, open(sys.argv[1], "w"))
PYTHON
  start metakeyd
  expect 0 in_daemon metakey id edge.first
  expect edge.second in_daemon metakey register edge.second:4 -o name
  stop metakeyd
}
