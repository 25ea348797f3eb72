#!/usr/bin/env bash
# Builds everything and runs every test: the one test command. Fails on a test that was skipped
# without a reason that this machine gives. Needs a few hundred MB of disk and about 15 minutes.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
set_up
cd "$root"

# What this machine cannot do is left out, and said; everything else that is skipped is a failure.
left_out=()
allowed_skips=0
if [ "$(id -u)" -ne 0 ]; then
  left_out+=("tests that need root (mounts, other users)")
  allowed_skips=1
fi

say "== build, unit tests, integration tests, system tests (Java: $(javac -version 2>&1))"
mvn -B -ntp clean verify

newest=$(deploy/newest-jdk.sh)
if [ -n "$newest" ]; then
  say "== unit and integration tests again, on the newest JDK found: $newest"
  mvn -B -ntp -o verify -pl client-lib,registry-server,cli -am -Djvm="$newest/bin/java"
else
  left_out+=("the tests on a newer JDK: none but the build's was found")
fi

say "== demo"
deploy/demo.sh > /dev/null && say "the demo ran to its end"
if [ -n "$newest" ]; then
  JAVA_HOME=$newest deploy/demo.sh > /dev/null && say "the demo ran to its end on $newest"
fi

if command -v shellcheck > /dev/null; then
  shellcheck -x .ci/run deploy/*.sh && say "shellcheck: the scripts are clean"
else
  left_out+=("shellcheck: not installed")
fi

# Every module's reports together.
count() {
  find . -path '*/target/*-reports/TEST-*.xml' -exec sed -n 's/.*<testsuite [^>]* '"$1"'="\([0-9]*\)".*/\1/p' {} + |
    awk '{ sum += $1 } END { print sum + 0 }'
}
total=$(count tests)
failed=$(($(count failures) + $(count errors)))
skipped=$(count skipped)
say "== summary"
for what in "${left_out[@]}"; do say "left out: $what"; done
if [ "$skipped" -gt 0 ]; then
  say "skipped:"
  grep -rh -B1 '<skipped' --include='TEST-*.xml' . |
    sed -n 's/.*<testcase name="\([^"]*\)" classname="\([^"]*\)".*/  \2.\1/p; s/.*<skipped message="\([^"]*\)".*/    \1/p'
fi
printf '%d passed, %d failed, %d skipped\n' "$((total - failed - skipped))" "$failed" "$skipped"
if [ "$failed" -gt 0 ]; then exit 1; fi
if [ "$total" -eq 0 ]; then
  say "no test ran"
  exit 1
fi
if [ "$skipped" -gt 0 ] && [ "$allowed_skips" -eq 0 ]; then
  say "a test was skipped that this machine can run"
  exit 1
fi
