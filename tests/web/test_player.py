"""The web player in a real Chromium on a real package, over a line that the browser's own tools make slow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

import frontrow.web
from frontrow.data.accounts import Accounts, Role
from frontrow.data.catalogue import Catalogue
from frontrow.data.replay import replay
from frontrow.delivery import experience
from frontrow.delivery.ladder import Rung
from frontrow.jobs import packaging
from frontrow.media import transcode
from frontrow.schema import Kind
from frontrow.service.hall import now_ms
from worlds import service as world

CHROMIUM = os.environ.get("FRONTROW_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
HLS = Path(frontrow.web.__file__).parent / "static" / "vendor" / "hls.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]
RUNGS = [Rung(90, 30.0, 100.0, 40.0), Rung(180, 28.0, 300.0, 70.0), Rung(270, 20.0, 1500.0, 95.0)]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install Debian's chromium or set FRONTROW_CHROMIUM"),
    pytest.mark.skipif(not HLS.exists(), reason="hls.js was not fetched (npm ci needs Node.js and a network)"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str, str]]:
    """(workspace, address, sign-in link, title) of a world whose first title has a packaged film."""
    place, _ = world.build(tmp_path_factory.mktemp("player") / "service")
    film = place.root / "film.mp4"
    noise = "testsrc2=size=480x270:rate=24:duration=10,noise=alls=14:allf=t"
    transcode.run(["-f", "lavfi", "-i", noise, "-pix_fmt", "yuv420p", "-preset", "ultrafast", film])
    url = f"sqlite:///{place.root / 'catalogue.db'}"
    with Catalogue(url) as catalogue:
        title = catalogue.titles()[0].title
    packaging.write(film, RUNGS, place.root / "streams" / title, "ultrafast", step=lambda *_: None)
    accounts = Accounts(url)
    link = accounts.add_link("ada", Role.ADMIN, now_ms())
    accounts.close()
    command = [sys.executable, "-m", "frontrow", "serve", "-w", str(place.root), "--port", "0", "--no-worker", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield place.root, json.loads(process.stdout.readline())["url"], link, title
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def page(served: tuple[Path, str, str, str]) -> Iterator[Page]:
    _, url, link, _ = served
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(f"/sign-in/{link}")
        yield page
        browser.close()


def play(page: Page, title: str) -> dict:
    """Play to the end and return what the player saw."""
    page.goto(f"/watch/{title}?member=anna")
    page.wait_for_selector("#player[data-state=ended]", timeout=60_000)
    return page.evaluate("window.frontrowPlayback")


def test_a_film_plays_to_its_end_on_a_fast_line_and_the_log_knows(served, page):
    root, _, _, title = served
    seen = play(page, title)
    assert seen["stalls"] == 0
    assert seen["switches"] >= 1
    assert seen["vmaf_s"] / seen["media_s"] > 60, "all but the first segment in a good rung"
    told = replay(root / "log", kinds=[Kind.QOE]).frame
    sessions = experience.read([json.loads(row["props"]) | row for row in told.to_dicts()])
    assert len(sessions) == 1 and sessions[0].end == "ended" and sessions[0].controller == "current"
    assert sessions[0].startup_s == pytest.approx(seen["startup_s"])
    assert sum(sessions[0].played_s) == pytest.approx(10.0, abs=0.5)
    assert len(sessions[0].rates_kbps) == 3 and sum(sessions[0].stall_s) == 0
    assert len(replay(root / "log", kinds=[Kind.STOP]).frame) >= 1


def test_a_line_that_carries_the_lowest_rung_alone_plays_it_without_a_stall(served, page):
    """The line is slow for the page, the table and the segments alike; scripts and styles are in the cache by now."""
    _, _, _, title = served
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.clearBrowserCache")  # of what an earlier test has played
    page.goto(f"/watch/{title}")  # without a member nothing plays
    names = ["player", "abr", "codec", "events", "experience", "seek", "start", "vendor/hls.min"]
    page.evaluate(
        "async (names) => { for (const name of names) await (await fetch(`/static/${name}.js`)).text(); }", names
    )
    line = {"offline": False, "latency": 50, "downloadThroughput": 190_000 / 8, "uploadThroughput": 190_000 / 8}
    devtools.send("Network.emulateNetworkConditions", line)
    try:
        seen = play(page, title)
    finally:
        devtools.send("Network.emulateNetworkConditions", line | {"downloadThroughput": -1, "uploadThroughput": -1})
        devtools.detach()
    assert seen["stalls"] == 0
    assert seen["vmaf_s"] / seen["media_s"] < 55, "only a last, short segment may be better"
    assert seen["startup_s"] > 1.5, "the line was not shaped, or the segments came out of a cache"


def test_nothing_outside_a_titles_folder_is_served(served, page):
    _, url, _, title = served
    for path in (
        f"/stream/{title}/..%2f..%2ffrontrow.toml",
        "/stream/..%2f/frontrow.toml",
        f"/stream/{title}/none.m4s",
    ):
        assert page.request.get(url + path).status == 404


NO_AV1 = """
const told = MediaSource.isTypeSupported;
MediaSource.isTypeSupported = (type) => !type.includes("av01") && told.call(MediaSource, type);
"""


@pytest.mark.parametrize("refused", [False, True])
def test_the_codec_with_the_fewest_bits_plays_where_the_browser_decodes_it_and_h264_elsewhere(served, page, refused):
    root, _, _, title = served
    film, out = root / "film.mp4", root / "streams" / title
    rungs = [*RUNGS[:2], Rung(90, 50.0, 60.0, 40.0, "av1"), Rung(180, 40.0, 200.0, 75.0, "av1")]
    packaging.write(film, rungs, out, "12", step=lambda *_: None)
    fresh = page.context.browser.new_context(base_url=page.url, storage_state=page.context.storage_state())
    try:
        new = fresh.new_page()
        if refused:
            new.add_init_script(NO_AV1)
        asked = []
        new.on("request", lambda request: asked.append(request.url))
        seen = play(new, title)
    finally:
        fresh.close()
    assert seen["stalls"] == 0 and seen["vmaf_s"] / seen["media_s"] > 50
    assert any("/av1-" in url for url in asked) != refused
    assert any(url.endswith("/av1/policy.json") for url in asked) != refused
    if not refused:
        assert not any(f"/{folder}/" in url for url in asked for folder in ("90p-100k", "180p-300k"))
    told = replay(root / "log", kinds=[Kind.QOE]).frame.sort("seq")["props"].to_list()[-1]
    assert json.loads(told)["codec"] == ("h264" if refused else "av1")
