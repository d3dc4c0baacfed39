"""The title on a crop: white letters in a quiet place, on a ground darkened just enough for a contrast of 4.5 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.artwork.crop import Box

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

LEAST_CONTRAST: Final = 4.5
"""WCAG 2.2, success criterion 1.4.3, for text of any size."""
_LINES: Final = 3
_SMALLEST: Final = 11
_SOFT: Final = 0.08
"""How far the darkening fades out around the title, share of the crop's height."""


def draw(crop: NDArray[np.uint8], title: str, place: Box) -> NDArray[np.uint8]:
    """A copy of an RGB crop with `title` in `place`. Text that cannot fit at a legible size is cut with an ellipsis."""
    from PIL import Image, ImageDraw

    height, width = crop.shape[:2]
    left, top = round(place.left * width), round(place.top * height)
    wide, tall = round((place.right - place.left) * width), round((place.bottom - place.top) * height)
    lines, font, line_height = _set(title, wide, tall)
    lower = place.top > 0.4
    first = top + tall - line_height * len(lines) if lower else top
    text_rows = slice(max(0, first - 2), min(height, first + line_height * len(lines) + 2))
    ground = darken(crop, text_rows, slice(left, left + wide))
    picture = Image.fromarray(ground)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((left, first + number * line_height), line, font=font, fill=(255, 255, 255))
    return np.asarray(picture)


def darken(crop: NDArray[np.uint8], rows: slice, columns: slice) -> NDArray[np.uint8]:
    """The crop with a soft shade over those rows and columns, so that white on each pixel there has LEAST_CONTRAST."""
    brightest = float(luminance(crop[rows, columns]).max())
    allowed = 1.05 / LEAST_CONTRAST - 0.05
    # Scaling codes by f scales luminance by less than f ** 2 in the dark and about f ** 2.4 above: f ** 2 is safe.
    factor = 1.0 if brightest <= allowed else float(np.sqrt(allowed / brightest)) * 0.97
    height, width = crop.shape[:2]
    soft = max(1.0, _SOFT * height)
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    off_y = np.maximum(0, np.maximum(rows.start - y, y - rows.stop + 1))
    off_x = np.maximum(0, np.maximum(columns.start - x, x - columns.stop + 1))
    shade = 1 - (1 - factor) * np.exp(-0.5 * (off_y**2 + off_x**2) / soft**2)
    return np.asarray(crop * shade[..., None], np.uint8)


def luminance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of WCAG, 0 to 1, of sRGB pixels (..., 3)."""
    c = pixels / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(a: float, b: float) -> float:
    """Contrast ratio of two luminances, 1 to 21."""
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def _set(title: str, wide: int, tall: int) -> tuple[list[str], FreeTypeFont, int]:
    """Lines, font and line height: the largest type at which the title fits."""
    from PIL import ImageFont

    for size in range(max(_SMALLEST, tall), _SMALLEST - 1, -1):
        font = ImageFont.load_default(size)
        lines = _wrap(title, font, wide)
        line_height = round(size * 1.2)
        if len(lines) <= _LINES and line_height * len(lines) <= tall and all(_fits(x, font, wide) for x in lines):
            return lines, font, line_height  # type: ignore[return-value]
    font = ImageFont.load_default(_SMALLEST)
    lines = _wrap(title, font, wide)[: max(1, tall // round(_SMALLEST * 1.2))]
    while lines[-1] and not _fits(lines[-1] + "…", font, wide):
        lines[-1] = lines[-1][:-1]
    return [*lines[:-1], lines[-1] + "…"], font, round(_SMALLEST * 1.2)  # type: ignore[return-value]


def _wrap(title: str, font: object, wide: int) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and _fits(f"{lines[-1]} {word}", font, wide):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _fits(line: str, font: object, wide: int) -> bool:
    return bool(font.getlength(line) <= wide)  # type: ignore[attr-defined]
