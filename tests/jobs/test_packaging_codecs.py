"""Packages in several codecs: each is a family beside the same sound, with its own sizes and its own table."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from frontrow.cli.app import assemble
from frontrow.delivery.ladder import Rung
from frontrow.delivery.package import durations_s
from frontrow.errors import InputError
from frontrow.jobs import packaging, policies
from frontrow.media import transcode

MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Out of the command, without a ladder."""
    folder = tmp_path_factory.mktemp("codecs")
    film = folder / "film.mp4"
    transcode.run([
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=12:duration=5", "-f", "lavfi", "-i", "sine=440:duration=5",
        "-pix_fmt", "yuv420p", "-preset", "ultrafast", film,
    ])  # fmt: skip
    command = ["delivery", "package", str(film), "--codec", "av1", "--codec", "h264", "--preset", "12", "--json"]
    done = CliRunner().invoke(assemble(), [*command, "--out", str(folder / "out")], catch_exceptions=False)
    assert json.loads(done.stdout)["codecs"] == ["h264", "av1"]
    return folder / "out"


def test_the_master_playlist_offers_every_codec_with_the_same_sound(packaged):
    lines = (packaged / "master.m3u8").read_text().splitlines()
    variants = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert [line.partition('CODECS="')[2][:4] for line in variants] == ["avc1", "av01"]
    assert all('mp4a.40.2"' in line and 'AUDIO="audio"' in line for line in variants)
    durations = {tuple(durations_s((packaged / line).read_text())) for line in lines if line.endswith("k/stream.m3u8")}
    assert durations == {(4.0, 1.0)}, "keyframes lie at the same times in both codecs"


def test_dash_has_a_set_a_codec_and_prefers_the_one_with_fewer_bits(packaged):
    root = ElementTree.parse(packaged / "manifest.mpd").getroot()
    sets = [x for x in root.iter(f"{MPD}AdaptationSet") if x.get("contentType") == "video"]
    codecs = {x.get("selectionPriority"): x.find(f"{MPD}Representation").get("codecs")[:4] for x in sets}
    assert codecs == {"1": "avc1", "2": "av01"}
    mpd = ["-allowed_extensions", "m4s,mp4,vtt,jpg", "-i", packaged / "manifest.mpd"]
    for stream in ("0:v:0", "0:v:1"):
        assert b"frame=   60" in transcode.run([*mpd, "-map", stream, "-f", "null", "-"], loud=True)


def test_each_codec_has_its_own_table_and_what_stays_is_told_of_the_one_that_plays_everywhere(packaged):
    about = json.loads((packaged / "package.json").read_text())
    [other] = about["alternatives"]
    assert (about["family"], other["family"]) == ("h264", "av1")
    titles = policies.titles_of(packaged)
    assert list(titles) == [packaged, packaged / "av1"]
    for place, family in zip(titles, (about, other), strict=True):
        assert titles[place].sizes_kbit.tolist() == family["sizes_kbit"]
        assert json.loads((place / "policy.json").read_text())["worth"]
    assert policies.title_of(packaged).sizes_kbit.tolist() == about["sizes_kbit"]


def test_a_ladder_gives_the_codecs_that_are_asked_for_or_says_which_one_it_lacks(tmp_path):
    rung = {"height": 180, "crf": 30, "bitrate_kbps": 100, "vmaf": 70}
    (tmp_path / "ladder.json").write_text(json.dumps({"rungs": [rung, rung | {"codec": "av1"}]}))
    assert [x.codec for x in packaging.read_rungs(tmp_path / "ladder.json")] == ["h264", "av1"]
    assert [x.codec for x in packaging.read_rungs(tmp_path / "ladder.json", ["av1"])] == ["av1"]
    with pytest.raises(InputError, match="no rung in hevc; make it anew with 'frontrow delivery ladder --codec hevc'"):
        packaging.read_rungs(tmp_path / "ladder.json", ["hevc", "av1"])


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_scenes_with_crfs_of_their_own_lose_or_gain_bits_and_keep_their_keyframes(tmp_path, codec):
    film, sizes = tmp_path / "film.mp4", {}
    noise = "testsrc2=size=160x96:rate=8:duration=10,noise=alls=20:allf=t"
    transcode.run(["-f", "lavfi", "-i", noise, "-pix_fmt", "yuv420p", "-preset", "ultrafast", film])
    for name, offsets in (("plain", ()), ("varied", (6, -6, 0))):
        rung = Rung(96, 30.0, 4000.0, 70.0, codec, offsets)
        packaging.write(film, [rung], tmp_path / name, "ultrafast", step=lambda *_: None)
        assert durations_s(next((tmp_path / name).glob("*p-4000k/stream.m3u8")).read_text()) == [4.0, 4.0, 2.0]
        sizes[name] = json.loads((tmp_path / name / "package.json").read_text())["sizes_kbit"]
    coarser, finer, same = (varied[0] / plain[0] for varied, plain in zip(sizes["varied"], sizes["plain"], strict=True))
    assert coarser < 0.75 and finer > 1.3 and same == pytest.approx(1.0, abs=0.2)


def test_a_codec_without_zones_says_so_before_anything_is_encoded(tmp_path):
    asked = ["delivery", "ladder", str(tmp_path / "film.mp4"), "--out", str(tmp_path), "--codec", "av1", "--per-scene"]
    with pytest.raises(InputError, match="encoder of av1 keeps one CRF for a film; use --per-scene with h264 or hevc"):
        CliRunner().invoke(assemble(), asked, catch_exceptions=False)


def test_the_command_varies_the_crf_by_scene_and_says_what_is_left_of_the_bits(tmp_path):
    film = tmp_path / "film.mp4"
    graph = (
        "testsrc2=size=160x96:rate=12:duration=4[a];color=gray:size=160x96:rate=12:duration=5,noise=alls=30:allf=t[b]"
    )
    transcode.run(["-filter_complex", f"{graph};[a][b]concat", "-pix_fmt", "yuv420p", "-preset", "ultrafast", film])
    asked = ["--scenes", "2", "--preset", "ultrafast", "--per-scene", "--no-fixed", "--no-package", "--json"]
    done = CliRunner().invoke(
        assemble(), ["delivery", "ladder", str(film), "--out", str(tmp_path / "out"), *asked], catch_exceptions=False
    )
    answer = json.loads(done.stdout)
    assert 0 < answer["per_scene_bits_left"]["h264"] <= 1
    assert all(len(rung["offsets"]) == 3 for rung in answer["rungs"])
    assert packaging.read_rungs(tmp_path / "out" / "ladder.json")[0].offsets == tuple(answer["rungs"][0]["offsets"])
