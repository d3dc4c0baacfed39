"""A person's way through the pages, in a real Chromium against a real `frontrow serve`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from frontrow.data.accounts import Accounts, Role
from frontrow.data.catalogue import Catalogue
from frontrow.schema import Title
from frontrow.service.hall import now_ms
from worlds import service as world

CHROMIUM = os.environ.get("FRONTROW_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
LONG = "long"  # id of a title with words that no line can hold
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's chromium or set FRONTROW_CHROMIUM"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served tiny world, with a link that signs in."""
    place, _ = world.build(tmp_path_factory.mktemp("browser") / "service")
    url = f"sqlite:///{place.root / 'catalogue.db'}"
    with Catalogue(url) as catalogue:
        catalogue.upsert([Title(title=LONG, name="Donaudampfschifffahrts" * 9, text="x" * 2000, people=("y" * 200,))])
    accounts = Accounts(url)
    link = accounts.add_link("ada", Role.ADMIN, now_ms())
    accounts.close()
    command = [sys.executable, "-m", "frontrow", "serve", "-w", str(place.root), "--port", "0", "--no-worker", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"{json.loads(process.stdout.readline())['url']} {link}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def page(site: str) -> Iterator[Page]:
    url, link = site.split()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.faults = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda said: page.faults.append(said.text) if is_fault(said) else None)  # type: ignore[attr-defined]
        page.goto(f"/sign-in/{link}")
        yield page
        browser.close()


def is_fault(said: ConsoleMessage) -> bool:
    """An error on the page; fonts and htmx may be missing where there is no npm, and pages do without."""
    return said.type == "error" and "/static/vendor/" not in said.location["url"]


def shown(page: Page) -> list[str]:
    return page.eval_on_selector_all(".tile", "tiles => tiles.map(tile => tile.dataset.title)")


def test_playing_a_title_changes_the_home_page(page: Page) -> None:
    page.goto("/?member=m0")
    before = shown(page)
    assert len(before) > 10
    page.locator(".tile a").nth(1).click()
    played = page.url.split("/title/")[1].split("?")[0]
    name = page.locator(".title-page h1").inner_text()
    page.click("#play")
    assert "/watch/" in page.url
    page.fill("#far", "0.4")
    assert page.locator("#percent").inner_text() == "40%"
    page.click("#stop")
    page.wait_for_url("**/?member=m0")
    continued = page.locator('[data-row="continue"] .tile')
    assert continued.first.get_attribute("data-title") == played
    assert continued.first.locator(".played").get_attribute("aria-label") == "40% watched"
    page.goto(f"/watch/{played}?member=m0&at=0.4")
    page.click("#finish")
    page.wait_for_url("**/?member=m0")
    assert played not in shown(page)
    assert page.get_by_role("heading", name=f"Because you watched {name}").count() == 1


def test_the_reason_shows_on_hover(page: Page) -> None:
    page.goto("/?member=m0")
    tile = page.locator('[data-row="top"] .tile').first
    why = tile.locator(".why")
    assert why.evaluate("node => getComputedStyle(node).opacity") == "0"
    tile.hover()
    page.wait_for_function("node => getComputedStyle(node).opacity === '1'", arg=why.element_handle())
    assert why.locator(".text").inner_text()


def test_the_switcher_shows_another_members_page(page: Page) -> None:
    page.goto("/?member=m0")
    mine = shown(page)
    page.fill("#member", "m1")
    page.click(".switcher button")
    page.wait_for_url("**/?member=m1")
    assert shown(page) != mine


def test_tiles_seen_for_a_second_become_impressions(page: Page) -> None:
    page.goto("/?member=m2")
    with page.expect_response("**/v1/events") as answered:
        page.wait_for_selector(".tile")
    answer = answered.value
    assert answer.status == 200
    assert answer.json()["stored"] > 0
    sent = json.loads(answer.request.post_data or "")
    assert {event["kind"] for event in sent} == {"impression"}
    assert {event["decision_id"] for event in sent} == {page.get_attribute("#rows", "data-decision")}


def test_a_name_that_is_a_script_is_shown_and_not_run(page: Page) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto("/title/t0?member=m0")
    assert page.locator(".title-page h1").inner_text() == world.HOSTILE_NAME
    assert not dialogs


def test_console_and_api_pages_open_and_nothing_fails_on_the_way(page: Page) -> None:
    page.goto("/console")
    assert page.locator(".card b").first.inner_text() == str(world.TITLES + 1)
    page.click("#fit")
    page.wait_for_url("**/console")
    assert "waiting" in page.locator("#jobs").inner_text()
    page.goto("/api")
    assert page.get_by_text("/v1/home/{member}", exact=True).count() == 1
    assert page.faults == []  # type: ignore[attr-defined]


def test_pages_work_without_javascript(site: str, page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    state = page.context.storage_state()
    context = browser.new_context(base_url=site.split()[0], java_script_enabled=False, storage_state=state)
    plain = context.new_page()
    plain.goto("/?member=m4")
    plain.locator(".tile a").nth(1).click()
    plain.click("#play")
    plain.click("#finish")
    assert plain.url.endswith("/?member=m4")
    assert plain.locator(".row").count() > 2
    context.close()


def test_every_page_fits_a_phone_whatever_is_written_on_it(site: str, page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    state = page.context.storage_state()
    context = browser.new_context(
        base_url=site.split()[0], viewport={"width": 390, "height": 844}, storage_state=state, is_mobile=True
    )
    phone = context.new_page()
    for path in ("/?member=m0", "/?member=nobody", f"/title/{LONG}?member=m0", f"/watch/{LONG}", "/console", "/api"):
        phone.goto(path)
        assert phone.evaluate("document.documentElement.scrollWidth") == 390, path
    context.close()


def test_the_keyboard_reaches_the_tiles_and_shows_where_it_is(page: Page) -> None:
    page.goto("/?member=m0")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#main') !== null")
    page.locator(".tile a").first.focus()
    page.keyboard.press("Tab")
    style = "(([node]) => { const s = getComputedStyle(node); return `${s.outlineStyle} ${s.outlineWidth}`; })"
    assert page.evaluate(f"{style}([document.activeElement])") == "solid 2px"
    assert page.evaluate("document.activeElement.closest('.tile') !== null")


def test_a_row_scrolls_by_its_button_and_the_button_is_dark(page: Page) -> None:
    page.goto("/?member=m0")
    strip = page.locator(".strip").first
    strip.hover()
    assert strip.locator(".forth").evaluate("node => getComputedStyle(node).backgroundColor").startswith("rgba(18,")
    strip.locator(".forth").click()
    page.wait_for_function("() => document.querySelector('.strip ul').scrollLeft > 100")
    page.wait_for_function("() => !document.querySelector('.strip .back').hidden")
