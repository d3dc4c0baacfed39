"""Traces and manifests: told apart by content, and what is wrong with them said in one line."""

from __future__ import annotations

import json

import pytest

from frontrow.delivery.traces import read_manifest, read_sizes, read_trace
from frontrow.errors import InputError


def test_pensieves_rate_holds_until_its_own_time_and_the_lap_begins_at_zero():
    trace = read_trace("t", "0.5 9\n2.0 1.5\n5.0 3\n")
    assert trace.duration_s.tolist() == [2.0, 3.0]
    assert trace.kbps.tolist() == [1500.0, 3000.0]
    assert trace.start_s == 0.5


def test_mahimahis_packets_become_a_rate():
    trace = read_trace("t", "\n".join(str(millisecond) for millisecond in range(0, 1000, 10)))
    assert trace.kbps.tolist() == [1200.0, 1200.0]


def test_sabres_periods_are_read():
    trace = read_trace("t", '[{"duration_ms": 1500, "bandwidth_kbps": 800, "latency_ms": 40}]')
    assert (trace.duration_s[0], trace.kbps[0], trace.latency_s[0]) == (1.5, 800.0, 0.04)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("0 1\n5 2\n3 1\n", "line 3: time 3.0 s does not follow"),
        ("0 1\n5 x\n", "line 2: 'x' is no number"),
        ("0 1 2\n", "columns differ"),
        ("5\n4\n", "line 2: packet time 4.0 ms goes back"),
        ("0 0\n10 0\n", "never carries a bit"),
        ("0 1\n10 -1\n", "rate -1000.0"),
        ("0 1\n10 nan\n", "rate nan"),
        ("[{", "no valid JSON"),
        ('[{"duration_ms": 5}]', "bandwidth_kbps"),
        ("[]", "empty"),
        ('{"a": 1}', "each entry needs"),
    ],
)
def test_a_bad_trace_is_refused_with_its_line_and_value(text, said):
    with pytest.raises(InputError, match=said):
        read_trace("t", text)


def manifest(**changes: object) -> str:
    whole = {"segment_duration_ms": 2000, "bitrates_kbps": [100, 200], "segment_sizes_bits": [[2e5, 4e5]] * 3}
    return json.dumps(whole | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"segment_sizes_bits": [[1, 2], [1]]}, "segment 1 has 1 sizes"),
        ({"segment_sizes_bits": [[1, None]]}, "segment 0 of rung 1 has size nan"),
        ({"segment_sizes_bits": [[1, "x"]]}, "missing or no number"),
        ({"segment_sizes_bits": [[1, 0]]}, "segment 0 of rung 1 has size 0"),
        ({"segment_sizes_bits": []}, "shape"),
        ({"bitrates_kbps": [200, 100]}, "rise"),
        ({"segment_duration_ms": 0}, "duration above 0"),
        ({"bitrates_kbps": None}, "missing or no number"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_segment(changes, said):
    with pytest.raises(InputError, match=said):
        read_manifest("m", manifest(**changes))


def test_sizes_of_six_rungs_are_pensieves_ladder_and_others_get_their_own_mean():
    assert read_sizes("m", {i: f"{(i + 1) * 100_000}\n" for i in range(6)}).bitrates_kbps.tolist()[0] == 300.0
    two = read_sizes("m", {0: "50000\n50000\n", 1: "100000\n100000\n"})
    assert two.bitrates_kbps.tolist() == [100.0, 200.0]


@pytest.mark.parametrize("texts", [{}, {1: "5\n"}, {0: "5\n", 1: "5\n6\n"}, {0: "x\n"}])
def test_incomplete_sizes_are_refused(texts):
    with pytest.raises(InputError, match="manifest m"):
        read_sizes("m", texts)
