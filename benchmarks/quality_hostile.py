"""Damaged and hostile files: a thousand corrupted variants, and the files that a careless sender makes.

Seven films of four seconds (MP4, MOV, Matroska, WebM, MPEG-TS, MXF, H.265) are damaged in eight ways with fixed seeds
and inspected whole. Counted are crashes (any error that is not a finding), hangs, and variants without a finding that
the undamaged film does not have. Those are decoded by FFmpeg and compared with the undamaged film, since a flipped bit
in a free atom or a tag damages nothing that can be seen or heard.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.figure import Figure
from frontrow import engine
from frontrow.data.fetch import BIG_BUCK_BUNNY, fetch
from frontrow.errors import FrontrowError
from frontrow.media import transcode
from frontrow.quality import inspection
from frontrow.quality.rules import Pack, load_pack

VARIANTS: Final = 1000
SEED: Final = 20261124
HANG_S: Final = 90.0
_H264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-g", "48", "-threads", "1")
FILMS: Final = {
    "film.mp4": (*_H264, "-c:a", "aac", "-movflags", "+faststart"),
    "film.mov": (*_H264, "-c:a", "pcm_s16le"),
    "film.mkv": (*_H264, "-c:a", "flac"),
    "film.webm": ("-c:v", "libvpx", "-b:v", "300k", "-c:a", "libvorbis"),
    "film.ts": (*_H264, "-c:a", "aac"),
    "film.mxf": ("-c:v", "mpeg2video", "-qscale:v", "4", "-r", "25", "-c:a", "pcm_s16le", "-ar", "48000"),
    "hevc.mp4": ("-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=none", "-c:a", "aac"),
}

_BOMB: Final = (
    '<?xml version="1.0"?><!DOCTYPE tt [<!ENTITY a0 "boom">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + ']><tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="0s" end="9s">&a9;</p></div></body></tt>'
)

Damage = Callable[[bytearray, np.random.Generator], bytearray]


def _bits(count: int) -> Damage:
    def flip(data: bytearray, rng: np.random.Generator) -> bytearray:
        for place in rng.integers(0, len(data), count):
            data[place] ^= 1 << int(rng.integers(8))
        return data

    return flip


def _span(data: bytearray, rng: np.random.Generator) -> slice:
    length = int(len(data) * rng.uniform(0.01, 0.1))
    first = int(rng.integers(0, len(data) - length))
    return slice(first, first + length)


def _zeros(data: bytearray, rng: np.random.Generator) -> bytearray:
    span = _span(data, rng)
    data[span] = bytes(span.stop - span.start)
    return data


def _noise(data: bytearray, rng: np.random.Generator) -> bytearray:
    span = _span(data, rng)
    data[span] = rng.bytes(span.stop - span.start)
    return data


def _removed(data: bytearray, rng: np.random.Generator) -> bytearray:
    del data[_span(data, rng)]
    return data


def _twice(data: bytearray, rng: np.random.Generator) -> bytearray:
    span = _span(data, rng)
    data[span.start : span.start] = data[span]
    return data


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: int(len(data) * rng.uniform(0.02, 0.95))]


def _head(data: bytearray, rng: np.random.Generator) -> bytearray:
    for place in rng.integers(0, 512, 6):
        data[place] = int(rng.integers(256))
    return data


WAYS: Final[dict[str, Damage]] = {
    "20 bits flipped": _bits(20), "200 bits flipped": _bits(200), "zeros": _zeros, "noise": _noise,
    "a part removed": _removed, "a part twice": _twice, "cut off": _cut, "head overwritten": _head,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """One variant, inspected."""

    number: int
    way: str
    film: str
    seconds: float
    crash: str
    found: bool
    same: bool
    """Whether it decodes to just what the undamaged film decodes to; looked at only where nothing was found."""


class Variants:
    """The films, what is found in them undamaged, and any variant of them by its number."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pack = folder, load_pack()
        self.films = _films(folder)
        self.clean = {film: _codes(film, self.pack) for film in self.films}
        self.decoded = {film: _decoded(film) for film in self.films}

    def try_one(self, number: int) -> Outcome:
        film = self.films[number % len(self.films)]
        way = list(WAYS)[number // len(self.films) % len(WAYS)]
        path = self.folder / f"{number}{film.suffix}"
        path.write_bytes(WAYS[way](bytearray(film.read_bytes()), np.random.default_rng([SEED, number])))
        began, crash, found, same = time.monotonic(), "", False, False
        try:
            found = bool(_codes(path, self.pack) - self.clean[film])
        except Exception as error:
            crash = repr(error)
        seconds = time.monotonic() - began
        if not found and not crash:
            same = _decoded(path) == self.decoded[film]
        path.unlink()
        return Outcome(number, way, film.name, seconds, crash, found, same)


def run(data: Path | None) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        variants = Variants(Path(name))
        yield from _tell(engine.map(variants.try_one, range(VARIANTS), backend="threads", workers=2))
        yield from _careless(variants.folder, variants.pack)


def main(first: int, stop: int, out: Path) -> None:
    """Some of the variants, a line each: the thousand in parts."""
    with tempfile.TemporaryDirectory() as name, out.open("a") as lines:
        variants = Variants(Path(name))
        for number in range(first, stop):
            lines.write(json.dumps(asdict(variants.try_one(number))) + "\n")
            lines.flush()


def _films(folder: Path) -> list[Path]:
    source = fetch(BIG_BUCK_BUNNY) / "bbb.mp4"
    for name, options in FILMS.items():
        transcode.run(["-ss", "60", "-t", "4", "-i", source, "-vf", "scale=320:180", *options, folder / name])
    return [folder / name for name in FILMS]


def _codes(path: Path, pack: Pack) -> Counter[str]:
    return Counter(finding.code for finding in inspection.inspect_film(path, pack).verdict.findings)


def _decoded(path: Path) -> bytes:
    """Hashes of the decoded picture and sound, as FFmpeg decodes them."""
    out = path.with_name(f"{path.name}.md5")
    try:
        transcode.run(["-i", path, "-map", "0:v?", "-map", "0:a?", "-f", "streamhash", out])
        return out.read_bytes()
    except FrontrowError as error:
        return str(error).encode()
    finally:
        out.unlink(missing_ok=True)


def _tell(outcomes: list[Outcome]) -> Iterator[Figure]:
    crashes = [outcome for outcome in outcomes if outcome.crash]
    yield Figure("corrupted variants that crash the inspection", len(crashes), f"of {len(outcomes)}", 0, "at most",
                 detail="; ".join(f"{x.film}, {x.way}: {x.crash[:80]}" for x in crashes[:3]))  # fmt: skip
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    hung = sum(outcome.seconds > HANG_S for outcome in outcomes)
    yield Figure(
        "variants that hang", hung, f"of {len(outcomes)}", 0, "at most", detail=f"slowest {slowest.seconds:.1f} s"
    )
    found = sum(outcome.found for outcome in outcomes)
    silent = [outcome for outcome in outcomes if not outcome.found and not outcome.crash]
    same = sum(outcome.same for outcome in silent)
    where = Counter(f"{outcome.film}, {outcome.way}" for outcome in silent if not outcome.same)
    detail = f"{same} of the {len(silent)} without one decode to the very same picture and sound"
    yield Figure("variants with a finding", found / len(outcomes), "", 1.0, detail=detail)
    most = "; ".join(f"{name}: {count}" for name, count in where.most_common(12))
    share = found / max(1, len(outcomes) - same)
    yield Figure("variants with a finding, of those that decode differently", share, "", 1.0, detail=most)


def _careless(folder: Path, pack: Pack) -> Iterator[Figure]:
    """Files by name: seconds until there is a verdict, and what it says."""
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("This is the delivery note.\n" * 100, "utf-8")
    whole = folder / "whole.mp4"
    transcode.run(["-i", folder / "film.mp4", "-c", "copy", whole])
    content = whole.read_bytes()
    (folder / "growing.mp4").write_bytes(content[: content.rfind(b"moov") - 4])
    silence = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono"]
    transcode.run([*silence, "-t", "36000", "-c:a", "aac", "-b:a", "8k", folder / "silence.m4a"])
    transcode.run([*silence, "-t", "1", folder / "second.wav"])
    tracks: list[Any] = [word for _ in range(999) for word in ("-map", "1:a")]
    transcode.run(["-i", folder / "film.mp4", "-i", folder / "second.wav", "-map", "0:v", *tracks, "-c", "copy",
                   folder / "tracks.mkv"])  # fmt: skip
    transcode.run(["-i", folder / "film.mp4", "-an", "-c:v", "mjpeg", folder / "rate.avi"])
    avi = bytearray((folder / "rate.avi").read_bytes())
    header = avi.index(b"strh") + 8
    avi[header + 20 : header + 28] = bytes(8)  # scale and rate: 0 frames a second
    (folder / "rate.avi").write_bytes(avi)
    (folder / "bomb.ttml").write_text(_BOMB, "utf-8")
    for name in ("empty.mp4", "text.mp4", "growing.mp4", "rate.avi", "tracks.mkv", "bomb.ttml", "silence.m4a"):
        began = time.monotonic()
        verdict = inspection.inspect(folder / name, pack)
        codes = ", ".join(sorted({f"{finding.code} ({finding.severity})" for finding in verdict.findings}))
        yield Figure(
            f"seconds until the verdict on {name}", time.monotonic() - began, "s", detail=codes or "nothing found"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
