"""The web player in Chromium: a real film, our controller, lines shaped over the DevTools protocol, a minute each.

The page's scripts, styles and fonts are in the browser's cache before the line is shaped, as for a viewer who comes
from the home page; no segment, playlist or table is. About five minutes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from frontrow import config
from frontrow.data.accounts import Accounts, Role
from frontrow.data.catalogue import Catalogue
from frontrow.data.fetch import BIG_BUCK_BUNNY, fetch
from frontrow.data.replay import replay
from frontrow.data.workspace import Workspace, create
from frontrow.delivery import experience
from frontrow.delivery.experience import Session
from frontrow.errors import FetchFailed
from frontrow.jobs import packaging
from frontrow.media import transcode
from frontrow.schema import Kind, Title
from frontrow.service.hall import now_ms

CHROMIUM = os.environ.get("FRONTROW_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-component-update",
         "--disable-sync", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
TITLE = "film"
PLAYED_S, FILM_S = 60, 100
SPARE = 1.2
STARTED = "() => window.frontrowPlayback && window.frontrowPlayback.startup_s !== null"

DECIDE = """async ([policy, count]) => {
  const { AbrController } = await import("/static/abr.js");
  const controller = new AbrController(policy);
  const sizes = policy.worth.map((_, rung) => 400 * 2 ** rung);
  let begun = 0;
  for (let n = -1000; n < count; n++) {
    if (n === 0) begun = performance.now();
    controller.downloaded(sizes[0], 0.05, 0.1 + (n * n) % 7, 0);
    controller.choose(sizes, (n * n) % 23, 20);
  }
  return 1000 * (performance.now() - begun) / count;
}"""


@dataclass(frozen=True)
class Profile:
    """A shaped line: kbit/s of each interval of `every_s`, then again."""

    name: str
    kbps: tuple[float, ...]
    latency_ms: int
    every_s: int = 5


def run(data: Path | None) -> Iterator[Figure]:
    missing = _missing()
    if missing:
        yield Figure("web player", 0.0, detail=f"left out: {missing}")
        return
    with tempfile.TemporaryDirectory(prefix="frontrow-player-") as folder:
        place = _make_place(Path(folder) / "place")
        lowest_kbps = _lowest_kbps(place)
        floor = SPARE * lowest_kbps
        profiles = (
            Profile("the lowest rung and a fifth", (floor,), 60),
            Profile("a bus ride", tuple(max(x, floor) for x in (1500, 900, 500, 300, 700, 1200, 2200, 800)), 80),
            Profile("a fast line that breaks down", (6000, 6000, 6000, 6000, floor, floor, floor, 6000), 20),
        )
        with _serve(place) as (url, link), _browser(url, link) as new_page:
            startups = [_startup_s(new_page) for _ in range(3)]
            yield Figure(
                "start-up on loopback, median of 3", sorted(startups)[1], "s", 1.5, "at most",
                detail="page asked for to first picture",
            )  # fmt: skip
            yield Figure("a decision in the browser", _decision_us(new_page, place), "us", 50.0, "at most")
            for profile in profiles:
                seen = _play(new_page, profile)
                told = _session(place)
                stall_s, vmaf = seen["stall_s"], seen["vmaf_s"] / max(seen["media_s"], 1e-9)
                detail = (
                    f"start-up {seen['startup_s']:.2f} s, VMAF {vmaf:.1f}, {seen['switches']} switches, "
                    f"{seen['kbit'] / max(seen['media_s'], 1e-9):.0f} kbit/s, played {seen['played_s']:.0f} s; "
                    f"the log says {sum(told.stall_s):.2f} s of stalls in {sum(told.played_s):.0f} s"
                )
                yield Figure(f"stalls, {profile.name}", stall_s, "s", 0.0, "at most", detail=detail)
                yield Figure(f"mean VMAF, {profile.name}", vmaf, "", detail=f"lowest rung {_vmafs(place)[0]:.1f}")


def _missing() -> str:
    from frontrow.web.site import _HERE

    if CHROMIUM is None:
        return "no Chromium; install it or set FRONTROW_CHROMIUM"
    if not (_HERE / "static" / "vendor" / "hls.min.js").exists():
        return "hls.js was not fetched; run 'make assets'"
    try:
        fetch(BIG_BUCK_BUNNY)
    except FetchFailed as error:
        return f"no film: {error}"
    return ""


def _make_place(root: Path) -> Workspace:
    """A workspace with one title, packaged as the demo's job would."""
    place = create(root)
    film = root / "film.mp4"
    transcode.run(["-ss", "60", "-t", FILM_S, "-i", fetch(BIG_BUCK_BUNNY) / "bbb.mp4", "-c", "copy", film])
    with Catalogue(place.store_url(config.load(root))) as catalogue:
        catalogue.upsert([Title(title=TITLE, name="Film")])
    out = packaging.folder_of(place, TITLE)
    rungs = packaging.modest_rungs(film, out, "veryfast", lambda *_: None)
    packaging.write(film, rungs, out, "veryfast", step=lambda *_: None)
    return place


def _lowest_kbps(place: Workspace) -> float:
    """What the lowest rung needs with its sound, as its playlist says."""
    master = (packaging.folder_of(place, TITLE) / "master.m3u8").read_text("utf-8")
    return min(int(found) for found in re.findall(r"AVERAGE-BANDWIDTH=(\d+)", master)) / 1000


def _vmafs(place: Workspace) -> list[float]:
    about = json.loads((packaging.folder_of(place, TITLE) / packaging.ABOUT).read_text("utf-8"))
    return [rung["vmaf"] for rung in about["rungs"]]


@contextmanager
def _serve(place: Workspace) -> Iterator[tuple[str, str]]:
    accounts = Accounts(place.store_url(config.load(place.root)))
    link = accounts.add_link("bench", Role.ADMIN, now_ms())
    accounts.close()
    command = [sys.executable, "-m", "frontrow", "serve", "-w", str(place.root), "--port", "0", "--no-worker", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], link
        finally:
            process.terminate()


@contextmanager
def _browser(url: str, link: str) -> Iterator[Any]:
    """A function that opens a page of a fresh context: signed in, with the site's static files in its cache."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(base_url=url)
        context.new_page().goto(f"/sign-in/{link}")
        signed_in = context.storage_state()
        context.close()

        def new_page() -> Any:
            context = browser.new_context(
                base_url=url, storage_state=signed_in, viewport={"width": 1600, "height": 1000}
            )
            page = context.new_page()
            page.goto("/watch/film")  # without a member: the page's styles and fonts, no film
            page.evaluate(
                "async (names) => { for (const name of names) await (await fetch(`/static/${name}.js`)).text(); }",
                ["player", "abr", "codec", "events", "experience", "seek", "start", "vendor/hls.min"],
            )
            return page

        yield new_page
        browser.close()


def _startup_s(new_page: Any) -> float:
    page = new_page()
    page.goto(f"/watch/{TITLE}?member=first")
    page.wait_for_function(STARTED, timeout=30_000)
    found = float(page.evaluate("window.frontrowPlayback.startup_s"))
    page.context.close()
    return found


def _decision_us(new_page: Any, place: Workspace) -> float:
    """Microseconds of the page's thread from a finished download to the rung of the next segment, one after another."""
    page = new_page()
    policy = json.loads((packaging.folder_of(place, TITLE) / "policy.json").read_text("utf-8"))
    found = float(page.evaluate(DECIDE, [policy, 20_000]))
    page.context.close()
    return found


def _play(new_page: Any, profile: Profile) -> dict[str, Any]:
    """Play over the shaped line until a minute after the first picture; the page then goes, as a viewer's would."""
    page = new_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")

    def shape(number: int) -> None:
        rate = profile.kbps[number % len(profile.kbps)] * 1000 / 8
        devtools.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": profile.latency_ms, "downloadThroughput": rate, "uploadThroughput": rate},
        )

    shape(0)
    page.goto(f"/watch/{TITLE}?member=viewer", wait_until="commit")
    page.wait_for_function(STARTED, timeout=60_000)
    for number in range(PLAYED_S // profile.every_s):
        shape(number)
        page.wait_for_timeout(1000 * profile.every_s)
    seen: dict[str, Any] = page.evaluate("window.frontrowPlayback")
    page.goto("about:blank")
    page.wait_for_timeout(1500)
    page.context.close()
    return seen


def _session(place: Workspace) -> Session:
    """The newest session of the log."""
    rows = replay(place.log, kinds=[Kind.QOE]).frame.to_dicts()
    return experience.read([json.loads(row["props"]) | row for row in rows])[-1]
