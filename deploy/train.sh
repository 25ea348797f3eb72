#!/bin/sh
# Lists the classes that the image's programs load, for the archives that are made of them where the image runs: runs both
# as they are used, with a daemon of its own in a private directory. Called by the build: train.sh IMAGE
set -eu
image=$(readlink -f "$1")
private=$(mktemp -d)
cd "$private"
daemon=
end() {
  if [ -n "$daemon" ]; then kill "$daemon" 2> /dev/null || true; fi
  rm -rf "$private"
}
trap end EXIT
# Without the JDK's own archive, the lists have every class in the order in which it is loaded.
METAKEY_JAVA_OPTS='-Xshare:off -XX:DumpLoadedClassList=classes.%p'
METAKEY_SOCKET=$private/s.sock
export METAKEY_JAVA_OPTS METAKEY_SOCKET
unset METAKEY_SERVICE

serve() {
  "$image/bin/metakeyd" --config "$private/metakeyd.yaml" 2>> "$private/log" &
  daemon=$!
}

stop() {
  kill "$daemon"
  wait "$daemon" || true
  daemon=
}

# What it prints does not matter, and some calls are meant to be refused.
run() { "$image/bin/metakey" "$@" > "$private/out" 2>&1 < /dev/null || true; }

mkdir "$private/keys.d"
printf '%s\n' "socket: $METAKEY_SOCKET" "data: $private/data" "run: $private/run" "bpffs: $private/bpf" > "$private/metakeyd.yaml"
serve
"$image/bin/metakey" --timeout 60s register train.a:8 train.b:4 > "$private/out" || {
  cat "$private/log" >&2
  exit 1
}
run list -o json
run list
"$image/bin/metakey" watch | head -n 1 > "$private/out"
stop
printf '%s\n' 'metrics:' "  listen: unix:$private/metrics.sock" '  page: public' >> "$private/metakeyd.yaml"
serve # with data, and all that the config may ask for
"$image/bin/metakey" --timeout 60s resolve train.a train.b > "$private/out"
for verb in 'id train.a' 'id train.c' 'show train.a' header status map pending users history 'release train.b' 'gen c' doctor --help 'list --help' --version --nonsense; do
  # shellcheck disable=SC2086  # words
  run $verb
done
stop
printf '%s\n' 'fleet: { name: train, endpoints: ["127.0.0.1:9"] }' >> "$private/metakeyd.yaml"
serve # in a fleet that is away
"$image/bin/metakey" --timeout 60s resolve train.a > "$private/out"
stop
run id train.a # stale

for program in metakeyd metakey; do
  case $program in
    metakeyd) main=dev/metakey/server/Main ;;
    metakey) main=dev/metakey/cli/Main ;;
  esac
  # The lists of this program's runs in one, without comments, without proxies, which no other run has, and without the
  # numbers that newer JVMs give to classes. A lambda that one run lists more than once has so many places in the code, and
  # needs one class of the archive for each.
  # shellcheck disable=SC2016  # those are of awk
  grep -hlE "^$main( |$)" "$private"/classes.* | xargs awk '
    FNR == 1 { split("", here) }
    /^#|[$]Proxy[0-9]/ { next }
    { sub(/ id: [0-9]+/, "") }
    ++here[$0] > listed[$0] && (!listed[$0] || /^@lambda-proxy/) { listed[$0]++; print }' > "$image/lib/$program.classes"
  grep -qx "$main" "$image/lib/$program.classes"
done
