#!/usr/bin/env bash
# Makes a site of the documentation, in deploy/target/site: static pages with a search, which need no server and load nothing from elsewhere.
# Fails if a link or an anchor leads nowhere, or if a page is missing in docs/README.md, which is the navigation.
# The same commit gives the same bytes with the same Sphinx.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/lib.sh"
if ! set_up_site; then
  say "$lacking is missing: install it (Debian and Ubuntu: apt-get install python3-sphinx python3-myst-parser furo), then run this again" >&2
  exit 1
fi
site=$root/deploy/target/site
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0 LC_ALL=C.UTF-8
rm -rf "$site"
sphinx-build -q -W --keep-going -b html -c "$root/docs/site" -d "$work" "$root" "$site"
# The README is the front page. Its own name stays, as other pages link to it.
cp "$site/README.html" "$site/index.html"
rm "$site/.buildinfo"
# Debian has the theme's script in pieces that do not run as they are, and nothing needs it: dark follows the reader's system.
find "$site" -name '*.html' -exec sed -i '/<script src="[^"]*scripts\/furo\.js">/d' {} +
rm -r "$site/_static/scripts"
"$root/docs/site/check.py" "$site"
say "the site begins at ${site#"$root"/}/index.html"
