"""Shots on films made here, whose cuts are known to the frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frontrow.artwork import shots
from frontrow.artwork.signals import CHROMA, LUMA, Meter, Signals, join
from frontrow.artwork.survey import survey


def signals_of(pictures: np.ndarray, rate: float = 25.0) -> Signals:
    """Signals of grey frames (n, 36, 64)."""
    grey = np.full((len(pictures), *CHROMA), 128, np.uint8)
    rows = Meter().measure(pictures.astype(np.uint8), grey, grey)
    return Signals(at_s=np.arange(len(pictures)) / rate, detail=np.full(len(pictures), np.nan, np.float32), **rows)


def still(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.kron(rng.integers(20, 230, (6, 8)), np.ones((6, 8)))
    return np.clip(picture + rng.normal(0, 1, (count, *LUMA)), 0, 255)


def entries(pictures: np.ndarray) -> list[tuple[str, int]]:
    return [(x.transition, x.first) for x in shots.find(signals_of(pictures))]


def test_cuts_of_a_real_file_are_found_to_the_frame(film: Any) -> None:
    found = shots.find(survey(film([(1, 30), (2, 25), (3, 40)]), detail=False).signals)
    assert [(x.transition, x.first) for x in found] == [("start", 0), ("cut", 30), ("cut", 55)]
    assert [x.start_s for x in found] == pytest.approx([0.0, 1.2, 2.2])
    assert found[-1].end_s == pytest.approx(95 / 25)


def test_one_shot_gives_no_cut(film: Any) -> None:
    assert len(shots.find(survey(film([(5, 80)]), detail=False).signals)) == 1


def test_shots_cover_the_film_without_gap() -> None:
    found = shots.find(signals_of(np.concatenate([still(k, 20 + k) for k in range(5)])))
    assert [x.end_s for x in found[:-1]] == [x.start_s for x in found[1:]]
    assert sum(x.last - x.first + 1 for x in found) == sum(20 + k for k in range(5))


def test_a_flash_is_no_cut() -> None:
    picture = still(1, 60)
    picture[30:32] = 0.2 * picture[30:32] + 0.8 * 235
    assert entries(picture) == [("start", 0)]


def test_a_cut_that_hides_under_a_flash_is_one_cut() -> None:
    pictures = np.concatenate([still(1, 30), np.full((3, *LUMA), 240.0), still(2, 30)])
    assert entries(pictures) == [("start", 0), ("flash", 33)]


def test_a_light_that_is_switched_is_no_cut() -> None:
    picture = still(1, 60)
    picture[30:] = 16 + (picture[30:] - 16) * 0.75
    assert entries(picture) == [("start", 0)]


def test_a_dissolve_is_one_transition_and_its_shots_meet_in_its_middle() -> None:
    share = np.linspace(0, 1, 22)[1:-1, None, None]
    a, b = still(1, 60), still(2, 60)
    blend = (1 - share) * a[:20] + share * b[:20]
    found = shots.find(signals_of(np.concatenate([a[:40], blend, b[:40]])))
    assert [x.transition for x in found] == ["start", "dissolve"]
    assert abs(found[1].first - 50) <= 3
    assert found[0].clear_last <= 42
    assert found[1].clear_first >= 57


def test_fading_out_and_in_again_is_one_fade() -> None:
    down = np.linspace(1, 0, 15)[:, None, None]
    a, b = still(1, 55), still(2, 55)
    pictures = np.concatenate(
        [a[:40], 16 + (a[40:] - 16) * down, np.full((6, *LUMA), 16.0), 16 + (b[:15] - 16) * down[::-1], b[15:]]
    )
    found = shots.find(signals_of(pictures))
    assert [x.transition for x in found] == ["start", "fade"]
    assert 52 <= found[1].first <= 64


def test_a_pan_is_no_dissolve() -> None:
    wide = np.kron(np.random.default_rng(3).integers(20, 230, (6, 40)), np.ones((6, 8)))
    assert entries(np.stack([wide[:, k : k + 64] for k in range(0, 200, 3)])) == [("start", 0)]


def test_signals_do_not_depend_on_how_frames_fall_into_batches() -> None:
    pictures = np.concatenate([still(1, 20), still(2, 20)]).astype(np.uint8)
    grey = np.full((40, *CHROMA), 128, np.uint8)
    whole = Meter().measure(pictures, grey, grey)
    meter = Meter()
    parts = [
        dict(meter.measure(pictures[k : k + 7], grey[k : k + 7], grey[k : k + 7]))
        | {"at_s": np.arange(k, min(k + 7, 40)) / 25, "detail": np.zeros(min(7, 40 - k), np.float32)}
        for k in range(0, 40, 7)
    ]
    joined = join(parts)
    for name, values in whole.items():
        np.testing.assert_allclose(getattr(joined, name), values, rtol=1e-6, atol=1e-6)


def test_times_of_a_film_with_a_varying_frame_rate_are_those_of_its_frames(tmp_path: Path) -> None:
    from fractions import Fraction

    import av

    path = tmp_path / "film.mkv"
    times = [0.04 * k for k in range(30)] + [1.2 + 0.1 * k for k in range(30)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *LUMA, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, at_s in enumerate(times):
            picture = av.VideoFrame.from_ndarray(
                np.repeat(still(1 if number < 40 else 2, 1)[0].astype(np.uint8)[:, :, None], 3, 2), format="rgb24"
            )
            picture.pts, picture.time_base = round(1000 * at_s), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    found = shots.find(survey(path, detail=False).signals)
    assert [round(x.start_s, 2) for x in found] == [0.0, 2.2]
