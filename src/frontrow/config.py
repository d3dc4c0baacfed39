"""Settings: defaults, then `frontrow.toml` in the workspace, then `FRONTROW_*`; unknown keys are errors.

`FRONTROW_SERVICE__PORT=9000` sets `[service] port`. `effective(settings)` tells each value and where it comes from.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from frontrow.errors import ConfigError

FILE_NAME = "frontrow.toml"
PREFIX = "FRONTROW_"
DELIMITER = "__"
_PASSWORD = re.compile(r"(//[^:/]*:).*(?=@)|(\bpassword=)[^&]*")  # in a URL; never printed


class Section(BaseModel):
    """One table of frontrow.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(Section):
    """[store]: where catalogue, accounts and reviews live."""

    url: str = Field("", description="SQLAlchemy URL; empty: SQLite file catalogue.db in the workspace")


class EventSettings(Section):
    """[events]: the durable log."""

    queue_events: int = Field(20_000, ge=1, description="events waiting for the writer before 503 is answered")
    commit_events: int = Field(2_000, ge=1, description="most events in one transaction")
    seal_events: int = Field(500_000, ge=1, description="tail rows that trigger sealing into Parquet")
    shards: int = Field(8, ge=1, le=1024, description="segments a seal, by hash of the member")
    future_s: int = Field(86_400, ge=0, description="how far ahead of the server's clock an event may lie, seconds")


class ServiceSettings(Section):
    """[service]: HTTP."""

    host: str = Field("127.0.0.1", description="address to bind; another than loopback needs a key to exist")
    port: int = Field(8000, ge=0, le=65_535, description="0 takes a free port")
    body_bytes: int = Field(4_000_000, ge=1_000, description="largest request body, bytes")
    session_hours: int = Field(168, ge=1, description="how long a sign-in lasts, hours")
    secure_cookies: bool = Field(False, description="send cookies over HTTPS only; set it behind TLS")


class PinnedSettings(Section):
    """[[recommend.pinned]]: a row of an editor's own."""

    heading: str = Field(min_length=1, max_length=120, description="what stands above the row")
    titles: tuple[str, ...] = Field(min_length=1, description="ids in their order; those a rule hides are left out")
    at: int = Field(0, ge=0, le=99, description="place on the page, from 0")
    sponsored: bool = Field(False, description="paid for: the row's kind and each of its tiles say so")


class RecommendSettings(Section):
    """[recommend]: the home page."""

    rows: int = Field(15, ge=1, le=100, description="most rows a page")
    tiles: int = Field(20, ge=1, le=200, description="most tiles a row")
    genre_rows: int = Field(8, ge=0, le=50, description="most genre rows a page")
    explore: float = Field(0.0, ge=0, le=0.5, description="share of pages whose last top pick is drawn by chance")
    pinned: tuple[PinnedSettings, ...] = Field((), description="rows of editors and sponsors, on every page")


class JobSettings(Section):
    """[jobs]: long work."""

    nightly_at: str = Field("03:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="UTC time of the nightly fit")
    keep_versions: int = Field(5, ge=1, description="published versions of an artifact kept")
    gate_days: int = Field(7, ge=1, description="newest days held back to judge a new model")
    gate_tolerance: float = Field(0.02, ge=0, le=1, description="share of recall a new model may lose and still go out")


class MediaSettings(Section):
    """[media]: where films lie."""

    roots: tuple[str, ...] = Field(("media",), description="folders with films; relative ones lie in the workspace")


class QualitySettings(Section):
    """[quality]: inspections and the judge."""

    pack: str = Field("general", description="rule pack of the catalogue's films: a name, or a YAML file of your own")
    alpha: float = Field(0.05, gt=0, lt=1, description="share of the bad files that the judge may approve")
    beta: float = Field(0.05, gt=0, lt=1, description="share of the good files that it may reject unseen")
    delta: float = Field(0.1, gt=0, lt=1, description="probability that one of these is not kept")
    bad_share: float = Field(0.0, ge=0, lt=1, description="of all deliveries; 0: as among those that people judged")
    wrong_approve: float = Field(0.0, ge=0, description="cost of a bad file approved, in looks; 0: not weighed")
    wrong_reject: float = Field(0.0, ge=0, description="cost of a good file rejected, in looks; 0: not weighed")


class StreamingSettings(Section):
    """[streaming]: how films are played."""

    experiment: str = Field("", description="TOML of an experiment between bitrate controllers; empty: none runs")


class LogSettings(Section):
    """[log]: what the service writes about itself."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe line written")


class Settings(BaseSettings):
    """Everything that can be set; frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    store: StoreSettings = StoreSettings()
    events: EventSettings = EventSettings()
    service: ServiceSettings = ServiceSettings()
    recommend: RecommendSettings = RecommendSettings()
    jobs: JobSettings = JobSettings()
    media: MediaSettings = MediaSettings()
    quality: QualitySettings = QualitySettings()
    streaming: StreamingSettings = StreamingSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which arrives as `init_settings`."""
        return env_settings, init_settings


@dataclass(frozen=True)
class Effective:
    """One setting as it is in force."""

    key: str
    value: Any
    source: str  # "default", the file's path, or the variable's name
    description: str


def load(workspace: Path | None = None) -> Settings:
    """Read the settings of `workspace` (or defaults and environment alone).

    Raises ConfigError for TOML that does not parse, unknown keys and values out of range, all of them at once.
    """
    unknown = [name for name in os.environ if _misspelt(name)]
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]}; see 'frontrow config show' for the keys")
    try:
        return Settings(**_read_file(workspace))
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        raise ConfigError(f"{faults}; see 'frontrow config show' for keys and values") from None


def effective(settings: Settings, workspace: Path | None = None) -> list[Effective]:
    """Each value in force and where it comes from, in the order of the file."""
    in_file = _read_file(workspace)
    lines = []
    for section_name in Settings.model_fields:
        section = getattr(settings, section_name)
        for name, field in type(section).model_fields.items():
            variable = f"{PREFIX}{section_name}{DELIMITER}{name}".upper()
            if any(variable == key.upper() for key in os.environ):
                source = variable
            elif name in in_file.get(section_name, {}):
                source = str(_path(workspace))
            else:
                source = "default"
            value = section.model_dump()[name]
            if (section_name, name) == ("store", "url"):
                value = _PASSWORD.sub(r"\1\2***", value)
            lines.append(Effective(f"{section_name}.{name}", value, source, field.description or ""))
    return lines


def _path(workspace: Path | None) -> Path:
    return (workspace or Path()) / FILE_NAME


def _read_file(workspace: Path | None) -> dict[str, Any]:
    if workspace is None or not _path(workspace).exists():
        return {}
    try:
        return tomllib.loads(_path(workspace).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{_path(workspace)} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_path(workspace)} is not valid TOML: {error}") from None


def _misspelt(variable: str) -> bool:
    """Whether a variable names a section (FRONTROW_SECTION[__KEY]) and no setting in it."""
    if not variable.upper().startswith(PREFIX):
        return False
    section, delimiter, key = variable[len(PREFIX) :].lower().partition(DELIMITER)
    field = Settings.model_fields.get(section)
    if field is None:
        return bool(delimiter)
    return key not in getattr(field.annotation, "model_fields", {})


def _fault(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown setting {key!r}"
    return f"{key} is {fault['input']!r}: {fault['msg'].lower()}"
