"""The console when things are wrong: it says so, and still opens."""

from __future__ import annotations

from pathlib import Path

from frontrow.data import artifacts
from frontrow.data.accounts import Role
from frontrow.jobs.queue import Queue
from frontrow.service.hall import now_ms
from worlds.service import NOW_MS, Running, serve


def console(running: Running) -> str:
    running.client.get(f"/sign-in/{running.hall.accounts.add_link('ada', Role.ADMIN, now_ms())}")
    answer = running.client.get("/console")
    assert answer.status_code == 200
    return answer.text


def fail(running: Running, error: str, exit_status: int) -> None:
    with Queue(running.place.jobs) as queue:
        queue.submit("nightly", {})
        job = queue.claim("a worker")
        assert job is not None
        queue.fail(job, error, exit_status)


def test_a_failed_and_a_refused_fit_are_said_first_and_a_good_one_takes_it_back(tmp_path: Path) -> None:
    for running in serve(tmp_path / "service"):
        assert "The last fit" not in console(running)
        fail(running, "no room", 1)
        assert "The last fit failed" in console(running)
        assert "no room" in console(running)
        fail(running, "recall is 3% below", 3)
        assert "The last fit was refused" in console(running)
        with Queue(running.place.jobs) as queue:
            queue.submit("nightly", {})
            job = queue.claim("a worker")
            assert job is not None
            queue.finish(job, {})
        assert "The last fit" not in console(running)


def test_the_console_opens_with_a_damaged_model_and_offers_no_way_back_to_it(tmp_path: Path) -> None:
    for running in serve(tmp_path / "service"):
        (version,) = artifacts.versions(running.place.artifacts, "recommend")
        good = artifacts.publish(
            running.place.artifacts, "recommend", {"x.txt": "x"}, config={}, high_water=1, rows={}, metrics={},
            parents={}, now_ms=NOW_MS + 5, keep=5,
        )  # fmt: skip
        assert f'value="{version}"' in console(running)
        (running.place.artifacts / "recommend" / version / "model.json").write_text("{}")
        page = console(running)
        assert f'value="{version}"' not in page
        assert "damaged" in page
        assert good.version in page


def test_the_console_leads_to_the_published_delivery_page_and_its_style_is_allowed(tmp_path: Path) -> None:
    for running in serve(tmp_path / "service"):
        assert "/console/delivery" not in console(running)
        assert running.client.get("/console/delivery", follow_redirects=False).status_code == 303
        artifacts.publish(
            running.place.artifacts, "delivery", {"report.txt": "<p>head<style>p{margin:0}</style><main>body</main>"},
            config={}, high_water=1, rows={}, metrics={}, parents={}, now_ms=NOW_MS + 5, keep=5,
        )  # fmt: skip
        assert 'href="/console/delivery"' in console(running)
        page = running.client.get("/console/delivery").text
        assert "body" in page and "<style" not in page and "/console/delivery/style.css" in page
        assert running.client.get("/console/delivery/style.css").text == "p{margin:0}"
