"""Recognised words with their times: what tells whether subtitles belong to a film, and how early or late they are.

Whisper tiny.en (OpenAI, MIT) run by faster-whisper, the optional extra `speech`; `frontrow models fetch words` gets the
network. It knows English alone: what it makes of other languages and of music is told by its own doubt, and left out.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import UnreadableMedia
from frontrow.quality.measurements import Measurements
from frontrow.quality.subtitles.language import identify
from frontrow.quality.subtitles.track import Track

if TYPE_CHECKING:
    from frontrow.media.child import Context

WORDS: Final = "words"
WITHOUT: Final = "words are not recognised: subtitles are held against speech by their times alone"
"""What is lost without the network."""
LANGUAGE: Final = "en"
MEMORY_BYTES: Final = 4 << 30
MOST_S: Final = 900.0
"""Sound that is listened to in one film at most; it goes 20 to 40 times as fast as the film."""
_WINDOW_S: Final = 60.0
_LEAST_LOGPROB: Final = -0.8
"""Mean log probability of a segment's words: clear English has -.3 to -.65, other languages -.9 and less."""
_MOST_REPEATED: Final = 2.4
"""Compression ratio above which a segment repeats itself: the sign of music and of other languages (Radford 2022)."""
_MOST_SILENT: Final = 0.6
"""Probability of no speech above which words are made up."""


@dataclass(frozen=True)
class Word:
    """One recognised word."""

    start_s: float
    end_s: float
    text: str
    probability: float


@dataclass(frozen=True)
class Words:
    """What was recognised in one stream."""

    words: tuple[Word, ...]
    """Ascending; only those of segments that the network did not doubt."""
    doubted: int
    """Words left out: another language, singing, noise."""
    windows: tuple[tuple[float, float], ...]
    """Seconds of the film that were listened to."""


def model_folder() -> Path | None:
    """Where the network lies; None where it or its runtime is missing."""
    import importlib.util

    from frontrow.data.fetch import NETWORKS, kept_at

    folder = kept_at(NETWORKS[WORDS])
    return folder if folder.is_dir() and importlib.util.find_spec("faster_whisper") else None


def choose_windows(at_s: NDArray[Any], speech: NDArray[Any], most_s: float = MOST_S) -> tuple[tuple[float, float], ...]:
    """Minutes of the film with the most speech, `most_s` in all, spread so that drift shows; all of a short film."""
    if not len(at_s):
        return ()
    first_s, length_s = float(at_s[0]), float(at_s[-1] - at_s[0]) + 1.0
    if length_s <= most_s:
        return ((first_s, first_s + length_s),)
    count = int(most_s // _WINDOW_S)
    minutes = np.bincount(((at_s - first_s) // _WINDOW_S).astype(int), weights=speech)
    parts = [part for part in np.array_split(np.arange(len(minutes)), count) if len(part)]
    best = [int(part[np.argmax(minutes[part])]) for part in parts]
    return tuple((first_s + k * _WINDOW_S, first_s + (k + 1) * _WINDOW_S) for k in best)


def hear(film: Path, measured: Measurements, track: Track, roots: tuple[Path, ...] = ()) -> Words | None:
    """What is said in a film, as far as `track` can be held against it; None where words tell nothing.

    Nothing is listened to for tracks in other languages than the recogniser's, or where nobody speaks. A film's words
    are recognised once for all of its tracks. What cannot be decoded is not heard: that is a finding of the film.
    """
    if model_folder() is None or not measured.facts.of("audio"):
        return None
    if identify(" ".join(cue.text for cue in track.cues))[0] != LANGUAGE:
        return None
    windows: tuple[tuple[float, float], ...] = ()
    if measured.speech:
        stream = min(measured.speech)
        at_s, speech = measured.speech[stream]["at_s"], measured.speech[stream]["speech"]
        if not (speech > 0.5).any():
            return None
        windows = choose_windows(at_s, speech)
    try:
        changed = film.stat()
        return _recognise_once(film, windows, roots, changed.st_mtime_ns, changed.st_size)
    except (OSError, UnreadableMedia):
        return None


@functools.lru_cache(maxsize=4)
def _recognise_once(
    film: Path, windows: tuple[tuple[float, float], ...], roots: tuple[Path, ...], changed_ns: int, size: int
) -> Words | None:
    return recognise(film, windows=windows, roots=roots)


def recognise(
    path: Path, *, stream: int | None = None, windows: Sequence[tuple[float, float]] = (), roots: tuple[Path, ...] = ()
) -> Words | None:
    """Words of a film's sound (its first stream by default), in a guarded child; None without the network.

    `windows`: spans to listen to, in seconds; the first `MOST_S` where none are given. Raises UnreadableMedia.
    """
    folder = model_folder()
    if folder is None:
        return None
    from frontrow.media import guard
    from frontrow.media.container import resolve
    from frontrow.quality.sound.resampling import Resampler

    Resampler(48_000, "mono", 1).push(np.zeros((1, 4800), np.float32))  # compiled here: children may write no file
    spans = [list(span) for span in windows] or [[0.0, MOST_S]]
    limits = guard.Limits(time_s=60 + 0.5 * sum(end - start for start, end in spans), memory_bytes=MEMORY_BYTES)
    arguments = {"path": str(resolve(path, roots)), "model": str(folder), "stream": stream, "windows": spans}
    heard = guard.run("frontrow.quality.subtitles.words:listen", arguments, limits)
    return Words(
        tuple(Word(*word) for word in heard["words"]), heard["doubted"], tuple((a, b) for a, b in heard["windows"])
    )


# In the child ---------------------------------------------------------------------------------------------------------


def listen(
    context: Context, path: str, model: str, stream: int | None, windows: list[tuple[float, float]]
) -> dict[str, Any]:
    """Decode the windows at 16 kHz and recognise what is said in them."""
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    from faster_whisper import WhisperModel

    from frontrow.quality.sound.excerpt import excerpt

    recogniser = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
    words: list[list[Any]] = []
    doubted, done = 0, []
    for start_s, end_s in windows:
        at_s, sound = excerpt(context, Path(path), stream, start_s, end_s)
        if not len(sound) or context.expired:
            continue
        segments, _ = recogniser.transcribe(
            sound,
            language=LANGUAGE,
            beam_size=1,
            temperature=0.0,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        for segment in segments:
            clear = (
                segment.avg_logprob >= _LEAST_LOGPROB
                and segment.compression_ratio <= _MOST_REPEATED
                and segment.no_speech_prob <= _MOST_SILENT
            )
            found = segment.words or []
            if clear:
                words += [[at_s + w.start, at_s + w.end, w.word.strip(), w.probability] for w in found]
            else:
                doubted += len(found)
        done.append([at_s, at_s + len(sound) / 16_000])
        context.progress(end_s, windows[-1][1], "words")
    return {"words": words, "doubted": doubted, "windows": done}
