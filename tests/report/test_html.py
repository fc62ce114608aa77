from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from tests.report import studies
from tests.report.studies import S0, make, run_id
from tests.report.test_figures import thirty
from tunefork.report import summarise, verdict, write_report
from tunefork.report.examples import examples
from tunefork.report.html import html
from tunefork.report.sections import SECTIONS, Material
from tunefork.store import Store


class Page(HTMLParser):
    """Tags, texts, and whether every element that is opened is closed."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name == "href" and tag == "a"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))


def page(store: Store) -> str:
    write_report(store)
    return (store.folder / "report.html").read_text(encoding="utf-8")


def plain(store: Store) -> str:
    summary = summarise(store)
    return html(Material(summary, verdict(summary), (), examples(store, summary)))


def test_a_whole_report(tmp_path: Path) -> None:
    store = make(tmp_path, warnings=("All strategies share one rate.",))
    text = page(store)
    content = Page(text)
    assert content.open == []
    assert (content.tags.count("svg"), content.tags.count("figure")) == (16, 16)
    shown = [section.name for section in SECTIONS if section.name not in ("search", "effects", "copies")]
    assert content.links == [f"#{name}" for name in shown]
    assert set(shown) <= set(content.ids)
    assert len(content.ids) == len(set(content.ids))
    told = verdict(summarise(store))
    places = [text.index(each.replace("'", "&#39;")) for each in (told.warnings[0], *told.sentences)]
    assert places == sorted(places)
    assert places[-1] < text.index("All configurations") < text.index("<svg") < text.index("Course of training")
    assert content.texts.count("Confusion matrix, on test") == 21
    for expected in ("The column 'text' was taken for the text.", "1.2 %", "2: negative, positive", "2.10.0", "5,760"):
        assert expected in content.texts, expected
    assert "query+value+mlp" in content.texts  # a setting
    assert text.count('<span class="tag good">best</span>') == 1
    order = [text.index(f'<section id="{name}">') for name in shown]
    assert order == sorted(order)
    assert text.count('class="better"') == text.count('class="worse"') > 0


def test_it_needs_nothing_from_outside_and_runs_its_own_script_alone(tmp_path: Path) -> None:
    text = page(make(tmp_path, S0[:3]))
    tags = Page(text).tags
    assert not set(tags) & {"link", "iframe", "img", "object", "form"}
    assert tags.count("script") == 1
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "http:" not in text
    assert "https:" not in text
    assert not re.search(r"<[^>]*\son\w+=", text)
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_texts_of_the_study_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    store = make(
        tmp_path,
        [replace(one, name=f"{evil}{one.name}", blocks=(evil,)) for one in S0[:2]],
        labels=(evil, 'b"&'),
        notices=(evil,),
        warnings=(evil,),
        name=evil,
        model=evil,
        environment={evil: evil},
    )
    studies.change(store, replace(S0[1], name=f"{evil}head"), 1, status="failed", reason=evil, notices=(evil,))
    text = page(store)
    content = Page(text)
    assert content.open == []
    assert content.tags.count("script") == 1
    assert evil in content.texts
    assert evil not in text


def test_rows_of_the_data_are_escaped(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:3], seeds=2)
    studies.keep_texts(store, "</script><script>alert(1)</script><img src=x onerror=alert(2)>")
    text = page(store)
    content = Page(text)
    assert content.open == []
    assert (content.tags.count("script"), content.tags.count("img")) == (1, 0)
    assert (
        text.count("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;, row") > 20
    )


def test_the_page_is_all_there_without_its_script(tmp_path: Path) -> None:
    text = page(make(tmp_path, S0[:3]))
    body = text[text.index("<body>") : text.index("<script>")]
    for said in ("Press a column", 'role="status"'):  # what only the script makes true is hidden until it runs
        assert said in body
    assert ".scripted, .printed, .said { display: none; }" in text
    assert "<button" not in body


def test_every_cell_of_the_table_knows_what_it_is_sorted_by(tmp_path: Path) -> None:
    text = page(make(tmp_path, S0[:2], seeds=2))
    (row,) = re.findall(r'<tr class="plain" data-configuration="1">(.*?)</tr>', text)
    values = re.findall(r"<td(?: data-value=\"([^\"]*)\")?>", row)
    assert values[0] == "592130.0"
    assert float(values[-4]) == 9.0  # seconds
    assert float(values[-3]) == 480.0  # MB


def test_thirty_runs_stay_below_two_megabytes(tmp_path: Path) -> None:
    assert len(page(make(tmp_path, thirty(), seeds=1, labels=tuple("abcde"))).encode()) < 2_000_000


def test_per_class_numbers(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:1], seeds=1)
    given = store.predictions(run_id(S0[0], 0), "test")
    hits = int(((given.predicted == 1) & (given.labels == 1)).sum())
    texts = Page(plain(store)).texts
    place = texts.index("Per class, on test")
    row = texts[texts.index("positive", place) :][:5]
    assert row == [
        "positive",
        f"{100 * hits / (given.predicted == 1).sum():.2f}",
        f"{100 * hits / (given.labels == 1).sum():.2f}",
        f"{100 * 2 * hits / ((given.predicted == 1).sum() + (given.labels == 1).sum()):.2f}",
        str((given.labels == 1).sum()),
    ]
    assert str(hits) in texts[texts.index("Confusion matrix, on test") :]


def test_many_classes_show_what_is_confused_most(tmp_path: Path) -> None:
    texts = Page(plain(make(tmp_path, S0[1:2], seeds=1, labels=[f"class {n}" for n in range(20)]))).texts
    assert "Confusion matrix, on test" not in texts
    assert "Most frequent confusions, on test" in texts


def test_runs_without_numbers(tmp_path: Path) -> None:
    store = make(tmp_path, S0[:2], seeds=1, validation=0)
    studies.change(store, S0[1], 0, status="failed", reason="out of memory")
    content = Page(plain(store))
    assert content.open == []
    assert "out of memory" in content.texts
    assert "No runs yet." in Page(plain(make(tmp_path, ()))).texts
