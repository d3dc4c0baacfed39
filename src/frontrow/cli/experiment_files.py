"""Files of `frontrow experiments`: reading tables and specifications, writing specifications and examples."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontrow.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from frontrow.experiments.definition import Definition


def read_spec(path: Path) -> dict[str, Any]:
    """The table in a .toml or .json file. Raises InputError when it is missing or does not parse."""
    try:
        text = path.read_text("utf-8")
        spec = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid {path.suffix.lstrip('.') or 'TOML'}: {error}") from None
    if not isinstance(spec, dict):
        raise InputError(f"{path} holds no table; see 'frontrow experiments analyse --example DIR'")
    return spec


def read_definition(path: Path) -> Definition:
    """A checked definition out of a file."""
    from frontrow.experiments.definition import parse

    return parse(read_spec(path))


def read_table(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Columns of a CSV (also .gz) or Parquet file as numpy arrays: aware times become UTC milliseconds."""
    import polars as pl
    from polars.exceptions import PolarsError

    if not path.is_file():
        raise InputError(f"there is no file {path}")
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        else:
            frame = pl.read_csv(path, infer_schema_length=None)
    except PolarsError as error:
        raise InputError(
            f"cannot read {path} as {'Parquet' if path.suffix == '.parquet' else 'CSV'}: {error}"
        ) from None
    if frame.is_empty():
        raise InputError(f"{path} holds no rows")
    columns = {}
    for series in frame:
        if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone:
            series = series.dt.epoch("ms")
        if (series.dtype.is_numeric() or series.dtype == pl.Boolean) and series.null_count():
            series = series.cast(pl.Float64)  # null becomes NaN, which is refused where a number is needed
        if series.dtype == pl.String or isinstance(series.dtype, pl.Categorical | pl.Enum):
            series = series.cast(pl.String).fill_null("")
        columns[series.name] = series.to_numpy()
    return columns


def write_spec(path: Path, definition: Definition, comment: str) -> None:
    """Write a frozen definition as TOML, with its hash; an existing file is never overwritten."""
    lines = [f"# {line}" for line in comment.splitlines()]
    tables: list[str] = []
    for key, value in _plain(definition).items():
        if key == "metrics":
            for metric in value:
                tables += ["", "[[metrics]]", *(f"{k} = {_toml(v)}" for k, v in metric.items())]
        elif isinstance(value, Mapping):
            tables += ["", f"[{key}]", *(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items())]
        else:
            lines.append(f"{key} = {_toml(value)}")
    lines.append(
        f"hash = {_toml(definition.hash)}  # an edit below or above shows, and is refused: start a new version"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join([*lines, *tables]) + "\n")
    except FileExistsError:
        raise InputError(
            f"{path} exists; name another file with --out, or start a new version with --from {path}"
        ) from None
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _plain(definition: Definition) -> dict[str, Any]:
    """The fields that differ from their defaults, as a specification has them."""
    import dataclasses

    def changed(thing: Any) -> dict[str, Any]:
        return {
            f.name: getattr(thing, f.name)
            for f in dataclasses.fields(thing)
            if f.default is dataclasses.MISSING or getattr(thing, f.name) != f.default
        }

    values = changed(definition)
    values["metrics"] = [changed(metric) for metric in definition.metrics]
    if (started_ms := values.pop("started_ms", None)) is not None:
        values["started"] = datetime.fromtimestamp(started_ms / 1_000, UTC).isoformat()
    if not definition.columns:
        del values["columns"]
    return values


def _toml(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_toml(x) for x in value) + "]"
    return json.dumps(value, ensure_ascii=False)
