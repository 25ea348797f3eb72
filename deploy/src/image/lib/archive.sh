# Sourced after java.sh, with $root and $program set. An archive holds a program's classes as the JVM has read and checked
# them; with it, a program starts in about a third of the time. It belongs to one build of Java, one place and one set of
# jars, and is code: only one that the image's owner or root must have made is used.
# lib/make-archives makes them.

# Where an archive may be: in the image or, if that cannot be written, in root's cache.
image_cache=$root/cache
root_cache=/var/cache/metakey

# What an archive belongs to. The JVM, too, refuses one that was made for other jars or another JVM, but then does without
# any, the JDK's own included.
IFS= read -r jars < "$root/lib/jars" || jars=
belongs_to="$jars $build $java_file $root"

# is_closed PATH...: whether nobody but root can change these.
is_closed() {
  for path in "$@"; do
    case $(stat -Lc '%u %a' "$path" 2> /dev/null) in
      "0 "*[0145][0145]) ;;
      *) return 1 ;;
    esac
  done
}

# is_whole FILE SIZE: a JVM crashes on one that is cut short.
is_whole() { [ "$(stat -Lc %s "$1" 2> /dev/null)" = "$2" ]; }

# is_newest FILE: whether no jar was replaced since it was written. Every sh knows -nt, although
# POSIX does not.
is_newest() {
  set +f
  for jar_file in "$root"/lib/*.jar; do
    if [ ! "$1" -nt "$jar_file" ]; then
      set -f
      return 1
    fi
  done
  set -f
}

# Sets $archive to the archive that fits; empty if there is none.
find_archive() {
  archive=
  for cache in "$image_cache" "$root_cache"; do
    note=$cache/$program.archive
    if [ -r "$note" ] && read -r size file owner < "$note" && [ "$owner" = "$belongs_to" ] && is_newest "$note" &&
      { [ "$cache" = "$image_cache" ] || is_closed "$cache" "$note" "$cache/$file"; } && is_whole "$cache/$file" "$size"; then
      archive=$cache/$file
      return
    fi
  done
}

# Sets $cache to where an archive can be made; fails if there is no such place.
find_cache() {
  cache=$image_cache
  if [ -w "$cache" ] || { [ ! -e "$cache" ] && [ -w "$root" ]; }; then return; fi
  cache=$root_cache
  [ "$(id -u)" -eq 0 ] || return 1
  if [ -e "$cache" ]; then is_closed "$cache" && [ -w "$cache" ]; else [ -w /var/cache ]; fi
}
