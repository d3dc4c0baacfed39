"""The limits that subtitles are held to. The defaults are the general pack; broadcast and streaming set their own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SubtitleRules:
    """A cue at a limit passes; one beyond it is a finding. 0 switches a limit off where that is said."""

    line_characters: int = 42
    """Longest line in columns, 20-80: what most services ask for in Latin letters; East Asian characters take two."""
    lines: int = 2
    """Most lines of a cue, 1-4: a third hides the picture."""
    reading_characters_per_s: float = 25.0
    """Fastest reading of grown-ups, columns a second, 8-40: above it, few can also look at the picture."""
    reading_children_per_s: float = 17.0
    """The same for children's films."""
    for_children: bool = False
    """Whether the second of these speeds holds."""
    shortest_s: float = 5 / 6
    """Shortest cue in seconds, 0-3: 20 frames at 24 a second, as long as a glance takes."""
    longest_s: float = 7.0
    """Longest cue in seconds, 2-20: after that, viewers read it again."""
    gap_frames: int = 2
    """Least frames between two cues, 0-12, so that a change is seen; 0 off."""
    cues_may_touch: bool = True
    """Whether a cue may begin in the frame in which the one before it ends."""
    shot_start_frames: int = 7
    """A cue that begins this near a cut, but not on it, flickers; frames, 0-24; 0 off."""
    shot_end_frames: int = 12
    """A cue that ends after a cut stands at least this much longer, or ends `gap_frames` before it; frames, 0 off."""
    frame_rate: float = 24.0
    """Frames a second where no film is known, 10-120."""
    symbols: str = "♪♫♩♬°©®™№℃℉→←"
    """Symbols that are allowed; letters, digits, punctuation, currency and mathematics always are."""
    language_sure: float = 0.8
    """Least confidence, 0-1, with which another language than the declared one is told."""
    language_letters: int = 80
    """Letters below which a text's language is not judged, 20-1000."""
    untranslated_s: float = 6.0
    """Speech without a cue for more than this is told, seconds of speech, 2-60."""
    offset_s: float = 0.3
    """Cues this early or late are told, 0.1-2 s: sooner than most viewers see."""
    drift_per_hour_s: float = 2.0
    """Cues that run away by this much in an hour are told, seconds, 0.5-60; 24 for 25 frames a second is 150."""
    maturity: bool = True
    """Whether strong words are told, as hints for the rating."""
