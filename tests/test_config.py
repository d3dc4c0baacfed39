"""Settings: the environment wins over the file over the defaults, and nothing unknown is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontrow import config
from frontrow.errors import ConfigError


def shown(key: str, workspace: Path | None = None) -> tuple[object, str]:
    """Value and source of one setting in force."""
    lines = config.effective(config.load(workspace), workspace)
    return next((line.value, line.source) for line in lines if line.key == key)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown("service.port", tmp_path) == (8000, "default")
    (tmp_path / "frontrow.toml").write_text("[service]\nport = 9001\n")
    assert shown("service.port", tmp_path) == (9001, str(tmp_path / "frontrow.toml"))
    monkeypatch.setenv("FRONTROW_SERVICE__PORT", "9002")
    assert shown("service.port", tmp_path) == (9002, "FRONTROW_SERVICE__PORT")


@pytest.mark.parametrize("name", ["FRONTROW_LOG", "FRONTROW_JOBS", "FRONTROW_SERVICE__PROT", "FRONTROW_SERVER__PORT"])
@pytest.mark.parametrize("value", ["debug", "1", '{"port": 1}'])
def test_a_variable_that_is_no_setting_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"unknown setting {name}"):
        config.load()


def test_every_fault_of_a_file_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "frontrow.toml").write_text("[service]\nport = -1\nprot = 2\n[jobs]\nnightly_at = '25:00'\n")
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    for said in ("service.port is -1", "unknown setting 'service.prot'", "jobs.nightly_at is '25:00'"):
        assert said in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "frontrow.toml").mkdir()
    with pytest.raises(ConfigError, match=r"frontrow\.toml cannot be read"):
        config.load(tmp_path)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("postgresql://u:secret@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("postgresql://u:sec:r@et@h/db", "postgresql://u:***@h/db"),
        ("postgresql://h/db?user=u&password=secret&x=1", "postgresql://h/db?user=u&password=***&x=1"),
        ("postgresql://h:5432/db", "postgresql://h:5432/db"),
        ("sqlite:////a:b/c.db", "sqlite:////a:b/c.db"),
    ],
)
def test_the_password_of_the_store_is_never_shown(monkeypatch: pytest.MonkeyPatch, url: str, safe: str) -> None:
    monkeypatch.setenv("FRONTROW_STORE__URL", url)
    assert shown("store.url")[0] == safe
    assert config.load().store.url == url
