"""Packages of films that are not plain: on their side, with a frame that lasts for seconds, shorter than a segment."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from frontrow.cli.app import assemble
from frontrow.delivery.package import durations_s
from frontrow.media import transcode

PLAIN = ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]


def packaged(folder, film):
    command = ["delivery", "package", str(film), "--out", str(folder / "out"), "--preset", "ultrafast", "--json"]
    done = CliRunner().invoke(assemble(), command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    out = folder / "out"
    lengths = [durations_s(x.read_text()) for x in sorted(out.glob("*p-*/stream.m3u8"))]
    return json.loads(done.stdout), json.loads((out / "package.json").read_text()), lengths, out


def test_a_phones_film_stands_upright_in_every_part(tmp_path):
    transcode.run(["-f", "lavfi", "-i", "testsrc2=size=480x160:rate=12:duration=5", *PLAIN, tmp_path / "lying.mp4"])
    film = tmp_path / "film.mp4"
    transcode.run(["-display_rotation", "-90", "-i", tmp_path / "lying.mp4", "-c", "copy", film])
    told, about, _, out = packaged(tmp_path, film)
    assert told["notes"] == about["notes"] == ["turned upright by 90 degrees"]
    master = (out / "master.m3u8").read_text()
    assert "RESOLUTION=78x234" in master and "RESOLUTION=120x360" in master
    from PIL import Image

    for picture in (out / "poster.jpg", out / "thumbnails" / "000.jpg"):
        with Image.open(picture) as seen:
            across, down = (5, 5) if picture.stem == "000" else (1, 1)
            assert seen.height / down > 2 * seen.width / across


def test_segments_last_four_seconds_even_where_a_frame_lasts_six(tmp_path):
    film = tmp_path / "film.mp4"
    still = "testsrc2=size=160x96:rate=10:duration=12,select='not(between(t,2,8))'"
    transcode.run(["-f", "lavfi", "-i", still, "-fps_mode", "vfr", *PLAIN, film])
    told, about, lengths, _ = packaged(tmp_path, film)
    assert "a wavering frame rate" in told["notes"][0]
    assert lengths == [[4.0, 4.0, pytest.approx(4.0, abs=0.2)]]
    assert len(about["sizes_kbit"]) == 3


def test_a_black_film_whose_rungs_cost_the_same_is_packaged_too(tmp_path):
    film = tmp_path / "film.mp4"
    transcode.run(["-f", "lavfi", "-i", "color=black:size=640x360:rate=10:duration=5", *PLAIN, film])
    _, about, _, _ = packaged(tmp_path, film)
    rates = [x["bitrate_kbps"] for x in about["rungs"]]
    assert about["rungs"][-1]["height"] == 360 and rates == sorted(rates)


@pytest.mark.parametrize("seconds", [1.5, 10.0])
def test_a_film_shorter_than_a_segment_or_of_ten_seconds_is_packaged(tmp_path, seconds):
    film = tmp_path / "film.mp4"
    transcode.run(["-f", "lavfi", "-i", f"testsrc2=size=160x96:rate=10:duration={seconds}", *PLAIN, film])
    told, about, lengths, _ = packaged(tmp_path, film)
    assert sum(lengths[0]) == pytest.approx(seconds, abs=0.1)
    assert told["audio"] is False and len(about["rungs"]) == 1, "one rung, and no sound"
