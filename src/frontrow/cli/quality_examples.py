"""A small delivery to try `frontrow quality` on: a drawn film with one fault, subtitles with one, and what is what."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from frontrow.cli.options import note

BLACK_S: Final = (2.4, 3.6)
"""Where the picture is black in the middle of a shot."""
_SUBTITLES: Final = """\
1
00:00:00,400 --> 00:00:02,000
A red disc meets a blue one.

2
00:00:01,800 --> 00:00:03,900
They have not been introduced.

3
00:00:04,400 --> 00:00:06,400
And so they drift apart.
"""
_EXPLAINED: Final = """\
# A small delivery

| file | what it is | the fault |
|---|---|---|
| `film.mp4` | seven seconds of drawn discs with a cut, a dissolve and a quiet sound | black from {0} to {1} s |
| `film.en.srt` | three subtitles; its name begins with the film's, so it is checked against it | the second begins \
before the first has ended |
| `mild.yaml` | a rule pack of your own: any limit of a section that docs/quality.md lists may be set, and `severity` \
says what a finding weighs | |

    frontrow quality inspect film.mp4 film.en.srt --out inspection
    frontrow quality inspect film.mp4 --out inspection --pack mild.yaml

What is written of each file, here of `film.mp4`:

| file | columns |
|---|---|
| `film.mp4.html` | the report: verdict, reasons, pictures, curves, findings |
| `film.mp4.json` | `file, verdict` (approve, reject, review), `risk` (probability that a reviewer rejects, 0-1), \
`reasons`, `findings` with `code, severity` (info, warn, error), `start_s, end_s` (seconds), `confidence` (0-1), \
`detail, measured, stream` |
| `film.mp4.edl` | markers for editing systems, CMX 3600, timecodes at the film's frame rate |
| `film.mp4.csv` | `code, severity, confidence, timecode_in, timecode_out, start_s, end_s, stream, detail` |
| `verdicts.json` | all of them in one array, as `--json` prints it |
"""
_PACK: Final = """\
name: mild
title: Mild
dated: 2026-11-24
source: an example; black is only worth a look here
severity:
  black: warn
"""


def write_delivery(folder: Path) -> None:
    """Write film, subtitles, a rule pack and what each is into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_film(folder / "film.mp4")
    (folder / "film.en.srt").write_text(_SUBTITLES, "utf-8")
    (folder / "mild.yaml").write_text(_PACK, "utf-8")
    (folder / "EXPLAINED.md").write_text(_EXPLAINED.format(*BLACK_S), "utf-8")
    note(f"Wrote film.mp4, film.en.srt, mild.yaml and EXPLAINED.md into {folder}")
    note(
        f"Try it: frontrow quality inspect {folder / 'film.mp4'} {folder / 'film.en.srt'} --out {folder / 'inspection'}"
    )


def write_sound_film(folder: Path) -> None:
    """Write a film without a fault, to rehearse on, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    film = folder / "good.mp4"
    _write(film, "null", repeats=3)
    note(f"Wrote {film}: 28 s of drawn discs with sound. Any film that you know to be good will do, better two or more")
    note(f"Try it: frontrow quality rehearse {film} --kind black --kind silence --out {folder / 'rehearsal'}")


def write_film(path: Path) -> None:
    """A drawn film with sound, black during BLACK_S."""
    _write(path, f"drawbox=color=black:t=fill:enable='between(t,{BLACK_S[0]},{BLACK_S[1]})'")


def _write(path: Path, picture: str, repeats: int = 0) -> None:
    from frontrow.media import example, transcode

    noise = "anoisesrc=color=pink:seed={}:duration={}:amplitude=0.8,lowpass=2000,tremolo=f={}:d=0.7"
    length_s = example.LENGTH_S * (repeats + 1)
    left, right = (noise.format(seed, length_s, beat) for seed, beat in ((1, 2.5), (2, 1.7)))
    sound = f"{left}[a];{right}[b];[a][b]amerge=inputs=2,pan=stereo|c0=c0+0.4*c1|c1=c1+0.4*c0"
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn.mp4"
        example.write(drawn)
        transcode.run([
            "-stream_loop", repeats, "-i", drawn, "-f", "lavfi", "-i", sound, "-vf", picture, "-pix_fmt", "yuv420p",
            "-crf", "16", "-c:a", "aac", "-ac", "2", "-shortest", "-movflags", "+faststart", path,
        ])  # fmt: skip
