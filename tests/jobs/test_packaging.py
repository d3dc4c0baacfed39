"""Packages: every file that a manifest names is there, both manifests tell the same, and a stopped run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from frontrow import config
from frontrow.data.catalogue import Catalogue
from frontrow.data.workspace import create
from frontrow.delivery.captions import to_webvtt
from frontrow.delivery.ladder import Rung
from frontrow.delivery.package import durations_s
from frontrow.errors import InputError, UnreadableMedia
from frontrow.jobs import packaging
from frontrow.jobs.kinds import functions
from frontrow.jobs.queue import Queue, State
from frontrow.jobs.schedule import PACKAGE
from frontrow.jobs.worker import Worker
from frontrow.media import transcode
from frontrow.schema import Title

RUNGS = [Rung(90, 34.0, 60.0, 40.0), Rung(180, 28.0, 300.0, 80.0)]
MPD = "{urn:mpeg:dash:schema:mpd:2011}"
SRT = (
    "1\n00:00:01,500 --> 00:00:03,000\n<i>Tom & Jerry</i>\n{\\an8}<font color=red>up</font>\n\n"
    "2\n00:00:04,000 --> 00:00:05,0\n-->\n"
)


def make_film(path: Path, seconds: float = 9.5) -> Path:
    """A small film with two languages of sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    transcode.run([
        "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=24:duration={seconds}",
        "-f", "lavfi", "-i", f"sine=440:duration={seconds}", "-f", "lavfi", "-i", f"sine=660:duration={seconds}",
        "-map", "0:v", "-map", "1:a", "-map", "2:a",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger",
        "-pix_fmt", "yuv420p", "-preset", "ultrafast", path,
    ])  # fmt: skip
    return path


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    film = make_film(folder / "film.mp4")
    (folder / "film.srt").write_text(SRT)
    beside = packaging.Beside({"en": folder / "film.srt"})
    packaging.write(film, RUNGS, folder / "out", "ultrafast", beside=beside, step=lambda *_: None)
    return folder / "out"


def test_every_file_that_the_hls_playlists_name_is_there(packaged):
    named = []
    for line in (packaged / "master.m3u8").read_text().splitlines():
        uri = line.partition('URI="')[2].partition('"')[0] or ("" if line.startswith("#") else line)
        if uri:
            named.append(packaged / uri)
    assert len(named) == 2 + 2 + 1
    for playlist in named:
        text = playlist.read_text()
        files = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert files and all((playlist.parent / file).is_file() for file in files)
        assert sum(durations_s(text)) == pytest.approx(9.5, abs=0.1)


def test_keyframes_of_all_rungs_lie_at_the_same_times(packaged):
    starts = {tuple(durations_s((packaged / x / "stream.m3u8").read_text())) for x in ("90p-60k", "180p-300k")}
    assert starts == {(4.0, 4.0, 1.5)}


def test_the_dash_manifest_names_the_same_segments(packaged):
    root = ElementTree.parse(packaged / "manifest.mpd").getroot()
    assert root.get("mediaPresentationDuration") == "PT9.500S"
    kinds = []
    for adaptation in root.iter(f"{MPD}AdaptationSet"):
        kinds.append((adaptation.get("contentType"), adaptation.get("lang")))
        template = adaptation.find(f"{MPD}SegmentTemplate")
        for line in adaptation.iter(f"{MPD}Representation"):
            if (base := line.find(f"{MPD}BaseURL")) is not None:
                assert (packaged / base.text).is_file()
                continue
            count = sum(1 + int(s.get("r", 0)) for s in template.iter(f"{MPD}S")) or 1
            media = template.get("media").replace("$RepresentationID$", line.get("id"))
            media = media.replace("$Number%05d$", "{:05d}").replace("$Number%03d$", "{:03d}")
            assert all((packaged / media.format(number)).is_file() for number in range(count))
            assert not (packaged / media.format(count)).exists()
    assert kinds == [("video", None), ("audio", "eng"), ("audio", "ger"), ("text", "en"), ("image", None)]


def test_a_player_of_dash_can_play_it(packaged):
    kinds = ["-allowed_extensions", "m4s,mp4,vtt,jpg"]
    said = transcode.run([*kinds, "-i", packaged / "manifest.mpd", "-map", "0:v:0", "-f", "null", "-"], loud=True)
    assert b"frame=  228" in said


def test_thumbnails_cover_the_film_and_lie_within_their_sheet(packaged):
    import av

    cues = (packaged / "thumbnails.vtt").read_text().split("\n\n")[1:]
    assert [cue.split("\n")[0] for cue in cues] == [
        "00:00:00.000 --> 00:00:05.000", "00:00:05.000 --> 00:00:09.500",
    ]  # fmt: skip
    with av.open(packaged / "thumbnails" / "000.jpg") as sheet:
        frame = next(sheet.decode(video=0))
    x, y, width, height = (int(n) for n in cues[1].strip().rpartition("=")[2].split(","))
    assert 0 < x + width <= frame.width and y + height <= frame.height


def test_a_film_gets_the_codecs_that_its_rungs_have(packaged):
    about = json.loads((packaged / "package.json").read_text())
    codecs = {rung["codec"] for rung in about["rungs"]}
    assert all(codec.startswith("avc1.42") for codec in codecs), "ultrafast encodes the baseline profile"
    assert all(f'CODECS="{codec},mp4a.40.2"' in (packaged / "master.m3u8").read_text() for codec in codecs)
    assert [rung["vmaf"] for rung in about["rungs"]] == [40.0, 80.0]
    assert (packaged / about["poster"]).stat().st_size > 1000


def test_a_stopped_package_goes_on_with_the_next_part(tmp_path):
    film, out = make_film(tmp_path / "film.mp4", 5), tmp_path / "out"

    def stop_at_the_second(done, total, note):
        if "180p" in note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        packaging.write(film, RUNGS, out, "ultrafast", step=stop_at_the_second)
    first = (out / "90p-60k" / "stream.m3u8").stat().st_mtime_ns
    assert not (out / "master.m3u8").exists()
    packaging.write(film, RUNGS, out, "ultrafast", step=lambda *_: None)
    assert (out / "master.m3u8").exists()
    assert (out / "90p-60k" / "stream.m3u8").stat().st_mtime_ns == first


def test_a_rung_of_the_same_rate_and_another_crf_is_encoded_anew_and_the_others_are_kept(tmp_path):
    film, out = make_film(tmp_path / "film.mp4", 5), tmp_path / "out"
    packaging.write(film, RUNGS, out, "ultrafast", step=lambda *_: None)
    before = [(out / name / "stream.m3u8").stat().st_mtime_ns for name in ("90p-60k", "180p-300k")]
    size = sum(file.stat().st_size for file in (out / "90p-60k").glob("*.m4s"))
    packaging.write(
        film, [replace(RUNGS[0], crf=RUNGS[0].crf + 10), *RUNGS[1:]], out, "ultrafast", step=lambda *_: None
    )
    after = [(out / name / "stream.m3u8").stat().st_mtime_ns for name in ("90p-60k", "180p-300k")]
    assert after[0] > before[0] and after[1] == before[1]
    assert sum(file.stat().st_size for file in (out / "90p-60k").glob("*.m4s")) < size


@pytest.mark.parametrize(
    ("rungs", "said"),
    [
        ([{"height": 0, "crf": 20, "bitrate_kbps": 100, "vmaf": 50}], "cannot be: 0 lines"),
        ([{"height": 90, "crf": -1, "bitrate_kbps": 100, "vmaf": 50}], "CRF -1"),
        ([{"height": 90, "crf": 20, "bitrate_kbps": float("inf"), "vmaf": 50}], "inf kbit/s"),
        ([{"height": 90, "crf": x, "bitrate_kbps": 100 + x / 100, "vmaf": 50} for x in (20, 21)], "two rungs"),
        ([{"height": 90, "crf": 20}], "is no ladder"),
    ],
)
def test_a_ladder_that_cannot_be_is_refused(rungs, said, tmp_path):
    (tmp_path / "ladder.json").write_text(json.dumps({"rungs": rungs}))
    with pytest.raises(InputError, match=said):
        packaging.read_rungs(tmp_path / "ladder.json")


def test_another_film_in_its_place_is_packaged_anew(tmp_path):
    film, out = make_film(tmp_path / "film.mp4", 5), tmp_path / "out"
    packaging.write(film, RUNGS[:1], out, "ultrafast", step=lambda *_: None)
    (out / "of the user").mkdir()
    make_film(film, 9)
    packaging.write(film, RUNGS[:1], out, "ultrafast", step=lambda *_: None)
    assert sum(durations_s((out / "90p-60k" / "stream.m3u8").read_text())) == pytest.approx(9.0, abs=0.1)
    assert (out / "of the user").exists()


def test_an_encode_that_is_given_up_leaves_no_process(tmp_path):
    film = make_film(tmp_path / "film.mp4", 5)

    def refuse(at_s):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transcode.follow(["-stream_loop", "999", "-i", film, "-f", "null", "-"], refuse, time_s=60.0)
    with pytest.raises(UnreadableMedia, match="ended after"):
        transcode.follow(["-stream_loop", "99999", "-i", film, "-f", "null", "-"], lambda _: None, time_s=0.0)


def test_the_job_packages_a_title_with_its_subtitles_and_says_how_far_it_is(tmp_path):
    place = create(tmp_path / "place")
    settings = config.load(place.root)
    make_film(place.root / "media" / "film.mp4", 5)
    (place.root / "media" / "film.en.srt").write_text(SRT)
    with Catalogue(place.store_url(settings)) as catalogue:
        catalogue.upsert([Title(title="a/b", name="A", asset="film.mp4")])
    heard = []
    with Queue(place.jobs) as queue:
        job = queue.submit(PACKAGE, {"title": "a/b", "preset": "ultrafast"})
        ended = Worker(queue, functions(), place, settings).run_one(follow=lambda *told: heard.append(told))
        assert ended is State.DONE, ended
        assert queue.get(job).result["subtitles"] == ["en"]
    assert heard[-1][0] == heard[-1][1]
    about = json.loads((packaging.folder_of(place, "a/b") / "package.json").read_text())
    assert 0 < about["rungs"][0]["vmaf"] <= 100 and about["rungs"][0]["height"] == 180


def test_subrip_becomes_webvtt():
    told = to_webvtt("\ufeff" + SRT.replace("\n", "\r\n"), "film.srt")
    assert told == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:03.000 line:0\n<i>Tom &amp; Jerry</i>\nup\n\n"
        "00:00:04.000 --> 00:00:05.000\n--&gt;\n"
    )
    assert to_webvtt(told, "film.vtt") == told


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no subtitle"), ("00:00:05,000 --> 00:00:04,000\nx\n", "line 1: the subtitle ends at 4 s")],
)
def test_bad_subtitles_are_refused_by_line(text, said):
    with pytest.raises(InputError, match=said):
        to_webvtt(text, "film.srt")


def test_a_titles_folder_is_its_id_percent_encoded(tmp_path):
    place = create(tmp_path / "place")
    assert packaging.folder_of(place, "a/b é~.x").name == "a%2Fb%20%C3%A9~.x"
    assert packaging.folder_of(place, "..").name == "%2E%2E"
