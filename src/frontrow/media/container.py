"""Opening a media file and nothing else: known containers told by their first bytes, local files only.

The demuxer is fixed before FFmpeg looks, so a playlist renamed .mp4 is refused and can name no other file; protocols
are limited to `file`; external references of QuickTime files stay off.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from frontrow.errors import UnreadableMedia, UnsupportedMedia

if TYPE_CHECKING:
    import av.container

_HEAD_BYTES: Final = 400
_QUICKTIME_ATOMS: Final = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_MAGIC: Final = (  # (offset, bytes, demuxer)
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (8, b"WAVE", "wav"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"OggS", "ogg"),
    (0, b"FLV\x01", "flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"\x06\x0e\x2b\x34", "mxf"),
    (0, b"fLaC", "flac"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
)
_PICTURES: Final = {b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture"}
_PLAYLISTS: Final = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD")


def resolve(path: Path, roots: tuple[Path, ...] = ()) -> Path:
    """The real file behind `path`; with `roots`, only below one of them, symbolic links followed first.

    Raises UnreadableMedia: no such file, not a regular file, or outside the roots.
    """
    real = path.resolve()
    if roots and not any(real.is_relative_to(root.resolve()) for root in roots):
        raise UnreadableMedia(f"{path} is outside the media folders {', '.join(map(str, roots))}")
    if not real.exists():
        raise UnreadableMedia(f"{path} does not exist; name a video file")
    if not real.is_file():
        raise UnreadableMedia(f"{path} is not a regular file; name a video file")
    return real


def demuxer(path: Path) -> str:
    """Name of the demuxer for the file, from its first bytes alone. Raises UnreadableMedia for anything unknown."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise UnreadableMedia(f"{path.name} is empty; copy it again")
    if head[4:8] in _QUICKTIME_ATOMS:
        return "mov"
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    for packet, first in ((188, 0), (192, 4)):
        if len(head) > first + packet and head[first] == head[first + packet] == 0x47:
            return "mpegts"
    for magic, what in _PICTURES.items():
        if head.startswith(magic):
            raise UnsupportedMedia(f"{path.name} is {what}; a video is needed")
    if any(head.lstrip().startswith(start) for start in _PLAYLISTS):
        raise UnsupportedMedia(f"{path.name} is a playlist or a text; it is not followed: name the video itself")
    raise UnreadableMedia(
        f"{path.name} is no known container (MP4, MOV, Matroska, WebM, AVI, MPEG, Ogg, FLV, ASF, MXF); "
        f"it begins with {head[:8]!r}"
    )


def open_container(path: Path) -> av.container.InputContainer:
    """The opened file. Raises UnreadableMedia when it is damaged beyond opening."""
    import av

    name = demuxer(path)
    try:
        return av.open(
            f"file:{path}", "r", format=name, options={"protocol_whitelist": "file", "format_whitelist": _aliases(name)}
        )
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableMedia(f"{path.name} cannot be opened: {_short(error)}; it is cut off or damaged") from None


def _aliases(name: str) -> str:
    return {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}.get(name, name)


def _short(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).split(":")[0].lower()
