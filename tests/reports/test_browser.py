"""The page in a real browser, opened from disk, without a network."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .synthetic import HOSTILE

Browser = Any  # Playwright's; it may be absent where these tests are skipped
PageOf = Callable[[str], Path]
INTERACTIVE = "html[data-ready]"


@pytest.fixture
def opened(browser: Browser, page_of: PageOf) -> Iterator[Callable[..., Any]]:
    """Opens a page by its name; nothing may reach the console, a dialog or the network."""
    trouble: list[str] = []
    contexts = []

    def visit(name: str, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        tab = context.new_page()
        tab.on(
            "console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None
        )
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("dialog", lambda dialog: (trouble.append("dialog: " + dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: trouble.append(request.url) if not request.url.startswith("file:") else None)
        tab.goto(page_of(name).as_uri())
        if options.get("java_script_enabled", True):
            tab.wait_for_selector(INTERACTIVE)
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert trouble == []


def open_loss(tab: Any, name: str) -> Any:
    section = tab.locator(".loss", has=tab.locator("h4", has_text=name)).first
    section.locator("summary").first.click()
    return section


def test_ten_thousand_cells_are_interactive(opened: Callable[..., Any], record_property: Any, page_of: PageOf) -> None:
    page_of("large")
    started = time.perf_counter()
    tab = opened("large")
    seconds = time.perf_counter() - started
    record_property("seconds_to_interactive", round(seconds, 3))
    record_property("bytes", page_of("large").stat().st_size)
    print(f"10,000 cells: interactive after {seconds:.2f} s, {page_of('large').stat().st_size:,} bytes")
    assert tab.locator("#matrix-table td a").count() == 800
    assert tab.locator(".row").count() == 0, "no list is built before it is asked for"


def test_the_matrix_filters_rows_columns_and_sections(opened: Callable[..., Any]) -> None:
    tab = opened("large")
    form, rows = tab.locator("#matrix-filter"), tab.locator("#matrix-table tr[data-loss]:visible")
    form.get_by_label("Search").fill("loss4")
    assert rows.count() == 10
    assert tab.locator(".loss:visible").count() == 10
    assert form.locator("output").inner_text() == "10 of 80 losses"
    form.get_by_label("Search").fill("")
    form.get_by_label("Dialect").select_option("keras")
    assert rows.count() == 20
    assert tab.locator(".dialect:visible").count() == 1
    form.get_by_label("Environment").select_option("jax")
    form.get_by_label("Mode").select_option("compiled")
    assert rows.first.locator("td:visible").count() == 1
    assert tab.locator("#matrix-table th[scope=colgroup]:visible").all_inner_texts() == ["jax"]
    form.get_by_label("Status").select_option("unsupported")
    found = rows.count()
    assert 0 < found < 20
    assert tab.locator("#matrix-table tr[data-loss]:visible td:visible .line.unsupported").count() == found
    form.get_by_label("Search").fill("nothing like it")
    assert tab.get_by_text("No loss fits the filter").is_visible()
    form.get_by_role("button", name="Clear").click()
    form.get_by_text("80 of 80 losses").wait_for()
    assert tab.locator("#matrix-table tr[data-loss]:visible").count() == 80


def test_a_cell_of_the_matrix_leads_to_its_cells(opened: Callable[..., Any]) -> None:
    tab = opened("everything")
    tab.locator("#matrix-table tr", has_text="L2Loss").locator("td").nth(4).locator("a").click()
    section = tab.locator(".loss[open]")
    assert section.locator("h4").inner_text() == "L2Loss"
    tab.wait_for_timeout(50)  # the filter is set again in the task after this one
    assert section.get_by_role("combobox", name="Environment").input_value() == "torch"
    assert section.get_by_role("combobox", name="Mode").input_value() == "compiled"
    assert [row.split("/")[-1] for row in section.locator(".row code").all_inner_texts()] == ["special", "refused"]
    assert tab.evaluate("document.activeElement.className") == "rows"


def test_cells_filter_and_page(opened: Callable[..., Any]) -> None:
    section = open_loss(opened("large"), "Loss00")
    rows, count = section.locator(".row"), section.locator("output")
    assert count.inner_text() == "130 of 130 cells"
    assert rows.count() == 100
    section.get_by_role("button", name="Show 30 more of 30").click()
    assert rows.count() == 130
    assert not section.get_by_role("button", name="Show").is_visible()
    section.get_by_role("combobox", name="Environment").select_option("jax")
    section.get_by_role("combobox", name="Dtype").select_option("float64")
    assert 0 < rows.count() < 130
    assert all("jax" in text and "float64" in text for text in section.locator(".where").all_inner_texts())
    section.get_by_role("searchbox", name="Search").fill("no such case")
    assert count.inner_text() == "0 of 130 cells"
    section.get_by_role("button", name="Clear").click()
    section.get_by_text("130 of 130 cells").wait_for()


def test_the_most_severe_cells_come_first(opened: Callable[..., Any]) -> None:
    section = open_loss(opened("everything"), "L2Loss")
    section.locator(".row").first.wait_for()
    found = [text.split()[-1] for text in section.locator(".row .chip").all_inner_texts()]
    order = ["fail", "error", "crash", "timeout", "missing", "run", "deviation", "unsupported", "pass"]
    assert found == sorted(found, key=order.index)
    section = open_loss(opened("large"), "Loss00")
    section.get_by_role("combobox", name="Status").select_option("pass")
    shown = [float(text.split()[0].strip("<")) for text in section.locator(".row .error").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)


def test_a_block_that_cannot_be_unpacked_says_so(opened: Callable[..., Any]) -> None:
    tab = opened("everything")
    tab.evaluate("delete window.DecompressionStream")
    section = open_loss(tab, "L2Loss")
    assert "needs a browser of 2023 or later" in section.locator(".cells .notice").inner_text()


def test_a_failing_cell_opens_by_keyboard(opened: Callable[..., Any]) -> None:
    tab = opened("everything")
    section = open_loss(tab, "L2Loss")
    row = section.locator(".row").first
    assert "fail" in row.inner_text()
    row.focus()
    tab.keyboard.press("Enter")
    assert row.get_attribute("aria-expanded") == "true"
    detail = section.locator(".detail").first
    text = detail.inner_text()
    for words in (
        "value differs from the formula: 5.2e6 ulp, limit 4",
        "First differing element",
        "value[1]",
        "expected (formula)",
        "5.2×10⁶ ulp, limit 4",
        "Reference: native",
        "weight",
    ):
        assert words in text
    assert detail.locator("td", has_text="✗ no").count() == 3
    assert "[[  0.5, -1.25]\n [    3,  1e-7]]" in detail.locator("pre").all_inner_texts()
    tab.keyboard.press("Space")
    assert row.get_attribute("aria-expanded") == "false"
    assert not detail.is_visible()


def test_special_numbers_and_references(opened: Callable[..., Any]) -> None:
    section = open_loss(opened("everything"), "L2Loss")
    section.locator(".row", has_text="special").click()
    texts = section.locator(".detail:visible pre").all_inner_texts()
    assert "[[     nan,      inf,     -inf]\n [      -0,      0.1, 16777217]]" in texts
    section.locator(".row", has_text="refused").click()
    assert section.get_by_text("Refused: label out of range").is_visible()
    section.locator(".row", has_text="not-run").click()
    assert section.get_by_text("This cell was planned and has no record.").is_visible()
    section.locator(".row", has_text="deviation").last.click()
    assert section.locator(".detail:visible").get_by_role("link", name="l2-mean").is_visible()


def test_a_loss_without_native_library_says_so(opened: Callable[..., Any]) -> None:
    section = open_loss(opened("everything"), "Quartic")
    section.locator(".row").first.click()
    assert section.get_by_text("The native library was not available for this case.").is_visible()
    assert section.locator(".value").all_inner_texts() == ["Example, formula: 1", "Example, native: not available"]


def test_a_link_to_a_finding_opens_what_hides_it(opened: Callable[..., Any]) -> None:
    tab = opened("everything")
    tab.locator("#matrix-filter").get_by_label("Search").fill("l2")
    tab.get_by_role("link", name="quartic-nan").click()
    tab.locator(".finding", has_text="quartic-nan").wait_for(state="visible")
    assert tab.locator(".finding", has_text="quartic-nan").is_visible()


def test_hostile_text_shows_as_text(opened: Callable[..., Any]) -> None:
    tab = opened("hostile")
    section = open_loss(tab, HOSTILE.split("\u2028")[0])
    row = section.locator(".row").first
    row.click()
    assert tab.locator("img").count() == 0
    assert section.locator(".detail code, .detail dd, .detail pre, .detail p, .row code").count() > 5
    assert HOSTILE in row.locator("code").text_content()
    assert HOSTILE in section.locator(".detail .why").first.text_content()
    section.get_by_role("searchbox", name="Search").fill("<img src=x")
    assert section.locator("output").inner_text() == "1 of 1 cells"
    tab.locator("#matrix-filter").get_by_label("Environment").select_option(HOSTILE.replace("\u2028", " "))


def test_charts_and_tables_of_the_benchmark(opened: Callable[..., Any]) -> None:
    tab = opened("everything", viewport={"width": 390, "height": 800})
    section = tab.locator("section[aria-labelledby=speed]")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert section.get_by_role("img").count() == 4
    torch = section.get_by_role("region", name="Ratios of every loss on torch")
    assert not torch.is_visible()
    section.get_by_text("As numbers").first.click()
    assert torch.get_by_role("row", name="CrossEntropyLoss ignoring").is_visible()
    folded = section.locator("td details").first
    assert "," not in folded.inner_text()
    folded.locator("summary").click()
    assert int(folded.locator("summary").inner_text().split()[0]) == folded.inner_text().count(",") + 1


def test_colours_by_keyboard(opened: Callable[..., Any]) -> None:
    tab = opened("everything", color_scheme="light")

    def background() -> str:
        return tab.evaluate("getComputedStyle(document.body).backgroundColor")

    light = background()
    tab.locator("#theme input:checked").focus()
    tab.keyboard.press("ArrowRight")
    assert background() == light
    tab.keyboard.press("ArrowRight")
    dark = background()
    assert dark != light
    tab.emulate_media(color_scheme="dark")
    assert background() == dark
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#theme input:checked").get_attribute("value") == "auto"
    assert background() == dark


def test_the_first_tab_skips_to_the_content(opened: Callable[..., Any]) -> None:
    tab = opened("everything")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"


def test_without_javascript(opened: Callable[..., Any]) -> None:
    tab = opened("everything", java_script_enabled=False)
    assert tab.get_by_role("heading", name="Not conformant").is_visible()
    assert tab.locator("#matrix-table tr[data-loss]").count() == 3
    assert tab.get_by_text("Without JavaScript").is_visible()
    assert not tab.locator("#matrix-filter").is_visible()
    section = open_loss(tab, "L2Loss")
    for part in ("math >> nth=0", "svg.plot", ".finding >> nth=0"):
        assert section.locator(part).is_visible()
    assert section.get_by_text("15 cells. The list needs JavaScript.").is_visible()


SCREENS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 375, "height": 800}},
}


@pytest.mark.parametrize(
    ("name", "screen"), [*itertools.product(("everything", "hostile"), SCREENS), ("large", "light")]
)
def test_accessible(opened: Callable[..., Any], name: str, screen: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = opened(name, **SCREENS[screen])
    open_loss(tab, "")
    tab.locator(".row").first.click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["viewport"]["width"]
    found = axe.run(tab).response["violations"]
    serious = [
        (rule["id"], [node["html"][:200] for node in rule["nodes"][:3]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []
