"""A sheet as text again: YAML, or CSVs that read back to the same sheet."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import yaml

from frontrow.production import money
from frontrow.production.fields import MAPS, TABLES, Field
from frontrow.production.sheet import Sheet, Window

_RENAMED = {"from": "origin", "to": "destination"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def to_yaml(document: dict[str, Any]) -> str:
    """A document as YAML, sections and fields in their order."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def to_document(sheet: Sheet) -> dict[str, Any]:
    """The sheet as plain data: every value that did not come from a default, and where it came from unless the user."""
    currency = sheet.production.currency
    document: dict[str, Any] = {}
    for name, fields in MAPS.items():
        document[name] = _row(getattr(sheet, name), fields, currency)
    for name, fields in TABLES.items():
        rows = [_row(row, fields, currency) for row in getattr(sheet, name)]
        if rows:
            document[name] = rows
    return document


def _row(row: Any, fields: tuple[Field, ...], currency: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields:
        value = getattr(row, _RENAMED.get(field.name, field.name))
        if value in (None, (), {}, ""):
            continue
        values[field.name] = _plain(field, value, currency)
    if row.sources:
        kept = {name: source for name, source in row.sources.items() if source != "user" and name in values}
        if kept:
            values["from_source"] = kept
    return values


def _plain(field: Field, value: Any, currency: str) -> Any:
    if field.kind == "money":
        return money.plain(value, currency)
    if field.kind == "prices":
        return {name: money.plain(price, currency) for name, price in value.items()}
    if field.kind == "clock":
        return f"{value // 60:02d}:{value % 60:02d}"
    if field.kind == "days":
        return [_WEEKDAYS[number] for number in value]
    if field.kind == "windows":
        return [_window(window) for window in value]
    if field.kind == "dates":
        return [day.isoformat() for day in value]
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _window(window: Window) -> dict[str, str]:
    plain = {"from": window.first.isoformat(), "to": window.last.isoformat()}
    if (window.opens, window.closes) != (0, 24 * 60):
        plain |= {
            "open": f"{window.opens // 60:02d}:{window.opens % 60:02d}",
            "close": f"{window.closes // 60:02d}:{window.closes % 60:02d}",
        }
    return plain


def to_csvs(document: dict[str, Any]) -> dict[str, str]:
    """CSV texts by file name: a row a scene, site, person ...; `field,value` lines for the other sections."""
    files = {}
    for name, content in document.items():
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if name in MAPS:
            writer.writerow(("field", "value"))
            for key, value in content.items():
                if isinstance(value, dict) and key != "from_source":
                    writer.writerows((f"{key}.{inner}", price) for inner, price in value.items())
                else:
                    writer.writerow((key, _cell(value)))
        else:
            columns = [field.name for field in TABLES[name]] + ["from_source"]
            used = [column for column in columns if any(column in row for row in content)]
            writer.writerow(used)
            writer.writerows([_cell(row.get(column)) for column in used] for row in content)
        files[f"{name}.csv"] = out.getvalue()
    return files


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ";".join(f"{name}={source}" for name, source in value.items())
    if isinstance(value, list):
        return ";".join(_window_cell(part) if isinstance(part, dict) else str(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _window_cell(window: dict[str, str]) -> str:
    text = f"{window['from']}..{window.get('to', window['from'])}"
    return f"{text}@{window['open']}-{window['close']}" if "open" in window else text
