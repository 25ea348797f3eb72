"""Makes a site of the documentation, see deploy/site.sh. Its source is the whole project, so that links lead where they lead on a forge."""

import re
from pathlib import Path

root = Path(__file__).resolve().parents[2]
docs = root / "docs"

project = "metakey"
html_title = "metakey"
root_doc = "README"
include_patterns = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "DECISIONS.md", "docs/*.md", "deploy/examples/**.md"]
exclude_patterns = ["**/target", "**/node_modules", ".git", "docs/site"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
smartquotes = False
highlight_language = "none"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["metakey.css"]
html_copy_source = False
html_show_copyright = False
html_last_updated_fmt = None
pygments_style = "friendly"
pygments_dark_style = "monokai"


def contents():
    """The pages that docs/README.md lists, by section: its title, and a title and a place below the root for each page."""
    for section in re.split(r"^## ", (docs / "README.md").read_text(), flags=re.MULTILINE)[1:]:
        listed = re.findall(r"^- \[([^]]+)\]\(([^)]+)\.md\)", section, flags=re.MULTILINE)
        yield section.splitlines()[0], [(title, (docs / page).resolve().relative_to(root)) for title, page in listed]


def add_navigation(app, page, source):
    """What docs/README.md lists is the navigation. A page that is missing there is a warning, and so ends the build."""
    if page == root_doc:
        for title, pages in [("Documentation", [("Overview", "docs/README")]), *contents()]:
            listed = "\n".join(f"{name} <{place}>" for name, place in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{listed}\n```\n"


def setup(app):
    app.connect("source-read", add_navigation)
    return {"parallel_read_safe": True}
