"""Limits of the sound. The defaults are those of the general pack: what any film should keep, whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SoundRules:
    """One field a limit; levels in dB of full scale unless the name says otherwise."""

    loudness_lufs: float = -20.0
    """Integrated loudness aimed at. The general pack only wants what no service would have to turn by much."""
    loudness_tolerance_lu: float = 8.0
    """Allowed on both sides: -12 to -28 LUFS holds what broadcast (-23, -24), services (-27) and music players (-14)
    aim at; EBU R 128 allows 0.5 for finished programmes, 1 for live ones."""
    loudness_by_dialogue: bool = False
    """Measure where people speak, as some services want; the whole programme stands in where nobody does."""
    loudness_range_lu: float = 30.0
    """Largest loudness range; cinema mixes reach 25, which no living room can play."""
    loudness_least_s: float = 5.0
    """Shorter streams are not judged: three seconds of a title say nothing."""
    true_peak_dbtp: float = 0.0
    """Largest value between samples: above 0 a converter clips. EBU R 128 wants -1, many services -2."""
    clipping_share: float = 0.004
    """Share of samples in flat tops from which 100 ms count as clipped; distortion is then heard on speech."""
    clipping_least: int = 3
    """Such rows within a second that make a finding: a single one is no distortion that anybody hears."""
    clipping_pile: float = 0.02
    """Share of the samples of half a second piled up around one level, on both sides of zero, from which it was cut
    there before an encode; needed twice within seconds. Clean tuning films reached 0.012, once."""
    clipping_pile_alone: float = 0.06
    """The same for a single half second, and for an error."""
    clipping_over_db: float = 2.0
    """Samples this far over full scale are cut when played; lossy encodes of whole sound overshoot by up to 1.3."""
    silence_dbfs: float = -70.0
    """Peak under which nothing is heard; rooms recorded on film lie above it."""
    silence_least_s: float = 1.5
    """Shortest silence inside a film that is told of, between its first and its last sound."""
    silence_warn_s: float = 4.0
    """From here on somebody should look: films rest in silence, but seldom in digital silence, for as long."""
    dropout_depth_db: float = 45.0
    """How far a gap lies under its surroundings; pauses of speech and music keep the room's noise."""
    dropout_least_s: float = 0.006
    dropout_most_s: float = 0.5
    """Shorter gaps are clicks, longer ones silence."""
    click_ratio: float = 10.0
    """Prediction error of a click by the largest within 15 ms; 10 was reached by no clean tuning film but once."""
    click_size: float = 0.02
    """Its size, full scale 1; smaller ones drown."""
    hum_dbfs: float = -52.0
    """Amplitude of mains lines together from which they are heard in a quiet scene."""
    hum_share: float = 0.25
    """Share of the windows of 4 s, within a minute, in which the lines stand out: loud scenes cover them."""
    hum_least_s: float = 8.0
    """Windows together that it takes, where the stream is as long: hum stays, a bass note moves on."""
    phase_correlation: float = -0.5
    """Agreement of left and right, mean of five bands from 20 Hz to 1 kHz, under which a stretch loses most of its
    sound in a mix to mono (each of its seconds half as far); clean tuning films stayed above 0 over three seconds."""
    phase_least_s: float = 3.0
    """How long; effects and reverberation swing below zero for moments."""
    phase_mean: float = -0.14
    """Mean and median over the whole stream from which it is turned over altogether: clean films kept +0.16."""
    phase_whole_s: float = 5.0
    """Sound that it takes for that."""
    channel_missing_db: float = 50.0
    """How far one channel lies under its pair while that plays."""
    channel_least_s: float = 2.5
    """Shortest stretch of a missing channel; sounds from one side alone are shorter or not that empty."""
    duplicate_db: float = -45.0
    """Power of the difference of two channels by theirs, from which they are one and the same; of the first two in the
    band of voices, where encodes of one sound stayed under -60 and voices in the middle of real stereo above -31."""
    start_offset_s: float = 0.125
    """Difference of the streams' first time stamps (EBU R 37 bears 40 ms early and 60 ms late; ITU-R BT.1359: 125 ms
    is noticed)."""
    sound_after_s: float = 0.15
    """How long sound may go on after the picture; encoders cut it in frames of up to 64 ms."""
    sound_short_s: float = 0.35
    """How much earlier than the picture it may end; many masters end their sound a little early."""
    padding_s: float = 0.15
    """Digital silence at an end, beside sound in full swing, from which sound looks moved."""
    padding_most_s: float = 2.5
    """Longer ones are a pause."""
    av_offset_s: float = 0.1
    """Shift of sound against picture, told from cuts and onsets, from which it is told of."""
    av_offset_score: float = 8.0
    """How far the best shift stands out of all others, in standard deviations."""
    language_heard: float = 0.5
    """Mean probability of another language than the tag's from which it is told: likelier than all others together."""
    language_tagged: float = 0.1
    """Probability of the tag's own language above which nothing is told."""
