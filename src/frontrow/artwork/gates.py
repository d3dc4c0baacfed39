"""What no score makes good: frames that are refused, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frontrow.artwork.composition import Composition
from frontrow.artwork.exposure import Exposure
from frontrow.artwork.sharpness import Sharpness
from frontrow.artwork.text import Text

_BLACK: Final = 0.15  # what 2% of the pixels exceed
_DARK: Final = 0.03  # mean
_WHITE: Final = 0.93
_BURNT: Final = 0.5  # share of pixels that are white
_FADED: Final = 0.05  # contrast
_FLASH_CODES: Final = 30.0
_EMPTY: Final = 0.9  # share without structure: a title card, sky, fog
_GROUND: Final = 0.6  # share of one luma behind lines of text
_SHEET: Final = 0.55  # share without structure behind lines of text
_PLAIN_SHEET: Final = 0.75  # share without structure behind as few as two unread lines
_SMALL_LINE, _LINE, _TITLE = 0.02, 0.03, 0.22  # height of white letters: on one luma, on a plain ground, on anything
_LETTERS: Final = 0.004
_WRITTEN: Final = 0.12
_READ: Final = 0.03  # the same where the text detector found it
_BLURRED: Final = 0.11  # steepness; a blur of some three pixels
_ADULT: Final = 0.85  # above what fur and skin of drawn animals bring
_CREDITS_FROM: Final = 0.6
"""Credits are looked for in the last part of the film, from this share on."""
_CREDITS_SHARE: Final = 0.6
"""From the place after which this share of the frames is written on, everything is credits."""
WRITTEN: Final = ("title card", "credits")


def refuse(
    exposure: Exposure,
    sharpness: Sharpness,
    composition: Composition,
    text: Text,
    *,
    jump: float = 0.0,
    adult: float = 0.0,
) -> str | None:
    """Why a frame is not shown, or None. `jump`: light against the shot's median in codes; `adult`: 0 to 1."""
    if exposure.bright < _BLACK or exposure.level < _DARK:
        return "black"
    if jump > _FLASH_CODES or exposure.level > _WHITE or exposure.burnt > _BURNT:
        return "flash"
    if composition.flat > _EMPTY:
        return "title card" if exposure.contrast > _FADED or text.lines else "nothing to see"
    if exposure.contrast < _FADED:
        return "faded"
    if (text.read and text.area > _READ and text.lines == 1) or text.tall > _TITLE:
        return "title card"
    if text.area > (_READ if text.read else _WRITTEN) or _is_sheet(composition, text):
        return "credits"
    if sharpness.steepness < _BLURRED:
        return "blurred"
    if adult > _ADULT:
        return "not for every age"
    return None


def _is_sheet(composition: Composition, text: Text) -> bool:
    """Whether there are lines of text on a plain ground. Unread strokes need more of either: grass has some too."""
    flat, one_luma = composition.flat, composition.ground > _GROUND
    if text.read:
        return (flat > _SHEET or one_luma) and text.lines >= 2 and text.area > _LETTERS
    if one_luma:
        return text.lines >= 1 or text.tall > _SMALL_LINE
    return flat > _SHEET and (text.lines >= (2 if flat > _PLAIN_SHEET else 3) or text.tall > _LINE)


def credits_start(at_s: Sequence[float], refused: Sequence[str | None], length_s: float) -> float:
    """Seconds from which the film is credits, those of a scene after them included; infinity where there are none.

    `at_s` and `refused` are the looked-at frames in order of time.
    """
    for place, at in enumerate(at_s):
        if at < _CREDITS_FROM * length_s or refused[place] not in WRITTEN:
            continue
        after = refused[place:]
        if len(after) >= 2 and sum(x in WRITTEN for x in after) >= _CREDITS_SHARE * len(after):
            return at
    return float("inf")
