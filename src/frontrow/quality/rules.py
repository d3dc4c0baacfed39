"""Rule packs: dated files of limits that an editor can read and change, and the dataclasses they fill.

A pack is YAML with `name, title, dated, source` and the sections `picture`, `sound`, `subtitles` (each key a field of
that group's rules; what is not named keeps its default) and `severity` (a finding code: info, warn, error, or ignore).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from frontrow.errors import InputError
from frontrow.quality.findings import CODES, GROUP_OF, Finding, Severity

if TYPE_CHECKING:
    from frontrow.quality.picture.rules import PictureRules
    from frontrow.quality.sound.rules import SoundRules
    from frontrow.quality.subtitles.rules import SubtitleRules

DEFAULT: Final = "general"
IGNORE: Final = "ignore"
_RULES: Final = {"picture": "PictureRules", "sound": "SoundRules", "subtitles": "SubtitleRules"}
_HEAD: Final = ("name", "title", "dated", "source")
Weight = Severity | Literal["ignore"]


@dataclass(frozen=True)
class Pack:
    """The limits that one kind of delivery is held to."""

    name: str
    title: str
    dated: str
    """Day of the last change, ISO 8601."""
    source: str
    """Where the limits come from."""
    picture: PictureRules
    sound: SoundRules
    subtitles: SubtitleRules
    severity: Mapping[str, Weight] = field(default_factory=dict)
    """Codes whose findings weigh more or less here than their detector says."""

    def weigh(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings with the severities of this pack, ordered by time, then code."""
        weighed = []
        for finding in findings:
            weight = self.severity.get(finding.code, finding.severity)
            if weight != IGNORE:
                weighed.append(replace(finding, severity=weight))
        return sorted(weighed, key=lambda finding: (finding.start_s, finding.code, finding.end_s))


def names() -> list[str]:
    """Names of the packs that come with Frontrow."""
    folder = resources.files("frontrow.quality").joinpath("rule_packs")
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def load_pack(name_or_path: str = DEFAULT) -> Pack:
    """The pack of that name, or the one in a YAML file. Raises InputError, naming key and value."""
    if name_or_path in names():
        return parse(read_text(name_or_path), name_or_path)
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"no rule pack {name_or_path!r}; there are {', '.join(names())}, or give a .yaml file")
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_text(name: str) -> str:
    """The YAML of a pack that comes with Frontrow."""
    return resources.files("frontrow.quality").joinpath("rule_packs", f"{name}.yaml").read_text("utf-8")


def parse(text: str, where: str) -> Pack:
    """A pack out of YAML; `where` names it in errors. Raises InputError."""
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise InputError(f"{where} is no rule pack: it needs the keys {', '.join((*_HEAD, *_RULES))}")
    known = {*_HEAD, *_RULES, "severity"}
    if unknown := sorted(map(str, document.keys() - known)):
        raise InputError(f"{where}: unknown key {unknown[0]!r}; a pack has {', '.join(sorted(known))}")
    if missing := [key for key in _HEAD if not document.get(key)]:
        raise InputError(f"{where}: {missing[0]!r} is missing")
    rules = {group: _rules(group, document.get(group) or {}, where) for group in _RULES}
    head: dict[str, Any] = {key: str(document[key]) for key in _HEAD}
    return Pack(**head, **rules, severity=_severity(document.get("severity") or {}, where))


def _rules(group: str, section: Any, where: str) -> Any:
    """The group's rules with the section's values in place of defaults."""
    import msgspec

    kind = getattr(importlib.import_module(f"frontrow.quality.{group}.rules"), _RULES[group])
    if not isinstance(section, dict):
        raise InputError(f"{where}: {group} is {section!r}; it holds limits by name")
    known = {each.name for each in fields(kind)}
    if unknown := sorted(map(str, section.keys() - known)):
        raise InputError(f"{where}: {group} has no limit {unknown[0]!r}; there are {', '.join(sorted(known))}")
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {group}: {error}") from None


def _severity(section: Any, where: str) -> dict[str, Weight]:
    allowed = (*get_args(Severity), IGNORE)
    if not isinstance(section, dict):
        raise InputError(f"{where}: severity is {section!r}; it holds info, warn, error or ignore by finding code")
    for code, weight in section.items():
        if code not in GROUP_OF:
            known = ", ".join(code for codes in CODES.values() for code in codes)
            raise InputError(f"{where}: severity names {code!r}, which is no finding; there are {known}")
        if weight not in allowed:
            raise InputError(f"{where}: severity of {code} is {weight!r}; use {', '.join(allowed)}")
    return dict(section)
