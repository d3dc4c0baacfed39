"""The HTTP service: what it answers, to whom, and what happens when things are wrong."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from queue import Queue

import jsonschema
import pytest

from frontrow.data import artifacts, replay
from frontrow.data.accounts import Role
from frontrow.data.events import Receipt
from frontrow.errors import Overloaded
from frontrow.service import hall as hall_module
from worlds.service import HISTORY, NOW_MS, Running, build, event, every_route, serve, serve_workspace

OPEN_PATHS = {"/health/live", "/health/ready", "/sign-in", "/sign-in/{token}"}


def play(title: str, member: str = "m0", number: int = 900) -> dict[str, object]:
    made = event(number, member, title)
    return {"id": made.id, "at_ms": made.at_ms, "kind": "stop", "member": member, "title": title, "value": 1.0}


def tiles(page: dict) -> list[str]:
    return [tile["title"] for row in page["answer"]["rows"] for tile in row["tiles"]]


def test_every_route_but_health_and_the_door_is_closed(running: Running) -> None:
    tried = 0
    for route in every_route(running.client.app.routes):
        if route.path in OPEN_PATHS:
            continue
        path = route.path.replace("{", "").replace("}", "").replace(":path", "")
        for method in route.methods - {"HEAD"}:
            answer = running.client.request(method, path)
            to_the_door = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            assert answer.status_code == 401 or to_the_door, (method, path, answer.status_code)
            tried += 1
    assert tried > 10


def test_an_unknown_or_revoked_key_opens_nothing(running: Running) -> None:
    assert running.client.get("/v1/home/m0", headers={"Authorization": "Bearer fr_x"}).status_code == 401
    key = running.hall.accounts.add_key("soon gone", Role.READ, NOW_MS)
    running.hall.accounts.revoke_key(running.hall.accounts.list_keys()[-1].id, NOW_MS)
    assert running.client.get("/v1/home/m0", headers={"Authorization": f"Bearer {key}"}).status_code == 401


@pytest.mark.parametrize(
    ("role", "home", "events"),
    [(Role.INGEST, 403, 200), (Role.READ, 200, 403), (Role.REVIEW, 200, 403), (Role.ADMIN, 200, 200)],
)
def test_a_role_opens_what_it_says(running: Running, role: Role, home: int, events: int) -> None:
    assert running.client.get("/v1/home/m0", headers=running.bearer(role)).status_code == home
    assert running.client.post("/v1/events", headers=running.bearer(role), json=play("t2")).status_code == events


def test_an_acknowledged_event_is_in_the_log_and_the_same_id_is_stored_once(running: Running) -> None:
    first = running.client.post("/v1/events", headers=running.bearer(), json=play("t2"))
    again = running.client.post("/v1/events", headers=running.bearer(), json=[play("t2"), play("t4", number=901)])
    assert first.json() == {"stored": 1, "duplicates": 0, "refused": []}
    assert again.json() == {"stored": 1, "duplicates": 1, "refused": []}
    frame = replay.replay(running.place.log).frame
    wanted = {uuid.UUID(str(play("t2")["id"])).bytes, uuid.UUID(str(play("t4", number=901)["id"])).bytes}
    assert frame["id"].to_list()[-2:] == sorted(wanted)


def test_bad_events_are_refused_one_by_one_with_their_place_and_reason(running: Running) -> None:
    far = play("t2", number=902) | {"at_ms": 4_000_000_000_000_000}
    sent = [play("t6", number=903), play("t2", number=904) | {"kind": "watch"}, far, {"id": "x"}]
    answer = running.client.post("/v1/events", headers=running.bearer(), json=sent)
    assert answer.status_code == 200
    assert answer.json()["stored"] == 1
    refused = {fault["line"]: fault for fault in answer.json()["refused"]}
    assert list(refused) == [1, 2, 3]
    assert refused[1]["column"] == "kind"
    assert "watch" in refused[1]["reason"]
    assert refused[2]["column"] == "at_ms"
    assert "at_ms" in refused[3]["reason"]
    assert running.client.post("/v1/events", headers=running.bearer(), json=sent[1:]).status_code == 422


@pytest.mark.parametrize("body", [b"{", b"", b"[1,2", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_event_is_a_clear_422(running: Running, body: bytes) -> None:
    answer = running.client.post("/v1/events", headers=running.bearer(), content=body)
    assert answer.status_code == 422
    assert answer.json().get("error") or answer.json()["refused"]


def test_a_body_of_ten_megabytes_is_refused_whether_announced_or_not(running: Running) -> None:
    announced = running.client.post("/v1/events", headers=running.bearer(), content=b"[" + b" " * 10_000_000 + b"]")
    assert announced.status_code == 413
    assert "fewer events" in announced.json()["error"]
    chunks = (b" " * 100_000 for _ in range(100))
    assert running.client.post("/v1/events", headers=running.bearer(), content=chunks).status_code == 413


def test_a_full_queue_answers_503_with_retry_after_and_keeps_what_it_took(tmp_path: Path) -> None:
    for running in serve(tmp_path / "service", queue_events=1):
        outcomes: Queue[object] = Queue()
        holder = sqlite3.connect(running.place.log / "tail.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")  # the writer waits for its turn meanwhile
        refused = 0
        for number in range(1000, 4000):  # more than enough for the writer to take its first
            try:
                running.hall.ingest.log.submit([event(number, "m0", "t2")], outcomes.put)
            except Overloaded:
                refused += 1
        assert refused > 2900
        answer = running.client.post("/v1/events", headers=running.bearer(), json=play("t2", number=930))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
        holder.execute("ROLLBACK")
        holder.close()
        for _ in range(3000 - refused):
            assert isinstance(outcomes.get(timeout=30), Receipt)
        assert (
            running.client.post("/v1/events", headers=running.bearer(), json=play("t2", number=930)).json()["stored"]
            == 1
        )


def test_members_get_their_own_kind_and_never_what_they_have_finished(running: Running) -> None:
    page = running.client.get("/v1/home/m0", headers=running.bearer()).json()
    top = next(row for row in page["answer"]["rows"] if row["kind"] == "top")
    assert all(int(tile["title"][1:]) % 2 == 0 for tile in top["tiles"][:8])
    frame = replay.replay(running.place.log).frame
    finished = set(frame.filter(frame["member"] == frame["member"][0])["title"])
    assert len(finished) == HISTORY
    offered = {tile["title"] for row in page["answer"]["rows"] if row["kind"] != "again" for tile in row["tiles"]}
    assert not finished & offered  # Watch again is the one row of what they have finished
    assert len(tiles(page)) == len(set(tiles(page)))
    assert page["versions"]["recommend"]


def test_a_new_play_changes_the_next_page_with_no_training(running: Running) -> None:
    before = running.client.get("/v1/home/m0", headers=running.bearer()).json()
    title = tiles(before)[0]
    running.client.post("/v1/events", headers=running.bearer(), json=play(title))
    after = running.client.get("/v1/home/m0", headers=running.bearer()).json()
    assert title not in tiles(after)
    assert before["versions"] == after["versions"]
    assert any(row["key"] == f"because:{title}" for row in after["answer"]["rows"])


def test_an_unknown_member_gets_a_page_that_says_what_it_is(running: Running) -> None:
    page = running.client.get("/v1/home/nobody", headers=running.bearer()).json()
    assert page["fallback"] == "popular"
    assert tiles(page)


def test_a_service_without_a_model_shows_its_catalogue_and_says_so(unfitted: Running) -> None:
    page = unfitted.client.get("/v1/home/m0", headers=unfitted.bearer()).json()
    assert "frontrow fit recommend" in page["fallback"]
    assert len(tiles(page)) > 10
    assert unfitted.client.get("/health/ready").json()["model"] == "none"


def test_a_new_model_comes_into_force_and_a_damaged_one_does_not(running: Running) -> None:
    place, model = running.place, running.hall.models.model
    old = running.hall.models.version
    published = artifacts.publish(
        place.artifacts, "recommend", model.files(), config={"note": "second"}, high_water=1, rows={}, metrics={},
        parents={}, now_ms=NOW_MS + 1, keep=5,
    )  # fmt: skip
    assert running.hall.models.refresh()
    assert running.hall.models.version == published.version
    (published.folder / "popularity.npy").write_bytes(b"damaged")
    running.hall.models._pointer = None  # as after a restart
    assert running.hall.models.refresh()
    assert running.hall.models.version == old
    page = running.client.get("/v1/home/m0", headers=running.bearer()).json()
    assert "damaged" in page["fallback"]
    assert tiles(page)


def test_similar_titles_are_of_the_kind_and_an_unknown_title_is_a_404(running: Running) -> None:
    answer = running.client.get("/v1/similar/t4?count=5", headers=running.bearer()).json()
    found = [tile["title"] for tile in answer["answer"]["tiles"]]
    assert found and all(int(title[1:]) % 2 == 0 for title in found)
    assert "t4" not in found
    missing = running.client.get("/v1/similar/t999", headers=running.bearer())
    assert missing.status_code == 404
    assert "t999" in missing.json()["error"]


def test_answers_are_what_the_openapi_description_says(running: Running) -> None:
    description = running.client.get("/openapi.json", headers=running.bearer()).json()
    for path, url in (("/v1/home/{member}", "/v1/home/m0"), ("/v1/similar/{title}", "/v1/similar/t4")):
        schema = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(running.client.get(url, headers=running.bearer()).json(), schema)
    body = description["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(play("t2"), body)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": "x"}, body)


def test_metrics_count_without_naming_members_or_titles(running: Running) -> None:
    running.client.get("/v1/home/m0", headers=running.bearer())
    running.client.post("/v1/events", headers=running.bearer(), json=play("t2"))
    text = running.client.get("/metrics", headers=running.bearer()).text
    assert 'frontrow_request_seconds_count{route="/v1/home/{member}",status="200"} 1.0' in text
    assert 'frontrow_events_total{outcome="stored"} 1.0' in text
    assert "m0" not in text
    assert "t2" not in text


def test_what_a_request_asks_for_is_checked(running: Running) -> None:
    for query in ("country=austria", "max_maturity=-1", "max_maturity=x"):
        assert running.client.get(f"/v1/home/m0?{query}", headers=running.bearer()).status_code == 422
    assert running.client.get("/v1/similar/t4?count=100000", headers=running.bearer()).status_code == 422


def test_a_service_starts_beside_a_model_of_another_format(tmp_path: Path) -> None:
    place, keys = build(tmp_path / "service")
    folder = artifacts.open_current(place.artifacts, "recommend")
    assert folder is not None
    files = {name: folder.array(name) if name.endswith(".npy") else folder.frame(name) for name in folder.manifest.files
             if not name.endswith(".json")}  # fmt: skip
    artifacts.publish(
        place.artifacts, "recommend", files | {"model.json": {"format": -1}}, config={}, high_water=1, rows={},
        metrics={}, parents={}, now_ms=NOW_MS + 1, keep=5,
    )  # fmt: skip
    for running in serve_workspace(place, keys):
        page = running.client.get("/v1/home/m0", headers=running.bearer()).json()
        assert page["fallback"].startswith("no model")
        assert tiles(page)


def test_a_worker_that_was_killed_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hall_module, "REFRESH_S", 0.05)
    monkeypatch.setattr(hall_module, "WORKER_REST_S", 0.0)
    place, keys = build(tmp_path / "service", fitted=False)
    for running in serve_workspace(place, keys, with_worker=True):
        first = running.hall._worker
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        deadline_s = time.monotonic() + 30
        while running.hall._worker is first and time.monotonic() < deadline_s:
            threading.Event().wait(0.02)
        assert running.hall._worker is not first
        assert running.hall._worker is not None
        assert running.hall._worker.exit_status is None


def test_a_member_is_forgotten_while_the_service_runs(running: Running) -> None:
    before = running.client.get("/v1/home/m0", headers=running.bearer()).json()
    assert before.get("fallback", "") == ""
    refused = running.client.delete("/v1/members/m0", headers=running.bearer(Role.REVIEW))
    assert refused.status_code == 403
    receipt = running.client.delete("/v1/members/m0", headers=running.bearer())
    assert receipt.json()["events_removed"] == HISTORY
    assert replay.inner_member(running.place.log, "m0") is None
    after = running.client.get("/v1/home/m0", headers=running.bearer()).json()
    assert after["fallback"] == "popular"
    assert running.client.delete("/v1/members/m0", headers=running.bearer()).status_code == 404
