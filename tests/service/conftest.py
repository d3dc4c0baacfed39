"""A running service over a tiny world, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from worlds.service import Running, serve


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    yield from serve(tmp_path / "service")


@pytest.fixture
def unfitted(tmp_path: Path) -> Iterator[Running]:
    yield from serve(tmp_path / "service", fitted=False)
