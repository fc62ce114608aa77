"""What mkdocs calls while it builds the site: pages from the code, their order, links, and parts of the README."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]  # mkdocs loads this file alone

from docs_build import cli_reference, error_reference, study_reference  # noqa: E402
from docs_build.blocks import without_marks  # noqa: E402
from docs_build.including import INCLUDE, included  # noqa: E402
from docs_build.links import relinked  # noqa: E402
from docs_build.navigation import navigation  # noqa: E402

COPIES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Files of the repository that are pages too."""
MADE = {
    "reference/cli.md": cli_reference.page,
    "reference/study-file.md": study_reference.page,
    "troubleshooting.md": error_reference.page,
}
"""Pages that are made from the code, whenever the site is built."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what does not lie in docs/."""
    for source, page in COPIES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for page, make in MADE.items():
        files.append(File.generated(config, page, content=make()))
    config.nav = navigation([file.src_uri for file in files.documentation_pages()])
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what a page includes, and let its links lead to pages of the site."""
    here = page.file.src_uri
    sources = {copy: source for source, copy in COPIES.items()}
    markdown = relinked(without_marks(markdown), here, COPIES, sources.get(here, f"docs/{here}"))
    return INCLUDE.sub(lambda match: relinked(included(match, ROOT), here, COPIES, match["file"]), markdown)
