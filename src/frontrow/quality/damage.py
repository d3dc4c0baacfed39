"""Every way in which a clip can be damaged, by name: what a detector should call it, and what makes it.

Severity goes from 0 (hardly there) to 1 (gross); from VISIBLE on, a viewer who looks would see, hear or read it.
The damage itself is done by `media.damage`, for `jobs.rehearsal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from frontrow.media.damage import picture, sound, stream, subtitles
from frontrow.media.damage.task import Done, Task
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
        Kind("shifted", "subtitle_offset", subtitles.MAKES["shifted"], ("shot_change", "overlap", "untranslated")),
        Kind("stretched", "subtitle_drift", subtitles.MAKES["stretched"],
             ("shot_change", "subtitle_offset", "untranslated")),
        Kind("wrong", "wrong_subtitles", subtitles.MAKES["wrong"],
             ("subtitle_offset", "subtitle_drift", "untranslated", "subtitle_language")),
        Kind("wrong_language", "subtitle_language", subtitles.MAKES["wrong_language"], ("wrong_subtitles",)),
        Kind("swapped", "overlap", subtitles.MAKES["swapped"], ("syntax", "reading_speed", "gap", "wrong_subtitles")),
        Kind("encoding", "encoding", subtitles.MAKES["encoding"], ("characters", "line_length", "reading_speed")),
        Kind("overlap", "overlap", subtitles.MAKES["overlap"], ("duration_long", "gap")),
        Kind("reading_speed", "reading_speed", subtitles.MAKES["reading_speed"], ("line_length", "overlap", "gap")),
        Kind("line_length", "line_length", subtitles.MAKES["line_length"], ("reading_speed",)),
        Kind("line_count", "line_count", subtitles.MAKES["line_count"], ("line_length", "reading_speed")),
        Kind("duration_short", "duration_short", subtitles.MAKES["duration_short"], ("reading_speed",)),
        Kind("duration_long", "duration_long", subtitles.MAKES["duration_long"], ("overlap", "gap")),
        Kind("gap", "gap", subtitles.MAKES["gap"], ("duration_long", "shot_change")),
        Kind("characters", "characters", subtitles.MAKES["characters"], ("encoding",)),
        Kind("syntax", "syntax", subtitles.MAKES["syntax"]),
        Kind("untranslated", "untranslated", subtitles.MAKES["untranslated"]),
        Kind("maturity", "maturity", subtitles.MAKES["maturity"], ("reading_speed", "line_length")),
        # the file itself
        Kind("no_index", "unreadable", stream.no_index, ("truncated", "growing")),
        Kind("empty", "unreadable", stream.empty),
        Kind("text_renamed", "unreadable", stream.text_renamed, ("unsupported",)),
    ]  # fmt: skip
    return {kind.name: kind for kind in found}


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(_kinds())
"""Every kind of damage by name."""
