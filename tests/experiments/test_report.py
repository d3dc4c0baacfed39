"""The report is one file that says it in one sentence, and trusts no name."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from frontrow.experiments.analysis import analyse
from frontrow.experiments.definition import parse
from frontrow.experiments.exposure import collect
from frontrow.experiments.report import render
from frontrow.experiments.tables import read_log


def report(*, looks: int = 30, unit: str = "member", **columns: Any) -> str:
    n = 4_000
    rng = np.random.default_rng(1)
    treated = np.arange(n) % 2 == 1
    table = {
        "unit": np.arange(n), "arm": np.where(treated, "b", "a"), "y": rng.random(n) < 0.3 + 0.1 * treated,
        "country": np.full(n, "DE"), **columns,
    }  # fmt: skip
    d = parse({
        "name": "art", "arms": {"a": 0.5, "b": 0.5}, "planned_units": n, "unit": unit, "segments": ["country"],
        "metrics": [{"name": "y", "kind": "binary"}],
    })  # fmt: skip
    return render(analyse(collect(read_log(table, d), d), d, looks=looks), d)


def test_it_holds_the_verdict_the_interval_the_checks_and_the_hash() -> None:
    page = report()
    for part in ("b wins: y is", "percentage points", "<svg", "sample ratio", "Hash <code>", "always-valid interval"):
        assert part in page


def test_it_opens_from_a_file_without_a_network_or_a_script() -> None:
    page = report()
    assert "<script" not in page
    assert not re.search(r"(src|href)=|url\(|https?:", page)


def test_its_picture_is_well_formed_and_stays_in_its_frame() -> None:
    page = report()
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6].replace("&", "&amp;"))
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    for shape in svg:
        for x, y in re.findall(r"([-\d.]+),([-\d.]+)", shape.attrib.get("points", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_names_out_of_the_log_cannot_become_markup() -> None:
    page = report(country=np.full(4_000, "<img onerror=x>"), unit="<b>")
    assert "<img" not in page
    assert "<b>&" not in page
    assert "&lt;img onerror=x&gt;" in page


@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_without_an_interval_it_says_so(rate: float) -> None:
    y = np.zeros(4_000)
    y[: int(4_000 * rate)] = 1
    assert "Nothing to draw yet" in report(y=y)
