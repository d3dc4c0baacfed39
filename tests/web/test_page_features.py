"""Search, first picks and explanations in a real Chromium; without JavaScript too, as forms do not need it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from frontrow.data.accounts import Accounts, Role
from frontrow.service.hall import now_ms
from worlds import service as world

CHROMIUM = os.environ.get("FRONTROW_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's chromium or set FRONTROW_CHROMIUM"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A signed-in page of a served tiny world that explores on half of its pages."""
    place, _ = world.build(tmp_path_factory.mktemp("features") / "service")
    accounts = Accounts(f"sqlite:///{place.root / 'catalogue.db'}")
    link = accounts.add_link("ada", Role.ADMIN, now_ms())
    accounts.close()
    command = [sys.executable, "-m", "frontrow", "serve", "-w", str(place.root), "--port", "0", "--no-worker", "--json"]
    explores = os.environ | {"FRONTROW_RECOMMEND__EXPLORE": "0.5"}
    served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=explores)
    with served as process, sync_playwright() as playwright:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_context(base_url=url, viewport={"width": 390, "height": 844}).new_page()
            page.goto(f"/sign-in/{link}")
            yield page
            browser.close()
        finally:
            process.terminate()


def shown(page: Page) -> list[str]:
    return page.eval_on_selector_all(".tile", "tiles => tiles.map(tile => tile.dataset.title)")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_mistyped_search_finds_the_title_and_leads_to_it(page: Page) -> None:
    page.goto("/?member=m0")
    page.fill(".finder input[name=q]", "tilte 42")
    page.press(".finder input[name=q]", "Enter")
    page.wait_for_url("**/search?*")
    assert "t42" in shown(page)[:3]
    assert fits(page)
    page.locator('[data-title="t42"] a').click()
    assert page.locator(".title-page h1").inner_text() == "Title 42"


def test_a_search_that_finds_nothing_says_what_to_do(page: Page) -> None:
    page.goto("/search?q=zzzzqqqq&member=m0")
    assert page.locator(".empty h1").inner_text() == "Nothing for “zzzzqqqq”"


def test_three_picks_of_somebody_new_make_their_page(page: Page) -> None:
    page.goto("/?member=newcomer")
    page.get_by_role("link", name="pick a few titles").click()
    assert fits(page)
    assert page.locator(".pick").count() > 10
    offered = page.eval_on_selector_all(".pick input", "boxes => boxes.map(box => box.value)")
    comedies = [title for title in offered if int(title[1:]) % 2 == 0][:3]
    for title in comedies:
        page.locator(f'.pick input[value="{title}"]').check()
    assert page.locator("#picks button").inner_text() == "Make my page"
    page.click("#picks button")
    page.wait_for_url("**/?member=newcomer")
    assert page.locator('[data-row="top"]').count() == 1
    assert all(int(title[1:]) % 2 == 0 for title in page.eval_on_selector_all(
        '[data-row="top"] .tile', "tiles => tiles.slice(0, 6).map(tile => tile.dataset.title)"))  # fmt: skip
    assert not set(comedies) & set(shown(page))


def test_a_titles_page_tells_why_it_stands_where_it_does(page: Page) -> None:
    page.goto("/title/t42?member=m0")
    assert "Title 42 is" in page.locator(".explained p").first.inner_text()


def test_an_explored_tile_sends_its_propensity_with_the_impression(page: Page) -> None:
    page.goto("/?member=m5")
    tile = page.locator("[data-propensity]")
    assert tile.count() == 1
    told = float(tile.get_attribute("data-propensity") or "nan")
    assert 0 < told <= 0.5
    with page.expect_request(
        lambda sent: sent.url.endswith("/v1/events") and "propensity" in (sent.post_data or "")
    ) as asked:
        tile.scroll_into_view_if_needed()
    events = json.loads(asked.value.post_data or "")
    assert [event["props"]["propensity"] for event in events if "propensity" in event["props"]] == [told]


def test_a_household_makes_a_profile_for_kids_and_what_it_watches_stays_its_own(page: Page) -> None:
    page.goto("/?member=m2")
    page.locator(".profiles summary").click()
    page.fill("#profile", "Mia & co")
    page.check(".profiles input[name=kids]")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url("**profile=Mia*")
    assert page.locator(".profiles summary .badge").inner_text() == "kids"
    page.locator(".profiles summary").click()
    page.fill("#profile", "Mia & co")  # made again, and not for kids: refused
    page.get_by_role("button", name="Make it").click()
    assert "there is a profile 'Mia & co' already" in page.locator("main").inner_text()
    page.go_back()
    assert page.locator(".profiles summary .badge").inner_text() == "kids"
    assert "Mia & co has watched nothing yet" in page.locator(".notice").inner_text()
    assert fits(page)
    page.locator(".hero .button").click()
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Watched it all").click()
    page.wait_for_url("**/?member=m2&profile=Mia*")
    assert page.locator(".notice").count() == 0
    assert page.locator(".row h2", has_text="Because you watched").count() == 1
    page.locator(".profiles summary").click()
    page.locator(".profiles a", has_text="Main profile").click()
    page.wait_for_url("**/?member=m2")
    assert page.locator(".profiles summary .badge").count() == 0
    assert page.locator(".notice").count() == 0
