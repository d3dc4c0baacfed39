"""Frames come out as people see them: upright, with square pixels, without bars."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from frontrow.artwork.survey import survey
from frontrow.media.child import Context
from frontrow.media.decode import Film
from frontrow.media.guard import Limits
from frontrow.media.picture import picture
from frontrow.media.probe import probe
from worlds.films import encode

STRAIGHT = bytes.fromhex("00010000 00000000 00000000 00000000 00010000")
CLOCKWISE = bytes.fromhex("00000000 00010000 00000000 ffff0000 00000000")


class Here(Context):
    """A context for decoding in this process."""

    def __init__(self) -> None:
        self.limits = Limits()

    @property
    def expired(self) -> bool:
        return False


def red_on_the_left() -> NDArray[np.uint8]:
    frame = np.full((96, 160, 3), (20, 20, 200), np.uint8)
    frame[:, :80] = (200, 20, 20)
    return frame


def shown(path: Path, bars: tuple[float, float, float, float] = (0, 0, 0, 0)) -> Iterator[NDArray[np.uint8]]:
    with Film(path, Here(), threads=1) as film:
        for _, frame in film.frames():
            yield picture(frame, film.pixel_aspect, bars, 1280)


def test_a_film_turned_by_its_header_is_shown_upright(tmp_path: Path) -> None:
    path = encode(tmp_path / "film.mp4", [red_on_the_left()] * 3)
    data = path.read_bytes()
    place = data.index(STRAIGHT, data.index(b"tkhd"))
    path.write_bytes(data[:place] + CLOCKWISE + data[place + len(CLOCKWISE) :])
    upright = next(shown(path))
    assert upright.shape == (160, 96, 3)
    assert upright[20, 48, 0] > 150  # what was left is now at the top
    assert upright[140, 48, 2] > 150
    assert probe(path).rotation_degrees == 90


def test_wide_pixels_become_square(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(red_on_the_left(), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert next(shown(path)).shape == (96, 213, 3)
    assert probe(path).pixel_aspect == pytest.approx(4 / 3)


def test_black_bars_are_found_and_never_inside_a_picture(tmp_path: Path) -> None:
    frame = np.zeros((144, 160, 3), np.uint8)
    frame[24:-24] = red_on_the_left()
    path = encode(tmp_path / "film.mp4", [frame] * 10)
    bars = survey(path, detail=False).bars
    assert bars[0] == pytest.approx(24 / 144, abs=0.03)
    assert bars[1] == pytest.approx(24 / 144, abs=0.03)
    assert bars[2:] == (0.0, 0.0)
    for pixels in shown(path, bars):
        assert pixels.max(axis=2).min() > 60
