"""Search, explanations, first likes, kids and exploration over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import polars as pl
import pytest

from frontrow.cli import recommend
from frontrow.service.viewers import read_profiles
from worlds.service import NOW_MS, TITLES, Running, build, event, serve_workspace


def get(running: Running, path: str) -> dict:
    answer = running.client.get(path, headers=running.bearer())
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_search_forgives_a_wrong_letter_and_ranks_for_the_member(running: Running) -> None:
    found = get(running, "/v1/search?q=tilte+42&member=m0")["answer"]["tiles"]
    assert "t42" in [tile["title"] for tile in found[:3]]
    by_genre = get(running, "/v1/search?q=western&count=5")["answer"]["tiles"]
    assert by_genre and all(tile["genres"] == ["Western"] for tile in by_genre)
    assert running.client.get("/v1/search?q=", headers=running.bearer()).status_code == 422


def test_likes_make_a_page_at_once_and_are_stored_nowhere(running: Running) -> None:
    page = get(running, "/v1/home/nobody?likes=t2,t4,t6,unknown")
    assert "fallback" not in page
    assert {row["kind"] for row in page["answer"]["rows"]} >= {"top", "because"}
    assert get(running, "/v1/home/nobody")["fallback"] == "popular"


def test_explain_says_what_speaks_for_a_title_and_which_rule_hides_it(running: Running) -> None:
    page = get(running, "/v1/home/m0")
    best = next(row for row in page["answer"]["rows"] if row["kind"] == "top")["tiles"][0]["title"]
    why = get(running, f"/v1/explain/{best}?member=m0")["answer"]
    assert why["place"] is not None
    assert why["because"] and why["because"][0]["name"] in why["text"]
    running.client.post(
        "/v1/events", headers=running.bearer(),
        json={"id": event(990, "m0", best).id, "at_ms": event(990, "m0", best).at_ms, "kind": "dismiss",
              "member": "m0", "title": best},
    )  # fmt: skip
    hidden = get(running, f"/v1/explain/{best}?member=m0")["answer"]
    assert hidden["place"] is None
    assert hidden["hidden"] == ["the viewer is not interested"]
    assert running.client.get("/v1/explain/t999?member=m0", headers=running.bearer()).status_code == 404


def test_two_profiles_of_a_member_have_pages_of_their_own(running: Running) -> None:
    for number, title in enumerate(("t1", "t3", "t5")):
        made = event(970 + number, "m0", title)
        body = {"id": made.id, "at_ms": made.at_ms, "kind": "stop", "member": "m0", "profile": "child",
                "title": title, "value": 1.0}  # fmt: skip
        running.client.post("/v1/events", headers=running.bearer(), json=body)

    def top(query: str) -> list[int]:
        page = get(running, f"/v1/home/m0{query}")
        row = next(row for row in page["answer"]["rows"] if row["kind"] == "top")
        return [int(tile["title"][1:]) % 2 for tile in row["tiles"][:6]]

    assert top("") == [0] * 6
    assert top("?profile=child") == [1] * 6


def test_answers_are_what_the_description_says(running: Running) -> None:
    paths = get(running, "/openapi.json")["paths"]
    for path, url in (("/v1/search", "/v1/search?q=title"), ("/v1/explain/{title}", "/v1/explain/t90?member=m0")):
        schema = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(get(running, url), schema)


def test_a_member_whose_id_has_a_slash_is_explained_like_any_other(running: Running) -> None:
    made = event(960, "tenant/7", "t2")
    body = {"id": made.id, "at_ms": made.at_ms, "kind": "stop", "member": "tenant/7", "title": "t2", "value": 1.0}
    running.client.post("/v1/events", headers=running.bearer(), json=body)
    why = get(running, "/v1/explain/t4?member=tenant/7")["answer"]
    assert why["because"][0]["title"] == "t2"
    assert running.client.get("/v1/explain/t4", headers=running.bearer()).status_code == 422


def test_a_profile_made_for_kids_is_one_on_every_request_and_after_a_restart(running: Running) -> None:
    adults = {f"t{i}" for i in range(0, TITLES, 3)}
    fitted = running.hall.models.model
    limits = [16 if title in adults else 0 for title in fitted.ids]
    running.hall.models.model = replace(fitted, titles=fitted.titles.with_columns(maturity=pl.Series(limits)))
    for number, profile, props in ((950, "small", {"kids": True}), (951, "large", {"kids": False}), (952, "both", {})):
        body = {"id": event(number, "m1", "").id, "at_ms": NOW_MS, "kind": "join", "member": "m1", "profile": profile}
        answer = running.client.post("/v1/events", headers=running.bearer(), json=body | {"props": props})
        assert answer.status_code == 200

    def shown(profile: str) -> set[str]:
        rows = get(running, f"/v1/home/m1?profile={profile}")["answer"]["rows"]
        return {tile["title"] for row in rows for tile in row["tiles"]}

    for _ in range(2):  # as taken in, then as read from the log
        assert shown("small") and not shown("small") & adults
        assert shown("large") & adults and shown("both") & adults
        running.hall.viewers.forget("m1")
    running.hall.models.model = fitted
    assert read_profiles(running.place.log, "m1") == {"": False, "both": False, "large": False, "small": True}
    assert read_profiles(running.place.log, "nobody") == {}


def test_rows_of_editors_and_sponsors_come_from_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, keys = build(tmp_path / "service")
    with (place.root / "frontrow.toml").open("a") as settings:
        settings.write(
            """
            [[recommend.pinned]]
            heading = "Festival week"
            titles = ["t9", "gone", "t7"]
            at = 1
            [[recommend.pinned]]
            heading = "Brought to you"
            titles = ["t11"]
            at = 2
            sponsored = true
            """
        )
    for running in serve_workspace(place, keys):
        rows = get(running, "/v1/home/m0")["answer"]["rows"]
        assert [(row["kind"], row["heading"]) for row in rows[1:3]] == [
            ("pinned", "Festival week"),
            ("sponsored", "Brought to you"),
        ]
        assert [tile["title"] for tile in rows[1]["tiles"]] == ["t9", "t7"]
        assert rows[2]["tiles"][0]["reason"]["text"] == "Sponsored"
        everywhere = [tile["title"] for row in rows for tile in row["tiles"]]
        assert len(everywhere) == len(set(everywhere))
    recommend.home("m0", place.root, as_json=True)
    told = json.loads(capsys.readouterr().out)["rows"]
    assert [row["heading"] for row in told] == [row["heading"] for row in rows]
