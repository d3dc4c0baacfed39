"""A picture as a file small enough for a page of tiles."""

from __future__ import annotations

import io
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Format = Literal["avif", "webp", "jpeg"]

MOST_BYTES: Final = 100_000
SUFFIX: Final = {"avif": "avif", "webp": "webp", "jpeg": "jpg"}
_QUALITIES: Final = {"avif": (68, 55, 40, 25), "webp": (84, 72, 55, 35), "jpeg": (88, 78, 62, 45)}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "avif": {"speed": 8},
    "webp": {"method": 4},
    "jpeg": {"optimize": True, "progressive": True},
}
_SMALLER: Final = 0.8


def encode(picture: NDArray[np.uint8], kind: Format, most_bytes: int = MOST_BYTES) -> bytes:
    """An RGB picture as AVIF, WebP or JPEG of at most `most_bytes`: less quality first, then fewer pixels."""
    from PIL import Image

    image = Image.fromarray(picture)
    options = _OPTIONS[kind]
    while True:
        for quality in _QUALITIES[kind]:
            file = io.BytesIO()
            image.save(file, kind.upper(), quality=quality, **options)
            if file.tell() <= most_bytes or max(image.size) <= 64:
                return file.getvalue()
        size = (max(1, round(image.width * _SMALLER)), max(1, round(image.height * _SMALLER)))
        image = image.resize(size, Image.Resampling.LANCZOS)
