"""Files of the batch form of `frontrow recommend`: events and histories, titles, model folders, examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from frontrow.cli.options import note
from frontrow.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from frontrow.data.artifacts import Artifact

NAME = "recommend"
_IN_SECONDS = (3e8, 1e11)  # times of 1979 and later, had they been written in seconds; smaller numbers are counters
_EXAMPLE_EVENTS = """\
member,title,at_ms,value
ann,heat,1735689600000,4.5
ann,ronin,1735776000000,4
ann,collateral,1735862400000,5
bob,heat,1735948800000,4
bob,ronin,1736035200000,3.5
bob,amelie,1736121600000,2
cem,amelie,1736208000000,5
cem,delicatessen,1736294400000,4.5
dan,amelie,1736380800000,4
dan,delicatessen,1736467200000,4
eva,heat,1736553600000,5
eva,collateral,1736640000000,4
"""
_EXAMPLE_TITLES = """\
title,name,genres,year,text
heat,Heat,Crime|Drama,1995,A thief and a detective in Los Angeles
ronin,Ronin,Crime|Action,1998,Former spies after a case
collateral,Collateral,Crime|Drama,2004,A taxi driver and a killer in one night
amelie,Amélie,Comedy|Romance,2001,A waitress in Paris mends the lives around her
delicatessen,Delicatessen,Comedy|Fantasy,1991,A butcher and his tenants
leopard,The Leopard,Drama,1963,
"""
_EXAMPLE_README = """\
events.csv   one line a viewing or rating, oldest first
  member   who: number or text; kept as it is
  title    what: number or text; kept as it is
  at_ms    when, UTC milliseconds; leave the column out and the order of the lines is the time
  value    a rating, 0.5 to 5; leave the column out for plain viewings
titles.csv   optional; one line a title, also of titles that nobody has watched yet
  title    as in events.csv
  name     what people call it
  genres   separated by |
  year     of release
  text     synopsis or keywords

frontrow recommend fit --events events.csv --titles titles.csv --out model
frontrow recommend rank --model model --histories events.csv --k 5 --out ranking.csv
"""


@dataclass(frozen=True)
class Columns:
    """Events or histories as columns of the same length; `at_ms` and `value` where the file has them."""

    member: NDArray[Any]
    title: NDArray[Any]
    at_ms: NDArray[np.int64] | None
    value: NDArray[np.float64] | None


def read_columns(path: Path) -> Columns:
    """Parquet, CSV or npz with member,title[,at_ms][,value]; npz also user,movie or pairs.

    Raises InputError for what is missing, empty or not a number, naming the line where there is one.
    """
    import polars as pl

    frame = _read_npz(path) if path.suffix == ".npz" else read_frame(path)
    for name in ("member", "title"):
        if name not in frame.columns:
            raise InputError(f"{path} has no column {name!r}; it has {', '.join(frame.columns)}")
        if frame[name].dtype.is_float():
            frame = frame.with_columns(pl.col(name).cast(pl.Int64, strict=False))
        if frame[name].null_count():
            line = int(frame[name].is_null().arg_max() or 0)
            raise InputError(f"{path}: row {line + 1} has no {name}; every row needs one")
    if not len(frame):
        raise InputError(f"{path} has no rows")
    at_ms = _numbers(frame, "at_ms", path)
    if at_ms is not None and _IN_SECONDS[0] < at_ms.max() < _IN_SECONDS[1]:
        note(f"{path}: at_ms up to {at_ms.max():.0f} would be before 1973; it is read as seconds")
        at_ms = at_ms * 1000
    value = _numbers(frame, "value", path, empty=True)
    return Columns(
        frame["member"].to_numpy(), frame["title"].to_numpy(), None if at_ms is None else at_ms.astype(np.int64), value
    )


def read_frame(path: Path) -> pl.DataFrame:
    """A Parquet or CSV file. Raises InputError."""
    import polars as pl

    if not path.is_file():
        raise InputError(f"{path} is not a file")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.suffix in (".csv", ".tsv"):
            return pl.read_csv(path, separator="\t" if path.suffix == ".tsv" else ",", infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    raise InputError(f"{path} ends in {path.suffix!r}; .parquet, .csv, .tsv and, for events, .npz are read")


def read_titles(path: Path | None, known: NDArray[Any]) -> pl.DataFrame:
    """The catalogue of a batch: rows of `path`, then every title of `known` that it misses, under its id.

    Of a title that comes twice the first row counts. Ids take the type of `known`.
    """
    import polars as pl

    ids = pl.Series("title", known).unique().sort()
    if path is None:
        return pl.DataFrame({"title": ids, "name": ids.cast(pl.String)})
    frame = read_frame(path)
    for name in ("title", "name"):
        if name not in frame.columns:
            raise InputError(f"{path} has no column {name!r}; it has {', '.join(frame.columns)}")
    named = frame.with_columns(pl.col("title").cast(ids.dtype, strict=False), pl.col("name").cast(pl.String))
    unusable = int(named["title"].null_count())
    named = named.filter(pl.col("title").is_not_null())
    twice = len(named) - named["title"].n_unique()
    named = named.unique("title", keep="first", maintain_order=True)
    missing = ids.filter(~ids.is_in(named["title"].implode()))
    for count, what in (
        (unusable, "rows have no id like those of the events and are left out"),
        (twice, "rows repeat a title; the first counts"),
        (len(missing), "titles of the events are not in it and go by their ids"),
    ):
        if count:
            note(f"{path}: {count} {what}")
    return pl.concat(
        [_typed(named), pl.DataFrame({"title": missing, "name": missing.cast(pl.String)})], how="diagonal"
    ).sort("title")


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists out of |-separated text, whole years, no empty names."""
    import polars as pl

    columns = [pl.coalesce("name", pl.col("title").cast(pl.String)).alias("name")]
    for name in ("genres", "people", "countries"):
        if name in frame.columns and frame[name].dtype == pl.String:
            parts = pl.col(name).fill_null("").str.split("|").list.eval(pl.element().str.strip_chars())
            columns.append(parts.list.eval(pl.element().filter(pl.element() != "")).alias(name))
    if "year" in frame.columns:
        year = pl.col("year").cast(pl.Float64, strict=False)
        columns.append(pl.when(year.is_finite()).then(year).cast(pl.Int32, strict=False).alias("year"))
    if "text" in frame.columns:
        columns.append(pl.col("text").cast(pl.String).fill_null("").alias("text"))
    return frame.with_columns(columns)


def _read_npz(path: Path) -> pl.DataFrame:
    import polars as pl

    if not path.is_file():
        raise InputError(f"{path} is not a file")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if "pairs" in arrays and arrays["pairs"].ndim == 2:
        arrays = {"member": arrays["pairs"][:, 0], "title": arrays["pairs"][:, 1]}
    arrays = {{"user": "member", "movie": "title"}.get(name, name): array for name, array in arrays.items()}
    rows = len(arrays.get("member", ()))
    return pl.DataFrame({name: array for name, array in arrays.items() if array.ndim == 1 and len(array) == rows})


def _numbers(frame: pl.DataFrame, name: str, path: Path, *, empty: bool = False) -> NDArray[np.float64] | None:
    import polars as pl

    if name not in frame.columns:
        return None
    numbers = frame[name].cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() | ~numbers.is_finite().fill_null(False)) & (frame[name].is_not_null() | (not empty))
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise InputError(f"{path}: row {row + 1} has {name} {frame[name][row]!r}, which is no number")
    return numbers.fill_null(np.nan).to_numpy()


def open_model(folder: Path) -> Artifact:
    """The model in a folder that `recommend fit` wrote. Raises InputError and DamagedArtifact."""
    from frontrow.data import artifacts

    artifact = artifacts.open_current(folder, NAME) if folder.is_dir() else None
    if artifact is None:
        raise InputError(f"{folder} holds no model; 'frontrow recommend fit --out {folder}' makes one")
    return artifact


def write_example(folder: Path) -> None:
    """A small valid input, each column explained."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("events.csv", _EXAMPLE_EVENTS), ("titles.csv", _EXAMPLE_TITLES), ("README.txt", _EXAMPLE_README)
    ):  # fmt: skip
        (folder / name).write_text(text, "utf-8")
    note(f"{folder}: events.csv, titles.csv, README.txt (each column explained)")
    note(f"try: frontrow recommend fit --events {folder}/events.csv --titles {folder}/titles.csv --out model")
    note(f"and: frontrow recommend rank --model model --histories {folder}/events.csv --k 5 --out ranking.csv")
