"""How a film begins on a poor line: it waits just so long that the next segments come in time, and sound goes first."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import frontrow.web

START = (Path(frontrow.web.__file__).parent / "static" / "start.js").as_uri()
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

DELAY = """
import { FirstSegments } from "START";
const delay = (kbitASecond, ahead) => {
  const first = new FirstSegments();
  const frag = (type, kbit, start, end) => ({ type, stats: { total: kbit * 125, loading: { start, end } } });
  first.came(frag("main", 400, 0, 500));
  if (first.complete(true)) throw new Error("sound is missing");
  first.came(frag("audio", 400, 0, 800000 / kbitASecond));
  if (!first.complete(true)) throw new Error("both are there");
  return first.delay(ahead, 4);
};
console.log(JSON.stringify([
  delay(10000, [400, 400, 400]), delay(250, [400, 400, 400]), delay(250, [400, 900, 100]), delay(50, [400]),
  delay(250, []),
]));
"""

SOUND = """
import { SoundFirst } from "START";
const loaded = [];
globalThis.Hls = { DefaultConfig: { loader: class {
  load(context) { loaded.push(context.frag.name); } abort() {} destroy() {}
} } };
const sound = new SoundFirst();
const Loader = sound.loader();
const ask = (name, type, start) => {
  const it = new Loader();
  it.load({ frag: { name, type, start, sn: 1 } });
  return it;
};
ask("v0", "main", 0); ask("a0", "audio", 0);
sound.came(4);
ask("v1", "main", 4); ask("v2", "main", 8);
const left = ask("v2 of another rung", "main", 8);
left.abort();
ask("a1", "audio", 4);
const before = [...loaded];
sound.came(8);
console.log(JSON.stringify([before, loaded.slice(before.length)]));
process.exit(0);
"""


def run(script: str, folder: Path) -> list:
    file = folder / "script.mjs"
    file.write_text(script.replace("START", START))
    done = subprocess.run(["node", str(file)], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_a_film_waits_only_where_the_next_segments_would_come_too_late(tmp_path):
    fast, enough, busy, hopeless, last = run(DELAY, tmp_path)
    assert fast == enough == last == 0
    # At nine tenths of 250 kbit/s two segments of 800 and 1300 kbit take 9.33 s, and 8 s are played meanwhile.
    assert busy == pytest.approx((800 + 1300) / 225 - 8)
    assert hopeless == 4


def test_pictures_wait_for_their_sound_and_what_was_given_up_is_not_fetched(tmp_path):
    before, after = run(SOUND, tmp_path)
    assert before == ["v0", "a0", "v1", "a1"]
    assert after == ["v2"]
