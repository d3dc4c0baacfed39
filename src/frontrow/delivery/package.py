"""What a packaged film looks like: arguments for CMAF segments with aligned keyframes, and the HLS playlists.

    streams/<title>/{master.m3u8, manifest.mpd, package.json, policy.json, poster.jpg, thumbnails.vtt}
    streams/<title>/[<codec>-]<height>p-<kbps>k/{init.mp4, 00000.m4s, ..., stream.m3u8}      one folder a rung
    streams/<title>/<codec>/policy.json      the table of each further codec
    streams/<title>/audio[-2...]/, subtitles/<language>.{vtt,m3u8}, thumbnails/000.jpg, ...

The rungs of one codec are a family: players stay within one, since few switch codecs without a gap. `master.m3u8` names
all of them and is written last: where it lies, the package is whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from frontrow.delivery import codecs
from frontrow.delivery.ladder import Rung
from frontrow.delivery.manifest import Manifest
from frontrow.delivery.scenes import zones
from frontrow.errors import InputError
from frontrow.media.conform import Conformed

SEGMENT_S = 4.0
AUDIO_KBPS = 96  # AAC in stereo; more is not heard, and weighs on the lowest rungs


@dataclass(frozen=True)
class Rendition:
    """One packaged rung."""

    rung: Rung
    width: int
    folder: str
    segment_bytes: list[int]
    codec: str = "avc1.640028"
    """As RFC 6381 names it."""


@dataclass(frozen=True)
class Sound:
    """One packaged sound track."""

    folder: str
    language: str = ""
    """ISO 639; empty where the film does not tell."""

    @property
    def name(self) -> str:
        """What a player's menu says."""
        return self.language or "Sound"


@dataclass(frozen=True)
class Text:
    """Subtitles of one language."""

    language: str
    file: str
    """WebVTT, within the package."""
    playlist: str


def folder_of(rung: Rung) -> str:
    """Name of a rung's folder."""
    codec = "" if rung.codec == codecs.H264.name else f"{rung.codec}-"
    return f"{codec}{rung.height}p-{round(rung.bitrate_kbps)}k"


def families(rungs: Sequence[Rung]) -> dict[str, list[Rung]]:
    """The rungs of each codec by rising rate, the codec that plays most widely first.

    Raises InputError where a family has a rung that is dearer and has fewer lines than another: players sort by lines.
    """
    found = {
        name: sorted((x for x in rungs if x.codec == name), key=lambda x: x.bitrate_kbps) for name in codecs.CODECS
    }
    for name, family in found.items():
        for low, high in pairwise(family):
            if high.height < low.height:
                raise InputError(
                    f"{name}: the rung of {high.bitrate_kbps:.0f} kbit/s has {high.height} lines, a cheaper one "
                    f"{low.height}; leave one of them out"
                )
    return {name: family for name, family in found.items() if family}


def video_arguments(rung: Rung, shown: Conformed, preset: str | None) -> list[str]:
    """ffmpeg's output options for one rung: constant quality under a cap, a keyframe at the start of every segment.

    The cap keeps a busy scene within 1.5 times the rung's rate over two segments, so that the line that was measured
    for the rung also carries its worst part.
    """
    cap_kbps, codec = max(round(1.5 * rung.bitrate_kbps), 50), codecs.find(rung.codec)
    return [
        "-an", "-sn", "-map", "0:v:0", "-vf", shown.scaled(rung.height),
        *codec.quality(rung.crf, preset), "-maxrate", f"{cap_kbps}k", "-bufsize", f"{2 * cap_kbps}k",
        *codec.packaged(zones(rung.offsets, shown.frame_rate, SEGMENT_S)),
        "-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_S:g})", *_hls("stream.m3u8"),
    ]  # fmt: skip


def audio_arguments(track: int = 0) -> list[str]:
    """ffmpeg's output options for one sound track."""
    return [
        "-vn", "-sn", "-map", f"0:a:{track}", "-c:a", "aac", "-b:a", f"{AUDIO_KBPS}k", "-ac", "2", *_hls("stream.m3u8"),
    ]  # fmt: skip


def _hls(name: str) -> list[str]:
    return [
        "-f", "hls", "-hls_time", f"{SEGMENT_S:g}", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
        "-hls_flags", "independent_segments", "-hls_fmp4_init_filename", "init.mp4",
        "-hls_segment_filename", "%05d.m4s", name,
    ]  # fmt: skip


def durations_s(playlist: str) -> list[float]:
    """Duration of each segment that a rung's playlist names."""
    marks = (line for line in playlist.splitlines() if line.startswith("#EXTINF:"))
    return [float(line.removeprefix("#EXTINF:").partition(",")[0]) for line in marks]


def master_playlist(
    renditions: Sequence[Rendition], *, sounds: Sequence[Sound] = (), subtitles: Sequence[Text] = ()
) -> str:
    """The HLS master playlist (RFC 8216): peak rates from the real segments, every codec beside the same sound."""
    if not renditions:
        raise InputError("no renditions; a playlist needs at least one rung")
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for number, sound in enumerate(sounds):
        lines.append(_media("AUDIO", "audio", sound.name, sound.language, f"{sound.folder}/stream.m3u8", number == 0))
    lines += [_media("SUBTITLES", "text", text.language, text.language, text.playlist, False) for text in subtitles]
    groups = (',AUDIO="audio"' if sounds else "") + (',SUBTITLES="text"' if subtitles else "")
    extra_bps = 1000 * AUDIO_KBPS if sounds else 0
    for x in renditions:
        peak_bps, mean_bps = rates_bps(x)
        named = x.codec + (",mp4a.40.2" if sounds else "")
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={peak_bps + extra_bps},AVERAGE-BANDWIDTH={mean_bps + extra_bps},"
            f'RESOLUTION={x.width}x{x.rung.height},CODECS="{named}"{groups}'
        )
        lines.append(f"{x.folder}/stream.m3u8")
    return "\n".join(lines) + "\n"


def _media(kind: str, group: str, name: str, language: str, uri: str, is_default: bool) -> str:
    told = f',LANGUAGE="{language}"' if language else ""
    default = "YES" if is_default else "NO"
    return (
        f'#EXT-X-MEDIA:TYPE={kind},GROUP-ID="{group}",NAME="{name}"{told},DEFAULT={default},AUTOSELECT=YES,URI="{uri}"'
    )


def rates_bps(rendition: Rendition) -> tuple[int, int]:
    """Peak and mean rate of a rung's real segments, bits a second."""
    sizes = rendition.segment_bytes
    mean_bps = round(8 * sum(sizes) / (len(sizes) * SEGMENT_S))
    return max(round(8 * max(sizes) / SEGMENT_S), mean_bps), mean_bps


def subtitle_playlist(file: str, duration_s: float) -> str:
    """A media playlist of one WebVTT file that lasts the whole film."""
    return (
        f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{math.ceil(duration_s)}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f"#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:{duration_s:.3f},\n{file}\n#EXT-X-ENDLIST\n"
    )


def manifest_of(renditions: Sequence[Rendition]) -> Manifest:
    """Real sizes of one family's packaged segments, for the bitrate controller's table."""
    if len({len(x.segment_bytes) for x in renditions}) != 1:
        raise InputError(f"renditions have {[len(x.segment_bytes) for x in renditions]} segments; package them again")
    sizes = np.array([x.segment_bytes for x in renditions], float).T * 8.0 / 1000.0
    full = sizes[:-1] if len(sizes) > 1 else sizes  # the last segment is shorter
    rates = full.mean(axis=0) / SEGMENT_S
    return Manifest(SEGMENT_S, np.maximum.accumulate(rates + 1e-6 * np.arange(len(rates))), sizes)
