"""Where people speak: the probability of speech each 32 ms, by Silero VAD (Silero Team, MIT), a network of 1.2 MB.

`frontrow models fetch voice` gets it. Without it there are no speech series, and what needs them says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.quality.measurements import StreamFacts
from frontrow.quality.sound.resampling import RATE, Resampler

Floats = NDArray[np.float32]

VOICE: Final = "voice"
WITHOUT: Final = "speech is not looked for: dialogue loudness is that of the whole programme, subtitles are not timed"
"""What is lost without the network."""
CHUNK: Final = 512
"""Samples at 16 kHz that one probability stands for."""
CHUNK_S: Final = CHUNK / RATE
_CONTEXT: Final = 64
_BATCH: Final = 64
"""Chunks a run, some two seconds: the fixed cost of a run is small against it."""


def open_voice(folder: Path | None = None) -> Any:
    """A session of the voice network in `folder` (the cache by default); None where network or runtime is missing."""
    import importlib.util

    from frontrow.data.fetch import networks_folder

    path = (folder or networks_folder()) / f"{VOICE}.onnx"
    if not path.is_file() or importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a step of the network is too small to share
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Listener:
    """The network with its memory: chunks in order in, probabilities out."""

    def __init__(self, voice: Any) -> None:
        self._voice = voice
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._before = np.zeros(_CONTEXT, np.float32)

    def hear(self, samples: Floats) -> Floats:
        """Probability of speech (n,) of n chunks of 512 samples at 16 kHz, which follow on those of the last call."""
        chunks = samples.reshape(-1, CHUNK)
        if not len(chunks):
            return np.zeros(0, np.float32)
        tails = np.concatenate([self._before[None], chunks[:-1, -_CONTEXT:]])
        heard, self._h, self._c = self._voice.run(
            None, {"input": np.concatenate([tails, chunks], axis=1), "h": self._h, "c": self._c}
        )
        self._before = chunks[-1, -_CONTEXT:].copy()
        return np.asarray(heard, np.float32).reshape(-1)


def probabilities(samples_16k: Floats, voice: Any = None) -> Floats | None:
    """Probability of speech (n,) each 32 ms of one channel at 16 kHz; None without the network."""
    voice = voice or open_voice()
    if voice is None:
        return None
    listener = Listener(voice)
    whole = np.concatenate([samples_16k, np.zeros(-len(samples_16k) % CHUNK, np.float32)]).astype(np.float32)
    parts = [listener.hear(whole[k : k + _BATCH * CHUNK]) for k in range(0, len(whole), _BATCH * CHUNK)]
    return np.concatenate([*parts, np.zeros(0, np.float32)])


class SpeechMeter:
    """The streaming form, with the sound meter's verbs: rows {"at_s": start of 32 ms, "speech": 0-1}."""

    def __init__(self, stream: StreamFacts, voice: Any) -> None:
        self._listener = Listener(voice)
        self._resampler = Resampler(stream.sample_rate, stream.layout, stream.channels)
        self._waiting = np.zeros(0, np.float32)
        self._next_s: float | None = None
        self._rows: list[tuple[NDArray[Any], Floats]] = []

    def look(self, samples: Floats, at_s: float) -> None:
        """Take decoded samples (channels, n), float32, that begin at `at_s` of the file."""
        if self._next_s is None:
            self._next_s = at_s
        self._hear(self._resampler.push(samples), _BATCH)

    def finish(self) -> None:
        """The stream has ended; its last chunk is filled up with silence."""
        self._hear(self._resampler.finish(), 1)
        if len(self._waiting):
            self._hear(np.zeros(CHUNK - len(self._waiting), np.float32), 1)

    def take(self) -> dict[str, NDArray[Any]]:
        """Rows finished since the last call."""
        rows, self._rows = self._rows, []
        return {
            "at_s": np.concatenate([np.zeros(0), *(at_s for at_s, _ in rows)]),
            "speech": np.concatenate([np.zeros(0, np.float32), *(speech for _, speech in rows)]),
        }

    def _hear(self, samples: Floats, least: int) -> None:
        self._waiting = np.concatenate([self._waiting, samples])
        chunks = len(self._waiting) // CHUNK
        if chunks < least or self._next_s is None:
            return
        speech = self._listener.hear(self._waiting[: chunks * CHUNK])
        self._waiting = self._waiting[chunks * CHUNK :]
        self._rows.append((self._next_s + CHUNK_S * np.arange(chunks), speech))
        self._next_s += CHUNK_S * chunks
