"""`frontrow demo` where nothing can be fetched: generated data, said to be so; the second start builds nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path


@contextmanager
def demo(folder: Path) -> Iterator[tuple[dict[str, str], subprocess.Popen[str]]]:
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": os.devnull,
        "FRONTROW_CACHE": str(folder / "cache"),
    }
    command = [sys.executable, "-m", "frontrow", "demo", "-w", str(folder / "demo"), "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | offline
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            yield json.loads(line), process
        finally:
            process.terminate()


def open_home(where: dict[str, str]) -> str:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(where["sign_in"], timeout=60) as answer:
        answer.read()
    with browser.open(where["url"] + "/?member=m1", timeout=60) as answer:
        return str(answer.read().decode())


def test_the_demo_works_offline_says_so_and_starts_again_without_building(tmp_path: Path) -> None:
    with demo(tmp_path) as (where, process):
        assert "Because you watched" in open_home(where)
        assert process.stderr is not None
        process.terminate()
        said = process.stderr.read()
    assert "MovieLens 100k is missing" in said
    assert "generated data" in said
    key = tmp_path / "demo" / "admin.key"
    assert key.stat().st_mode & 0o777 == 0o600
    first_key = key.read_text()
    with demo(tmp_path) as (where, process):
        assert "Because you watched" in open_home(where)
        assert process.stderr is not None
        process.terminate()
        said = process.stderr.read()
    assert "Imported" not in said
    assert key.read_text() == first_key
