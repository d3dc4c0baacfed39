"""Files of `frontrow quality inspect`: which subtitles belong to which film, and what is written of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontrow.data import durable
from frontrow.errors import InputError
from frontrow.jobs.measured import Kept
from frontrow.quality.inspection import beside, inspect_film, inspect_subtitles, is_subtitle

if TYPE_CHECKING:
    from frontrow.media.pace import Step
    from frontrow.quality.inspection import InForce, Inspection
    from frontrow.quality.rules import Pack

VERDICTS = "verdicts.json"


@dataclass(frozen=True)
class Delivery:
    """What belongs together: a film and its subtitles, or subtitles alone."""

    film: Path | None
    named: tuple[Path, ...]
    """Subtitles that the user named: each gets a verdict of its own."""
    beside: tuple[Path, ...]
    """Subtitles that lie beside the film unnamed: what is found in them counts as the film's."""


def deliveries(files: Sequence[Path]) -> list[Delivery]:
    """The files in deliveries. Subtitles belong to the film of the same name, or to the only film there is.

    Raises InputError for what is no file.
    """
    for file in files:
        if not file.is_file():
            raise InputError(
                f"{file} {'is a folder' if file.is_dir() else 'does not exist'}; name media or subtitle files"
            )
    films = [file for file in dict.fromkeys(files) if not is_subtitle(file)]
    subtitles = [file for file in dict.fromkeys(files) if is_subtitle(file)]
    of_film: dict[Path | None, list[Path]] = {film: [] for film in films}
    for subtitle in subtitles:
        of_film.setdefault(_film_of(subtitle, films), []).append(subtitle)
    alone = of_film.pop(None, [])
    named = {file.resolve() for file in subtitles}
    found = [
        Delivery(film, tuple(own), tuple(x for x in beside(film) if x.resolve() not in named))
        for film, own in of_film.items()
        if film is not None
    ]
    return [*found, *(Delivery(None, (subtitle,), ()) for subtitle in alone)]


def look_at(
    delivery: Delivery,
    *,
    pack: Pack,
    judge: InForce | None,
    out: Path,
    names: dict[Path, str],
    step: Step | None = None,
) -> list[dict[str, Any]]:
    """Inspect one delivery and write what was found of each file; the verdicts as `--json` prints them."""
    inspected: list[Inspection] = []
    film = None
    if delivery.film:
        keep = Kept(out, delivery.film)
        film = inspect_film(delivery.film, pack, judge=judge, subtitles=delivery.beside, keep=keep, step=step)
        inspected.append(film)
    inspected += [inspect_subtitles(subtitle, pack, judge=judge, film=film) for subtitle in delivery.named]
    return [write(one, pack, out, names[one.path], delivery.film) for one in inspected]


def write(inspection: Inspection, pack: Pack, out: Path, name: str, film: Path | None) -> dict[str, Any]:
    """Write verdict, report and markers of one file into `out`; returns the verdict with their names."""
    import msgspec

    from frontrow.quality import report, thumbnails
    from frontrow.quality.sound.programme import programmes

    measured = inspection.measured
    pictures = thumbnails.pictures(film, inspection.verdict.findings) if film and measured else {}
    papers = report.papers(inspection, pack, pictures)
    told = inspection.verdict.as_json() | {
        "pack": pack.name,
        "facts": asdict(measured.facts) if measured else None,
        "sound": [asdict(one) for one in programmes(measured)] if measured else [],
        "files": {"report" if suffix == "html" else suffix: f"{name}.{suffix}" for suffix in papers},
    }
    for suffix, paper in papers.items():
        durable.replace(out / f"{name}.{suffix}", paper)
    durable.replace(out / f"{name}.json", msgspec.json.format(msgspec.json.encode(told, enc_hook=float), indent=1))
    return told


def write_all(verdicts: list[dict[str, Any]], out: Path) -> None:
    """Write the whole array beside the reports."""
    import msgspec

    durable.replace(out / VERDICTS, msgspec.json.format(msgspec.json.encode(verdicts, enc_hook=float), indent=1))


def unique_names(files: Sequence[Path]) -> dict[Path, str]:
    """A name for each file's output: its own, with a number where two from different folders are called the same."""
    names: dict[Path, str] = {}
    for file in dict.fromkeys(files):
        name, number = file.name, 2
        while name in names.values():
            name, number = f"{file.name}-{number}", number + 1
        names[file] = name
    return names


def _film_of(subtitle: Path, films: list[Path]) -> Path | None:
    """The film with the longest name that the subtitle's begins with, rather in its own folder; else the only film."""
    same = [film for film in films if subtitle.stem == film.stem or subtitle.stem.startswith(film.stem + ".")]
    if same:
        folder = subtitle.parent.resolve()
        return max(same, key=lambda film: (film.parent.resolve() == folder, len(film.stem)))
    return films[0] if len(films) == 1 else None
