"""From the text of a sheet (one YAML file, or CSVs by name) to plain rows that know their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from frontrow.production.faults import Fault
from frontrow.production.fields import MAPS, SECTIONS, TABLES

_MOST_CHARACTERS = 20_000_000


@dataclass
class Row:
    """Values by field name, with the line of each; `line` is the row's own."""

    section: str
    file: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def fault(self, name: str, message: str) -> Fault:
        """A fault of the field `name` of this row."""
        key = self.values.get("id") or self.values.get("scene")
        place = f"{self.section}[{key}]" if key not in (None, "") else self.section
        return Fault(self.file, self.lines.get(name, self.line), f"{place}.{name}" if name else place, message)


Rows = dict[str, list[Row]]


def from_yaml(text: str, file: str, faults: list[Fault]) -> Rows:
    """Rows of each section of a YAML sheet; what does not parse goes to `faults`."""
    rows: Rows = {name: [] for name in SECTIONS}
    if len(text) > _MOST_CHARACTERS:
        faults.append(Fault(file, 0, "sheet", f"has {len(text):,} characters; the most is {_MOST_CHARACTERS:,}"))
        return rows
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 0
                faults.append(
                    Fault(file, line, "sheet", f"alias *{event.anchor}: aliases are not allowed; write it out")
                )
                return rows
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        faults.append(Fault(file, mark.line + 1 if mark else 0, "sheet", f"is not valid YAML: {problem}"))
        return rows
    except RecursionError:
        faults.append(Fault(file, 0, "sheet", "is nested too deeply; a sheet has rows of plain fields"))
        return rows
    if not isinstance(root, yaml.MappingNode):
        faults.append(Fault(file, 1, "sheet", f"must be a mapping of the sections {', '.join(SECTIONS)}"))
        return rows
    seen: set[str] = set()
    for key, node in root.value:
        line = key.start_mark.line + 1
        name = str(key.value)
        if name not in SECTIONS:
            faults.append(Fault(file, line, name, f"unknown section; a sheet has {', '.join(SECTIONS)}"))
        elif name in seen:
            faults.append(Fault(file, line, name, "is there twice; keep one"))
        else:
            seen.add(name)
            rows[name] = _section(name, node, file, faults)
    return rows


def _section(name: str, node: yaml.Node, file: str, faults: list[Fault]) -> list[Row]:
    line = node.start_mark.line + 1
    if _empty(node):
        return []
    if name in MAPS:
        if not isinstance(node, yaml.MappingNode):
            faults.append(Fault(file, line, name, "must be a mapping of fields"))
            return []
        return [_row(name, node, file, faults)]
    if not isinstance(node, yaml.SequenceNode):
        faults.append(Fault(file, line, name, "must be a list of rows, each starting with '-'"))
        return []
    rows = []
    for item in node.value:
        if isinstance(item, yaml.MappingNode):
            rows.append(_row(name, item, file, faults))
        else:
            faults.append(Fault(file, item.start_mark.line + 1, name, "must be a row of fields like {id: ...}"))
    return rows


def _row(section: str, node: yaml.MappingNode, file: str, faults: list[Fault]) -> Row:
    row = Row(section, file, node.start_mark.line + 1)
    for key, value in node.value:
        name = str(key.value)
        if name in row.values:
            faults.append(Fault(file, key.start_mark.line + 1, f"{section}.{name}", "is there twice; keep one"))
            continue
        row.lines[name] = key.start_mark.line + 1
        row.values[name] = _plain(value)
    return row


def _plain(node: yaml.Node) -> Any:
    """Text, lists, mappings: the reader decides what a field is, not YAML (NO is not false, nor 12:30 750)."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return None if _empty(node) else str(node.value)


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def from_csvs(files: Mapping[str, str], faults: list[Fault]) -> Rows:
    """Rows of a folder of CSVs: scenes.csv, sites.csv ... a row each; production.csv, crew.csv ... `field,value` lines.

    Lists are split at semicolons; a window is `2026-03-01..2026-03-09@07:00-22:00`; an empty cell takes the default.
    """
    rows: Rows = {name: [] for name in SECTIONS}
    for file, text in sorted(files.items()):
        name = file.rsplit("/", 1)[-1].removesuffix(".csv")
        if name not in SECTIONS:
            continue
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
        try:
            table = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
        except csv.Error as error:
            faults.append(Fault(file, reader.line_num, name, f"is not valid CSV: {error}"))
            continue
        if not table:
            continue
        if name in MAPS:
            rows[name] = [_map_row(name, file, table)]
            continue
        head = [cell.strip() for cell in table[0][1]]
        for line, cells in table[1:]:
            if len(cells) > len(head):
                faults.append(Fault(file, line, name, f"has {len(cells)} cells but the head has {len(head)} columns"))
            row = Row(name, file, line)
            kinds = {field.name: field.kind for field in TABLES[name]}
            for column, cell in zip(head, cells, strict=False):
                if cell.strip():
                    row.values[column] = _cell(kinds.get(column, "text"), column, cell.strip())
            rows[name].append(row)
    return rows


def _map_row(name: str, file: str, table: list[tuple[int, list[str]]]) -> Row:
    row = Row(name, file, table[0][0])
    kinds = {field.name: field.kind for field in MAPS[name]}
    for line, cells in table:
        key, value = cells[0].strip(), cells[1].strip() if len(cells) > 1 else ""
        if (key, value) == ("field", "value") or not value:
            continue
        outer, dot, inner = key.partition(".")
        if dot:
            row.values.setdefault(outer, {})[inner] = value
        else:
            row.values[key] = _cell(kinds.get(key, "text"), key, value)
        row.lines[outer] = line
    return row


def _cell(kind: str, column: str, cell: str) -> Any:
    if kind in {"ids", "dates", "days"}:
        return [part.strip() for part in cell.split(";") if part.strip()]
    if kind == "windows":
        return [_window(part.strip()) for part in cell.split(";") if part.strip()]
    if column == "from_source":
        return dict(part.strip().split("=", 1) for part in cell.split(";") if "=" in part)
    return cell


def _window(text: str) -> dict[str, str]:
    dates, _, hours = text.partition("@")
    first, _, last = dates.partition("..")
    window = {"from": first.strip(), "to": (last or first).strip()}
    if hours:
        opens, _, closes = hours.partition("-")
        window |= {"open": opens.strip(), "close": closes.strip()}
    return window
