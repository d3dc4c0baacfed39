"""Files of `frontrow delivery`: series, demand, networks, plans and request logs, checked as they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
_MAY_BE_EMPTY = {"egress_bytes": float("inf"), "fill_cost": 0.0, "churn": 1.0}  # an empty cell is no limit
_MOST_BYTES = 10**18
_MOST_DAYS = 3660


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
    """Write a table as its name says: .parquet, else CSV. Raises InputError where nothing can be written."""
    with _writing(path):
        if path.suffix == ".parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(path)


def write_text(text: str, path: Path) -> None:
    """Write a page. Raises InputError where nothing can be written."""
    with _writing(path):
        path.write_text(text, "utf-8")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; name another place") from None


def names(frame: pl.DataFrame, column: str, path: Path) -> pl.Series:
    """A column as text. Raises InputError for an empty cell, naming the row."""
    import polars as pl

    found = frame[column].cast(pl.String)
    if found.null_count():
        raise InputError(f"{path}, row {int(found.is_null().arg_true()[0]) + 1}: {column} is empty; name it")
    return found


def numbers(
    frame: pl.DataFrame,
    column: str,
    path: Path,
    *,
    least: float | None = None,
    most: float | None = None,
    infinite: bool = False,
) -> npt.NDArray[np.float64]:
    """A column as floats. Raises InputError for text, gaps and values out of range, naming the row and the value."""
    import numpy as np
    import polars as pl

    values = frame[column].cast(pl.Float64, strict=False)
    bad = values.is_null() | values.is_nan() | (values.is_infinite() & (not infinite))
    if least is not None:
        bad = bad | (values < least)
    if bad.any():
        row = int(bad.arg_true()[0])
        rule = "a number" if least is None else f"a number of at least {least:g}"
        raise InputError(f"{path}, row {row + 1}: {column} is {frame[column][row]!r}; it must be {rule}")
    if most is not None and (above := values > most).any():
        row = int(above.arg_true()[0])
        raise InputError(f"{path}, row {row + 1}: {column} is {frame[column][row]!r}; it must be at most {most:g}")
    return np.asarray(values.to_numpy(), float)


def sizes(frame: pl.DataFrame, column: str, path: Path) -> npt.NDArray[np.int64]:
    """A column of bytes, each 1 or more; parts of a byte are cut off."""
    import numpy as np

    return numbers(frame, column, path, least=1, most=_MOST_BYTES).astype(np.int64)


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
        known = dict.fromkeys(
            key for row in rows for key in row if key in (*_LIMITS, "cache", "fill_bps", "fill_window_s")
        )
        frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in known}, strict=False)
    else:
        frame = read_frame(path, ("cache", "disk_bytes"), "frontrow delivery place")
    if "fill_bytes" not in frame.columns:
        if not {"fill_bps", "fill_window_s"} <= set(frame.columns):
            raise InputError(
                f"{path} has neither fill_bytes nor fill_bps and fill_window_s; say what a night can bring"
            )
        window = numbers(frame, "fill_window_s", path, least=0) * numbers(frame, "fill_bps", path, least=0) / 8
        frame = frame.with_columns(fill_bytes=pl.Series(window.astype(int)))
    for name, unlimited in _MAY_BE_EMPTY.items():
        if name in frame.columns and frame[name].null_count():
            frame = frame.with_columns(pl.col(name).cast(pl.Float64, strict=False).fill_null(unlimited))
    limits = {}
    for name in _LIMITS:
        if name in frame.columns:
            most = _MOST_BYTES if name in ("disk_bytes", "fill_bytes") else None
            limits[name] = numbers(frame, name, path, least=0, most=most, infinite=name in _MAY_BE_EMPTY)
    caches = [
        Cache(
            name,
            **{
                key: int(values[i]) if key in ("disk_bytes", "fill_bytes") else float(values[i])
                for key, values in limits.items()
            },  # type: ignore[arg-type]
        )
        for i, name in enumerate(names(frame, "cache", path).to_list())
    ]
    if len({cache.name for cache in caches}) < len(caches):
        raise InputError(f"{path} names a cache twice; each cache has one row")
    return caches


def read_links(path: Path, caches: list[Cache]) -> npt.NDArray[np.float64]:
    """What a byte is worth, (regions, caches): 1 at home, what the table `region,cache,worth` says, else 0."""
    import numpy as np
    import polars as pl

    worth = np.eye(len(caches))
    frame = read_frame(path, ("region", "cache", "worth"), "frontrow delivery place")
    index_of = {cache.name: index for index, cache in enumerate(caches)}
    values = numbers(frame, "worth", path, least=0)
    if values.max() > 1:
        raise InputError(f"{path}: worth is {values.max()}; a neighbour's byte is worth 0 to 1 of one served at home")
    for region, cache, value in zip(
        frame["region"].cast(pl.String), frame["cache"].cast(pl.String), values, strict=True
    ):
        if region not in index_of or cache not in index_of:
            raise InputError(f"{path} links {region!r} and {cache!r}; the network has {', '.join(index_of)}")
        worth[index_of[region], index_of[cache]] = 1.0 if region == cache else value
    return worth


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
    span_days = int(np.ptp(at_s)) // 86_400
    if span_days > _MOST_DAYS:
        raise InputError(f"{path} spans {span_days} days; at_s is seconds: is it in milliseconds, or a row far off?")
    names(frame, "object", path)
    if files_path is not None:
        table = read_frame(files_path, ("object", "size"), "frontrow delivery replay")
        if table["object"].n_unique() < len(table):
            raise InputError(f"{files_path} names an object twice; each file has one row")
        source = files_path
    elif "size" in frame.columns:
        sizes(frame, "size", path)
        changed = frame.group_by("object").agg(pl.col("size").n_unique()).filter(pl.col("size") > 1)
        if len(changed):
            notes.append(
                f"{len(changed)} objects have more than one size, as {changed['object'][0]!r}: the largest counts"
            )
        table = frame.group_by("object", maintain_order=True).agg(
            pl.col("size").max(), *([pl.col("title").first()] if "title" in frame.columns else [])
        )
        source = path
    else:
        raise InputError(f"{path} has no column 'size'; add it, or name a files table with object and size by --files")
    size = sizes(table, "size", source)
    key = pl.String if table["object"].dtype != frame["object"].dtype else table["object"].dtype
    index = pl.DataFrame({"object": table["object"].cast(key), "at": np.arange(len(table))})
    found = frame.select(pl.col("object").cast(key)).join(index, on="object", how="left", maintain_order="left")["at"]
    if found.null_count():
        first = frame["object"][int(found.is_null().arg_true()[0])]
        raise InputError(f"{found.null_count()} requests ask for objects that {source} does not know, first {first!r}")
    title = names(table, "title", source) if "title" in table.columns else table["object"]
    titles = title.unique(maintain_order=True)
    title_at = title.to_frame("t").join(
        pl.DataFrame({"t": titles, "at": np.arange(len(titles))}), on="t", how="left", maintain_order="left"
    )["at"]
    slot = table.select(pl.int_range(pl.len()).over(title.alias("t"))).to_series() if "title" in table.columns else None
    cache_names = ["cache 1"]
    cache = np.zeros(len(frame), np.int64)
    if "cache" in frame.columns:
        asked = names(frame, "cache", path)
        unique = asked.unique().sort()
        cache_names = unique.to_list()
        cache = unique.search_sorted(asked).to_numpy().astype(np.int64)
    files = Files(
        size,
        title_at.to_numpy().astype(np.int64),
        np.zeros(len(size), np.int64) if slot is None else slot.to_numpy().astype(np.int64),
    )
    return Requests(at_s, found.to_numpy().astype(np.int64), cache, cache_names, files, table["object"], titles, notes)


def read_launches(
    path: Path, titles: pl.Series
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], list[Content]]:
    """Launch day (as in the log; -999: before it), expected share on it (NaN: none) and content of each of `titles`."""
    import numpy as np
    import polars as pl

    table = read_frame(path, ("title", "launch_day"), "frontrow delivery replay").unique("title", maintain_order=True)
    for name, least in (("launch_day", None), ("expected_daily_share", 0.0)):
        if name in table.columns:
            given = table.filter(pl.col(name).is_not_null())
            numbers(given, name, path, least=least)
            table = table.with_columns(pl.col(name).cast(pl.Float64))
    joined = (
        titles.cast(pl.String)
        .to_frame("title")
        .join(table.with_columns(pl.col("title").cast(pl.String)), on="title", how="left", maintain_order="left")
    )
    day = joined["launch_day"].fill_null(-999).to_numpy().astype(np.int64)
    guess = np.full(len(titles), np.nan)
    if "expected_daily_share" in joined.columns:
        guess = joined["expected_daily_share"].fill_null(float("nan")).to_numpy().astype(float)
    return day, guess, content_of(joined)


def content_of(table: pl.DataFrame) -> list[Content]:
    """What each row's title is like, by `genres` and `people` (|-separated) and `language`; each may be absent."""
    import polars as pl

    from frontrow.delivery.launches import Content

    def text(name: str) -> list[str]:
        if name not in table.columns:
            return [""] * len(table)
        return table[name].cast(pl.String).fill_null("").to_list()

    words = [
        [frozenset(part for part in cell.split("|") if part) for cell in text(name)] for name in ("genres", "people")
    ]
    return [Content(*row) for row in zip(*words, text("language"), strict=True)]
