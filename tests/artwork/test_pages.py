"""From a film in the media folder to a picture on the home page, through the real queue, worker and service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from frontrow import config
from frontrow.cli.app import assemble
from frontrow.data.accounts import Role
from frontrow.data.catalogue import Catalogue
from frontrow.jobs import artwork as work
from frontrow.jobs.kinds import functions
from frontrow.jobs.queue import Queue
from frontrow.jobs.schedule import LEARN_PICTURES
from frontrow.jobs.worker import Worker
from frontrow.schema import Kind, Title
from frontrow.service.hall import now_ms
from worlds.service import NOW_MS, Running, build, event, serve_workspace

FILM = Title(title="films/one", name="One Film", genres=("Comedy",), duration_s=600, asset="one.mp4", added_ms=NOW_MS)


@pytest.fixture
def running(tmp_path: Path, film: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("FRONTROW_CACHE", str(tmp_path / "cache"))
    place, keys = build(tmp_path / "service")
    (place.root / "media").mkdir()
    film([(1, 40), (2, 40), (3, 40), (4, 40)]).rename(place.root / "media" / "one.mp4")
    settings = config.load(place.root)
    with Catalogue(place.store_url(settings)) as catalogue:
        catalogue.upsert([FILM, Title(title="elsewhere", name="Elsewhere", asset="../one.mp4")])
    with Queue(place.jobs) as queue:
        queue.submit(work.MAKE, {"title": FILM.title})
        queue.submit(work.MAKE, {"title": "elsewhere"})
        worker = Worker(queue, functions(), place, settings)
        worker.run_one()
        refused = worker.run_one()
        assert "no ../one.mp4" in str(refused)
    for made in serve_workspace(place, keys):
        made.client.get(f"/sign-in/{made.hall.accounts.add_link('ada', Role.ADMIN, now_ms())}")
        yield made


def post(running: Running, path: str, **form: object) -> Any:
    page = running.client.get("/console/artwork").text
    csrf = re.search(r'name="csrf" content="([^"]+)"', page)
    assert csrf
    return running.client.post(path, data={"csrf": csrf[1], **form})


def test_a_film_becomes_pictures_that_are_shown_pinned_forbidden_and_cropped(running: Running) -> None:
    shelf = work.gallery(running.place)
    manifest = shelf.manifest(FILM.title)
    assert manifest is not None
    assert 2 <= len(manifest["candidates"]) <= 4
    assert len({x["shot"] for x in manifest["candidates"]}) == len(manifest["candidates"])
    assert not shelf.draft(FILM.title).exists()

    sheet = running.client.get("/console/artwork/films%2Fone")
    assert sheet.status_code == 200
    files = re.findall(r'src="(/pictures/[^"]+)"', sheet.text)
    assert len(files) == 4 * len(manifest["candidates"])
    answer = running.client.get(files[0])
    assert answer.status_code == 200
    assert answer.content[:4] == b"RIFF"
    for name in ("..%2F..%2Fcatalogue.db", "manifest.json", "editor.json", "00000000-16x9.webp"):
        assert running.client.get(f"/pictures/films%2Fone/{name}").status_code == 404

    first, second = (x["hash"] for x in manifest["candidates"][:2])
    assert post(running, "/console/artwork/films%2Fone/decide", picture=second, action="pin").status_code == 303
    assert shelf.editor(FILM.title).pinned == second
    post(running, "/console/artwork/films%2Fone/decide", picture=second, action="forbid")
    assert shelf.editor(FILM.title).pinned == ""
    assert shelf.eligible(FILM.title)[0]["id"] == first
    assert second not in [x["id"] for x in shelf.eligible(FILM.title)]
    assert post(running, "/console/artwork/films%2Fone/decide", picture="none", action="pin").status_code == 404

    crop = {"picture": first, "shape": "1:1", "middle_x": 100, "middle_y": 50, "size": 60}
    assert post(running, "/console/artwork/films%2Fone/crop", **crop).status_code == 303
    entry = next(x for x in (shelf.manifest(FILM.title) or {})["candidates"] if x["hash"] == first)
    assert entry["files"]["1:1"].endswith("-1x1-hand.webp")
    assert entry["crops"]["1:1"]["box"]["right"] == pytest.approx(1.0)


def test_the_home_page_shows_the_picture_and_its_impression_carries_the_propensity(running: Running) -> None:
    page = running.client.get("/search", params={"q": "One Film", "member": "m0"}).text
    home = running.client.get("/", params={"member": "m0"}).text
    assert home.count("<img") == home.count('class="picture"')
    shelf = work.gallery(running.place)
    ids = [x["id"] for x in shelf.eligible(FILM.title)]
    if FILM.title in home:
        assert any(f'data-picture="{x}"' in home for x in ids)
    assert page

    props = {"picture": ids[0], "picture_propensity": 0.5, "segment": "Comedy", "picture_arm": "chosen"}
    told = [event(90_000, "m0", FILM.title, Kind.IMPRESSION, 0, decision_id="d", props=props)]
    told.append(event(90_001, "m0", FILM.title, Kind.STOP, 0.5, decision_id="d"))
    running.hall.ingest.log.append(told)
    settings = config.load(running.place.root)
    shown, _, genres = work.showings(running.place, settings)
    assert shown.select("picture", "propensity", "segment", "played").rows() == [(ids[0], 0.5, "Comedy", 1.0)]
    assert "Comedy" in genres
    with Queue(running.place.jobs) as queue:
        queue.submit(LEARN_PICTURES, {})
        Worker(queue, functions(), running.place, settings).run_one()
    learnt = work.published(running.place)
    assert learnt is not None
    assert set(learnt.pictures[FILM.title]) == set(ids)
    assert learnt.probabilities[FILM.title].sum(axis=1) == pytest.approx(1.0)
    page = running.client.get("/console/artwork/films%2Fone").text
    assert "1 of 1 played" in page
    assert "no viewer is in the arm &#39;control&#39; yet" in page
    told = CliRunner().invoke(assemble(), ["artwork", "report", "--json", "--workspace", str(running.place.root)])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["lift"]["viewers"] == {"control": 0, "chosen": 1}


def test_pictures_are_for_those_who_signed_in(running: Running) -> None:
    running.client.cookies.clear()
    assert running.client.get("/pictures/films%2Fone/00000000-16x9.webp").status_code in (303, 401)
    assert running.client.get("/console/artwork").status_code in (303, 401)
