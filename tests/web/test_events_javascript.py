"""The browser's event client, run by node against a real server that fails now and then."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import frontrow.web

STATIC = Path(frontrow.web.__file__).parent / "static"
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed, so JavaScript cannot be run"
)


class Log(BaseHTTPRequestHandler):
    """Answers with the statuses it was given, then 200, and keeps what it was sent."""

    statuses: list[int]
    taken: list[dict]
    sizes: list[int]
    headers_seen: list[str | None]

    def do_POST(self):
        batch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.statuses.pop(0) if self.statuses else 200
        self.sizes.append(len(batch))
        self.headers_seen.append(self.headers["X-CSRF-Token"])
        if status == 200:
            self.taken.extend(batch)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    """A running server and what it was sent, for the statuses it shall answer first."""
    servers = []

    def start(*statuses: int) -> tuple[str, type[Log]]:
        kind = type("Kept", (Log,), {"statuses": list(statuses), "taken": [], "sizes": [], "headers_seen": []})
        server = HTTPServer(("127.0.0.1", 0), kind)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1/events", kind

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def run(tmp_path: Path, body: str) -> dict:
    script = tmp_path / "run.mjs"
    script.write_text(f'import {{ EventClient, newId }} from "{(STATIC / "events.js").as_uri()}";\n{body}')
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_events_go_in_batches_with_the_token_and_arrive_in_order(tmp_path, serve):
    url, log = serve()
    told = run(
        tmp_path,
        f"""
        const client = new EventClient({{ url: "{url}", headers: {{ "X-CSRF-Token": "t" }}, batch: 10 }});
        for (let i = 0; i < 25; i++) client.add({{ kind: "click", member: "m", value: i }});
        await client.flush();
        console.log(JSON.stringify({{ waiting: client.waiting.length, lost: client.lost }}));
        """,
    )
    assert told == {"waiting": 0, "lost": 0}
    assert [event["value"] for event in log.taken] == list(range(25))
    assert max(log.sizes) == 10 and set(log.headers_seen) == {"t"}


def test_a_batch_that_failed_is_sent_again_with_the_same_ids_and_nothing_is_lost(tmp_path, serve):
    url, log = serve(503, 500, 200)
    told = run(
        tmp_path,
        f"""
        const client = new EventClient({{ url: "{url}", everyMs: 1 }});
        client.add({{ kind: "click", member: "m" }});
        const id = client.waiting[0].id;
        for (let i = 0; i < 3; i++) await client.flush();
        console.log(JSON.stringify({{ id, waiting: client.waiting.length, failures: client.failures }}));
        """,
    )
    assert [event["id"] for event in log.taken] == [told["id"]]
    assert told["waiting"] == 0 and told["failures"] == 0 and len(log.sizes) == 3


def test_what_the_service_refuses_is_not_sent_for_ever(tmp_path, serve):
    url, log = serve(400)
    told = run(
        tmp_path,
        f"""
        const client = new EventClient({{ url: "{url}", everyMs: 1 }});
        client.add({{ kind: "click" }});
        await client.flush();
        console.log(JSON.stringify({{ waiting: client.waiting.length, lost: client.lost }}));
        """,
    )
    assert told == {"waiting": 0, "lost": 1} and log.taken == []


def test_a_queue_without_a_service_is_bounded_and_keeps_the_newest(tmp_path):
    told = run(
        tmp_path,
        """
        const client = new EventClient({ url: "http://127.0.0.1:1/", most: 5, everyMs: 1e6 });
        for (let i = 0; i < 8; i++) client.add({ kind: "click", member: "m", value: i });
        clearTimeout(client.timer);
        console.log(JSON.stringify({ kept: client.waiting.map((event) => event.value), lost: client.lost }));
        """,
    )
    assert told == {"kept": [3, 4, 5, 6, 7], "lost": 3}


def test_leaving_hands_everything_that_waits_to_the_browser(tmp_path, serve):
    url, log = serve()
    run(
        tmp_path,
        f"""
        const client = new EventClient({{ url: "{url}", headers: {{ "X-CSRF-Token": "t" }}, everyMs: 1e6 }});
        const text = "é".repeat(900);
        for (let i = 0; i < 120; i++) client.add({{ kind: "search", member: "m", value: i, props: {{ query: text }} }});
        clearTimeout(client.timer);
        client.batch = 50;
        client.leave();
        console.log(JSON.stringify({{ waiting: client.waiting.length }}));
        """,
    )
    assert sorted({event["value"] for event in log.taken}) == list(range(120))


def test_ids_are_uuids_of_version_7_that_sort_by_time(tmp_path):
    told = run(tmp_path, "console.log(JSON.stringify({ ids: [1, 2 ** 40, 1.8e12, 1.9e12].map(newId) }));")
    parsed = [uuid.UUID(text) for text in told["ids"]]
    assert all(one.version == 7 and one.variant == uuid.RFC_4122 for one in parsed)
    assert told["ids"] == sorted(told["ids"])
    assert parsed[2].int >> 80 == 1_800_000_000_000
