"""Tags of languages brought to one form, and which of them are too near each other to be told apart."""

from __future__ import annotations

from typing import Final

_TWO_LETTERS: Final = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
    "nld": "nl", "dut": "nl", "swe": "sv", "dan": "da", "nor": "no", "nob": "no", "nno": "no", "nb": "no",
    "nn": "no", "fin": "fi", "isl": "is", "ice": "is", "pol": "pl", "ces": "cs", "cze": "cs", "slk": "sk",
    "slo": "sk", "slv": "sl", "hrv": "hr", "srp": "sr", "bos": "bs", "hun": "hu", "ron": "ro", "rum": "ro",
    "bul": "bg", "rus": "ru", "ukr": "uk", "bel": "be", "mkd": "mk", "ell": "el", "gre": "el", "tur": "tr",
    "heb": "he", "iw": "he", "ara": "ar", "fas": "fa", "per": "fa", "hin": "hi", "tha": "th", "vie": "vi",
    "ind": "id", "in": "id", "msa": "ms", "may": "ms", "zho": "zh", "chi": "zh", "cmn": "zh", "yue": "zh",
    "jpn": "ja", "kor": "ko", "cat": "ca", "est": "et", "lav": "lv", "lit": "lt", "ltz": "lb", "glg": "gl",
    "eus": "eu", "baq": "eu", "gle": "ga", "cym": "cy", "wel": "cy", "afr": "af", "sqi": "sq", "alb": "sq",
    "tam": "ta", "tel": "te", "ben": "bn", "urd": "ur", "kat": "ka", "geo": "ka", "hye": "hy", "arm": "hy",
    "sh": "sr", "hbs": "sr", "fil": "tl", "tgl": "tl",
}  # fmt: skip
"""ISO 639-2 and old tags to ISO 639-1."""
_NEIGHBOURS: Final = (
    frozenset({"hr", "sr", "bs"}), frozenset({"no", "da"}), frozenset({"id", "ms"}), frozenset({"gl", "pt"}),
    frozenset({"cs", "sk"}), frozenset({"mk", "bg"}), frozenset({"af", "nl"}), frozenset({"lb", "de"}),
)  # fmt: skip
"""Pairs that a few hundred words do not tell apart safely: one written for the other is no finding."""
LANGUAGES: Final = frozenset(_TWO_LETTERS.values())


def tag(declared: str) -> str:
    """'de' for de, ger, deu, de-AT, German's old tags; '' for none, und and what is no language."""
    first = declared.strip().lower().replace("_", "-").split("-")[0]
    two = _TWO_LETTERS.get(first, first)
    return two if two in LANGUAGES else ""


def differ(one: str, other: str) -> bool:
    """Whether two tags name languages that can be told apart."""
    a, b = tag(one), tag(other)
    return bool(a and b and a != b and not any({a, b} <= pair for pair in _NEIGHBOURS))
