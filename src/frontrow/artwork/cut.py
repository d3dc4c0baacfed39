"""The third pass: chosen frames decoded once more, cut for every shape, titled and encoded, in the child."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from frontrow.artwork import overlay
from frontrow.artwork.choose import Picture
from frontrow.artwork.crop import SHAPES, Box, Crop, crop
from frontrow.artwork.encode import Format, encode
from frontrow.media import guard

if TYPE_CHECKING:
    from frontrow.media.child import Context

LONGEST: Final = 1920
WIDEST: Final = {"16:9": 1280, "2:3": 600, "1:1": 720, "21:9": 1280}
"""Widths that crops are brought down to, pixels; nothing is enlarged."""
_SECONDS_A_FRAME: Final = 10.0
_LEAST_TIME_S: Final = 60.0


def crops(picture: Picture, width: int, height: int) -> list[Crop]:
    """Where to cut a picture of that size, for every shape."""
    return [crop(shape, width, height, picture.seen.saliency, picture.seen.faces) for shape in SHAPES]


def cut(
    path: Path,
    times_s: Sequence[float],
    cuts: Sequence[Sequence[Crop]],
    bars: tuple[float, float, float, float],
    *,
    kind: Format,
    title: str = "",
    take: Callable[[int, str, bytes], None],
    progress: guard.Progress | None = None,
) -> None:
    """Call `take(place of the picture, shape, encoded file)` for every crop of the frame at each time."""
    order = sorted(range(len(times_s)), key=lambda place: times_s[place])
    arguments = {
        "path": str(path.resolve()),
        "times_s": [times_s[place] for place in order],
        "cuts": [[asdict(x) for x in cuts[place]] for place in order],
        "bars": bars,
        "kind": kind,
        "title": title,
    }
    limits = guard.Limits(time_s=max(_LEAST_TIME_S, _SECONDS_A_FRAME * len(times_s)))
    guard.run(
        "frontrow.artwork.cut:make",
        arguments,
        limits,
        progress=progress,
        part=lambda made: take(order[made["place"]], made["shape"], bytes(made["file"])),
    )


def make(
    context: Context,
    path: str,
    times_s: list[float],
    cuts: list[list[dict[str, Any]]],
    bars: list[float],
    kind: Format,
    title: str,
) -> None:
    """In the child: decode, cut, title, encode, send."""
    from PIL import Image

    from frontrow.media.decode import Film
    from frontrow.media.picture import picture

    with Film(Path(path), context) as film:
        for place, frame in film.frames_at(times_s):
            pixels = picture(frame, film.pixel_aspect, (bars[0], bars[1], bars[2], bars[3]), LONGEST)
            height, width = pixels.shape[:2]
            for x in cuts[place]:
                box = Box(**x["box"])
                rows = slice(round(box.top * height), max(round(box.top * height) + 1, round(box.bottom * height)))
                columns = slice(round(box.left * width), max(round(box.left * width) + 1, round(box.right * width)))
                part = Image.fromarray(np.ascontiguousarray(pixels[rows, columns]))
                wide = min(part.width, WIDEST[x["shape"]])
                size = (wide, max(1, round(wide / SHAPES[x["shape"]])))
                made = np.asarray(part.resize(size, Image.Resampling.LANCZOS) if part.size != size else part)
                if title:
                    made = overlay.draw(made, title, Box(**x["title"]))
                context.part({"place": place, "shape": x["shape"], "file": encode(made, kind)})
            context.progress(times_s[place], film.duration_s)
