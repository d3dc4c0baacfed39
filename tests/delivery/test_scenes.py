"""CRFs by scene: bits go where they show, the mean quality stays, and encoders are told the frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.delivery import codecs, scenes

CRFS = codecs.H264.crfs


def curves(levels):
    """Scenes whose quality falls alike and whose bits are `levels` times as many."""
    kbps = np.array([[level * np.exp(-0.12 * (crf - 19)) for crf in CRFS] for level in levels])
    vmaf = np.array([[100 / (1 + np.exp((crf - 38) / 5)) for crf in CRFS] for _ in levels])
    return kbps, vmaf


def test_plain_scenes_get_finer_and_busy_ones_coarser_which_saves_bits_at_the_same_quality():
    kbps, vmaf = curves((100.0, 1000.0, 10_000.0))
    found, left = scenes.offsets(kbps, vmaf, CRFS, 31.0)
    assert found[0] < found[2] and left < 0.9
    chosen = [np.interp(31.0 + offset, CRFS, row) for offset, row in zip(found, vmaf, strict=True)]
    assert np.mean(chosen) >= np.interp(31.0, CRFS, vmaf[0])


def test_scenes_that_are_alike_stay_alike():
    found, left = scenes.offsets(*curves((500.0, 500.0, 500.0)), CRFS, 28.0)
    assert len(set(found)) == 1 and left == pytest.approx(1.0, abs=0.01)


@given(
    st.lists(st.floats(10, 20_000), min_size=1, max_size=12), st.sampled_from(CRFS),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_quality_is_never_lost_nor_bits_and_no_scene_leaves_its_reach(levels, crf, seed):
    kbps, vmaf = curves(levels)
    vmaf = np.clip(vmaf + np.random.default_rng(seed).uniform(-20, 0, (len(levels), 1)), 0, 100)
    found, left = scenes.offsets(kbps, vmaf, CRFS, crf)
    assert all(abs(offset) <= scenes.REACH for offset in found) and left <= 1.0 + 1e-9
    before = [np.interp(crf, CRFS, row) for row in vmaf]
    after = [np.interp(np.clip(crf + x, CRFS[0], CRFS[-1]), CRFS, row) for x, row in zip(found, vmaf, strict=True)]
    assert np.mean(after) >= np.mean(before) - 1e-9


@pytest.mark.parametrize("crf", [CRFS[0], 20.0, CRFS[-1] - 1])
def test_no_scene_is_encoded_beyond_the_crfs_that_are_known(crf):
    found, _ = scenes.offsets(*curves((100.0, 1000.0, 10_000.0)), CRFS, crf)
    assert all(CRFS[0] <= crf + offset <= CRFS[-1] for offset in found)


def test_zones_name_first_and_last_frame_and_join_equal_neighbours():
    assert scenes.zones([0, 6, 6, -6], 25.0, 4.0) == "100,299,b=0.5000/300,399,b=2.0000"
    assert scenes.zones([3, 0], 24000 / 1001, 4.0) == "0,95,b=0.7071", "the 96th frame is the first after 4 s"
    assert scenes.zones([0, 0], 25.0, 4.0) == scenes.zones([], 25.0, 4.0) == ""
