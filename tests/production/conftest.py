"""A small film with a known shape: eight scenes, four sites in two cities, a minor, a flight, a dawn and a dusk."""

import time

import numpy as np
import pytest
import yaml

from frontrow.production import example, facts, reading, solve
from frontrow.production.generated import generate


@pytest.fixture(scope="session")
def film_text() -> str:
    return example.files()["film.yaml"]


@pytest.fixture(scope="session")
def film(film_text):
    return facts.derive(reading.read_yaml(film_text))


@pytest.fixture(scope="session")
def solved(film):
    return solve.solve(film, seconds=3, clock=time.monotonic)


@pytest.fixture(scope="session")
def thirty():
    """Generated: 30 scenes, 14 people, 9 sites."""
    return facts.derive(reading.read_yaml(yaml.safe_dump(generate(30, 14, 9, 18, np.random.default_rng(5)))))
