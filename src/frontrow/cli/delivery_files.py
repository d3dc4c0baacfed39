"""Files of `frontrow delivery`: series, demand, networks, plans and request logs, checked as they are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frontrow.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from frontrow.delivery.launches import Content
    from frontrow.delivery.network import Cache
    from frontrow.delivery.requests import Files

_LIMITS = ("disk_bytes", "fill_bytes", "egress_bytes", "fill_cost", "churn")


def read_frame(path: Path, columns: Sequence[str], example: str) -> pl.DataFrame:
    """A CSV (also .gz) or Parquet file that has at least `columns`. Raises InputError naming what is missing."""
    import polars as pl
    from polars.exceptions import PolarsError

    if not path.is_file():
        raise InputError(f"there is no file {path}; '{example} --example DIR' writes one")
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
    except (PolarsError, OSError) as error:
        raise InputError(f"cannot read {path}: {str(error).splitlines()[0]}") from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; it has {', '.join(frame.columns)}")
    if frame.is_empty():
        raise InputError(f"{path} holds no rows")
    return frame


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as its name says: .parquet, else CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path)


def numbers(frame: pl.DataFrame, column: str, path: Path, *, least: float | None = None) -> npt.NDArray[np.float64]:
    """A column as floats. Raises InputError for text, gaps, and values below `least`, naming the row and the value."""
    import numpy as np
    import polars as pl

    values = frame[column].cast(pl.Float64, strict=False)
    bad = values.is_null() | values.is_nan() | values.is_infinite()
    if least is not None:
        bad = bad | (values < least)
    if bad.any():
        row = int(bad.arg_true()[0])
        rule = "a number" if least is None else f"a number of at least {least:g}"
        raise InputError(f"{path}, row {row + 1}: {column} is {frame[column][row]!r}; it must be {rule}")
    return np.asarray(values.to_numpy(), float)


def read_network(path: Path) -> list[Cache]:
    """Caches of a table (`cache,disk_bytes,fill_bytes`, or `fill_bps` and `fill_window_s`) or of JSON."""
    import polars as pl

    from frontrow.delivery.network import Cache

    if path.suffix == ".json":
        try:
            held = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {path} as JSON: {error}") from None
        rows = held.get("caches", [held]) if isinstance(held, dict) else held
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InputError(f"{path} holds no caches; write [{{'cache': .., 'disk_bytes': .., 'fill_bytes': ..}}]")
        rows = [{"cache": f"cache {i + 1}", **row} for i, row in enumerate(rows)]
        if any("disk_bytes" not in row for row in rows):
            raise InputError(f"{path}: a cache has no disk_bytes")
        names = dict.fromkeys(
            key for row in rows for key in row if key in (*_LIMITS, "cache", "fill_bps", "fill_window_s")
        )
        frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)
    else:
        frame = read_frame(path, ("cache", "disk_bytes"), "frontrow delivery place")
    if "fill_bytes" not in frame.columns:
        if not {"fill_bps", "fill_window_s"} <= set(frame.columns):
            raise InputError(
                f"{path} has neither fill_bytes nor fill_bps and fill_window_s; say what a night can bring"
            )
        window = numbers(frame, "fill_window_s", path, least=0) * numbers(frame, "fill_bps", path, least=0) / 8
        frame = frame.with_columns(fill_bytes=pl.Series(window.astype(int)))
    limits = {name: numbers(frame, name, path, least=0) for name in _LIMITS if name in frame.columns}
    caches = [
        Cache(
            name,
            **{
                key: int(values[i]) if key in ("disk_bytes", "fill_bytes") else float(values[i])
                for key, values in limits.items()
            },  # type: ignore[arg-type]
        )
        for i, name in enumerate(frame["cache"].cast(pl.String).to_list())
    ]
    if len({cache.name for cache in caches}) < len(caches):
        raise InputError(f"{path} names a cache twice; each cache has one row")
    return caches


@dataclass(frozen=True)
class Requests:
    """A log on arrays: `cache` is an index into `cache_names`, `object` one into `files` and `objects`."""

    at_s: npt.NDArray[np.int64]
    object: npt.NDArray[np.int64]
    cache: npt.NDArray[np.int64]
    cache_names: list[str]
    files: Files
    objects: pl.Series
    titles: pl.Series
    notes: list[str]


def read_requests(path: Path, files_path: Path | None) -> Requests:
    """A request log `at_s,object[,cache]`, with `size` in it or in a files table `object,size[,title][,rendition]`.

    Rows are sorted by time where they are not. Raises InputError for an object whose size nobody tells.
    """
    import numpy as np
    import polars as pl

    from frontrow.delivery.requests import Files

    frame = read_frame(path, ("at_s", "object"), "frontrow delivery replay")
    notes = []
    at_s = numbers(frame, "at_s", path, least=0).astype(np.int64)
    if (np.diff(at_s) < 0).any():
        order = np.argsort(at_s, kind="stable")
        frame, at_s = frame[order], at_s[order]
        notes.append("the log was not in the order of time; it was sorted")
    if frame["object"].null_count():
        raise InputError(f"{path} has {frame['object'].null_count()} rows without an object")
    if files_path is not None:
        table = read_frame(files_path, ("object", "size"), "frontrow delivery replay")
        if table["object"].n_unique() < len(table):
            raise InputError(f"{files_path} names an object twice; each file has one row")
        source = files_path
    elif "size" in frame.columns:
        table = frame.group_by("object", maintain_order=True).agg(
            pl.col("size").max(), *([pl.col("title").first()] if "title" in frame.columns else [])
        )
        source = path
    else:
        raise InputError(f"{path} has no column 'size'; add it, or name a files table with object and size by --files")
    sizes = numbers(table, "size", source, least=1).astype(np.int64)
    key = pl.String if table["object"].dtype != frame["object"].dtype else table["object"].dtype
    index = pl.DataFrame({"object": table["object"].cast(key), "at": np.arange(len(table))})
    found = frame.select(pl.col("object").cast(key)).join(index, on="object", how="left", maintain_order="left")["at"]
    if found.null_count():
        first = frame["object"][int(found.is_null().arg_true()[0])]
        raise InputError(f"{found.null_count()} requests ask for objects that {source} does not know, first {first!r}")
    title = table["title"] if "title" in table.columns else table["object"]
    titles = title.unique(maintain_order=True)
    title_at = title.to_frame("t").join(
        pl.DataFrame({"t": titles, "at": np.arange(len(titles))}), on="t", how="left", maintain_order="left"
    )["at"]
    slot = table.select(pl.int_range(pl.len()).over(title.alias("t"))).to_series() if "title" in table.columns else None
    names = ["cache 1"]
    cache = np.zeros(len(frame), np.int64)
    if "cache" in frame.columns:
        unique = frame["cache"].cast(pl.String).unique().sort()
        names = unique.to_list()
        cache = unique.search_sorted(frame["cache"].cast(pl.String)).to_numpy().astype(np.int64)
    files = Files(
        sizes,
        title_at.to_numpy().astype(np.int64),
        np.zeros(len(sizes), np.int64) if slot is None else slot.to_numpy().astype(np.int64),
    )
    return Requests(at_s, found.to_numpy().astype(np.int64), cache, names, files, table["object"], titles, notes)


def read_launches(
    path: Path, titles: pl.Series
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], list[Content]]:
    """Launch day (as in the log; -999: before it), expected share on it (NaN: none) and content of each of `titles`."""
    import numpy as np
    import polars as pl

    from frontrow.delivery.launches import Content

    table = read_frame(path, ("title", "launch_day"), "frontrow delivery replay").unique("title", maintain_order=True)
    joined = (
        titles.cast(pl.String)
        .to_frame("title")
        .join(table.with_columns(pl.col("title").cast(pl.String)), on="title", how="left", maintain_order="left")
    )
    day = joined["launch_day"].fill_null(-999).to_numpy().astype(np.int64)
    guess = np.full(len(titles), np.nan)
    if "expected_daily_share" in joined.columns:
        guess = joined["expected_daily_share"].cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(float)
    words = {
        name: [
            frozenset(text.split("|")) if text else frozenset() for text in joined[name].cast(pl.String).fill_null("")
        ]
        if name in joined.columns
        else [frozenset()] * len(titles)
        for name in ("genres", "people")
    }
    language = joined["language"].fill_null("").to_list() if "language" in joined.columns else [""] * len(titles)
    content = [Content(*row) for row in zip(words["genres"], words["people"], language, strict=True)]
    return day, guess, content
