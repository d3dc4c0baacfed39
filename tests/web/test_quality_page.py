"""The reviewers' page in a real Chromium: through the queue by keyboard, and what was said in store and log."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from frontrow.cli.quality_examples import write_film
from frontrow.data.accounts import Accounts, Role
from frontrow.data.replay import outer_members, replay
from frontrow.data.reviews import Found, Inspected, Reviews, Word
from frontrow.data.workspace import Workspace
from frontrow.schema import Kind
from frontrow.service.hall import now_ms
from worlds import service as world

CHROMIUM = os.environ.get("FRONTROW_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--no-first-run"]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's chromium or set FRONTROW_CHROMIUM"),
]

UNSURE = Inspected(
    id="unsure", file="film.mp4", title="t1", pack="general", judge="", made_ms=1, verdict="review", risk=0.5,
    reasons=("black at 0:00:02.400: <b>black</b>",), audit=False, views=90.0, duration_s=7.0, frame_rate=25.0,
)  # fmt: skip
REJECTED = Inspected(**{**vars(UNSURE), "id": "rejected", "file": "other.mp4", "verdict": "reject", "risk": 0.95})
APPROVED = Inspected(**{**vars(UNSURE), "id": "approved", "file": "good.mp4", "verdict": "approve", "risk": 0.01})
BLACK = Found(0, "black", "error", 2.4, 3.6, 0.9, "<b>black</b> for 1.2 s")
HUM = Found(1, "hum", "warn", 4.0, 6.0, 0.6, "50 Hz")


@dataclass
class Served:
    """A running service with inspected films."""

    place: Workspace
    url: str
    links: dict[str, str]

    def reviews(self) -> Reviews:
        return Reviews(f"sqlite:///{self.place.root / 'catalogue.db'}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place, _ = world.build(tmp_path_factory.mktemp("quality") / "service")
    (place.root / "media").mkdir()
    write_film(place.root / "media" / "film.mp4")
    url = f"sqlite:///{place.root / 'catalogue.db'}"
    with Reviews(url) as reviews:
        for it in (UNSURE, REJECTED, APPROVED):
            reviews.add(it, [BLACK, HUM] if it is UNSURE else [])
    accounts = Accounts(url)
    roles = {"ada": Role.REVIEW, "bob": Role.REVIEW, "eve": Role.READ, "root": Role.ADMIN}
    links = {name: accounts.add_link(name, role, now_ms()) for name, role in roles.items()}
    accounts.close()
    command = [sys.executable, "-m", "frontrow", "serve", "-w", str(place.root), "--port", "0", "--no-worker", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(place, json.loads(process.stdout.readline())["url"], links)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def pages(served: Served) -> Iterator[dict[str, Page]]:
    """A signed-in page of each person."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = {}
        for name, link in served.links.items():
            page = browser.new_context(base_url=served.url, viewport={"width": 1280, "height": 900}).new_page()
            page.faults = []  # type: ignore[attr-defined]
            page.on("pageerror", lambda error, page=page: page.faults.append(str(error)))
            page.on("console", lambda said, page=page: page.faults.append(said.text) if is_fault(said) else None)
            page.goto(f"/sign-in/{link}")
            found[name] = page
        yield found
        browser.close()


def is_fault(said: ConsoleMessage) -> bool:
    return (
        said.type == "error"
        and "/static/vendor/" not in said.location["url"]
        and "/stills/" not in said.location["url"]
    )


def test_a_reviewer_goes_through_a_file_by_keyboard_and_store_and_log_know(
    served: Served, pages: dict[str, Page]
) -> None:
    page = pages["ada"]
    page.goto("/quality")
    assert page.eval_on_selector_all("#queue tbody tr", "rows => rows.map(row => row.dataset.id)") == [
        "unsure",
        "rejected",
    ]
    page.focus("#start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quality/unsure")
    page.wait_for_function("() => document.querySelector('#film').readyState >= 2")
    assert page.get_attribute("#findings li[aria-current]", "data-number") == "0"
    page.wait_for_function("() => Math.abs(document.querySelector('#film').currentTime - 2.4) < 0.05")
    page.keyboard.press("j")
    page.wait_for_function("() => Math.abs(document.querySelector('#film').currentTime - 4) < 0.05")
    page.keyboard.press("k")
    page.keyboard.press("1")
    page.wait_for_selector("#findings li[aria-current][data-number='1']")
    page.keyboard.press("2")
    page.wait_for_selector("#findings li[data-number='1'][data-mine=wrong]")
    assert page.faults == []  # type: ignore[attr-defined]

    page.keyboard.press("m")
    page.keyboard.press("i")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#film').currentTime > 4.9")
    page.keyboard.press("o")
    page.keyboard.press("]")
    assert page.locator("#drawing").is_visible()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "freeze" in page.locator("#missed").inner_text()

    page.keyboard.press("r")
    page.wait_for_url("**/quality/rejected")

    with served.reviews() as reviews:
        words = reviews.words("unsure")
    assert [(x.said, x.number, x.code) for x in words] == [
        ("right", 0, ""), ("wrong", 1, ""), ("missed", None, "freeze"), ("reject", None, "")
    ]  # fmt: skip
    assert {x.reviewer for x in words} == {"ada"}
    span = words[2]
    assert (span.start_s, span.end_s) == (pytest.approx(4.0, abs=0.05), pytest.approx(5.0, abs=0.05))
    told = replay(served.place.log, kinds=[Kind.REVIEW]).frame
    names = dict(outer_members(served.place.log).select("member", "outer").iter_rows())
    assert {names[member] for member in told["member"]} == {"ada"}
    assert [json.loads(props)["said"] for props in told["props"]] == ["right", "wrong", "missed", "reject"]
    assert told["value"].to_list() == [1.0, 0.0, None, 0.0]


def test_a_missed_span_can_be_taken_back_by_who_marked_it_alone(served: Served, pages: dict[str, Page]) -> None:
    with served.reviews() as reviews:
        reviews.add(Inspected(**{**vars(UNSURE), "id": "back", "file": "back.mp4"}), [])
        reviews.say([Word(f"m-{who}", "back", who, "missed", 1, None, "hum", 1.0, 2.0) for who in ("ada", "bob")])
        reviews.say([Word("decided", "back", "ada", "reject", 2)])
    page = pages["ada"]
    page.goto("/quality/back")
    assert page.locator("#missed li").count() == 2
    with page.expect_navigation():
        page.locator("#missed button").click()
    assert "bob" in page.locator("#missed li").inner_text()


def test_an_administrator_has_the_judge_trained_on_what_was_said(served: Served, pages: dict[str, Page]) -> None:
    page = pages["root"]
    page.goto("/quality")
    with page.expect_navigation():
        page.get_by_role("button", name="Train the judge").click()
    assert "Newest training: waiting" in page.locator("#training").inner_text()
    pages["ada"].goto("/quality")
    assert pages["ada"].get_by_role("button", name="Train the judge").count() == 0


def test_a_second_reviewer_sees_what_others_said_only_after_deciding(served: Served, pages: dict[str, Page]) -> None:
    with served.reviews() as reviews:
        reviews.add(Inspected(**{**vars(UNSURE), "id": "twice", "file": "film.mp4"}), [BLACK])
    first, second = pages["ada"], pages["bob"]
    first.goto("/quality/twice")
    first.keyboard.press("1")
    first.wait_for_selector("#findings li[data-mine=right]")
    with first.expect_navigation():
        first.keyboard.press("a")
    second.goto("/quality/twice")
    assert "ada" not in second.locator("#review").inner_text()
    assert "1 other looked at it" in second.locator("#review").inner_text()
    with second.expect_navigation():
        second.keyboard.press("r")
    second.goto("/quality/twice")
    assert "ada said approve" in second.locator("#review").inner_text()
    assert "Reviewers disagree" in second.locator("#review").inner_text()
    assert "1 other said right" in second.locator("#findings").inner_text()


def test_what_a_detector_says_is_shown_and_not_run(pages: dict[str, Page]) -> None:
    page = pages["bob"]
    page.goto("/quality/unsure")
    assert "<b>black</b> for 1.2 s" in page.locator("#findings").inner_text()
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()


def test_films_come_in_ranges_and_only_to_reviewers(served: Served, pages: dict[str, Page]) -> None:
    page = pages["ada"]
    part = page.request.get("/quality/unsure/film", headers={"Range": "bytes=4-7"})
    assert (part.status, part.body()) == (206, b"ftyp")
    assert page.request.get("/quality/rejected/film").status == 404  # its film is not there
    for path in ("/quality/none", "/quality/unsure/stills/..%2fcatalogue.db", "/quality/unsure/files/whole.msgpack"):
        assert page.request.get(path).status == 404, path
    for path in ("/quality", "/quality/unsure", "/quality/unsure/film"):
        assert pages["eve"].request.get(path).status == 403, path


def test_a_verdict_needs_the_pages_token_and_must_make_sense(pages: dict[str, Page]) -> None:
    page = pages["ada"]
    page.goto("/quality/unsure")
    csrf = page.get_attribute('meta[name="csrf"]', "content") or ""
    assert page.request.post("/quality/unsure/say", form={"said": "approve"}).status == 403
    for form in ({"said": "splendid"}, {"said": "right", "number": "9"}, {"said": "missed", "code": "nothing"}):
        answer = page.request.post("/quality/unsure/say", form={"csrf": csrf, **form})
        assert answer.status in (400, 422), form


def test_pages_fit_a_phone(served: Served, pages: dict[str, Page]) -> None:
    browser = pages["ada"].context.browser
    assert browser is not None
    state = pages["ada"].context.storage_state()
    context = browser.new_context(
        base_url=served.url, viewport={"width": 390, "height": 844}, storage_state=state, is_mobile=True
    )
    phone = context.new_page()
    for path in ("/quality", "/quality/unsure"):
        phone.goto(path)
        assert phone.evaluate("document.documentElement.scrollWidth") == 390, path
    context.close()


def test_of_a_hundred_thousand_findings_the_gravest_are_shown(served: Served, pages: dict[str, Page]) -> None:
    many = [Found(number, "overlap", "warn", 1.0, 2.0, 0.5, "") for number in range(2000)]
    with served.reviews() as reviews:
        crowded = Inspected(**{**vars(UNSURE), "id": "crowded", "file": "crowded.mp4"})
        reviews.add(crowded, [*many, Found(2000, "encoding", "error", 0.0, 7.0, 0.9, "the gravest")])
    page = pages["bob"]
    page.goto("/quality/crowded")
    assert page.locator("#findings > li").count() == 500
    assert "the gravest" in page.locator("#findings").inner_text()
    assert "1,501 more" in page.inner_text("#left-out")


def test_a_miss_is_marked_without_a_keyboard_too(served: Served, pages: dict[str, Page]) -> None:
    page = pages["bob"]
    page.goto("/quality/unsure")
    page.wait_for_function("document.querySelector('#film').readyState > 0")
    page.click("#mark-button")
    box = page.locator("#lane").bounding_box()
    assert box
    for share, field in ((0.25, "start_s"), (0.75, "end_s")):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 3)
        page.click(f"[data-take={field}]")
    with page.expect_navigation():
        page.click("#mark button:not([type])")
    with served.reviews() as reviews:
        said = [word for word in reviews.words("unsure") if (word.said, word.reviewer) == ("missed", "bob")]
    assert (said[-1].start_s, said[-1].end_s) == pytest.approx((1.75, 5.25), abs=0.1)
