"""Which codec is played: the fewest bits that the browser decodes well, and the levels of hls.js that are left."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import frontrow.web

CODEC = (Path(frontrow.web.__file__).parent / "static" / "codec.js").as_uri()
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

CHOICE = """
import { chooseFamily } from "CODEC";
const family = (name, codec) => ({ name, top: { codec, width: 1280, height: 720, bitrate_kbps: 900 } });
const all = [family("av1", "av01.0.05M.08"), family("hevc", "hvc1.1.6.L93.90"), family("h264", "avc1.64001f")];
const played = async (told, families = all) => {
  globalThis.MediaSource = { isTypeSupported: (type) => Boolean(told[/"(.{4})/.exec(type)[1]]) };
  const decodingInfo = async ({ video }) => {
    const marks = told[/"(.{4})/.exec(video.contentType)[1]];
    if (marks === "throws") throw new TypeError("no such query");
    return { supported: true, smooth: marks.includes("smooth"), powerEfficient: marks.includes("cool") };
  };
  const value = { mediaCapabilities: told.old ? undefined : { decodingInfo } };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  return (await chooseFamily(families)).name;
};
console.log(JSON.stringify([
  await played({ av01: "smooth cool", hvc1: "smooth cool", avc1: "smooth cool" }),
  await played({ av01: "smooth", hvc1: "smooth cool", avc1: "smooth cool" }),
  await played({ av01: "smooth", avc1: "smooth" }),
  await played({ av01: "no", avc1: "smooth" }),
  await played({ av01: "no", avc1: "no" }),
  await played({ avc1: "smooth" }),
  await played({}),
  await played({ av01: "throws", avc1: "throws" }),
  await played({ av01: "yes", avc1: "yes", old: true }),
  await played({}, [{ name: "only", top: null }]),
]));
"""

LEVELS = """
import { keepFamily } from "CODEC";
const hls = { levels: ["avc1.4d", "avc1.64", "av01.0", "av01.0", undefined].map((videoCodec) => ({ videoCodec })) };
hls.removeLevel = (number) => hls.levels.splice(number, 1);
keepFamily(hls, { top: { codec: "av01.0.05M.08" } });
const kept = hls.levels.map((level) => level.videoCodec);
keepFamily(hls, { top: null });
console.log(JSON.stringify([kept, hls.levels.length]));
"""


def run(script: str):
    told = subprocess.run(
        ["node", "--input-type=module", "-e", script.replace("CODEC", CODEC, 1)], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_the_fewest_bits_win_unless_they_drain_the_battery_stutter_or_do_not_play():
    assert run(CHOICE) == ["av1", "hevc", "av1", "h264", "av1", "h264", "h264", "av1", "av1", "only"]


def test_levels_of_other_codecs_are_dropped_and_all_stay_where_the_package_tells_no_codec():
    assert run(LEVELS) == [["av01.0", "av01.0"], 2]
