"""Damage is where it says, as strong as asked, of its own kind, and the same for the same seed."""

from pathlib import Path

import av
import numpy as np
import pytest

from frontrow.errors import InputError, UnreadableMedia
from frontrow.jobs.rehearsal import damage
from frontrow.media import rework, transcode
from frontrow.quality.damage import KINDS
from frontrow.quality.findings import CODES, GROUP_OF

SUBTITLES = """1
00:00:01,000 --> 00:00:03,000
Where were you
all night long?

2
00:00:03,500 --> 00:00:06,000
At the lake, with the others.

3
00:00:07,000 --> 00:00:09,000
I do not believe you.

4
00:00:10,000 --> 00:00:12,500
Then ask them.
"""
LOOKED_AT = {
    "black", "freeze", "chroma_flash", "missing_chroma", "combing_interlaced", "blur", "macroblocking", "packet_loss",
    "packet_loss_baked", "decode_error", "silence", "dropout", "channel_missing", "clipping", "click", "phase",
    "channel_duplicate", "channel_swap", "hum", "aspect", "language", "truncated",
}  # fmt: skip
"""Kinds whose picture or sound a test below looks at."""
OTHERS = [name for name, kind in KINDS.items() if kind.group in ("picture", "sound") and name not in LOOKED_AT]
TEXT = [name for name, kind in KINDS.items() if kind.group == "subtitles"]


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Eight seconds of moving test picture, 320 x 180, with different tones left and right."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    transcode.run([
        "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=8,format=yuv420p", "-f", "lavfi", "-i",
        "aevalsrc='0.3*sin(2*PI*440*t)*sin(t)|0.3*sin(2*PI*660*t)*cos(t)':s=48000:d=8", "-c:v", "libx264", "-preset",
        "ultrafast", "-crf", "12", "-g", "25", "-c:a", "flac", path,
    ])  # fmt: skip
    return path


@pytest.fixture(scope="module")
def subtitle(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("subtitle") / "film.srt"
    path.write_text(SUBTITLES, "utf-8")
    return path


def pictures(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, luma, chroma) of every frame that decodes."""
    times, luma, chroma = [], [], []
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            try:
                for frame in packet.decode():
                    y, u, v = (np.asarray(frame.to_ndarray()[part], np.float32) for part in _planes(frame.height))
                    times.append(float(frame.time or 0)), luma.append(y), chroma.append(np.stack([u, v]))
            except av.FFmpegError:
                continue
    return np.array(times), np.array(luma), np.array(chroma)


def _planes(height: int) -> tuple[slice, slice, slice]:
    quarter = height // 4
    return slice(0, height), slice(height, height + quarter), slice(height + quarter, height + 2 * quarter)


def samples(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp")
        frames = [new.to_ndarray() for old in container.decode(audio=0) for new in resampler.resample(old)]
    return np.concatenate(frames, axis=1)


def make(film: Path, kind: str, out: Path, severity: float = 0.6, seed: int = 4):
    return damage(film, kind, severity, np.random.default_rng(seed), out)


def test_every_code_of_picture_sound_and_subtitles_can_be_made_but_shot_changes():
    made = {kind.code for kind in KINDS.values()}
    assert set(CODES["picture"]) | set(CODES["sound"]) <= made
    assert set(CODES["subtitles"]) - made == {"shot_change"}
    assert all(set(kind.also) <= set(GROUP_OF) for kind in KINDS.values())


@pytest.mark.parametrize("kind", OTHERS)
def test_each_other_kind_writes_a_film_that_still_opens_and_says_where_it_is_damaged(kind, film, tmp_path):
    out = tmp_path / "out.mkv"
    done = make(film, kind, out)
    assert 0 <= done.start_s < done.end_s <= 8.2
    with av.open(str(out)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (320, 180)
        assert container.streams.audio[0].channels >= 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mkv"]


def test_the_same_seed_damages_in_the_same_way_and_another_one_elsewhere(film, tmp_path):
    one, again, other = (make(film, "black", tmp_path / f"{n}.mkv", seed=seed) for n, seed in enumerate((1, 1, 2)))
    assert one == again
    assert one.start_s != other.start_s
    assert np.array_equal(pictures(tmp_path / "0.mkv")[1], pictures(tmp_path / "1.mkv")[1])


def test_black_is_black_in_its_span_and_nowhere_else(film, tmp_path):
    done = make(film, "black", tmp_path / "out.mkv")
    at_s, luma, _ = pictures(tmp_path / "out.mkv")
    inside = (at_s >= done.start_s - 0.001) & (at_s < done.end_s - 0.001)
    assert luma[inside].max() <= 17
    assert luma[~inside].mean(axis=(1, 2)).min() > 60


def test_frozen_frames_do_not_move_and_the_film_keeps_its_length(film, tmp_path):
    done = make(film, "freeze", tmp_path / "out.mkv")
    at_s, luma, _ = pictures(tmp_path / "out.mkv")
    moved = np.abs(np.diff(luma, axis=0)).mean(axis=(1, 2))
    still = moved < 0.2
    inside = (at_s[1:] > done.start_s + 0.001) & (at_s[1:] < done.end_s - 0.001)
    assert np.array_equal(still, inside)
    assert len(at_s) == 200


def test_green_frames_are_as_many_as_the_severity_asks(film, tmp_path):
    make(film, "chroma_flash", tmp_path / "out.mkv", severity=1.0)
    _, luma, chroma = pictures(tmp_path / "out.mkv")
    assert int((luma.max(axis=(1, 2)) < 4).sum()) == 5
    assert int((chroma.max(axis=(1, 2, 3)) < 8).sum()) == 5


def test_a_span_without_colour_has_both_chroma_planes_in_the_middle(film, tmp_path):
    done = make(film, "missing_chroma", tmp_path / "out.mkv")
    at_s, _, chroma = pictures(tmp_path / "out.mkv")
    grey = np.abs(chroma - 128).max(axis=(1, 2, 3)) < 12
    assert np.array_equal(grey, (at_s >= done.start_s - 0.001) & (at_s < done.end_s - 0.001))


def test_combing_puts_two_moments_into_one_picture(film, tmp_path):
    make(film, "combing_interlaced", tmp_path / "out.mkv")

    def comb(luma):
        return np.abs(2 * luma[:, 1:-1] - luma[:, :-2] - luma[:, 2:]).mean()

    _, whole, _ = pictures(film)
    _, woven, _ = pictures(tmp_path / "out.mkv")
    assert comb(woven) > 1.3 * comb(whole)


@pytest.mark.parametrize("kind", ["blur", "macroblocking", "packet_loss_baked"])
def test_more_severe_damage_changes_the_picture_more_and_only_in_its_span(kind, film, tmp_path):
    _, clean, _ = pictures(film)
    change = []
    for severity in (0.1, 1.0):
        done = make(film, kind, tmp_path / "out.mkv", severity)
        at_s, luma, _ = pictures(tmp_path / "out.mkv")
        off = np.abs(luma[:190] - clean[:190]).mean(axis=(1, 2))
        inside = (at_s[:190] >= done.start_s - 0.001) & (at_s[:190] <= done.end_s + 0.001)
        assert off[inside].mean() > 1.5 * off[~inside].mean()
        change.append(off[inside].mean())
    assert change[1] > change[0]


def test_lost_packets_and_flipped_bits_are_in_the_stream_and_a_baked_loss_is_not(film, tmp_path):
    def errors(path):
        count = 0
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            for packet in container.demux(video=0):
                try:
                    packet.decode()
                except av.FFmpegError:
                    count += 1
        return count

    for kind in ("packet_loss", "packet_loss_baked", "decode_error"):
        make(film, kind, tmp_path / f"{kind}.mkv", severity=1.0)
    assert errors(tmp_path / "packet_loss.mkv") > 0
    assert errors(tmp_path / "decode_error.mkv") > 0
    assert errors(tmp_path / "packet_loss_baked.mkv") == 0


def test_silence_dropouts_and_a_missing_channel_are_digital_zeros(film, tmp_path):
    done = make(film, "silence", tmp_path / "silence.mkv")
    quiet = np.abs(samples(tmp_path / "silence.mkv")).max(axis=0) == 0
    middle = slice(int((done.start_s + 0.1) * 48_000), int((done.end_s - 0.1) * 48_000))
    assert quiet[middle].all()
    make(film, "dropout", tmp_path / "dropout.mkv")
    gaps = np.abs(samples(tmp_path / "dropout.mkv")).max(axis=0) == 0
    assert 0.01 * len(gaps) < gaps.sum() < 0.15 * len(gaps)
    make(film, "channel_missing", tmp_path / "missing.mkv")
    left, right = samples(tmp_path / "missing.mkv")
    assert np.abs(right).max() == 0 < np.abs(left).max()


def test_clipping_flattens_peaks_at_full_scale_and_clicks_stand_alone(film, tmp_path):
    done = make(film, "clipping", tmp_path / "clipped.mkv")
    sound = samples(tmp_path / "clipped.mkv")
    full = np.abs(sound).max(axis=0) > 0.999
    assert full[int(done.start_s * 48_000) : int(done.end_s * 48_000)].mean() > 0.1
    assert full[: int(done.start_s * 48_000) - 4_800].sum() == 0
    done = make(film, "click", tmp_path / "click.mkv", severity=1.0)
    jumps = np.abs(np.diff(samples(tmp_path / "click.mkv")[0])) > 0.4
    assert 12 <= jumps.sum() <= 24
    assert jumps[int(done.start_s * 48_000) - 2 : int(done.end_s * 48_000) + 2].sum() == jumps.sum()


def test_channels_are_inverted_copied_and_moved_as_their_names_say(film, tmp_path):
    before = samples(film)
    make(film, "phase", tmp_path / "phase.mkv")
    make(film, "channel_duplicate", tmp_path / "mono.mkv")
    make(film, "channel_swap", tmp_path / "swap.mkv")
    inverted, mono, swapped = (samples(tmp_path / f"{name}.mkv") for name in ("phase", "mono", "swap"))
    assert np.corrcoef(inverted[1], before[1, : inverted.shape[1]])[0, 1] < -0.99
    assert np.array_equal(mono[0], mono[1])
    assert swapped.shape[0] == 6
    length = min(swapped.shape[1], before.shape[1])
    assert np.corrcoef(swapped[2, :length], before[0, :length])[0, 1] > 0.99  # left in the centre's place


def test_hum_stands_at_the_mains_frequency(film, tmp_path):
    done = make(film, "hum", tmp_path / "out.mkv")
    mains = int(done.how.split()[0])
    spectrum = np.abs(np.fft.rfft(samples(tmp_path / "out.mkv")[0][: 4 * 48_000]))
    low = spectrum[: 4 * 300]
    assert int(np.argmax(low)) == 4 * mains


def test_a_wrong_pixel_shape_and_a_wrong_language_are_in_the_header_alone(film, tmp_path):
    make(film, "aspect", tmp_path / "aspect.mkv")
    make(film, "language", tmp_path / "language.mkv")
    with av.open(str(tmp_path / "aspect.mkv")) as container:
        assert abs(float(container.streams.video[0].sample_aspect_ratio) - 1) > 0.05
    with av.open(str(tmp_path / "language.mkv")) as container:
        assert container.streams.audio[0].language == "jpn"


def test_a_truncated_film_still_promises_its_whole_length(film, tmp_path):
    done = make(film, "truncated", tmp_path / "out.mp4", severity=1.0)
    with av.open(str(tmp_path / "out.mp4")) as container:
        promised = float(container.duration / 1e6)
    assert promised > 7.5
    assert len(pictures(tmp_path / "out.mp4")[0]) / 25 == pytest.approx(done.start_s, abs=0.5)


def test_files_without_an_index_or_without_a_film_do_not_open(film, tmp_path):
    for kind in ("no_index", "empty", "text_renamed"):
        make(film, kind, tmp_path / f"{kind}.mp4")
        with pytest.raises(UnreadableMedia):
            rework.shape(tmp_path / f"{kind}.mp4")


@pytest.mark.parametrize("kind", TEXT)
def test_each_kind_of_subtitle_damage_changes_the_file(kind, subtitle, tmp_path):
    other = tmp_path / "other.srt"
    other.write_text(SUBTITLES.replace("night", "Nacht").replace("lake", "See"), "utf-8")
    out = tmp_path / "out.srt"
    done = damage(subtitle, kind, 0.7, np.random.default_rng(2), out, other=other)
    assert out.read_bytes() != subtitle.read_bytes()
    assert done.end_s > done.start_s
    assert b"-->" in out.read_bytes()


def test_shifted_cues_all_move_by_what_is_said(subtitle, tmp_path):
    done = damage(subtitle, "shifted", 0.5, np.random.default_rng(2), tmp_path / "out.srt")
    by = float(done.how.split()[4])
    starts = [line[:12].split(":")[2] for line in (tmp_path / "out.srt").read_text().splitlines() if "-->" in line]
    assert [float(start.replace(",", ".")) for start in starts] == pytest.approx(
        [x + by for x in (1, 3.5, 7, 10)], abs=0.01
    )


def test_unknown_kinds_severities_and_sources_are_refused_with_what_to_do(film, subtitle, tmp_path):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="'burnt' is no kind of damage; there are black"):
        damage(film, "burnt", 0.5, rng, tmp_path / "out.mkv")
    with pytest.raises(InputError, match=r"severity 1\.5"):
        damage(film, "black", 1.5, rng, tmp_path / "out.mkv")
    with pytest.raises(InputError, match="second subtitle file"):
        damage(subtitle, "wrong", 0.5, rng, tmp_path / "out.srt")
    with pytest.raises(UnreadableMedia):
        damage(subtitle, "black", 0.5, rng, tmp_path / "out.mkv")
    silent = tmp_path / "silent.mkv"
    transcode.run(["-i", film, "-an", "-c:v", "copy", silent])
    with pytest.raises(InputError, match="has no sound"):
        damage(silent, "hum", 0.5, rng, tmp_path / "out.mkv")
