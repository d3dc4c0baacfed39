"""Decode errors: packets that did not decode and frames that came out damaged, picture and sound."""

from __future__ import annotations

import numpy as np

from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements, StreamFacts
from frontrow.quality.picture.rules import PictureRules
from frontrow.quality.picture.spans import joined, runs, when


def find(measured: Measurements, rules: PictureRules) -> list[Finding]:
    """Damaged stretches of the picture (error), damaged sound streams, and what hindered the pass."""
    found: list[Finding] = []
    told: set[int] = set()
    picture = measured.picture
    if picture is not None:
        index = measured.facts.of("video")[0].index
        hurt = (picture["corrupt"] > 0) | (picture["lost"] > 0)
        for first, stop in joined(runs(np.asarray(hurt)), 24):
            start, end = when(picture, first, stop)
            lost, corrupt = float(picture["lost"][first:stop].sum()), float(picture["corrupt"][first:stop].sum())
            detail = f"{corrupt:.0f} frames are damaged and {lost:.0f} packets did not decode"
            told.add(index)
            found.append(
                Finding("decode_error", "error", start, end, 0.97, detail, {"lost": lost, "corrupt": corrupt}, index)
            )
    found += [_tell(stream) for stream in measured.facts.streams if _hurt(stream) and stream.index not in told]
    end_s = max((stream.end_s for stream in measured.facts.streams), default=0.0)
    found += [Finding("decode_error", "error", end_s, end_s, 0.9, fault) for fault in measured.faults]
    skipped = [stream.index for stream in measured.facts.streams if stream.skipped]
    if skipped:
        detail = f"{len(skipped)} more sound streams were not listened to, from stream {skipped[0]} on"
        found.append(Finding("unsupported", "warn", 0.0, 0.0, 1.0, detail, {"streams": len(skipped)}, skipped[0]))
    found += [
        Finding(
            "unsupported", "error", 0.0, 0.0, 0.9, f"{x.kind}: its header names no codec that is known", {}, x.index
        )
        for x in measured.facts.streams
        if x.kind in {"video", "audio"} and not x.codec
    ]
    found += [
        Finding("unsupported", "warn", 0.0, x.duration_s, 0.7, "a track of no kind that is known", {}, x.index)
        for x in measured.facts.streams
        if x.kind == "data" and measured.facts.container == "mov" and x.duration_s > 1 and not x.stated_frames
    ]
    return found


def _hurt(stream: StreamFacts) -> bool:
    return stream.lost > 0 or stream.corrupt > 0 or stream.untimed > 1


def _tell(stream: StreamFacts) -> Finding:
    parts = [(stream.lost, "packets did not decode"), (stream.corrupt, "frames are damaged"),
             (stream.untimed, "frames have no usable time")]  # fmt: skip
    detail = f"{stream.kind}: " + ", ".join(f"{count} {what}" for count, what in parts if count)
    few = stream.kind == "audio" and stream.lost <= 1 and stream.corrupt <= 1  # MP3 that was cut has such ends
    severe = (stream.lost or stream.corrupt) and not few
    numbers = {"lost": float(stream.lost), "corrupt": float(stream.corrupt), "untimed": float(stream.untimed)}
    span = stream.damage_start_s, max(stream.damage_start_s, stream.damage_end_s)
    return Finding(
        "decode_error", "error" if severe else "warn", *span, 0.95 if severe else 0.6, detail, numbers, stream.index
    )
