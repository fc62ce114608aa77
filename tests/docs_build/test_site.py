"""The site: built strictly, whole, without anything from elsewhere, and searched in a browser that has no network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_build.including import included, includes, section
from docs_build.links import relinked
from docs_build.navigation import GROUPS, navigation

pytest.importorskip("mkdocs", reason="the extra docs is not installed")
ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FETCHED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//[^"'> ]+""")
"""What a browser would fetch from elsewhere to show a page."""


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docs_build", str(docs), str(site)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = build(ROOT / "docs", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there_and_in_the_navigation(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    made = ["reference/cli.md", "reference/study-file.md", "troubleshooting.md", "contributing.md", "changelog.md"]
    for page in [*pages, *made]:
        address = page.removesuffix(".md") + ".html"
        assert (site / address).is_file()
        assert f'href="{address}"' in home or page == "index.md"


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    assert [found[0] for page in pages for found in FETCHED.finditer(page.read_text(encoding="utf-8"))] == []
    assert "@import" not in "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert FETCHED.search('<script src="https://a.b/c.js">')
    assert not FETCHED.search('<a href="https://a.b/">')


def test_the_readme_is_on_the_first_page_and_marks_are_nowhere(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "<strong>★ full †</strong>" in home
    assert "The test split is read once per run" in home
    assert 'src="figures/demo_scores.png"' in home
    for page in site.rglob("*.html"):
        assert "<!-- run" not in (text := page.read_text(encoding="utf-8"))
        assert "<!-- not run" not in text
        assert "<!-- include" not in text
    assert "src/tunefork/models/vit_fashion/README.md" in (site / "images.html").read_text(encoding="utf-8")


def test_a_broken_link_stops_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", docs)
    with (docs / "labels.md").open("a", encoding="utf-8") as file:
        file.write("\n[gone](gone.md) and [no such place](data.md#nowhere)\n")
    done = build(docs, tmp_path / "site")
    assert done.returncode != 0
    assert "gone.md" in done.stderr
    assert "#nowhere" in done.stderr


def test_links_lead_to_pages_or_tell_a_path() -> None:
    copies = {"CHANGELOG.md": "changelog.md"}
    text = "[a](../src/a.py) [b](data.md#x) [c](../CHANGELOG.md) [d](https://e.org)\n```\n[g](h.md)\n```\n![f](g/f.png)"
    assert relinked(text, "x.md", copies, "docs/x.md") == (
        "a (`src/a.py`) [b](data.md#x) [c](changelog.md) [d](https://e.org)\n```\n[g](h.md)\n```\n![f](g/f.png)"
    )
    assert relinked("[b](../data.md)", "reference/x.md", copies, "docs/reference/x.md") == "[b](../data.md)"
    assert relinked("[docs/a.md](docs/a.md)", "index.md", {}, "README.md") == "[a.md](a.md)"


def test_a_page_that_nobody_ordered_is_not_lost() -> None:
    pages = ["index.md", "zebra.md", "data.md", "ant.md", "troubleshooting.md"]
    assert navigation(pages) == [
        {"Home": "index.md"},
        {"Guides": ["data.md", "ant.md", "zebra.md"]},
        {"Troubleshooting": "troubleshooting.md"},
    ]
    assert next(iter(GROUPS)) == "Home"
    assert list(GROUPS)[-1] == "Troubleshooting"


def test_parts_of_the_readme(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text("# a\nfirst\n## b c\nsecond\n## d\nthird\n", encoding="utf-8")
    whole, part = includes("x\n<!-- include: A.md -->\ny\n<!-- include: A.md#b c -->\n")
    assert included(whole, tmp_path) == "# a\nfirst"
    assert included(part, tmp_path) == "## b c\nsecond"
    with pytest.raises(KeyError):
        section("# a\n## b", "c")


@pytest.fixture
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on the path to look at the site")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_the_site_is_read_and_searched_as_files(site: Path, browser: Any, width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 900}, offline=True).new_page()
    page.set_default_timeout(60_000)
    asked, wrong = [], []
    page.on("request", lambda each: asked.append(each.url))
    page.on("pageerror", lambda each: wrong.append(str(each)))
    page.on("console", lambda each: wrong.append(each.text) if each.type in ("error", "warning") else None)
    for name in ("index", "tutorial", "verdict", "engine", "troubleshooting", "reference/cli", "reference/python"):
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is scrolled sideways"
    page.locator("label[for=__search]").first.click() if width < 960 else page.click("input.md-search__input")
    page.locator("input.md-search__input").press_sequentially("near-duplicates")
    page.wait_for_selector(".md-search-result__item")
    assert "Texts that are nearly the same" in page.locator(".md-search-result__item").first.inner_text()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:", "blob:"))] == []
