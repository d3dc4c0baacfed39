"""Ladders: hulls of known shape, savings that can be computed by hand, and a real encode from film to playlist."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from frontrow.cli.app import assemble
from frontrow.delivery import codecs
from frontrow.delivery import ladder as ladders
from frontrow.delivery.hull import Trial, bd_rate_percent, hull
from frontrow.delivery.ladder import LadderConfig, Rung
from frontrow.delivery.package import Rendition, families, manifest_of, master_playlist
from frontrow.errors import FrontrowError, InputError


def film(height: int, crf: float) -> Trial:
    """A film whose small pictures cost little and never look perfect."""
    scale = {180: 9.0, 360: 3.0, 720: 0.5}[height]
    kbps = 9000.0 * (height / 720) ** 1.4 * np.exp(-0.125 * crf) * 8
    middle = 40.0 + 6.0 * np.log(height / 720)
    vmaf = (120.0 - scale) / (1.0 + np.exp((crf - middle) / 6.0)) - 20.0  # cut off at 0, as VMAF is
    return Trial(height, crf, float(kbps), float(max(vmaf, 0.0)))


HEIGHTS = (180, 360, 720)
CEILINGS = {180: 91.0, 360: 97.0, 720: 99.5}
CRFS = codecs.H264.crfs


@given(st.lists(st.tuples(st.floats(50, 9000), st.floats(5, 99)), min_size=1, max_size=30))
def test_no_trial_lies_above_the_hull_and_its_slopes_fall(points):
    trials = [Trial(360, 20.0, kbps, vmaf) for kbps, vmaf in points]
    found = hull(trials)
    rates, scores = np.log([x.bitrate_kbps for x in found]), np.array([x.vmaf for x in found])
    assert (np.diff(rates) > 0).all() and (np.diff(scores) > 0).all()
    if len(found) > 2:
        assert (np.diff(np.diff(scores) / np.diff(rates)) <= 1e-6).all()
    for trial in trials:
        assert trial.vmaf <= np.interp(np.log(trial.bitrate_kbps), rates, scores) + 1e-6


def test_half_the_bits_at_every_quality_is_minus_fifty_percent():
    curve = [Trial(720, 0.0, kbps, vmaf) for kbps, vmaf in ((500, 60), (1000, 75), (2000, 88), (4000, 95))]
    cheaper = [Trial(720, 0.0, x.bitrate_kbps / 2, x.vmaf) for x in curve]
    assert bd_rate_percent(cheaper, curve) == pytest.approx(-50.0)
    assert bd_rate_percent(curve, curve) == pytest.approx(0.0)


def test_ladders_that_share_no_quality_cannot_be_compared():
    with pytest.raises(InputError, match="share no quality"):
        bd_rate_percent([Trial(1, 0, 10, 10), Trial(1, 0, 20, 20)], [Trial(1, 0, 10, 30), Trial(1, 0, 20, 40)])


def gap(found, everything, config):
    """Largest difference of two hulls in VMAF at equal rate, over the qualities of rungs."""
    curves = [(np.log([x.bitrate_kbps for x in c]), [x.vmaf for x in c]) for c in (hull(found), hull(everything))]
    rates = np.linspace(max(x[0][0] for x in curves), min(x[0][-1] for x in curves), 99)
    here, there = (np.interp(rates, *curve) for curve in curves)
    shown = (there >= config.least_vmaf) & (there <= config.best_vmaf)
    return np.abs(there - here)[shown].max()


def test_a_few_encodes_tell_the_whole_grid_and_encodes_stay_as_they_are():
    known = [film(height, crf) for height in HEIGHTS for crf in (22.0, 31.0, 40.0)]
    for trial in ladders.fill(known, LadderConfig(), CEILINGS):
        truth = film(trial.height, trial.crf)
        assert trial.vmaf == pytest.approx(truth.vmaf, abs=1.0)
        assert trial.bitrate_kbps == pytest.approx(truth.bitrate_kbps, rel=0.02)
        assert trial.predicted != (trial in known)


@pytest.mark.parametrize("codec", list(codecs.CODECS.values()))
def test_a_quarter_of_the_encodes_gives_the_hull_of_all_of_them_within_a_point(codec):
    config = LadderConfig(codec=codec)
    like = dict(zip(codec.crfs, CRFS, strict=True))

    def encoded(height, crf):
        return replace(film(height, like[crf]), crf=crf)

    trials = [encoded(*at) for at in ladders.first_trials(HEIGHTS, config)]
    while at := ladders.next_trial(trials, HEIGHTS, config, CEILINGS):
        assert at not in [(x.height, x.crf) for x in trials], "nothing is encoded twice"
        trials.append(encoded(*at))
    assert len(trials) <= len(HEIGHTS) * len(CRFS) / 4 + 0.5
    everything = [encoded(height, crf) for height in HEIGHTS for crf in codec.crfs]
    assert gap(ladders.fill(trials, config, CEILINGS), everything, config) < 1.0


def test_the_next_encode_is_made_where_the_hull_is_least_known():
    config = LadderConfig()
    known = [film(720, crf) for crf in CRFS[::2]] + [film(360, crf) for crf in CRFS[::2]]
    height, _ = ladders.next_trial([*known[:3], known[6]], HEIGHTS, config, CEILINGS)
    assert height == 180, "nothing was encoded there, and small pictures are the hull's lower end"


def test_a_ladder_of_one_height_and_of_films_without_ceilings_is_found_too():
    config = LadderConfig()
    trials = [film(180, crf) for crf in (25.0, 43.0)]
    assert [x.height for x in ladders.fill(trials, config)] == [180] * len(CRFS)
    assert ladders.next_trial(trials, [180], config, {}) is None, "two of nine is all that a quarter allows"


def test_rungs_rise_in_rate_and_quality_use_several_heights_and_stop_where_bits_show_nothing():
    found = ladders.build([film(height, crf) for height in HEIGHTS for crf in CRFS], LadderConfig())
    rates, scores = [x.bitrate_kbps for x in found.rungs], [x.vmaf for x in found.rungs]
    assert rates == sorted(rates) and scores == sorted(scores)
    assert len({x.height for x in found.rungs}) > 1
    assert sum(score >= LadderConfig().best_vmaf for score in scores) <= 1
    assert 3 <= len(rates) <= 10


def test_a_film_is_never_scaled_up():
    assert ladders.heights_of(480, LadderConfig()) == [234, 360, 480]
    assert ladders.heights_of(100, LadderConfig()) == [100]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.integers(1, 8))
def test_sampled_scenes_lie_in_the_film_and_differ(complexity, count):
    starts = ladders.choose_scenes(np.array(complexity), count, 4)
    assert 1 <= len(starts) <= count and len(set(starts)) == len(starts)
    assert all(0 <= start <= max(len(complexity) - 4, 0) for start in starts)


def rendition(kbps: float, sizes: list[int]) -> Rendition:
    return Rendition(Rung(360, 28.0, kbps, 70.0), 640, f"360p-{kbps:.0f}k", sizes)


def test_a_master_playlist_tells_the_real_peak():
    text = master_playlist([rendition(400, [100_000, 300_000])])
    assert "BANDWIDTH=600000,AVERAGE-BANDWIDTH=400000,RESOLUTION=640x360" in text
    assert "AUDIO" not in text and text.startswith("#EXTM3U\n")


def test_renditions_of_different_length_are_refused():
    with pytest.raises(InputError, match=r"\[2, 3\] segments"):
        manifest_of([rendition(400, [1, 2]), rendition(800, [1, 2, 3])])


def test_a_film_without_sound_gets_its_ladder_its_segments_and_its_table(tmp_path):
    from frontrow.delivery.policy import from_dict
    from frontrow.media import transcode

    film = tmp_path / "film.mp4"
    transcode.run(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=10", "-pix_fmt", "yuv420p", film])
    command = [
        "delivery",
        "ladder",
        str(film),
        "--out",
        str(tmp_path / "out"),
        "--scenes",
        "1",
        "--preset",
        "ultrafast",
    ]
    app = assemble()
    done = CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False)
    answer = json.loads(done.stdout)
    rungs = answer["rungs"]
    assert rungs and all(rung["height"] <= 180 and 0 < rung["vmaf"] <= 100 for rung in rungs)
    assert answer["package"]["segments"] == 3 and answer["package"]["audio"] is False
    hls = tmp_path / "out" / "hls"
    assert (hls / "master.m3u8").read_text().count("#EXT-X-STREAM-INF") == len(rungs)
    starts = {
        tuple(line for line in playlist.read_text().splitlines() if line.startswith("#EXTINF"))
        for playlist in hls.glob("*/stream.m3u8")
    }
    assert len(starts) == 1, "segments of all rungs begin at the same times"
    assert len(from_dict(json.loads((hls / "policy.json").read_text())).worth) == len(rungs)

    assert answer["bd_rate_percent"] is None, "of a fixed ladder this film gets one rung, which is no curve"
    trials = (tmp_path / "out" / "trials.jsonl").read_text()
    again = CliRunner().invoke(app, [*command, "--no-package", "--json"], catch_exceptions=False)
    assert json.loads(again.stdout)["rungs"] == rungs
    assert (tmp_path / "out" / "trials.jsonl").read_text() == trials, "finished trials are not encoded again"


def test_codecs_are_named_as_players_want_them():
    hevc = bytes.fromhex("01016000000090000000000078")
    assert codecs.named(b"....hvcC" + hevc) == "hvc1.1.6.L120.90"
    assert codecs.named(b"....av1C" + bytes.fromhex("81084c00")) == "av01.0.08M.10"
    assert codecs.named(b"....avcC" + bytes.fromhex("0164001f")) == "avc1.64001f"
    for damaged in (b"", b"....hvcC" + hevc[:9], b"....vpcC" + hevc):
        with pytest.raises(InputError, match="package the film again"):
            codecs.named(damaged)


def test_what_is_saved_is_counted_against_the_encodes_of_the_fixed_ladder():
    trials = [film(height, crf) for height in HEIGHTS for crf in CRFS]
    twice = [Trial(x.height, 0.0, 2.0 * x.bitrate_kbps, x.vmaf) for x in trials]
    assert ladders.build(trials, fixed=twice).bd_rate_percent == pytest.approx(-50.0)
    assert ladders.build(trials).bd_rate_percent is None


def test_the_fixed_ladder_is_never_scaled_up():
    assert ladders.fixed_rungs(1280, 720)[-1] == (720, 4500) and len(ladders.fixed_rungs(1280, 720)) == 7
    assert ladders.fixed_rungs(800, 332) == [(234, 145), (332, 365), (332, 730), (332, 1100)]
    assert ladders.fixed_rungs(120, 101) == [(100, 145)]


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    from frontrow.media import transcode

    path = tmp_path_factory.mktemp("noise") / "film.mp4"
    source = "testsrc2=size=160x90:rate=12:duration=5,noise=alls=20:allf=t"
    transcode.run(["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-preset", "ultrafast", path])
    return path


@pytest.mark.parametrize(("codec", "preset", "starts"), [("av1", "12", "av01.0."), ("hevc", "ultrafast", "hvc1.1.6.")])
def test_a_ladder_in_another_codec_is_packaged_in_it_with_keyframes_at_every_segment(
    noise, tmp_path, codec, preset, starts
):
    asked = ["--scenes", "1", "--codec", codec, "--preset", preset, "--no-fixed", "--json"]
    done = CliRunner().invoke(assemble(), ["delivery", "ladder", str(noise), "--out", str(tmp_path), *asked])
    assert done.exit_code == 0, done.output
    assert {rung["codec"] for rung in json.loads(done.stdout)["rungs"]} == {codec}
    assert f'CODECS="{starts}' in (tmp_path / "hls" / "master.m3u8").read_text()
    for playlist in (tmp_path / "hls").glob("*p-*/stream.m3u8"):
        assert [x for x in playlist.read_text().splitlines() if x.startswith("#EXTINF")] == [
            "#EXTINF:4.000000,", "#EXTINF:1.000000,",
        ]  # fmt: skip


def test_a_film_without_a_picture_or_without_a_folder_to_write_to_is_a_clear_error(noise, tmp_path):
    from frontrow.media import transcode

    sound = tmp_path / "sound.m4a"
    transcode.run(["-f", "lavfi", "-i", "sine=duration=3", sound])
    (tmp_path / "file").write_text("")
    (tmp_path / "torn.mp4").write_bytes(noise.read_bytes()[:3000])
    cases = ((sound, "a"), (tmp_path / "torn.mp4", "b"), (tmp_path / "none.mp4", "c"), (noise, "file/out"))
    for film_path, out in cases:
        done = CliRunner().invoke(assemble(), ["delivery", "ladder", str(film_path), "--out", str(tmp_path / out)])
        assert isinstance(done.exception, FrontrowError) and not done.stdout


def test_an_example_is_a_film_and_the_command_to_try_on_it(tmp_path):
    from frontrow.media.conform import conform

    written = CliRunner().invoke(assemble(), ["delivery", "ladder", "--example", str(tmp_path / "try"), "--json"])
    words = json.loads(written.stdout)["command"].split()
    assert words[:3] == ["frontrow", "delivery", "ladder"]
    assert (conform(Path(words[3])).width, conform(Path(words[3])).height) == (320, 180)
    for command in ("ladder", "package"):
        assert isinstance(CliRunner().invoke(assemble(), ["delivery", command]).exception, InputError)


def test_a_rung_that_costs_as_much_as_one_of_more_lines_is_not_worth_having():
    rungs = [
        Rung(234, 31.0, 9.0, 60.0),
        Rung(360, 29.0, 9.0, 80.0),
        Rung(540, 28.0, 8.5, 90.0),
        Rung(720, 27, 20.0, 95),
    ]
    assert [x.height for x in ladders.worthwhile(rungs)] == [540, 720]
    families(ladders.worthwhile(rungs))


def test_a_family_whose_lines_fall_while_its_rate_rises_is_refused():
    rungs = [Rung(360, 30.0, 100.0, 70.0), Rung(180, 20.0, 200.0, 75.0), Rung(90, 20.0, 300.0, 75.0, "av1")]
    with pytest.raises(InputError, match="h264: the rung of 200 kbit/s has 180 lines, a cheaper one 360"):
        families(rungs)
    assert list(families(rungs[1:])) == ["h264", "av1"]


def test_lines_of_a_ladder_never_fall_while_its_rate_rises_and_no_step_is_lost_by_that():
    everything = {(x, crf): film(x, crf) for x in HEIGHTS for crf in CRFS}
    early = everything[180, 31.0]
    everything[720, 37.0] = Trial(720, 37.0, 0.9 * early.bitrate_kbps, early.vmaf - 0.5)  # tempting, but alone
    found = ladders.build(list(everything.values())).rungs
    assert [x.height for x in found] == sorted(x.height for x in found)
    assert max(np.diff([x.vmaf for x in found])) < 2 * LadderConfig().step_vmaf
