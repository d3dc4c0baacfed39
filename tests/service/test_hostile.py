"""What clumsy and hostile clients send: a clear answer each time, and nothing lost or given away."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from frontrow.data.accounts import Role
from frontrow.jobs.queue import Queue
from frontrow.schema import Title
from frontrow.service.auth import COOKIE, Tries
from frontrow.service.hall import now_ms
from frontrow.web.sign_in import _within_site
from worlds.service import NOW_MS, Running, event, every_route

PASSWORD = "correct horse battery"
HTML = {"Accept": "text/html"}


def sign_in(running: Running, role: Role = Role.ADMIN) -> str:
    """Sign in by link: the CSRF token of the session."""
    running.client.get(f"/sign-in/{running.hall.accounts.add_link('ada', role, now_ms())}")
    return csrf_of(running.client.get("/").text)


def csrf_of(page: str) -> str:
    found = re.search(r'<meta name="csrf" content="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../site.py",
        "/static/%2e%2e/site.py",
        "/static/..%2fsite.py",
        "/static/..%5csite.py",
        "/static//etc/passwd",
        "/static/style.css%00",
    ],
)
def test_static_files_are_those_of_their_folder(running: Running, path: str) -> None:
    assert running.client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["a/b", "../t2", "a b", "ü🎬", "%", "a?b#c", "x/play", "<b>'\""])
def test_any_id_can_be_a_member_and_a_title(running: Running, name: str) -> None:
    from urllib.parse import quote

    running.hall.catalogue.upsert([Title(title=name, name="Odd")])
    sent = event(950, name, "t2")
    body = {"id": sent.id, "at_ms": sent.at_ms, "kind": "stop", "member": name, "title": "t2", "value": 0.4}
    assert running.client.post("/v1/events", headers=running.bearer(), json=body).json()["stored"] == 1
    page = running.client.get(f"/v1/home/{quote(name, safe='')}", headers=running.bearer()).json()
    assert page["subject"] == name
    assert page["answer"]["rows"][0]["tiles"][0]["title"] == "t2"
    sign_in(running)
    shown = running.client.get(f"/title/{quote(name, safe='')}?member={quote(name, safe='')}")
    assert shown.status_code == 200
    assert "Odd" in shown.text


def test_a_body_of_a_million_small_wrongs_gets_a_short_answer(running: Running) -> None:
    answer = running.client.post("/v1/events", headers=running.bearer(), content=b"[" + b"1," * 1_500_000 + b"1]")
    assert answer.status_code == 422
    assert "1,500,001 events; send at most 20,000" in answer.json()["error"]


def test_every_no_is_an_error_in_words_for_programs_and_a_page_for_people(running: Running) -> None:
    for path, status in (("/v1/home/m0?country=xx", 422), ("/v1/similar/nix", 404), ("/nowhere", 404)):
        answer = running.client.get(path, headers=running.bearer())
        assert answer.status_code == status
        assert isinstance(answer.json()["error"], str), path
    csrf = sign_in(running)
    for path, status in ((f"/?member={'m' * 129}", 422), ("/title/nix", 404), ("/nowhere", 404)):
        page = running.client.get(path, headers=HTML)
        assert page.status_code == status
        assert page.headers["content-type"].startswith("text/html"), path
        assert '<section class="empty">' in page.text
    gone = running.client.post("/console/rollback", data={"csrf": csrf, "version": "nix"}, headers=HTML)
    assert gone.status_code == 422
    assert "no version" in gone.text


def test_a_form_sent_after_the_session_ended_leads_to_the_door(running: Running) -> None:
    sign_in(running)
    running.client.cookies.clear()
    answer = running.client.post("/title/t2/play", data={"event": "x"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("token", [None, "", "wrong", "ü"])
def test_a_change_without_the_sessions_csrf_token_changes_nothing(running: Running, token: str | None) -> None:
    sign_in(running)
    before = running.hall.ingest.log.high_water
    form = {"event": event(951, "m0", "t2").id, "member": "m0", "value": "0"} | ({"csrf": token} if token else {})
    assert running.client.post("/title/t2/play", data=form).status_code == 403
    assert running.client.post("/console/fit", data=form).status_code == 403
    assert running.client.post("/sign-out", data=form).status_code == 403
    header = {} if token in {None, "ü"} else {"X-CSRF-Token": str(token)}
    body = {"id": form["event"], "at_ms": NOW_MS, "kind": "play", "member": "m0", "title": "t2"}
    assert running.client.post("/v1/events", json=body, headers=header).status_code == 403
    assert running.client.delete("/v1/members/m0", headers=header).status_code == 403
    assert running.hall.ingest.log.high_water == before


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/a\r\nX: y",
     "javascript:alert(1)", "", "evil.example", "/\x00"],
)  # fmt: skip
def test_signing_in_leads_nowhere_but_into_the_site(wanted: str) -> None:
    assert _within_site(wanted) == "/"


def test_signing_in_leads_to_the_page_that_was_wanted(running: Running) -> None:
    running.hall.accounts.set_person("eve", PASSWORD, Role.READ)
    form = {"name": "eve", "password": PASSWORD, "next": "/title/t2?member=m%201"}
    assert running.client.post("/sign-in", data=form).headers["location"] == "/title/t2?member=m%201"


def test_a_session_begins_with_its_own_cookie_whatever_the_browser_brought(running: Running) -> None:
    running.client.cookies.set(COOKIE, "chosen by somebody else")
    sign_in(running)
    sent = running.client.cookies.jar
    tokens = {cookie.value for cookie in sent if cookie.name == COOKIE} - {"chosen by somebody else"}
    assert len(tokens) == 1
    assert running.hall.accounts.session("chosen by somebody else", NOW_MS) is None


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(running: Running) -> None:
    link = running.hall.accounts.add_link("ada", Role.READ, now_ms())
    cookie = running.client.get(f"/sign-in/{link}").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_sign_in_form_of_another_site_is_refused(running: Running) -> None:
    running.hall.accounts.set_person("eve", PASSWORD, Role.READ)
    form = {"name": "eve", "password": PASSWORD}
    assert running.client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert running.client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_tries_sent_at_once_are_counted_before_they_are_looked_at(running: Running) -> None:
    running.hall.accounts.set_person("eve", PASSWORD, Role.READ)

    def attempt(number: int) -> int:
        return running.client.post("/sign-in", data={"name": "eve", "password": f"guess {number}"}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(attempt, range(40)))
    assert statuses.count(401) == Tries.MOST
    assert statuses.count(429) == 40 - Tries.MOST
    right = running.client.post("/sign-in", data={"name": "eve", "password": PASSWORD})
    assert right.status_code == 429  # for a quarter of an hour nobody may try
    assert int(right.headers["retry-after"]) <= 900


def test_right_passwords_do_not_count_as_tries(running: Running) -> None:
    running.hall.accounts.set_person("eve", PASSWORD, Role.READ)
    for _ in range(2 * Tries.MOST):
        assert running.client.post("/sign-in", data={"name": "eve", "password": PASSWORD}).status_code == 303


def test_tries_are_let_in_again_after_the_window() -> None:
    tries = Tries()
    for number in range(Tries.MOST):
        tries.begun("name eve", number)
    assert tries.wait_s("name eve", Tries.MOST) > 0
    assert tries.wait_s("name ada", Tries.MOST) == 0
    assert tries.wait_s("name eve", Tries.WINDOW_MS) == 0


def test_a_session_is_no_key_and_a_key_is_no_session(running: Running) -> None:
    sign_in(running)
    token = running.client.cookies[COOKIE]
    running.client.get("/")  # so that the doorkeeper remembers it
    running.client.cookies.clear()
    assert running.client.get("/v1/home/m0", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    key = running.keys[Role.ADMIN]
    assert running.client.get("/v1/home/m0", headers=running.bearer()).status_code == 200
    assert running.client.get("/v1/home/m0", headers={"Cookie": f"{COOKIE}={key}"}).status_code == 401


def test_a_link_on_another_site_makes_no_click(running: Running) -> None:
    sign_in(running)
    before = running.hall.ingest.log.high_water
    for site, clicks in (("cross-site", 0), ("same-origin", 1), ("same-origin", 1)):
        page = running.client.get("/title/t2?member=m0&d=some-decision", headers={"Sec-Fetch-Site": site})
        assert page.status_code == 200
        assert running.hall.ingest.log.high_water == before + clicks


def changes(running: Running) -> list[tuple[str, str]]:
    """Method and address of everything that changes something, but for signing in."""
    return [
        (method, re.sub(r"{[^}]*}", "1", route.path))
        for route in every_route(running.client.app.routes)
        for method in sorted(route.methods - {"GET", "HEAD"})
        if route.path != "/sign-in"
    ]


def test_no_change_is_made_with_a_cookie_alone(running: Running) -> None:
    sign_in(running)
    asked = changes(running)
    assert len(asked) > 10
    for method, path in asked:
        answer = running.client.request(method, path)
        assert answer.status_code in {403, 422}, (method, path, answer.status_code)  # 422: the form is looked at first
        form = {"content": b"csrf=", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        assert running.client.request(method, path, **form).status_code in {403, 422}, (method, path)
    with Queue(running.place.jobs) as queue:
        assert queue.list() == []


def test_who_may_only_read_changes_nothing_and_sees_no_room_of_work(running: Running) -> None:
    token = sign_in(running, Role.READ)
    for method, path in changes(running):
        if path != "/sign-out":
            answer = running.client.request(method, path, headers={"X-CSRF-Token": token})
            assert answer.status_code == 403, (method, path)
    rooms = [x.path for x in every_route(running.client.app.routes) if x.path.startswith(("/console", "/quality"))]
    assert len(rooms) > 10
    for path in rooms:
        assert running.client.get(re.sub(r"{[^}]*}", "1", path)).status_code in {403, 405}, path


def test_a_key_that_only_sends_events_gets_nothing_else(running: Running) -> None:
    headers = running.bearer(Role.INGEST)
    for route in every_route(running.client.app.routes):
        if route.path.startswith(("/v1/", "/metrics", "/openapi")) and route.path != "/v1/events":
            for method in route.methods - {"HEAD"}:
                answer = running.client.request(method, re.sub(r"{[^}]*}", "1", route.path), headers=headers)
                assert answer.status_code == 403, (method, route.path)


@pytest.mark.parametrize("part", ["..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "a%00b", "%ff", "9" * 30, "'%22%3E%3Cb"])
def test_no_address_makes_the_service_stumble_or_leave_its_folders(running: Running, part: str) -> None:
    sign_in(running)
    for route in every_route(running.client.app.routes):
        if "{" in route.path and "GET" in route.methods:
            answer = running.client.get(re.sub(r"{[^}]*}", part, route.path), headers=HTML)
            assert answer.status_code < 500, route.path
            assert "root:" not in answer.text, route.path
            assert "'\"><b" not in answer.text or answer.headers["content-type"] == "application/json", route.path


def test_a_number_beyond_the_store_is_no_such_job(running: Running) -> None:
    token = sign_in(running)
    answer = running.client.post(f"/console/jobs/{'9' * 30}/cancel", headers={"X-CSRF-Token": token})
    assert answer.status_code == 422
