"""Search, explanations, first likes, kids and exploration over HTTP."""

from __future__ import annotations

import jsonschema

from worlds.service import Running, event


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
    why = get(running, f"/v1/explain/m0/{best}")["answer"]
    assert why["place"] is not None
    assert why["because"] and why["because"][0]["name"] in why["text"]
    running.client.post(
        "/v1/events", headers=running.bearer(),
        json={"id": event(990, "m0", best).id, "at_ms": event(990, "m0", best).at_ms, "kind": "dismiss",
              "member": "m0", "title": best},
    )  # fmt: skip
    hidden = get(running, f"/v1/explain/m0/{best}")["answer"]
    assert hidden["place"] is None
    assert hidden["hidden"] == ["the viewer is not interested"]
    assert running.client.get("/v1/explain/m0/t999", headers=running.bearer()).status_code == 404


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
    for path, url in (("/v1/search", "/v1/search?q=title"), ("/v1/explain/{member}/{title}", "/v1/explain/m0/t90")):
        schema = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(get(running, url), schema)
