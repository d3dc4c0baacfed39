"""What a packaged film looks like: arguments for CMAF segments with aligned keyframes, and the HLS master playlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frontrow.delivery.ladder import Rung
from frontrow.delivery.manifest import Manifest
from frontrow.errors import InputError

SEGMENT_S = 4.0
AUDIO_KBPS = 128


@dataclass(frozen=True)
class Rendition:
    """One packaged rung."""

    rung: Rung
    width: int
    folder: str
    segment_bytes: list[int]


def folder_of(rung: Rung) -> str:
    """Name of a rung's folder."""
    return f"{rung.height}p-{round(rung.bitrate_kbps)}k"


def video_arguments(rung: Rung, preset: str) -> list[str]:
    """ffmpeg's output options for one rung: constant quality under a cap, a keyframe at the start of every segment.

    The cap keeps a busy scene within 1.5 times the rung's rate over two segments, so that the line that was measured
    for the rung also carries its worst part.
    """
    cap_kbps = max(round(1.5 * rung.bitrate_kbps), 50)
    return [
        "-an",
        "-sn",
        "-map",
        "0:v:0",
        "-vf",
        f"scale=-2:{rung.height}:flags=bicubic,format=yuv420p",
        "-c:v",
        "libx264",
        "-preset",
        preset,
        "-crf",
        f"{rung.crf:g}",
        "-maxrate",
        f"{cap_kbps}k",
        "-bufsize",
        f"{2 * cap_kbps}k",
        "-sc_threshold",
        "0",
        "-force_key_frames",
        f"expr:gte(t,n_forced*{SEGMENT_S:g})",
        *_hls("stream.m3u8"),
    ]


def audio_arguments() -> list[str]:
    """ffmpeg's output options for the sound."""
    return ["-vn", "-sn", "-map", "0:a:0", "-c:a", "aac", "-b:a", f"{AUDIO_KBPS}k", "-ac", "2", *_hls("stream.m3u8")]


def _hls(name: str) -> list[str]:
    return [
        "-f",
        "hls",
        "-hls_time",
        f"{SEGMENT_S:g}",
        "-hls_playlist_type",
        "vod",
        "-hls_segment_type",
        "fmp4",
        "-hls_flags",
        "independent_segments",
        "-hls_fmp4_init_filename",
        "init.mp4",
        "-hls_segment_filename",
        "%05d.m4s",
        name,
    ]


def master_playlist(renditions: Sequence[Rendition], *, audio: bool, subtitles: Sequence[tuple[str, str]] = ()) -> str:
    """The HLS master playlist (RFC 8216): peak rates from the real segments. `subtitles` are (language, playlist)."""
    if not renditions:
        raise InputError("no renditions; a playlist needs at least one rung")
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    extra_bps = 1000 * AUDIO_KBPS if audio else 0
    groups = ""
    if audio:
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,URI="audio/stream.m3u8"'
        )
        groups += ',AUDIO="audio"'
    for number, (language, playlist) in enumerate(subtitles):
        default = "YES" if number == 0 else "NO"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="{language}",LANGUAGE="{language}",DEFAULT={default},'
            f'AUTOSELECT=YES,URI="{playlist}"'
        )
    if subtitles:
        groups += ',SUBTITLES="text"'
    codecs = "avc1.640028" + (",mp4a.40.2" if audio else "")
    for x in renditions:
        mean_bps = round(8 * sum(x.segment_bytes) / (len(x.segment_bytes) * SEGMENT_S))
        peak_bps = round(8 * max(x.segment_bytes) / SEGMENT_S)
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={max(peak_bps, mean_bps) + extra_bps},"
            f"AVERAGE-BANDWIDTH={mean_bps + extra_bps},"
            f'RESOLUTION={x.width}x{x.rung.height},CODECS="{codecs}"{groups}'
        )
        lines.append(f"{x.folder}/stream.m3u8")
    return "\n".join(lines) + "\n"


def manifest_of(renditions: Sequence[Rendition]) -> Manifest:
    """Real sizes of the packaged segments, for the bitrate controller's table."""
    if len({len(x.segment_bytes) for x in renditions}) != 1:
        raise InputError(f"renditions have {[len(x.segment_bytes) for x in renditions]} segments; package them again")
    sizes = np.array([x.segment_bytes for x in renditions], float).T * 8.0 / 1000.0
    full = sizes[:-1] if len(sizes) > 1 else sizes  # the last segment is shorter
    rates = full.mean(axis=0) / SEGMENT_S
    return Manifest(SEGMENT_S, np.maximum.accumulate(rates + 1e-6 * np.arange(len(rates))), sizes)
