"""Rule packs: dated, editable files with their source named. They are arithmetic, not legal advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from frontrow.errors import InputError

DISCLAIMER = "The rule pack is an example to calculate with and claims no legal compliance."


@dataclass(frozen=True)
class OvertimeStep:
    """Work beyond `after_minutes` from call adds `percent` of an ordinary hour's price."""

    after_minutes: int
    percent: int


@dataclass(frozen=True)
class MinorRule:
    """Bounds for performers of at most `up_to_age` full years."""

    up_to_age: int
    minutes: int  # most minutes of scenes a day
    latest: int  # latest end of work, minutes after local midnight


@dataclass(frozen=True)
class RulePack:
    """What a production has agreed to keep."""

    name: str
    valid_from: date
    source: str
    rest_minutes: int  # shorter rest is a forced call
    least_rest_minutes: int  # shorter rest is forbidden
    days_in_seven: int
    overtime_unit_minutes: int
    overtime: tuple[OvertimeStep, ...]
    minors: tuple[MinorRule, ...]

    def minor(self, age: int | None) -> MinorRule | None:
        """The rule for a performer of that age; None for adults and unknown ages."""
        if age is None:
            return None
        return next((rule for rule in self.minors if age <= rule.up_to_age), None)


def names() -> list[str]:
    """Names of the packs that come with Frontrow."""
    files = resources.files("frontrow.production").joinpath("rule_packs").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


@cache
def load(name: str) -> RulePack:
    """The pack of that name. Raises KeyError when there is none."""
    if name not in names():
        raise KeyError(name)
    text = resources.files("frontrow.production").joinpath("rule_packs", f"{name}.yaml").read_text("utf-8")
    return parse(yaml.safe_load(text))


def read(text: str, file: str) -> RulePack:
    """A pack of the user's own. Raises InputError naming what is missing or wrong."""
    try:
        return parse(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise InputError(f"{file} is not valid YAML: {error}; start from a copy of {names()[0]}.yaml") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} is no rule pack: {error!r}; start from a copy of {names()[0]}.yaml") from None


def parse(pack: dict[str, Any]) -> RulePack:
    """A pack from its parsed file."""
    return RulePack(
        name=pack["name"],
        valid_from=pack["valid_from"],
        source=" ".join(pack["source"].split()),
        rest_minutes=pack["rest"]["daily_minutes"],
        least_rest_minutes=pack["rest"]["least_minutes"],
        days_in_seven=pack["rest"]["days_in_seven"],
        overtime_unit_minutes=pack["overtime"]["unit_minutes"],
        overtime=tuple(OvertimeStep(step["after_minutes"], step["percent"]) for step in pack["overtime"]["steps"]),
        minors=tuple(
            MinorRule(rule["up_to_age"], rule["minutes"], int(rule["latest"][:2]) * 60 + int(rule["latest"][3:]))
            for rule in sorted(pack["minors"], key=lambda rule: rule["up_to_age"])
        ),
    )
