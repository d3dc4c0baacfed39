"""The table as JSON: what Python's simulator and the browser's controller both read.

Values are 16-bit steps between the least and the most of their horizon, little-endian, in base64: half of what 32-bit
floats take, a quarter of it once compressed, and no decision that was looked at differs by it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from typing import Any

import numpy as np

from frontrow.delivery.table import Table
from frontrow.delivery.throughput import Predictor, PredictorConfig
from frontrow.errors import InputError

FORMAT = "frontrow-abr-3"
_STEPS = 65_535


def predictor_to_dict(predictor: Predictor) -> dict[str, Any]:
    """Plain numbers for JSON."""
    return {
        "config": asdict(predictor.config),
        "volatilities": predictor.volatilities.tolist(),
        "surprises": predictor.surprises.tolist(),
        "first_volatility": predictor.first_volatility,
    }


def predictor_from_dict(value: dict[str, Any]) -> Predictor:
    """The inverse of `predictor_to_dict`."""
    return Predictor(
        PredictorConfig(**value["config"] | {"shares": tuple(value["config"]["shares"])}),
        np.array(value["volatilities"], float),
        np.array(value["surprises"], float),
        float(value["first_volatility"]),
    )


def to_dict(table: Table) -> dict[str, Any]:
    """The table for JSON."""
    rows = table.values.reshape(len(table.horizons), -1)
    low, high = rows.min(axis=1), rows.max(axis=1)
    steps = np.round((rows - low[:, None]) / np.maximum(high - low, 1e-9)[:, None] * _STEPS)
    return {
        "format": FORMAT,
        "segment_s": table.segment_s,
        "most_buffer_s": table.most_buffer_s,
        "stall": table.stall,
        "switch": table.switch,
        "worth": table.worth.tolist(),
        "axes": [axis.tolist() for axis in table.axes],
        "horizons": list(table.horizons),
        "predictor": predictor_to_dict(table.predictor),
        "low": low.tolist(),
        "high": high.tolist(),
        "values": base64.b64encode(steps.astype("<u2").tobytes()).decode(),
    }


def from_dict(value: Any) -> Table:
    """The inverse of `to_dict`. Raises InputError where the JSON is no table of this format."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(
            f"this is no bitrate policy of format {FORMAT}; build one with 'frontrow delivery abr --policy'"
        )
    try:
        axes = [np.array(axis, float) for axis in value["axes"]]
        worth = np.array(value["worth"], float)
        horizons = tuple(int(left) for left in value["horizons"])
        steps = np.frombuffer(base64.b64decode(value["values"], validate=True), "<u2").reshape(len(horizons), -1)
        low, high = np.array(value["low"], float)[:, None], np.array(value["high"], float)[:, None]
        shape = (len(horizons), len(worth), *(len(axis) for axis in axes))
        return Table(
            (axes[0], axes[1], axes[2], axes[3]),
            predictor_from_dict(value["predictor"]),
            (low + (high - low) * (steps / _STEPS)).reshape(shape),
            horizons,
            worth,
            float(value["stall"]),
            float(value["switch"]),
            float(value["segment_s"]),
            float(value["most_buffer_s"]),
        )
    except (KeyError, TypeError, ValueError, IndexError, binascii.Error) as error:
        raise InputError(
            f"the bitrate policy is damaged: {error}; build it again with 'frontrow delivery abr --policy'"
        ) from None
