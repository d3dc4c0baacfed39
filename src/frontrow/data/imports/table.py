"""Tables of events or of titles, CSV or Parquet, whose columns are mapped to Frontrow's fields.

A column that already has a field's name needs no mapping. Empty cells mean "not known". Lists (genres, people,
countries) are parted by |. Times say their unit: `at_ms=watched:s`, `:ms` (the default) or `:iso`; ISO times that name
no zone are UTC, and a Parquet column of dates or times needs no unit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args
from uuid import UUID

from frontrow.data.ids import derive_id
from frontrow.data.imports import rows
from frontrow.data.imports.rows import Refused, Row, Unit
from frontrow.data.imports.source import Batch, Source, in_batches
from frontrow.errors import InputError
from frontrow.schema import Event, EventColumn, Kind, Title, TitleColumn, TitleKind

FORMAT: Final = "table"

What = Literal["events", "titles"]

_FIELDS: Final = {
    "events": tuple(name for name in EventColumn.ALL if name != EventColumn.PROPS),
    "titles": TitleColumn.ALL,
}
_NEEDED: Final = {
    "events": (EventColumn.MEMBER, EventColumn.AT_MS),
    "titles": (TitleColumn.TITLE, TitleColumn.NAME),
}
_TIMES: Final = frozenset(
    {EventColumn.AT_MS, TitleColumn.AVAILABLE_FROM_MS, TitleColumn.AVAILABLE_UNTIL_MS, TitleColumn.ADDED_MS}
)
_LISTS: Final = frozenset({TitleColumn.GENRES, TitleColumn.PEOPLE, TitleColumn.COUNTRIES})
_WHOLE: Final = frozenset({TitleColumn.YEAR, TitleColumn.MATURITY, TitleColumn.DURATION_S})
_EVENT_TYPED: Final = frozenset({EventColumn.ID, EventColumn.AT_MS, EventColumn.KIND, EventColumn.VALUE})
_PARQUET_ROWS: Final = 50_000  # in memory at once


@dataclass(frozen=True)
class Mapped:
    """The column a field is read from, and how it writes time."""

    column: str
    unit: Unit = "ms"


def parse_mapping(pairs: Iterable[str]) -> dict[str, Mapped]:
    """Read `field=column` and `field=column:unit`; raises InputError for what is neither."""
    mapping: dict[str, Mapped] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        head, colon, unit = column.rpartition(":")
        if name in _TIMES and colon and unit in get_args(Unit):
            mapped = Mapped(head, unit)  # type: ignore[arg-type]
        else:
            mapped = Mapped(column)
        if not (name and equals and mapped.column):
            raise InputError(f"mapping {pair!r} is not FIELD=COLUMN, such as member=user_id or at_ms=watched:s")
        if name in mapping:
            raise InputError(f"field {name} is mapped twice: {mapping[name].column!r} and {mapped.column!r}")
        mapping[name] = mapped
    return mapping


def read_mapping(path: Path) -> dict[str, Mapped]:
    """A mapping file: TOML lines `field = "column"` or `field = "column:unit"`."""
    try:
        lines = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None
    for name, column in lines.items():
        if not isinstance(column, str):
            raise InputError(f'{path} has {name} = {column!r}; write {name} = "column"')
    return parse_mapping(f"{name}={column}" for name, column in lines.items())


def open_file(path: Path, what: What, mapping: Mapping[str, Mapped], kind: Kind = Kind.PLAY) -> Source:
    """The source in a CSV or Parquet file; events without a column for `kind` are all of that kind.

    Raises InputError for a file that cannot be read, a field or a column that does not exist, and a needed one without
    a column.
    """
    table = _open_parquet(path) if path.suffix == ".parquet" else _open_csv(path)
    full = _complete(path, what, mapping, table.columns)
    places = {
        name: (table.columns.index(mapped.column), "ms" if mapped.column in table.typed_times else mapped.unit)
        for name, mapped in full.items()
    }
    convert = _event_converter(places, kind) if what == "events" else _title_converter(places)
    options = {
        "what": what,
        "kind": str(kind),
        **{name: f"{mapped.column}:{mapped.unit}" for name, mapped in full.items()},
    }
    return Source(FORMAT, path, (path,), lambda: in_batches(path.name, table.rows(), convert), options=options)


@dataclass(frozen=True)
class _Table:
    columns: list[str]
    rows: Callable[[], Iterator[Row]]
    typed_times: frozenset[str] = frozenset()  # columns whose times come as milliseconds whatever the mapping says


_Places = Mapping[str, tuple[int, Unit]]


def _complete(path: Path, what: What, mapping: Mapping[str, Mapped], columns: list[str]) -> dict[str, Mapped]:
    fields = _FIELDS[what]
    if unknown := next((name for name in mapping if name not in fields), None):
        raise InputError(f"{unknown!r} is no field of {what}; there are {', '.join(fields)}")
    if missing := next((mapped.column for mapped in mapping.values() if mapped.column not in columns), None):
        raise InputError(f"{path.name} has no column {missing!r}; it has {', '.join(columns)}")
    full = {name: mapping.get(name) or Mapped(name) for name in fields if name in mapping or name in columns}
    if needed := next((name for name in _NEEDED[what] if name not in full), None):
        raise InputError(f"no column is mapped to {needed}; add --map {needed}=COLUMN, of {', '.join(columns)}")
    return full


def _event_converter(places: _Places, kind: Kind) -> Callable[[int, list[str], Batch], None]:
    texts = [name for name in places if name not in _EVENT_TYPED]

    def convert(line: int, cells: list[str], batch: Batch) -> None:
        def cell(name: str) -> str:
            return cells[places[name][0]] if name in places else ""

        value = cell(EventColumn.VALUE)
        others: dict[str, Any] = {name: cell(name) for name in texts}
        event = Event(
            id=_event_id(cell(EventColumn.ID)) or derive_id(FORMAT, str(kind), *(f"{n}={cell(n)}" for n in places)),
            at_ms=rows.read_time(cell(EventColumn.AT_MS), places[EventColumn.AT_MS][1], EventColumn.AT_MS),
            kind=_one_of(Kind, cell(EventColumn.KIND), EventColumn.KIND) if cell(EventColumn.KIND) else kind,
            value=rows.read_number(value, EventColumn.VALUE) if value else None,
            **others,
        )
        batch.events.append((line, event))

    return convert


def _event_id(text: str) -> str:
    """A UUID as it stands; any other key of the row becomes one."""
    if not text:
        return ""
    try:
        return str(UUID(text))
    except ValueError:
        return derive_id(FORMAT, "id", text)


def _title_converter(places: _Places) -> Callable[[int, list[str], Batch], None]:
    def convert(line: int, cells: list[str], batch: Batch) -> None:
        fields: dict[str, Any] = {}
        for name, (place, unit) in places.items():
            if text := cells[place].strip():
                fields[name] = _title_value(name, text, unit)
        batch.titles.append((line, Title(**{TitleColumn.TITLE: "", TitleColumn.NAME: "", **fields})))

    return convert


def _title_value(name: str, text: str, unit: Unit) -> object:
    if name in _TIMES:
        return rows.read_time(text, unit, name)
    if name in _LISTS:
        return tuple(dict.fromkeys(part for entry in text.split("|") if (part := entry.strip())))
    if name in _WHOLE:
        return rows.read_whole(text, name)
    return _one_of(TitleKind, text, name) if name == TitleColumn.KIND else text


def _one_of(kinds: Any, text: str, column: str) -> Any:
    try:
        return kinds(text.lower())
    except ValueError:
        raise Refused(column, text, f"is none of {', '.join(kinds)}") from None


def _open_csv(path: Path) -> _Table:
    separator, columns = rows.csv_header(path)
    return _Table(columns, lambda: rows.csv_rows(path, separator, columns))


def _open_parquet(path: Path) -> _Table:
    """Rows as text, so that they are read as those of a CSV file are; the line is the row's number, from 1."""
    import polars as pl
    from polars.exceptions import PolarsError

    def failed(error: Exception) -> InputError:
        return InputError(f"cannot read {path} as Parquet: {str(error).splitlines()[0]}")

    try:
        scan = pl.scan_parquet(path)
        schema = scan.collect_schema()
    except (PolarsError, OSError) as error:
        raise failed(error) from None
    texts = {name: text for name, kind in schema.items() if (text := _as_text(name, kind)) is not None}
    columns = list(texts)
    typed_times = frozenset(name for name, kind in schema.items() if kind in (pl.Date, pl.Datetime))

    def read() -> Iterator[Row]:
        line = 0
        while True:
            try:
                block = scan.slice(line, _PARQUET_ROWS).select(texts.values()).collect()
            except (PolarsError, OSError) as error:
                raise failed(error) from None
            for row in block.iter_rows():
                line += 1
                cells = list(row)
                yield line, rows.row_fault(line, "".join(cells), cells, columns) or cells
            if block.height < _PARQUET_ROWS:
                return

    return _Table(columns, read, typed_times)


def _as_text(name: str, kind: Any) -> Any:
    """The expression that writes a column as text; None for kinds that are none (bytes, structs, lists of lists)."""
    import polars as pl

    column = pl.col(name)
    if kind in (pl.Date, pl.Datetime):
        column = column.cast(pl.Datetime("ms")).dt.epoch("ms")
    elif isinstance(kind, pl.List) and not kind.inner.is_nested():
        column = column.cast(pl.List(pl.String)).list.join("|", ignore_nulls=True)
    elif kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Duration, pl.Time):
        return None
    return column.cast(pl.String).fill_null("")
