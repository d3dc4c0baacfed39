"""Every way in which a clip can be damaged, by name: what a detector should call it, and how it is done.

Severity goes from 0 (hardly there) to 1 (gross); from VISIBLE on, a viewer who looks would see, hear or read it.
Everything is drawn from the rng that is given, so the same seed damages the same clip in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from frontrow.errors import InputError
from frontrow.media import rework
from frontrow.quality.damage import picture, sound, stream, subtitles
from frontrow.quality.damage.task import Done, Task
from frontrow.quality.findings import GROUP_OF

VISIBLE: Final = 0.5
"""Severity from which a defect counts as visible (or audible, or legible as a fault)."""


@dataclass(frozen=True)
class Kind:
    """One way to damage a file."""

    name: str
    code: str
    """What a detector should find."""
    make: Callable[[Task], Done]
    also: tuple[str, ...] = ()
    """Codes that the same cause rightly raises as well: neither asked for nor false."""

    @property
    def group(self) -> str:
        """picture, sound, subtitles or file: what is damaged."""
        return GROUP_OF[self.code]


@dataclass(frozen=True)
class Damage:
    """What was done to a file, and where."""

    kind: str
    code: str
    start_s: float
    end_s: float
    severity: float
    how: str
    """The mechanism with its values, in words."""
    also: tuple[str, ...] = ()


def damage(
    source: Path, kind: str, severity: float, rng: np.random.Generator, out: Path, *, other: Path | None = None
) -> Damage:
    """Write a damaged copy of `source` to `out` and say what was done.

    `source` is a film, a sound file or a subtitle file, as the kind asks; the suffix of `out` picks the container
    (.mkv holds everything losslessly). `other` is a second subtitle file, for the wrong one and the wrong language.
    Raises InputError for an unknown kind, a severity outside 0-1 or a source that the kind cannot damage,
    UnreadableMedia when the source cannot be read.
    """
    if kind not in KINDS:
        raise InputError(f"'{kind}' is no kind of damage; there are {', '.join(KINDS)}")
    if not 0 <= severity <= 1:
        raise InputError(f"severity {severity:g} is outside 0 to 1")
    chosen = KINDS[kind]
    needs_media = chosen.group in ("picture", "sound")
    task = Task(source, out, severity, rng, rework.shape(source) if needs_media else None, other)
    if needs_media and not (task.shape.width if chosen.group == "picture" else task.shape.channels):
        raise InputError(f"{source.name} has no {chosen.group}: '{kind}' needs one")
    done = chosen.make(task)
    return Damage(kind, chosen.code, done.start_s, done.end_s, severity, done.how, chosen.also)


def _kinds() -> dict[str, Kind]:
    found = [
        # picture
        Kind("black", "black", picture.black, ("freeze",)),
        Kind("freeze", "freeze", picture.freeze, ("repeated_frames", "cadence")),
        Kind("frozen_tail", "freeze", picture.frozen_tail, ("repeated_frames", "cadence")),
        Kind("repeated_frames", "repeated_frames", picture.repeated_frames, ("cadence", "freeze")),
        Kind("dropped_frames", "repeated_frames", picture.dropped_frames, ("cadence", "freeze")),
        Kind("cadence", "cadence", picture.cadence, ("repeated_frames",)),
        Kind("stuck_pixel", "stuck_pixel", picture.stuck_pixel),
        Kind("hot_pixel", "hot_pixel", picture.hot_pixel),
        Kind("macroblocking", "macroblocking", picture.macroblocking,
             ("blur", "banding", "freeze", "repeated_frames")),
        Kind("macroblocking_mpeg2", "macroblocking", picture.macroblocking_mpeg2, ("blur", "banding", "freeze")),
        Kind("packet_loss", "packet_loss", stream.packet_loss,
             ("decode_error", "macroblocking", "freeze", "repeated_frames", "cadence", "dropout", "click",
             "chroma_flash", "truncated")),
        Kind("packet_loss_baked", "packet_loss", stream.packet_loss_baked,
             ("macroblocking", "freeze", "repeated_frames", "cadence", "dropout", "click", "chroma_flash")),
        Kind("combing", "combing", picture.combing, ("field_order",)),
        Kind("combing_interlaced", "combing", picture.combing_interlaced, ("field_order", "cadence")),
        Kind("field_order", "field_order", picture.field_order, ("combing", "cadence")),
        Kind("window_letterbox", "window_change", picture.window_letterbox),
        Kind("window_pillarbox", "window_change", picture.window_pillarbox),
        Kind("level_range", "level_range", picture.level_range),
        Kind("missing_chroma", "missing_chroma", picture.missing_chroma),
        Kind("missing_chroma_plane", "missing_chroma", picture.missing_chroma_plane, ("chroma_flash",)),
        Kind("chroma_flash", "chroma_flash", picture.chroma_flash, ("flashing", "level_range")),
        Kind("banding", "banding", picture.banding),
        Kind("blur", "blur", picture.blur),
        Kind("aspect", "aspect", picture.aspect),
        Kind("flashing", "flashing", picture.flashing),
        Kind("flashing_red", "flashing", picture.flashing_red, ("chroma_flash",)),
        Kind("burnt_in_text", "burnt_in_text", picture.burnt_in_text),
        Kind("decode_error", "decode_error", stream.bit_flips,
             ("packet_loss", "macroblocking", "freeze", "repeated_frames", "cadence", "chroma_flash", "black",
             "truncated")),
        Kind("truncated", "truncated", stream.truncated,
             ("decode_error", "packet_loss", "freeze", "silence", "av_offset")),
        # sound
        Kind("loudness_high", "loudness", sound.loudness_high, ("true_peak", "clipping")),
        Kind("loudness_low", "loudness", sound.loudness_low, ("silence",)),
        Kind("true_peak", "true_peak", sound.true_peak, ("loudness", "clipping")),
        Kind("clipping", "clipping", sound.clipping, ("true_peak", "loudness")),
        Kind("silence", "silence", sound.silence, ("dropout", "loudness")),
        Kind("dropout", "dropout", sound.dropout, ("click", "silence")),
        Kind("click", "click", sound.click, ("true_peak",)),
        Kind("hum", "hum", sound.hum, ("loudness", "true_peak")),
        Kind("phase", "phase", sound.phase),
        Kind("channel_swap", "channel_swap", sound.channel_swap, ("channel_layout",)),
        Kind("channel_duplicate", "channel_duplicate", sound.channel_duplicate),
        Kind("channel_missing", "channel_missing", sound.channel_missing, ("silence", "loudness")),
        Kind("channel_layout", "channel_layout", sound.channel_layout, ("channel_swap",)),
        Kind("av_offset", "av_offset", sound.av_offset, ("silence",)),
        Kind("language", "language", sound.language),
        # subtitles
        *(Kind(name, code, make, also) for name, (code, make, also) in subtitles.KINDS.items()),
        # the file itself
        Kind("no_index", "unreadable", stream.no_index, ("truncated", "growing")),
        Kind("empty", "unreadable", stream.empty),
        Kind("text_renamed", "unreadable", stream.text_renamed, ("unsupported",)),
    ]  # fmt: skip
    return {kind.name: kind for kind in found}


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(_kinds())
"""Every kind of damage by name."""
