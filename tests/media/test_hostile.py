"""Damaged and hostile files: a clear error or a partial result that says so, never a hang nor our own end."""

from __future__ import annotations

import os
import signal
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from frontrow.artwork.survey import survey
from frontrow.errors import InputError, UnreadableMedia
from frontrow.media import guard
from frontrow.media.child import Context
from frontrow.media.container import resolve
from frontrow.media.probe import probe


def silence(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_a_file_with_sound_alone_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="only sound"):
        probe(silence(tmp_path / "song.m4a"))


def test_an_empty_file_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnreadableMedia, match="is empty"):
        probe(tmp_path / "empty.mp4")


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6])
def test_a_file_cut_off_before_its_index_is_an_error_in_one_line(film: Any, keep: float) -> None:
    path = film([(1, 50)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(UnreadableMedia, match="cut off or damaged"):
        probe(path)


def test_a_cut_off_file_without_an_index_gives_what_is_there(film: Any) -> None:
    path = film([(1, 60)], "film.mkv")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert 1 <= len(survey(path, detail=False).signals) < 60


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "[playlist]\nFile1=http://127.0.0.1/x\n",
    ],
)
def test_a_playlist_renamed_mp4_is_not_followed(tmp_path: Path, text: str) -> None:
    (tmp_path / "film.mp4").write_text(text)
    with pytest.raises(UnreadableMedia, match="playlist"):
        probe(tmp_path / "film.mp4")


def test_a_huge_picture_is_refused_by_its_kind_and_a_huge_film_by_its_size(tmp_path: Path, film: Any) -> None:
    header = struct.pack(">IIBBBBB", 16_000, 16_000, 8, 2, 0, 0, 0)
    (tmp_path / "film.mp4").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header)
    with pytest.raises(UnreadableMedia, match="a PNG picture"):
        probe(tmp_path / "film.mp4")
    path = film([(1, 4)])
    limits = guard.Limits(pixels=160 * 96 - 1)
    with pytest.raises(UnreadableMedia, match="160 x 96; the limit is 15,359 pixels"):
        guard.run("frontrow.media.probe:read", {"path": str(path)}, limits)


def test_corrupt_packets_give_a_partial_result_that_says_so(film: Any) -> None:
    path = film([(1, 100), (2, 100)], "film.mkv")
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(len(data) // 3, 2 * len(data) // 3, 300):
        data[place] = int(rng.integers(256))
    path.write_bytes(bytes(data))
    seen = survey(path, detail=True)
    assert len(seen.signals) > 30
    assert seen.faults


def test_frames_with_repeated_times_get_times_that_rise(film: Any) -> None:
    path = film([(1, 30)], "film.avi")
    with av.open(str(path)) as container:
        packets = [(bytes(packet), packet.is_keyframe) for packet in container.demux(video=0) if packet.size]
        extradata = container.streams.video[0].codec_context.extradata
    broken = path.with_name("broken.mkv")
    with av.open(str(broken), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.extradata = extradata
        for data, is_keyframe in packets:
            packet = av.Packet(data)
            packet.pts = packet.dts = 7
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 25), stream, is_keyframe
            container.mux(packet)
    seen = survey(broken, detail=False)
    assert len(seen.signals) > 20
    assert np.all(np.diff(seen.signals.at_s) > 0)
    assert any("no usable time" in fault for fault in seen.faults)


def test_a_stream_that_changes_size_midway_is_seen_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((96, 160, 3), 90, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    small = path.read_bytes()
    other = tmp_path / "other.ts"
    with av.open(str(other), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        for number in range(20, 40):
            picture = av.VideoFrame.from_ndarray(np.full((192, 320, 3), 200, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    path.write_bytes(small + other.read_bytes())
    seen = survey(path, detail=True)
    assert len(seen.signals) >= 39
    assert any("changes its size" in fault for fault in seen.faults)


def forever(context: Context) -> None:
    while True:
        signal.pause()


def hungry(context: Context) -> int:
    return len(np.ones(1 << 40, np.uint8))


def dying(context: Context) -> None:
    os.abort()


def chatty(context: Context) -> bytes:
    return bytes(context.limits.message_bytes + 1)


def writing(context: Context, path: str) -> None:
    try:
        with Path(path).open("wb") as file:
            file.write(b"x")
    except OSError as error:
        raise InputError(f"refused: {error.strerror}") from None


def patient(context: Context) -> str:
    while not context.expired:
        context.progress(1.0, 2.0)
    return "stopped in time"


def run(name: str, limits: guard.Limits, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return guard.run(f"test_hostile:{name}", arguments, limits)


def test_a_decoder_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableMedia, match="hung and was ended"):
        run("forever", guard.Limits(time_s=0.5, grace_s=1.5), monkeypatch)


def test_a_decoder_that_takes_all_memory_is_an_error_and_not_our_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableMedia, match="memory"):
        run("hungry", guard.Limits(), monkeypatch)


def test_a_decoder_that_crashes_is_an_error_and_not_our_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableMedia, match="ended with signal 6"):
        run("dying", guard.Limits(), monkeypatch)


def test_a_result_beyond_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableMedia, match="the limit is 1,000"):
        run("chatty", guard.Limits(message_bytes=1000), monkeypatch)


def test_the_child_can_write_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="refused: File too large"):
        run("writing", guard.Limits(), monkeypatch, path=str(tmp_path / "x"))


def test_work_that_looks_at_the_clock_ends_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("patient", guard.Limits(time_s=0.3), monkeypatch) == "stopped in time"


def test_a_film_that_takes_too_long_gives_a_partial_result(film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontrow.artwork.survey._LEAST_TIME_S", 0.0)
    seen = survey(film([(1, 50)]), detail=False)
    assert 1 <= len(seen.signals) < 50
    assert "time limit" in seen.faults[0]


def test_what_progress_raises_ends_the_child(film: Any) -> None:
    class Stop(Exception):
        pass

    def stop(done_s: float, total_s: float, note: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        survey(film([(1, 300)]), detail=True, progress=stop)


def test_a_path_outside_the_media_folders_is_refused_also_through_a_link(tmp_path: Path, film: Any) -> None:
    root = tmp_path / "media"
    root.mkdir()
    outside = film([(1, 4)])
    (root / "link.mp4").symlink_to(outside)
    for path in (outside, root / "link.mp4", root / ".." / outside.name):
        with pytest.raises(UnreadableMedia, match="outside the media folders"):
            resolve(path, (root,))


def test_the_child_sees_none_of_the_services_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTROW_STORE__URL", "postgresql://secret")
    assert "FRONTROW_STORE__URL" not in guard._environment()
