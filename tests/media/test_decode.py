"""Frames asked for by time are those of a plain pass over the film."""

from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from frontrow.media.decode import Film
from frontrow.media.guard import Limits
from worlds.films import moving


class Context:
    """What the child's is, with no limit in reach."""

    limits, expired = Limits(), False


def test_frames_skipped_on_the_way_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "far.mp4"
    with av.open(str(path), "w") as container:  # one keyframe, and most frames such that no other is made from them
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.options = {"g": "1000", "bf": "3", "b-pyramid": "none", "preset": "ultrafast", "sc_threshold": "0"}
        for number, pixels in enumerate(moving(1, 200)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    def mark(frame: av.VideoFrame) -> int:
        return zlib.crc32(np.ascontiguousarray(frame.to_ndarray()))

    with Film(path, Context()) as film:  # type: ignore[arg-type]
        plain = [(round(at_s, 6), mark(frame)) for at_s, frame in film.frames()]
    assert len(plain) == 200
    places = [3, 70, 71, 110, 199]
    with Film(path, Context()) as film:  # type: ignore[arg-type]
        found = [(place, mark(frame)) for place, frame in film.frames_at([plain[k][0] for k in places])]
        assert film.damage.tell() == []
    assert found == [(place, plain[k][1]) for place, k in enumerate(places)]
