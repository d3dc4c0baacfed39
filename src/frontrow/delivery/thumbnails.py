"""Pictures for seeking: small frames at equal times on sheets, and the WebVTT track that tells which lies where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LONG_S = 3600.0


@dataclass(frozen=True)
class Sheet:
    """How the small frames lie on their sheets, from left to right and down."""

    width: int
    """Of one frame, pixels."""
    height: int
    interval_s: float
    """Seconds of film that a frame stands for."""
    columns: int = 5
    rows: int = 5

    @classmethod
    def of(cls, width: int, height: int, duration_s: float) -> Sheet:
        """Frames 160 pixels wide, every 5 s; every 10 s of what lasts longer than an hour."""
        return cls(160, max(round(160 * height / width / 2) * 2, 2), 5.0 if duration_s <= _LONG_S else 10.0)

    def arguments(self, filters: Sequence[str] = ()) -> list[str]:
        """ffmpeg's output options for `000.jpg`, `001.jpg`, ...; each frame goes through `filters` first."""
        taken = ",".join((f"fps=1/{self.interval_s:g}:eof_action=pass", *filters, f"scale={self.width}:{self.height}"))
        return [
            "-an", "-sn", "-map", "0:v:0", "-vf", f"{taken},tile={self.columns}x{self.rows}", "-q:v", "5",
            "-start_number", "0", "%03d.jpg",
        ]  # fmt: skip

    def track(self, duration_s: float, folder: str = "thumbnails") -> str:
        """The WebVTT track: one cue a frame, with the part of its sheet as a media fragment (W3C: #xywh)."""
        lines = ["WEBVTT"]
        for number in range(max(math.ceil(duration_s / self.interval_s), 1)):
            start_s, end_s = number * self.interval_s, min((number + 1) * self.interval_s, duration_s)
            sheet, place = divmod(number, self.columns * self.rows)
            row, column = divmod(place, self.columns)
            box = f"{column * self.width},{row * self.height},{self.width},{self.height}"
            lines.append(f"\n{timestamp(start_s)} --> {timestamp(end_s)}\n{folder}/{sheet:03d}.jpg#xywh={box}")
        return "\n".join(lines) + "\n"


def timestamp(at_s: float) -> str:
    """Seconds as WebVTT writes them."""
    ms = round(at_s * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
