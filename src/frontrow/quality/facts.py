"""What the headers of a file say of its container and streams, read in the decoding child."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from frontrow.quality.measurements import FileFacts, StreamFacts

MOST_STREAMS: Final = 1_000
"""Streams that are described; a file may claim as many as it likes."""
_FIELDS: Final = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_RANGES: Final = {1: "limited", 2: "full"}
_CLOCK: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def read(container: Any) -> FileFacts:
    """Facts of an opened container."""
    streams = tuple(_stream(stream, container.format.name) for stream in list(container.streams)[:MOST_STREAMS])
    longest = max((stream.duration_s for stream in streams if stream.kind in {"video", "audio"}), default=0.0)
    return FileFacts(
        container=container.format.name.split(",")[0],
        duration_s=longest or max(0.0, (container.duration or 0) / 1e6),
        size_bytes=container.size,
        streams=streams,
    )


def _stream(stream: Any, container: str) -> StreamFacts:
    base, coded = stream.time_base, getattr(stream, "codec_context", None)
    language = stream.language or ""
    facts = StreamFacts(
        index=stream.index,
        kind=stream.type or "data",
        codec=coded.name if coded is not None else "",
        duration_s=max(0.0, float(stream.duration * base)) if stream.duration and base else _tagged_s(stream.metadata),
        start_s=float(stream.start_time * base) if stream.start_time and base else 0.0,
        language="" if language == "und" else language,
        stated_frames=_stated_frames(stream, container) if stream.type == "video" else stream.frames or 0,
    )
    if coded is None:
        return facts
    if stream.type == "video":
        return replace(
            facts,
            width=coded.width,
            height=coded.height,
            frame_rate=float(stream.average_rate or 0),
            pixel_format=coded.pix_fmt or "",
            pixel_aspect=float(stream.sample_aspect_ratio or 1),
            colour_range=_RANGES.get(int(coded.color_range), ""),
            field_order=_FIELDS.get(int(coded.field_order), ""),
        )
    if stream.type == "audio":
        layout = coded.layout
        return replace(facts, channels=layout.nb_channels, layout=layout.name, sample_rate=coded.sample_rate)
    return facts


def _stated_frames(stream: Any, container: str) -> int:
    """Frames that the index counts and an edit list leaves in: films trimmed on a phone keep what was cut away.

    MXF states its length in frames. AVI also counts those that only repeat the one before.
    """
    frames, entries = int(stream.frames or 0), stream.index_entries
    told = float((stream.duration or 0) * (stream.time_base or 0)) * float(stream.average_rate or 0)
    if container == "mxf":
        return round(told)
    if not frames or not len(entries) or not container.startswith("mov"):
        return 0
    kept = len(entries) - sum(entry.is_discard for entry in entries)
    return kept if kept < len(entries) or abs(told - kept) <= 1 else frames


def _tagged_s(metadata: dict[str, str]) -> float:
    """Matroska tells a stream's length in a tag."""
    found = _CLOCK.match(next((value for key, value in metadata.items() if key.upper() == "DURATION"), ""))
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0
