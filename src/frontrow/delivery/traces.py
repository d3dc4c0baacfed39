"""Throughput traces and manifests as the field stores them, told apart by content.

Traces: Pensieve's two columns (seconds, Mbit/s), Mahimahi's packet times (one millisecond a line, 1500 bytes each) and
Sabre's JSON (duration, bandwidth, latency). Manifests: a folder's `video_size_<rung>` files, or Sabre's JSON. Texts
come in and values go out; reading files is the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from frontrow.delivery.link import Trace
from frontrow.delivery.manifest import Manifest
from frontrow.errors import InputError

_PACKET_KBIT = 12.0  # Mahimahi: a line is an opportunity to send 1500 bytes
_MAHIMAHI_BIN_MS = 500
PENSIEVE_RATES_KBPS = (300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0)
PENSIEVE_SEGMENT_S = 4.0


def read_trace(name: str, text: str) -> Trace:
    """The trace in `text`, whichever of the three forms it has. Raises InputError naming the line."""
    stripped = text.lstrip()
    if not stripped:
        raise InputError(f"trace {name} is empty; it needs at least one interval with a rate")
    if stripped[0] in "[{":
        return _from_sabre(name, text)
    rows = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    widths = {len(parts) for _, parts in rows}
    if widths == {1}:
        return _from_mahimahi(name, rows)
    if widths == {2}:
        return _from_pensieve(name, rows)
    number = next(number for number, parts in rows if len(parts) not in (1, 2) or len(parts) != len(rows[0][1]))
    raise InputError(
        f"trace {name} line {number}: columns differ; "
        "give seconds and Mbit/s, one packet time in ms a line, or Sabre's JSON"
    )


def _number(name: str, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"trace {name} line {line}: {text!r} is no number") from None


def _from_pensieve(name: str, rows: list[tuple[int, list[str]]]) -> Trace:
    """A row's rate holds from the row before until its own time; the lap begins anew at 0."""
    values = np.array([[_number(name, number, cell) for cell in parts] for number, parts in rows])
    times, mbps = values[:, 0], values[:, 1]
    if len(times) < 2:
        raise InputError(f"trace {name} has one row; two are needed to tell how long a rate holds")
    back = np.flatnonzero(~(np.diff(times) > 0))
    if len(back) or times[0] < 0:
        at = int(back[0]) + 1 if len(back) else 0
        raise InputError(
            f"trace {name} line {rows[at][0]}: time {times[at]} s does not follow the one before; sort the rows"
        )
    knots = np.concatenate(([0.0], times[1:]))
    return Trace(name, np.diff(knots), mbps[1:] * 1000.0, np.zeros(len(times) - 1), start_s=float(times[0]))


def _from_mahimahi(name: str, rows: list[tuple[int, list[str]]]) -> Trace:
    times_ms = np.array([_number(name, number, parts[0]) for number, parts in rows])
    back = np.flatnonzero(~(np.diff(times_ms) >= 0))
    if len(back) or times_ms[0] < 0 or not np.isfinite(times_ms[-1]):
        at = int(back[0]) + 1 if len(back) else 0
        raise InputError(f"trace {name} line {rows[at][0]}: packet time {times_ms[at]} ms goes back; sort the rows")
    bins = int(times_ms[-1] // _MAHIMAHI_BIN_MS) + 1
    packets = np.bincount((times_ms // _MAHIMAHI_BIN_MS).astype(int), minlength=bins)
    bin_s = _MAHIMAHI_BIN_MS / 1000.0
    kbps = np.asarray(packets * _PACKET_KBIT / bin_s, np.float64)
    return Trace(name, np.full(bins, bin_s), kbps, np.zeros(bins))


def _from_sabre(name: str, text: str) -> Trace:
    rows = _json(name, text)
    try:
        table = np.array([[row["duration_ms"], row["bandwidth_kbps"], row["latency_ms"]] for row in rows], float)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(
            f"trace {name}: {error}; each entry needs numbers duration_ms, bandwidth_kbps and latency_ms"
        ) from None
    if not len(table):
        raise InputError(f"trace {name} is empty; it needs at least one interval with a rate")
    kept = table[table[:, 0] != 0]
    return Trace(name, kept[:, 0] / 1000.0, kept[:, 1], kept[:, 2] / 1000.0)


def read_manifest(name: str, text: str) -> Manifest:
    """A manifest in Sabre's JSON: segment_duration_ms, bitrates_kbps, segment_sizes_bits."""
    value = _json(name, text)
    try:
        segment_s = float(value["segment_duration_ms"]) / 1000.0
        rates = np.array([float(rate) for rate in value["bitrates_kbps"]])
        rows = value["segment_sizes_bits"]
        widths = [len(row) for row in rows]
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(
            f"manifest {name}: {error} missing or no number; see 'frontrow delivery abr --example'"
        ) from None
    if any(width != len(rates) for width in widths):
        bad = next(i for i, width in enumerate(widths) if width != len(rates))
        raise InputError(
            f"manifest {name}: segment {bad} has {widths[bad]} sizes for {len(rates)} rungs; give one a rung"
        )
    try:
        sizes = np.array(rows, float).reshape(len(rows), len(rates))
    except (TypeError, ValueError):
        raise InputError(f"manifest {name}: a segment size is missing or no number; give one a rung") from None
    return Manifest(segment_s, rates, sizes / 1000.0)


def read_sizes(
    name: str,
    texts: Mapping[int, str],
    rates_kbps: tuple[float, ...] | None = None,
    segment_s: float = PENSIEVE_SEGMENT_S,
) -> Manifest:
    """A manifest out of `video_size_<rung>` texts (bytes, a line a segment), which tell neither rates nor duration.

    Six rungs are Pensieve's ladder unless `rates_kbps` says otherwise; other ladders get the mean rate of their sizes.
    """
    if sorted(texts) != list(range(len(texts))) or not texts:
        raise InputError(f"manifest {name} has rungs {sorted(texts)}; files video_size_0, video_size_1, ... are needed")
    columns = []
    for rung in range(len(texts)):
        try:
            columns.append([int(line.split()[0]) for line in texts[rung].splitlines() if line.strip()])
        except ValueError:
            raise InputError(f"manifest {name}: video_size_{rung} holds something else than bytes a line") from None
    if len({len(column) for column in columns}) != 1:
        raise InputError(
            f"manifest {name}: rungs have {[len(c) for c in columns]} segments; they must have equally many"
        )
    sizes = np.array(columns, float).T * 8.0 / 1000.0
    if rates_kbps is None:
        rates_kbps = PENSIEVE_RATES_KBPS if len(texts) == 6 else tuple(sizes.mean(axis=0) / segment_s)
    return Manifest(segment_s, np.array(rates_kbps), sizes)


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} is no valid JSON: line {error.lineno}, {error.msg}") from None
