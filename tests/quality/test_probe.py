"""The one pass over whole files: what it tells, that it goes on where it stopped, and that damage never ends it."""

import numpy as np
import pytest

from frontrow.errors import UnreadableMedia
from frontrow.media import checksums, transcode
from frontrow.quality.file import Watch
from frontrow.quality.picture import detectors
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.probe import measure

PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration={length}"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration={length}"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"]
KINDS = {
    "film.mp4": [*H264, "-c:a", "aac"],
    "film.mov": [*H264, "-c:a", "pcm_s16le"],
    "film.mkv": [*H264, "-c:a", "flac"],
    "film.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"],
    "film.ts": [*H264, "-c:a", "aac"],
    "film.mxf": ["-c:v", "mpeg2video", "-qscale:v", "4", "-c:a", "pcm_s16le"],
}


def make(path, length=1.0, options=None):
    inputs = [word.format(length=length) for word in (*PICTURE, *SOUND)]
    transcode.run([*inputs, *(KINDS[path.name] if options is None else options), path])
    return path


@pytest.fixture(scope="module")
def long_film(tmp_path_factory):
    """12 s: more than one part."""
    return make(tmp_path_factory.mktemp("long") / "film.mp4", 12.0, [*H264, "-c:a", "aac", "-movflags", "+faststart"])


def find(measured):
    return detectors.find(measured, PictureRules())


@pytest.mark.parametrize("name", KINDS)
def test_every_container_is_measured_frame_by_frame(name, tmp_path):
    measured = measure(make(tmp_path / name), networks=False)
    (video,), (audio,) = measured.facts.of("video"), measured.facts.of("audio")
    assert (video.width, video.height, video.frame_rate) == (320, 180, 25)
    assert (audio.channels, audio.sample_rate) == (
        1,
        44100 if name.endswith("webm") and audio.sample_rate == 44100 else 48000,
    )
    assert len(measured.picture["at_s"]) == 25
    assert 9 <= len(measured.sound[audio.index]["at_s"]) <= 12
    assert video.end_s == pytest.approx(measured.picture["at_s"][0] + 1.0, abs=0.05)
    assert measured.faults == ()
    assert (video.lost, video.corrupt, video.untimed) == (0, 0, 0)


def test_a_stopped_pass_goes_on_and_gives_the_same_numbers(long_film):
    parts = []
    whole = measure(long_film, keep=parts.append, networks=False)
    rest = measure(long_film, done=parts[:1], networks=False)
    assert len(parts) > 1
    assert max(len(part["picture"]["at_s"]) for part in parts if part["picture"]) <= 240
    for name in ("at_s", "luma", "motion", "motion_fine", "bar_top", "below", "y00"):
        np.testing.assert_allclose(rest.picture[name], whole.picture[name], err_msg=name)
    for name, values in whole.sound[1].items():
        np.testing.assert_allclose(
            rest.sound[1][name], values, rtol=0.01, atol=1e-4, err_msg=name
        )  # AAC fills in noise


def test_a_file_cut_off_in_the_middle_gives_what_is_there_and_says_so(long_film, tmp_path):
    data = long_film.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    measured = measure(tmp_path / "cut.mp4", networks=False)
    assert 50 < len(measured.picture["at_s"]) < 250
    assert "truncated" in {finding.code for finding in find(measured)}


def test_flipped_bits_in_the_picture_are_found_where_they_are(long_film, tmp_path):
    data = bytearray(long_film.read_bytes())
    rng = np.random.default_rng(3)
    for place in rng.integers(int(len(data) * 0.45), int(len(data) * 0.55), 60):
        data[place] ^= 1 << int(rng.integers(8))
    (tmp_path / "flipped.mp4").write_bytes(data)
    found = [x for x in find(measure(tmp_path / "flipped.mp4", networks=False)) if x.code == "decode_error"]
    assert found
    assert all(3 < finding.start_s < 9 for finding in found)


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.mp4", b""), ("text.mp4", b"a delivery note\n" * 50), ("head.mp4", b"\x00\x00\x00\x18ftyp" + b"\x00" * 90),
     ("list.mp4", b"#EXTM3U\n/etc/passwd\n")],
)  # fmt: skip
def test_what_is_no_film_is_one_clear_error(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    watch = Watch.begin(path)
    with pytest.raises(UnreadableMedia) as raised:
        measure(path, networks=False)
    assert watch.refused(raised.value).severity == "error"


def test_of_twenty_sound_tracks_eight_are_heard_and_the_rest_is_named(tmp_path):
    maps = [word for _ in range(20) for word in ("-map", "1:a")]
    path = make(tmp_path / "tracks.mkv", 0.5, ["-map", "0:v", *maps, *H264, "-c:a", "pcm_s16le"])
    measured = measure(path, networks=False)
    assert len(measured.sound) == 8
    assert any("12 more sound streams" in finding.detail for finding in find(measured))


def test_six_channels_without_a_layout_are_told_as_such(tmp_path):
    path = tmp_path / "six.wav"
    transcode.run(
        ["-f", "lavfi", "-i", "anullsrc=channel_layout=5.1:sample_rate=48000", "-t", "1", "-c:a", "pcm_s16le", path]
    )
    data = path.read_bytes()
    mask = data.index(b"fmt ") + 8 + 20
    path.write_bytes(data[:mask] + bytes(4) + data[mask + 4 :])  # WAVE_FORMAT_EXTENSIBLE: no speaker is named
    (audio,) = measure(path, networks=False).facts.of("audio")
    assert audio.channels == 6
    assert audio.layout != "5.1"


def test_a_single_frame_is_a_film_too(tmp_path):
    path = make(tmp_path / "one.mkv", 0.04, ["-map", "0:v", *H264])
    measured = measure(path, networks=False)
    assert len(measured.picture["at_s"]) == 1
    find(measured)


def test_ten_bits_full_range_and_grey_are_measured(tmp_path):
    for pixels in ("yuv420p10le", "gray", "yuvj420p", "rgb24"):
        codec = "mjpeg" if pixels == "yuvj420p" else "ffv1"
        path = make(tmp_path / f"{pixels}.mkv", 0.2, ["-map", "0:v", "-c:v", codec, "-pix_fmt", pixels])
        measured = measure(path, networks=False)
        assert len(measured.picture["at_s"]) == 5
        assert 40 < measured.picture["luma"][2] < 200


def edited(path, start, length):
    """The MP4 with an edit list that shows `length` seconds from `start` on, as a phone trims."""
    film = bytearray(path.read_bytes())
    scale = int.from_bytes(film[film.index(b"mvhd") + 16 :][:4], "big")
    frames = int.from_bytes(film[film.index(b"mdhd") + 16 :][:4], "big")
    list_at = film.index(b"elst") + 12
    before = int.from_bytes(film[list_at + 4 :][:4], "big")
    film[list_at : list_at + 8] = round(length * scale).to_bytes(4, "big") + (before + round(start * frames)).to_bytes(
        4, "big"
    )
    path.write_bytes(film)
    return path


@pytest.mark.parametrize(("start", "length"), [(0.48, 1.52), (1.0, 1.0), (0.0, 1.2)])
def test_frames_that_an_edit_list_leaves_out_are_not_missing(tmp_path, start, length):
    whole = make(tmp_path / "film.mp4", 2.0, [*H264, "-an"])
    measured = measure(edited(whole, start, length), networks=False)
    assert len(measured.picture["at_s"]) == pytest.approx(length * 25, abs=1)
    assert {finding.code for finding in find(measured)}.isdisjoint({"truncated", "decode_error"})


def test_a_picture_in_no_codec_that_is_known_is_unsupported_also_beside_sound_that_plays(tmp_path):
    film = make(tmp_path / "film.mp4")
    film.write_bytes(film.read_bytes().replace(b"avc1", b"zzz1"))
    assert [(x.code, x.severity) for x in find(measure(film, networks=False))] == [("unsupported", "error")]


def test_a_bit_that_flips_in_matroska_is_told_by_its_checksum_where_the_codec_says_nothing(tmp_path):
    film = make(
        tmp_path / "film.mkv", 2.0, ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "400k", "-c:a", "pcm_s16le"]
    )
    assert checksums.wrong(film) == []
    data = bytearray(film.read_bytes())
    data[len(data) // 2] ^= 4
    film.write_bytes(data)
    assert any("checksum of Cluster" in x.detail for x in find(measure(film, networks=False)))


def test_files_that_are_no_matroska_have_no_checksums(long_film, tmp_path):
    (tmp_path / "noise.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 8)
    assert checksums.wrong(long_film) == checksums.wrong(tmp_path / "noise.mkv") == []


def test_a_matroska_file_of_nothing_but_empty_elements_takes_no_longer_than_the_time_there_is(tmp_path):
    head = b"\x1a\x45\xdf\xa3\x84" + bytes(4) + b"\x18\x53\x80\x67\xff"
    (tmp_path / "void.mkv").write_bytes(head + b"\xec\x80" * 1000)
    asked = []
    checksums.wrong(tmp_path / "void.mkv", lambda: asked.append(0) or len(asked) == 3)
    assert len(asked) == 3


def test_a_picture_that_does_not_match_its_hash_is_damaged(tmp_path):
    """H.265 may carry a hash of each picture: the decoder holds pictures against it."""
    hashed = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:hash=1", "-an"]
    film = make(tmp_path / "film.mp4", 1.0, hashed)
    assert "decode_error" not in {finding.code for finding in find(measure(film, networks=False))}
    data = bytearray(film.read_bytes())
    places = np.arange(len(data) // 3, 2 * len(data) // 3)
    for place in np.random.default_rng(0).choice(places, 3):
        data[place] ^= 1
    film.write_bytes(data)
    assert "decode_error" in {finding.code for finding in find(measure(film, networks=False))}


def test_avi_that_repeats_frames_and_has_b_frames_is_sound(tmp_path):
    film = make(tmp_path / "film.avi", 2.0, ["-c:v", "mpeg4", "-bf", "2", "-c:a", "pcm_s16le"])
    assert {x.code for x in find(measure(film, networks=False))}.isdisjoint({"decode_error", "truncated"})


def test_frames_shorter_than_a_tick_of_the_clock_have_their_times(tmp_path):
    film = make(tmp_path / "film.mkv", 1.0, [*H264, "-c:a", "flac", "-frame_size", "24"])
    (audio,) = measure(film, networks=False).facts.of("audio")
    assert audio.untimed == 0
    assert audio.end_s == pytest.approx(1.0, abs=0.05)
