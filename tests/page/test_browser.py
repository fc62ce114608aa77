"""The page in a real browser: a study that runs, the playground, keyboard, dark, a phone, hostile texts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.report.studies import S0, change, keep_texts, make
from tunefork import Head, LoRA, Study, load_data
from tunefork.page.finding import identity
from tunefork.store import SqliteStore
from tunefork.store.lease import lease

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path to look at the page"),
]
EVIL = "<script>window.pwned=1</script><img src=x onerror=window.pwned=2>\"' ${7*7} {{7*7}}"
MAIN = "from tunefork.cli import main; main()"


def command(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", MAIN, *arguments], text=True, env=os.environ.copy(), **more)


@contextmanager
def served(folder: Path, port: str = "0") -> Iterator[str]:
    """The address of a page; it ends when it is no longer needed."""
    with command("ui", str(folder), "--no-open", "--port", port, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().rpartition(": ")[2].strip()
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies").resolve()


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    with served(root) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a path; whatever a page did not like is an error at the end."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: str, width: int = 1280, **more: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda each: complaints.append(each.text) if each.type in ("error", "warning") else None)
        page.on("pageerror", lambda each: complaints.append(str(each)))
        page.goto(path if path == "about:blank" else address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def texts(root: Path, model: Path, data: Path, name: str, epochs: int) -> Path:
    """A study file of three runs, for tunefork run."""
    file = root.parent / f"{name}.yaml"
    file.write_text(
        f"name: {name}\nmodel: {model}\ndata: {{train: {data}, text: message, label: intent, max_length: 48}}\n"
        f"training: {{epochs: {epochs}, batch_size: 16, precision: fp32, log_every: 2}}\n"
        "compare:\n  - {full: {}}\n  - {head: {}}\n  - {lora: {rank: 2, targets: query+value}}\n"
    )
    return file


@pytest.fixture(scope="module")
def tried(root: Path, tiny_folder: Path, messages_csv: Path) -> str:
    """The path of a finished study of texts."""
    data = load_data(messages_csv, text="message", label="intent", max_length=48)
    training = {"epochs": 1, "batch_size": 16, "precision": "fp32"}
    compare = [Head(), LoRA(rank=2, targets="query+value")]
    Study(str(tiny_folder), data, compare, 2, training=training, name="tried").run(root / "tried", progress=False)
    return f"/studies/{identity(root / 'tried')}"


@pytest.fixture(scope="module")
def pictured(root: Path, tiny_vit: Path, digit_folder: Path) -> str:
    """The path of a finished study of images."""
    training = {"epochs": 1, "batch_size": 16, "precision": "fp32"}
    study = Study(str(tiny_vit), load_data(digit_folder), [Head()], training=training, name="pictured")
    study.run(root / "pictured", progress=False)
    return f"/studies/{identity(root / 'pictured')}"


@pytest.fixture(scope="module")
def hostile(root: Path) -> str:
    """The path of a study whose every text is hostile."""
    made = [replace(one, name=f"{one.name} {EVIL}", blocks=(EVIL,)) for one in S0[:3]]
    store = make(
        root / "hostile", made, seeds=1, labels=(EVIL, "positive"), rows=100, validation=60, name=EVIL, model=EVIL,
        notices=(EVIL,), warnings=(EVIL,), store=SqliteStore(root / "hostile"),
    )  # fmt: skip
    keep_texts(store, EVIL)
    change(store, made[1], 0, status="failed", reason=EVIL)
    store.close()
    return f"/studies/{identity(root / 'hostile')}"


def points(page: Any, chart: int = 0) -> int:
    """Points of all curves of a chart."""
    drawn = (
        page.locator(".charts .chart")
        .nth(chart)
        .locator("path.line")
        .evaluate_all("lines => lines.map(line => line.getAttribute('d'))")
    )
    return sum(len(re.findall("[ML]", path)) for path in drawn)


def fits(page: Any) -> bool:
    wide, there = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return bool(wide <= there)


def test_a_study_is_watched_from_beginning_to_end(
    opened: Callable[..., Any], root: Path, tiny_folder: Path, messages_csv: Path
) -> None:
    page = opened("/")
    file = texts(root, tiny_folder, messages_csv, "live", epochs=60)
    process = command("run", str(file), "-o", str(root / "live"), "--workers", "1", stderr=subprocess.DEVNULL)
    try:
        page.get_by_role("link", name="live").click()  # it appears in the list by itself
        page.get_by_text("Progress", exact=True).wait_for()
        page.evaluate("window.stayed = true")
        page.locator(".charts path.line").first.wait_for()
        page.locator("#runs .state.running").first.wait_for()
        seen = {points(page)}
        until = time.monotonic() + 60
        while len(seen) < 4 and time.monotonic() < until:
            page.wait_for_timeout(300)
            seen.add(points(page))
        assert len(seen) >= 4, "curves grow"
        assert re.search(r"\d+ %", page.locator(".tile").first.inner_text())
        page.locator("#facts .state.finished").wait_for(timeout=120_000)
        page.locator(".verdict").get_by_text(re.compile("is best by validation loss")).wait_for()
        page.get_by_role("region", name="All configurations").get_by_text("★ ").wait_for()
        page.get_by_role("link", name="Whole report").wait_for()
        assert page.evaluate("window.stayed") is True  # without a reload
        assert page.locator("#runs .state.done").count() == 3
        assert page.locator("#stop").is_hidden()
        order = "document.getElementById('results').compareDocumentPosition(document.getElementById('live'))"
        assert page.evaluate(order) & 4  # results have moved before the curves
        title = page.locator("#said").inner_text()
        assert "3 of 3 runs done" in title
    finally:
        process.terminate()
        process.wait(30)


def test_the_page_recovers_when_the_server_was_away(chromium: Any, tmp_path: Path) -> None:
    make(tmp_path / "one", S0[:2], seeds=1, rows=100, validation=60, store=SqliteStore(tmp_path / "one"))
    page = chromium.new_page()
    with served(tmp_path) as address:
        page.goto(f"{address}/studies/{identity(tmp_path.resolve() / 'one')}")
        page.get_by_text("2 of 2 runs done").wait_for()
    page.get_by_text("The connection is lost").wait_for(timeout=20_000)
    with served(tmp_path, address.rpartition(":")[2]):
        sync_api.expect(page.locator("#lost")).to_be_hidden(timeout=30_000)
        page.close()


def test_a_study_that_is_not_there_is_told(chromium: Any, address: str) -> None:
    page = chromium.new_page()
    page.goto(f"{address}/studies/nobody")
    page.get_by_text("There is no such study. The page's list has all.").wait_for()
    page.close()


def test_a_tab_that_nobody_looks_at_lets_go_of_the_server(opened: Callable[..., Any], address: str, tried: str) -> None:
    page = opened("about:blank")
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if each.url.endswith("/events") else None)
    ended: list[str] = []
    page.on("requestfailed", lambda each: ended.append(each.url) if each.url.endswith("/events") else None)
    page.goto(address + tried)
    page.locator(".verdict").wait_for()
    hide = (
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.evaluate(hide, True)
    page.wait_for_timeout(300)
    assert (len(asked), len(ended)) == (1, 1)
    page.evaluate(hide, False)
    page.wait_for_timeout(300)
    assert len(asked) == 2


def test_stopping_asks_first_and_the_keyboard_is_enough(opened: Callable[..., Any], root: Path) -> None:
    store = SqliteStore(root / "stopping")
    made = make(root / "stopping", S0[:2], seeds=1, rows=100, validation=60, store=store)
    change(made, S0[1], 0, status="running", steps=0)
    asked: list[str] = []
    with lease(root / "stopping"):
        page = opened(f"/studies/{identity(root / 'stopping')}")
        page.route("**/stop", lambda route: (asked.append(route.request.url), route.fulfill(json={"status": "asked"})))
        button = page.get_by_role("button", name="Stop head, seed 0")
        button.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        assert dialog.get_by_role("heading").inner_text() == "Stop head, seed 0?"
        assert page.evaluate("document.activeElement.textContent") == "Let it run"
        page.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        assert asked == []
        assert page.evaluate("document.activeElement.closest('tr') !== null")  # back where it was
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("stopping …").wait_for()
        assert [url.rpartition("/api")[2] for url in asked] == [
            f"/studies/{identity(root / 'stopping')}/runs/{made.runs()[1].id}/stop"
        ]
        change(made, S0[0], 0, status="planned")
        page.get_by_role("button", name="Stop full, seed 0").click()
        page.get_by_role("button", name="Stop it").click()
        page.get_by_text("will not train").wait_for()
        page.get_by_role("button", name="Stop the study").click()
        page.get_by_role("button", name="Stop it").click()
        page.get_by_role("button", name="Stopping …", exact=True).wait_for()
        assert asked[2].endswith(f"{identity(root / 'stopping')}/stop")
    page.locator("#facts .state.interrupted").wait_for()
    assert page.locator("#runs .state.interrupted").count() == 1
    assert "tunefork run" in page.locator("#continue pre").inner_text()
    store.close()


def test_models_answer_a_text(opened: Callable[..., Any], tried: str) -> None:
    page = opened(tried)
    page.get_by_role("link", name="Try the models").click()
    page.get_by_label("message").fill("My parcel has not come.")
    page.keyboard.press("Control+Enter")
    page.locator(".answers .said").nth(1).wait_for()
    assert page.locator(".answers > li").count() == 2  # one seed of each configuration
    said = page.locator(".answers .said").all_inner_texts()
    assert set(said) <= {"status", "damaged", "return"}
    shares = page.locator(".answers > li").first.locator(".share").all_inner_texts()
    assert sum(float(share.removesuffix(" %")) for share in shares) == pytest.approx(100, abs=0.2)
    sync_api.expect(page.locator("#agreement")).to_have_text(re.compile("All 2 say|They disagree"))
    page.get_by_label("every seed").check()
    page.get_by_role("button", name="Ask the models").click()
    page.locator(".answers .said").nth(3).wait_for()
    page.locator("#examples button").first.click()
    sync_api.expect(page.locator("#agreement")).not_to_have_text("Asking …")


def test_an_empty_text_is_not_asked(opened: Callable[..., Any], tried: str) -> None:
    page = opened(f"{tried}/playground")
    page.get_by_label("message").fill("  ")
    page.get_by_role("button", name="Ask the models").click()
    sync_api.expect(page.locator("#said")).to_have_text("Type a text first.")
    assert page.locator(".answers > li").count() == 0


def test_models_answer_a_picture(opened: Callable[..., Any], pictured: str, digit_folder: Path) -> None:
    page = opened(f"{pictured}/playground")
    page.get_by_label("Drop a picture here").set_input_files(next((digit_folder / "two").iterdir()))
    page.locator(".answers .said").wait_for()
    assert page.locator(".answers .said").inner_text() in ("zero", "one", "two", "three")
    assert page.locator(".drop img").evaluate("image => image.naturalWidth") == 24


def test_a_file_that_is_no_picture_is_told(chromium: Any, address: str, pictured: str, tmp_path: Path) -> None:
    (tmp_path / "evil.png").write_bytes(b"<svg onload=alert(1)>")
    page = chromium.new_page()
    page.goto(f"{address}{pictured}/playground")
    page.get_by_label("Drop a picture here").set_input_files(tmp_path / "evil.png")
    page.locator("#problem").get_by_text(re.compile(r"\(body\)")).wait_for(timeout=60_000)
    page.close()


def test_hostile_texts_stay_texts(opened: Callable[..., Any], hostile: str) -> None:
    for path in ("/", hostile, f"{hostile}/playground"):
        page = opened(path)
        page.get_by_text(EVIL).first.wait_for()
        page.wait_for_timeout(700)
        assert page.evaluate("window.pwned") is None
        assert page.locator("main img, main script").count() == 0
    page = opened(hostile)
    sync_api.expect(page.locator("h1")).to_have_text(EVIL)
    page.locator(".verdict").wait_for()
    page.locator("#runs .why").get_by_text(EVIL).wait_for()
    page.locator(".charts svg").first.focus()
    page.keyboard.press("End")
    assert EVIL in page.locator(".tip").first.inner_text()
    assert page.evaluate("window.pwned") is None


def test_no_other_script_runs(chromium: Any, address: str, hostile: str) -> None:
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda each: complaints.append(each.text))
    page.goto(address + hostile)
    page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.pwned = 3';"
        "document.body.append(script) }"
    )
    assert page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in each for each in complaints)
    page.close()


def test_curves_are_read_with_the_arrow_keys(opened: Callable[..., Any], tried: str) -> None:
    page = opened(tried)
    page.locator(".charts path.line").first.wait_for()
    chart = page.locator(".charts > figure > svg").first
    chart.focus()
    page.keyboard.press("Home")
    first = page.locator(".tip").first.inner_text()
    assert first.startswith("step ")
    page.keyboard.press("ArrowRight")
    second = page.locator(".tip").first.inner_text()
    assert second != first
    assert page.locator("#said").inner_text() == re.sub(r"\s+", " ", second)
    page.keyboard.press("Escape")
    assert page.locator(".tip").first.is_hidden()


def test_a_configuration_is_seen_alone(opened: Callable[..., Any], tried: str) -> None:
    page = opened(tried)
    page.locator(".legend button").first.click()
    assert page.locator(".legend button").first.get_attribute("aria-pressed") == "true"
    assert page.locator(".charts .curve:not(.dim)").count() == 4  # two seeds, two charts
    assert page.locator("#runs tr.dim").count() == 2


def test_another_metric_is_chosen(opened: Callable[..., Any], tried: str) -> None:
    page = opened(tried)
    page.locator("#metric").select_option("loss")
    sync_api.expect(page.locator(".charts figcaption").nth(1)).to_have_text("Validation loss lower is better")


def test_the_keyboard_comes_everywhere(opened: Callable[..., Any], tried: str) -> None:
    page = opened(tried)
    page.locator(".verdict").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached = []
    for _ in range(11):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", reached
    assert reached[:3] == ["Try the models", "Whole report", "All configurations"]
    assert any(each.startswith("Training loss against the step") for each in reached)


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("which", ["tried", "hostile"])
def test_nothing_is_wider_than_the_screen(
    opened: Callable[..., Any], request: pytest.FixtureRequest, which: str, width: int
) -> None:
    path = request.getfixturevalue(which)
    for each in ("/", path, f"{path}/playground"):
        page = opened(each, width)
        if each == path:
            page.locator(".verdict").wait_for()
            page.locator("#results summary").click() if which == "tried" else None
        page.wait_for_timeout(400)
        assert fits(page), each


def test_dark_follows_the_reader(opened: Callable[..., Any], tried: str) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = opened(tried, color_scheme=scheme)
        page.locator(".charts path.line").first.wait_for()
        of = (
            "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector('.line')).stroke"
        )
        colours[scheme] = page.evaluate(of)
    assert colours == {
        "light": "rgb(255, 255, 255)rgb(0, 114, 178)", "dark": "rgb(20, 24, 31)rgb(74, 165, 234)",
    }  # fmt: skip


def test_nothing_moves_where_that_is_not_wanted(opened: Callable[..., Any], root: Path) -> None:
    folder = root / "moving"
    store = make(folder, S0[:2], seeds=1, rows=100, validation=60, store=SqliteStore(folder))
    change(store, S0[1], 0, status="running", steps=0)
    moving = {}
    with lease(folder):
        for wanted in ("no-preference", "reduce"):
            page = opened(f"/studies/{identity(folder)}", reduced_motion=wanted)
            page.locator("#runs .state.running").wait_for()
            moving[wanted] = page.evaluate("document.getAnimations().length") > 0
    assert moving == {"no-preference": True, "reduce": False}
    store.close()


def test_the_report_cannot_ask_the_page(opened: Callable[..., Any], address: str, tried: str) -> None:
    page = opened(f"{tried}/report.html")
    assert page.locator("h1").inner_text() == "tried"
    assert page.evaluate("window.origin") == "null"
    page.locator("#configurations thead button").first.click()  # its own script runs
    assert page.locator("#configurations th[aria-sort]").count() > 0


def test_an_empty_folder_says_what_to_do(chromium: Any, tmp_path: Path) -> None:
    with served(tmp_path) as address:
        page = chromium.new_page()
        page.goto(address)
        page.get_by_text("No study here yet").wait_for()
        assert page.locator(".empty pre").first.inner_text() == "tunefork demo"
        page.close()
