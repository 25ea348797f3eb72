# Sourced by the launchers in bin/, with $root set: sets $java to a Java 17 or newer, $java_file to
# where it really is and $build to which build of Java it is; or ends the script.

if [ -x "$root/runtime/bin/java" ]; then
  java=$root/runtime/bin/java
elif [ -n "${JAVA_HOME:-}" ]; then
  java=$JAVA_HOME/bin/java
else
  java=$(command -v java) || java=
fi
if [ ! -x "$java" ]; then
  echo "${0##*/}: no Java found${java:+ at $java}; Java 17 or newer is needed (install it, or set JAVA_HOME)" >&2
  exit 1
fi

# Every JDK states its version in a file, which costs nothing to read; asking java itself costs as much as the whole call.
version=
build=
java_file=$(readlink -f "$java")
release=${java_file%/bin/java}/release
if [ -r "$release" ]; then
  while IFS='"' read -r key value _; do
    case $key in
      JAVA_VERSION=) version=$value ;;
      JAVA_RUNTIME_VERSION=) build=$value ;;
    esac
  done < "$release"
fi
if [ -z "$version" ]; then
  version=$("$java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p')
fi
major=${version%%[!0-9]*}
if [ "${major:-0}" -lt 17 ]; then
  echo "${0##*/}: $java is Java ${version:-of an unknown version}; Java 17 or newer is needed (install it, or set JAVA_HOME)" >&2
  exit 1
fi

# Java takes the encoding of paths and arguments from the locale. In one that is not UTF-8 (LC_ALL=C, POSIX, none) it would
# lose every byte above 127, and could not even name such a file again. C.UTF-8 changes nothing else: it sorts and formats
# as C does, and Java falls back to C where a system does not have it.
locale=${LC_ALL:-${LC_CTYPE:-${LANG:-}}}
case $locale in
  *[Uu][Tt][Ff]-8* | *[Uu][Tt][Ff]8*) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac
