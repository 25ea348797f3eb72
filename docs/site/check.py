#!/usr/bin/env python3
"""Follows every link of a site: check.py DIRECTORY. Pages and anchors must be there, and nothing may be loaded from elsewhere.

Links to other sites are printed, and not followed."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, and what it refers to: (whether it is loaded with the page, where it leads)."""

    def __init__(self, path):
        super().__init__()
        self.ids = {""}
        self.references = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.ids.add(value)
            elif name in ("href", "src") and value is not None:
                self.references.append((tag != "a", value))


def faults(root, pages, external):
    for path, page in pages.items():
        for loaded, reference in page.references:
            link = urlsplit(reference)
            target = (path.parent / unquote(link.path)).resolve() if link.path else path
            if link.scheme == "data":
                continue
            if link.scheme or link.netloc:
                external.add(reference)
                if loaded:
                    yield path, f"{reference} is loaded from elsewhere"
            elif not target.is_relative_to(root) or not target.is_file():
                yield path, f"{reference} leads nowhere"
            elif target in pages and unquote(link.fragment) not in pages[target].ids:
                yield path, f"{reference}: the page has no such place"
    for path in root.rglob("*.css"):
        for url in re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)", path.read_text(encoding="utf-8")):
            yield path, f"{url} is loaded from elsewhere"


def main():
    root = Path(sys.argv[1]).resolve()
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    external = set()
    found = list(faults(root, pages, external))
    for path, fault in found:
        print(f"{path.relative_to(root)}: {fault}", file=sys.stderr)
    for link in sorted(external):
        print(f"not followed: {link}")
    count = sum(len(page.references) for page in pages.values())
    print(f"{len(pages)} pages, {count} links, {len(found)} of them wrong")
    return 1 if found or not pages else 0


sys.exit(main())
