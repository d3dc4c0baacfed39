"""What an experiment is: written down, hashed and frozen before it starts.

A definition is a table (TOML or JSON); `parse` checks every field. Its hash covers all that could change a verdict,
so an edit after the start shows: the way to change an experiment is a new version of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_type_hints

from frontrow.errors import InputError

KINDS: Final = ("binary", "mean", "ratio")
ROLES: Final = ("primary", "secondary", "guardrail")
HIDDEN_KEYS: Final = frozenset({"hash", "ramp", "description", "columns"})
"""Keys of a specification outside the hash: they change no verdict, or (ramp) are meant to grow while it runs."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:-]{0,99}")


@dataclass(frozen=True)
class Metric:
    """One outcome, added up over each unit's outcome window."""

    name: str
    kind: str = "mean"  # "binary": did it happen; "mean": sum a unit; "ratio": numerator over denominator
    role: str = "primary"  # "primary" decides, with Holm; "secondary" informs; "guardrail" may veto
    direction: str = "up"  # which way is better: "up" or "down"
    column: str = ""  # of the file (default: the name); in the event log "play" counts and "play.value" adds up
    denominator: str = ""  # the same for the lower half of a ratio
    cap: float | None = None  # winsorising bound on a unit's value, fixed before the start; None: none
    covariate: str = ""  # pre-period column for CUPED; in the event log "pre": the same metric before the exposure
    min_effect: float = 0.0  # smallest difference that matters; an interval inside it says "no effect"
    margin: float = 0.0  # guardrails: the harm that is tolerated, in the metric's own units, above 0

    @property
    def source(self) -> str:
        """Where the values come from."""
        return self.column or self.name

    @property
    def covariate_source(self) -> str:
        """Where the covariate comes from: "pre" stands for the metric's own past."""
        return f"pre {self.source}" if self.covariate == "pre" else self.covariate

    @property
    def sign(self) -> float:
        """+1 where more is better, -1 where less is."""
        return 1.0 if self.direction == "up" else -1.0


@dataclass(frozen=True)
class Definition:
    """One version of one experiment."""

    name: str
    arms: Mapping[str, float]  # share of the units an arm, adding up to 1; the first is the control
    metrics: tuple[Metric, ...]
    planned_units: int  # most units in all arms together; the interval is tuned to this
    version: int = 1
    salt: str = ""  # of the arm's hash; default: name and version
    layer: str = "default"  # experiments of one layer with disjoint slices exclude each other
    slice: tuple[float, float] = (0.0, 1.0)  # the part of the layer reserved for this experiment
    unit: str = "member"  # what is assigned, and therefore the cluster of the analysis
    alpha: float = 0.05  # chance of a false verdict over all looks together
    started_ms: int | None = None  # UTC; an exposure before it is a fault
    outcome_days: float = 0.0  # length of the outcome window after the first exposure; 0: no window
    pre_days: float = 14.0  # pre-period before the exposure, for "pre" covariates out of the event log
    segments: tuple[str, ...] = ()  # columns within which the sample ratio is checked too
    dispersion: float = 1.0  # factor on the variance, from A/A tests of the same kind; 1: units are independent
    columns: Mapping[str, str] = field(default_factory=dict)  # file's names of unit, arm, at, ...; not hashed

    @property
    def control(self) -> str:
        """The arm that the others are compared with: the first one."""
        return next(iter(self.arms))

    @property
    def treatments(self) -> tuple[str, ...]:
        """Every other arm."""
        return tuple(self.arms)[1:]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every outcome that some metric is made of, each once."""
        names = (name for m in self.metrics for name in (m.source, m.denominator) if name)
        return tuple(dict.fromkeys(names))

    @property
    def window_ms(self) -> int:
        """Length of the outcome window."""
        return round(self.outcome_days * 86_400_000)

    @property
    def hash(self) -> str:
        """Hash of everything that could change a verdict or an assignment."""
        content = {k: v for k, v in dataclasses.asdict(self).items() if k not in HIDDEN_KEYS}
        content["arms"] = list(self.arms.items())  # the order names the control
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def parse(spec: Mapping[str, Any]) -> Definition:
    """Read a specification. Raises InputError for unknown keys, values out of range, or an edit after the start."""
    known = {f.name for f in dataclasses.fields(Definition)} | HIDDEN_KEYS | {"started"}
    _refuse_unknown(spec, known, "the specification")
    for key in ("name", "arms", "metrics", "planned_units"):
        if key not in spec:
            raise InputError(f"the specification has no {key!r}; 'frontrow experiments new' writes a whole one")
    values = {k: v for k, v in spec.items() if k not in {"hash", "ramp", "description", "started"}}
    values["metrics"] = tuple(_metric(entry) for entry in _list(spec["metrics"], "metrics"))
    values["arms"] = {str(arm): _number(share, f"share of arm {arm!r}") for arm, share in _table(spec["arms"], "arms")}
    values["columns"] = {str(k): str(v) for k, v in _table(spec.get("columns", {}), "columns")}
    values["segments"] = tuple(str(s) for s in _list(spec.get("segments", ()), "segments"))
    values["slice"] = tuple(_number(x, "slice") for x in _list(spec.get("slice", (0.0, 1.0)), "slice"))
    if "started" in spec:
        values["started_ms"] = instant_ms(spec["started"], "started")
    _cast(values, Definition)
    definition = Definition(**values)
    _check(definition)
    if "hash" in spec and spec["hash"] != definition.hash:
        raise InputError(
            f"experiment {definition.name!r} version {definition.version} was edited after it was frozen: it now "
            f"hashes to {definition.hash}, not {spec['hash']}; start version {definition.version + 1} with "
            "'frontrow experiments new --from'"
        )
    return definition


def instant_ms(value: object, what: str) -> int:
    """UTC milliseconds of an aware datetime, an ISO 8601 text with a zone, or an integer of milliseconds.

    Raises InputError for a time without a zone, or a number that must be seconds.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InputError(f"{what} is {value!r}; write ISO 8601 with a zone, or UTC milliseconds") from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InputError(f"{what} is {value.isoformat()}, a time without a zone; add 'Z' if it is UTC")
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{what} is {value!r}; write ISO 8601 with a zone, or UTC milliseconds")
    if 0 < abs(value) < 100_000_000_000:
        raise InputError(f"{what} is {value}, which looks like seconds; times are UTC milliseconds")
    return value


def _metric(entry: object) -> Metric:
    if not isinstance(entry, Mapping):
        raise InputError(f"metrics holds {entry!r}; each metric is a table with a name, a kind and a role")
    _refuse_unknown(entry, {f.name for f in dataclasses.fields(Metric)}, f"metric {entry.get('name', '?')!r}")
    if "name" not in entry:
        raise InputError("a metric has no name; give it one")
    values = dict(entry)
    _cast(values, Metric)
    metric = Metric(**values)
    name = f"metric {metric.name!r}"
    _require(bool(_NAME.fullmatch(metric.name)), f"{name}: a name is letters, digits, blanks and _.:- ")
    _require(metric.kind in KINDS, f"{name} has kind {metric.kind!r}; it must be one of {', '.join(KINDS)}")
    _require(metric.role in ROLES, f"{name} has role {metric.role!r}; it must be one of {', '.join(ROLES)}")
    _require(metric.direction in ("up", "down"), f"{name} has direction {metric.direction!r}; it must be up or down")
    _require(
        (metric.kind == "ratio") == bool(metric.denominator), f"{name}: a ratio, and only a ratio, has a denominator"
    )
    _require(
        (metric.role == "guardrail") == (metric.margin > 0),
        f"{name}: a guardrail, and only a guardrail, has a margin above 0: the harm that is tolerated",
    )
    _require(metric.cap is None or metric.cap > 0, f"{name} has cap {metric.cap}; it must be above 0")
    _require(metric.cap is None or metric.kind != "binary", f"{name}: a binary metric needs no cap")
    _require(metric.min_effect >= 0, f"{name} has min_effect {metric.min_effect}; it must be 0 or more")
    return metric


def _check(d: Definition) -> None:
    _require(bool(_NAME.fullmatch(d.name)), f"name {d.name!r}: letters, digits, blanks and _.:- only")
    _require(d.version >= 1, f"version is {d.version}; it must be 1 or more")
    _require(len(d.arms) >= 2, f"an experiment needs two arms or more, this one has {len(d.arms)}")
    for arm, share in d.arms.items():
        _require(bool(_NAME.fullmatch(arm)), f"arm {arm!r}: letters, digits, blanks and _.:- only")
        _require(0 < share < 1, f"arm {arm!r} has a share of {share}; it must be between 0 and 1")
    total = math.fsum(d.arms.values())
    _require(abs(total - 1) < 1e-9, f"the shares of the arms add up to {total}; they must add up to 1")
    names = [m.name for m in d.metrics]
    _require(len(set(names)) == len(names), f"two metrics have one name: {', '.join(sorted(names))}")
    _require(any(m.role == "primary" for m in d.metrics), "no metric is primary; one has to decide")
    _require(
        d.planned_units >= 200, f"planned_units is {d.planned_units}; 'frontrow experiments power' finds it (200+)"
    )
    _require(0 < d.alpha < 0.5, f"alpha is {d.alpha}; it must be between 0 and 0.5")
    _require(d.outcome_days >= 0 and d.pre_days > 0, "outcome_days must be 0 or more and pre_days above 0")
    _require(d.dispersion >= 1, f"dispersion is {d.dispersion}; it must be 1 or more")
    _require(
        len(d.slice) == 2 and 0 <= d.slice[0] < d.slice[1] <= 1, f"slice is {list(d.slice)}; it must be two of [0, 1]"
    )
    for text in (d.salt, d.layer, d.unit):
        _require("\x1f" not in text, "salt, layer and unit may not hold the separator U+001F")


def _cast(values: dict[str, Any], owner: type) -> None:
    """Check the plain fields' types in place: an integer is a fine float, a text is no number."""
    for key, hint in get_type_hints(owner).items():
        value = values.get(key)
        if value is None:
            if key in values and "None" not in str(hint):
                raise InputError(f"{key} is empty; leave it out or give it a value")
        elif hint in (float, float | None):
            values[key] = _number(value, key)
        elif hint in (int, int | None) and (isinstance(value, bool) or not isinstance(value, int)):
            raise InputError(f"{key} is {value!r}; it must be a whole number")
        elif hint is str and not isinstance(value, str):
            raise InputError(f"{key} is {value!r}; it must be a text")


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{what} is {value!r}; it must be a finite number")
    return float(value)


def _table(value: object, what: str) -> Sequence[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} is {value!r}; it must be a table")
    return list(value.items())


def _list(value: object, what: str) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InputError(f"{what} is {value!r}; it must be a list")
    return value


def _refuse_unknown(spec: Mapping[str, Any], known: set[str] | frozenset[str], where: str) -> None:
    for key in spec:
        if key not in known:
            raise InputError(f"{where} has an unknown key {key!r}; known are {', '.join(sorted(known))}")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InputError(message)
