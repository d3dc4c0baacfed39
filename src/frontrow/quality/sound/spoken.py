"""Which language is spoken: the first step of a recogniser of 99 languages, half a minute of speech at a time.

Whisper base (Radford et al. 2022; OpenAI, MIT) run by faster-whisper, the optional extra `speech`; `frontrow models
fetch language` gets the network. It is asked for the language alone, where the voice network heard most speech.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import UnreadableMedia
from frontrow.quality.languages import tag
from frontrow.quality.measurements import Measurements, Series
from frontrow.quality.sound.speech import CHUNK_S

if TYPE_CHECKING:
    from frontrow.media.child import Context

NETWORK: Final = "language"
WITHOUT: Final = "which language is spoken is not known: the tags of sound are only held against each other"
"""What is lost without the network."""
WINDOW_S: Final = 30.0
"""What the network listens to at once."""
_MOST_WINDOWS: Final = 4
_LEAST_SPEECH_S: Final = 2.0
"""In a window; a cry or two have no language."""
_SPOKEN: Final = 0.5
_MEMORY_BYTES: Final = 4 << 30

Window = tuple[float, float]


@dataclass(frozen=True)
class Spoken:
    """What was heard in one stream."""

    probabilities: Mapping[str, float]
    """Of each language (ISO 639-1, or the network's own name), mean over the windows."""
    seconds: float
    """Speech in the windows."""

    @property
    def language(self) -> str:
        """The likeliest."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


def model_folder() -> Path | None:
    """Where the network lies; None where it or its runtime is missing."""
    import importlib.util

    from frontrow.data.fetch import NETWORKS, kept_at

    folder = kept_at(NETWORKS[NETWORK])
    return folder if folder.is_dir() and importlib.util.find_spec("faster_whisper") else None


def choose_windows(speech: Series) -> list[tuple[Window, float]]:
    """Up to four windows with most speech, one in each quarter of a long film, and the seconds of speech in each."""
    at_s, spoken = np.asarray(speech["at_s"], float), np.asarray(speech["speech"], float) > _SPOKEN
    if not len(at_s):
        return []
    place = ((at_s - at_s[0]) // WINDOW_S).astype(int)
    seconds = np.bincount(place, weights=spoken) * CHUNK_S
    parts = [part for part in np.array_split(np.arange(len(seconds)), _MOST_WINDOWS) if len(part)]
    best = [int(part[np.argmax(seconds[part])]) for part in parts]
    return [
        ((at_s[0] + k * WINDOW_S, at_s[0] + (k + 1) * WINDOW_S), float(seconds[k]))
        for k in best
        if seconds[k] >= _LEAST_SPEECH_S
    ]


def hear(path: Path, measured: Measurements, roots: tuple[Path, ...] = ()) -> dict[int, Spoken]:
    """What is spoken in each stream that is tagged with a language; nothing without the network, or without speech."""
    folder = model_folder()
    tagged = [stream.index for stream in measured.facts.of("audio") if tag(stream.language)]
    wanted = {k: windows for k in tagged if k in measured.speech and (windows := choose_windows(measured.speech[k]))}
    if folder is None or not wanted:
        return {}
    from frontrow.media import guard
    from frontrow.media.container import resolve
    from frontrow.quality.sound.resampling import Resampler

    Resampler(48_000, "mono", 1).push(np.zeros((1, 4800), np.float32))  # compiled here: children may write no file
    spans = [[stream, *window] for stream, windows in wanted.items() for window, _ in windows]
    limits = guard.Limits(time_s=60 + WINDOW_S * len(spans), memory_bytes=_MEMORY_BYTES)
    arguments = {"path": str(resolve(path, roots)), "model": str(folder), "spans": spans}
    try:
        told = guard.run("frontrow.quality.sound.spoken:listen", arguments, limits)
    except UnreadableMedia:
        return {}
    heard = iter(told["heard"])
    return {stream: together([(next(heard), seconds) for _, seconds in windows]) for stream, windows in wanted.items()}


def together(windows: list[tuple[Mapping[str, float], float]]) -> Spoken:
    """(probability of each of the network's languages, seconds of speech) of windows as one."""
    total = sum(seconds for _, seconds in windows)
    probabilities: dict[str, float] = {}
    for heard, seconds in windows:
        for name, probability in heard.items():
            language = tag(name) or name
            probabilities[language] = probabilities.get(language, 0.0) + probability * seconds / total
    return Spoken(probabilities, total)


# In the child ---------------------------------------------------------------------------------------------------------


def listen(context: Context, path: str, model: str, spans: list[tuple[int, float, float]]) -> dict[str, Any]:
    """Probability of each language in each span (stream, start, end in seconds)."""
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    from faster_whisper import WhisperModel

    from frontrow.quality.sound.excerpt import excerpt

    recogniser = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
    heard: list[dict[str, float]] = []
    for done, (stream, start_s, end_s) in enumerate(spans):
        sound: NDArray[np.float32] = excerpt(context, Path(path), stream, start_s, end_s)[1]
        told = recogniser.detect_language(sound)[2] if len(sound) else []
        heard.append({name: float(probability) for name, probability in told})
        context.progress(done + 1, len(spans), "language")
    return {"heard": heard}
