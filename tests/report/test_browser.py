"""The report in a real browser: no violations, sorting, keyboard, a phone's width, paper, hostile texts, no script."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.report.studies import S0, change, keep_texts, make
from tunefork.report import write_report

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
CHROMEDRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None or CHROMEDRIVER is None, reason="no chromium and chromedriver on the path to look at the page"
    ),
]
EVIL = "<script>window.pwned=1</script><img src=x onerror=window.pwned=2>\"' ${7*7} {{7*7}}"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose every text is hostile."""
    names = [replace(one, name=f"{one.name} {EVIL}" if place < 2 else one.name) for place, one in enumerate(S0)]
    made = [replace(one, blocks=tuple(f"{block}{EVIL}" for block in one.blocks)) for one in names]
    store = make(
        tmp_path_factory.mktemp("study"), made, seeds=2, labels=(EVIL, "positive"), rows=300, name=EVIL, model=EVIL,
        notices=(EVIL,), warnings=(EVIL,), environment={EVIL: EVIL},
    )  # fmt: skip
    keep_texts(store, EVIL)
    change(store, made[1], 1, status="failed", reason=EVIL, notices=(EVIL,))
    write_report(store)
    return store.folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The report, freshly opened on a desk; whatever it did not like is an error at the end."""
    resize(browser, 1280)
    browser.get_log("browser")  # what was said before is not about this page
    browser.get(report.as_uri())
    yield browser
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def resize(browser: Any, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def table(page: Any) -> list[list[str]]:
    """The rows of the main table that are there, cell by cell."""
    rows: list[list[str]] = page.execute_script(
        "return [...document.querySelector('#configurations table').tBodies]"
        ".flatMap(body => [...body.rows]).map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


def head(page: Any, text: str) -> Any:
    """The head of the main table's column that says so."""
    heads = page.find_elements("css selector", "#configurations thead th")
    return next(one for one in heads if one.text.replace("\n", " ").startswith(text))


def numbers(rows: list[list[str]], column: int) -> list[float]:
    found = [re.match(r"[\d.]+", row[column].replace(",", "")) for row in rows]
    return [float(match[0]) for match in found if match]


def test_hostile_texts_stay_texts(page: Any) -> None:
    assert page.execute_script("return window.pwned") is None
    assert page.execute_script("return document.querySelectorAll('script').length") == 1
    assert page.execute_script("return document.querySelectorAll('img').length") == 0
    assert page.find_element("css selector", "h1").text == EVIL
    assert page.title == f"{EVIL}: which way of fine-tuning"
    assert any(row[0].endswith(EVIL) for row in table(page))
    titles = page.execute_script("return [...document.querySelectorAll('svg title')].map(each => each.textContent)")
    assert any(EVIL in title for title in titles)


def test_no_other_script_runs(browser: Any, report: Path) -> None:
    browser.get(report.as_uri())
    browser.execute_script(
        "const script = document.createElement('script'); script.textContent = 'window.pwned = 3';"
        "document.body.append(script)"
    )
    assert browser.execute_script("return window.pwned") is None
    (entry,) = browser.get_log("browser")
    assert "violates the following Content Security Policy directive" in entry["message"]


def test_a_column_is_sorted_down_up_and_back(page: Any) -> None:
    before = table(page)
    assert len([row for row in before if len(row) == 1]) == 4  # titles of blocks, and of what is for comparison
    accuracy = head(page, "accuracy")
    place = [one.text for one in page.find_elements("css selector", "#configurations thead th")].index(accuracy.text)
    accuracy.find_element("css selector", "button").click()
    assert accuracy.get_attribute("aria-sort") == "descending"
    down = table(page)
    assert numbers(down, place) == sorted(numbers(down, place), reverse=True)
    assert len(down) == len(S0) + 2  # each configuration once, no titles, the two references
    assert "highest first" in page.find_element("css selector", "#configurations .said").text
    accuracy.find_element("css selector", "button").click()
    assert accuracy.get_attribute("aria-sort") == "ascending"
    up = table(page)
    assert numbers(up, place) == sorted(numbers(up, place))
    accuracy.find_element("css selector", "button").click()
    assert accuracy.get_attribute("aria-sort") == "none"
    assert table(page) == before


def test_unknown_values_come_last_and_units_are_understood(page: Any) -> None:
    place = [one.text for one in page.find_elements("css selector", "#configurations thead th")].index("time")
    for _ in range(2):
        head(page, "time").find_element("css selector", "button").click()
        assert [row[place] for row in table(page)][-2:] == ["–", "–"]
    shown = [row[place].replace("\u00a0", " ") for row in table(page)][:-2]
    assert shown == ["9.0 s", "1 min 22 s", "1 min 28 s", "1 min 28 s", "1 min 28 s", "1 min 52 s", "2 min 30 s"]


def test_the_keyboard_sorts_too(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    run, trainable = head(page, "run"), head(page, "trainable")
    button = run.find_element("css selector", "button")
    page.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.SPACE)
    assert run.get_attribute("aria-sort") == "ascending"
    names = [row[0].removeprefix("★ ") for row in table(page)]
    assert names.index("LoRA r=2 query+value+mlp") < names.index("LoRA r=32 query+value+mlp")
    assert names[0].startswith("before training")
    button.send_keys(Keys.TAB)
    assert page.switch_to.active_element.find_element("xpath", "..") == trainable
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert (run.get_attribute("aria-sort"), trainable.get_attribute("aria-sort")) == ("none", "descending")
    assert numbers(table(page), 1)[0] == 66_955_010


def test_details_open(page: Any) -> None:
    first = page.find_element("css selector", "#runs details")
    matrix = first.find_element("css selector", ".matrix")
    assert not matrix.is_displayed()
    first.find_element("css selector", "summary").click()
    assert matrix.is_displayed()


def test_a_configuration_is_highlighted_in_every_figure(page: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.support.ui import WebDriverWait

    row = page.find_element("css selector", '#configurations tr[data-configuration="0"]')
    ActionChains(page).move_to_element(row.find_element("css selector", "td")).perform()
    script = "return [...document.querySelectorAll('svg [data-configuration].on')].map(e => e.dataset.configuration)"
    assert set(page.execute_script(script)) == {"0"}
    opacity = "return Number(getComputedStyle(document.querySelector('svg [data-configuration=\"1\"]')).opacity)"
    WebDriverWait(page, 5).until(lambda page: page.execute_script(opacity) < 0.3)
    ActionChains(page).move_to_element(page.find_element("css selector", "h1")).perform()
    WebDriverWait(page, 5).until(lambda page: page.execute_script(opacity) == 1)


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_screen(page: Any, width: int) -> None:
    resize(page, width)
    page.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    small = "return Math.min(...[...document.querySelectorAll('figure svg')].map(e => e.getBoundingClientRect().width))"
    assert page.execute_script(small) > 300


def test_it_prints(page: Any) -> None:
    made = page.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    pages = re.findall(rb"/Type\s*/Page\b", base64.b64decode(made["data"]))
    assert 3 < len(pages) < 40
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    resize(page, 703)  # A4 without its margins, in pixels
    assert page.execute_script("return document.documentElement.scrollWidth") <= 703
    assert not page.find_element("css selector", "nav").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_dark_follows_the_reader(page: Any) -> None:
    colours = "return ['body', '#cost svg text'].map(s => getComputedStyle(document.querySelector(s))).map(e => e.fill + e.backgroundColor)"  # noqa: E501
    light = page.execute_script(colours)
    scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    dark = page.execute_script(colours)
    assert light[0].endswith("rgb(255, 255, 255)")
    assert dark[0].endswith("rgb(20, 24, 31)")
    assert light[1] != dark[1]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_without_javascript_everything_is_there(browser: Any, report: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(report.as_uri())
        assert browser.find_elements("css selector", "thead button") == []
        assert not browser.find_element("css selector", ".scripted").is_displayed()
        rows = browser.find_elements("css selector", "#configurations tbody tr")
        assert len(rows) == 15
        assert all(row.is_displayed() for row in rows)
        summary = browser.find_element("css selector", "#disagreements summary")
        summary.click()
        assert browser.find_element("css selector", "#disagreements .rows li").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
