"""The video codecs of a ladder: how each is asked for a constant quality, and how RFC 6381 names what came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frontrow.errors import InputError


@dataclass(frozen=True)
class Codec:
    """One codec with its encoder in ffmpeg."""

    name: str
    encoder: str
    preset: str
    """Where nobody asks for another: about what a film's encode may cost on two cores."""
    crfs: tuple[float, ...]
    """CRFs of the grid, from transparent to the least anybody watches; equal steps."""
    one_thread: tuple[str, ...]
    """ffmpeg's options for a trial on one thread, so that trials run side by side."""
    closed: tuple[str, ...] = ()
    """ffmpeg's options for a package: forced keyframes that nothing refers past, and the sample entry players want."""
    parameters: tuple[str, str] | None = None
    """ffmpeg's option for the encoder's own parameters, and those of a package; None where it has no zones."""

    def quality(self, crf: float, preset: str | None) -> list[str]:
        """ffmpeg's options for one constant quality."""
        return ["-c:v", self.encoder, "-preset", preset or self.preset, "-crf", f"{crf:g}"]

    def preset_of(self, asked: str | None) -> str | None:
        """The preset that was asked for, where this encoder has one of that name."""
        return asked if asked is None or asked.isdigit() == self.preset.isdigit() else None

    def packaged(self, zones: str = "") -> list[str]:
        """ffmpeg's options for a package, with `zones` as `scenes.zones` writes them."""
        name, told = self.parameters or ("", "")
        told = ":".join(x for x in (told, f"zones={zones}" if zones else "") if x)
        return [*self.closed, *((name, told) if name and told else ())]

    def crf_like(self, h264: float) -> float:
        """The CRF that lies where `h264` lies in the grid of H.264."""
        return round(float(np.interp(h264, H264.crfs, self.crfs)))


_STEPS = tuple(float(x) for x in range(9))
H264 = Codec(
    "h264", "libx264", "veryfast", tuple(19.0 + 3.0 * x for x in _STEPS), ("-threads", "1"), ("-sc_threshold", "0"),
    ("-x264-params", ""),
)  # fmt: skip
HEVC = Codec(
    "hevc", "libx265", "fast", tuple(20.0 + 3.0 * x for x in _STEPS),
    ("-x265-params", "log-level=none:pools=1:frame-threads=1"),
    ("-forced-idr", "1", "-tag:v", "hvc1"), ("-x265-params", "log-level=none:open-gop=0:scenecut=0"),
)  # fmt: skip
AV1 = Codec("av1", "libsvtav1", "8", tuple(22.0 + 5.0 * x for x in _STEPS), ("-svtav1-params", "lp=1"))
CODECS = {codec.name: codec for codec in (H264, HEVC, AV1)}
"""From the one that plays everywhere to the one that needs the fewest bits."""


def find(name: str) -> Codec:
    """The codec called `name`. Raises InputError."""
    if name not in CODECS:
        raise InputError(f"no codec {name!r}; there are {', '.join(CODECS)}")
    return CODECS[name]


def named(init: bytes) -> str:
    """What a rung's `init.mp4` says of its codec, profile and level, as `CODECS` in a playlist wants it."""
    for box, describe in ((b"avcC", _avc), (b"hvcC", _hevc), (b"av1C", _av1)):
        at = init.find(box)
        if at >= 0:
            record = init[at + 4 :]
            if len(record) >= 13 or (box != b"hvcC" and len(record) >= 4):
                return describe(record)
    raise InputError("the init segment holds no H.264, H.265 or AV1 configuration; package the film again")


def _avc(record: bytes) -> str:
    return f"avc1.{record[1:4].hex()}"


def _hevc(record: bytes) -> str:
    """ISO/IEC 14496-15, annex E: profile, its compatibility with the bits turned round, tier and level, constraints."""
    space = ("", "A", "B", "C")[record[1] >> 6]
    compatible = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if record[1] & 0x20 else "L"
    constraints = "".join(f".{byte:X}" for byte in record[6:12].rstrip(b"\0"))
    return f"hvc1.{space}{record[1] & 0x1F}.{compatible:X}.{tier}{record[12]}{constraints}"


def _av1(record: bytes) -> str:
    """AV1 in ISO-BMFF, 5: profile, level, tier and depth."""
    tier = "H" if record[2] & 0x80 else "M"
    depth = 8 if not record[2] & 0x40 else 12 if record[2] & 0x20 else 10
    return f"av01.{record[1] >> 5}.{record[1] & 0x1F:02d}{tier}.{depth:02d}"
