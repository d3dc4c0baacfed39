"""A good row passes; each fault is named with its column."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.data.checks import MEMBER_CHARACTERS, PROPS_BYTES, TEXT_CHARACTERS, event_fault, title_fault
from frontrow.schema import Event, Kind, Title, TitleKind

NOW_MS = 1_750_000_000_000
EVENT = Event(id="0190a8c2-7b1e-7cc3-98c4-dc0c0c07398f", at_ms=NOW_MS, kind=Kind.PLAY, member="anna", title="t1")
TITLE = Title(title="t1", name="Heat")


def fault_of(**changes):
    return event_fault(msgspec.structs.replace(EVENT, **changes), 7, NOW_MS, 60)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": EVENT.id.upper()},
        {"at_ms": 1},
        {"at_ms": NOW_MS + 60_000},
        {"member": "ü" * MEMBER_CHARACTERS},
        {"member": "no-break\u00a0space"},  # not "printable" to Python, and harmless
        {"kind": Kind.SEARCH, "title": "", "props": {"query": "heat\n"}},
        {"kind": Kind.JOIN, "title": ""},
        {"kind": Kind.PROGRESS, "value": 1},
        {"kind": Kind.RATE, "value": 0.5},
        {"kind": Kind.LIST, "value": None},
        {"kind": Kind.CONSENT, "title": "", "value": 0},
        {"kind": Kind.QOE, "value": -3.5},
        {"country": "NL", "session": "s" * TEXT_CHARACTERS, "device": "d" * TEXT_CHARACTERS},
        {"props": {"text": "x" * (PROPS_BYTES - len('{"text":""}'))}},
    ],
)
def test_a_good_event_has_no_fault(changes):
    assert fault_of(**changes) is None


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("id", {"id": ""}),
        ("id", {"id": "17"}),
        ("id", {"id": EVENT.id.replace("-", "")}),
        ("id", {"id": EVENT.id + "\n"}),
        ("at_ms", {"at_ms": 0}),
        ("at_ms", {"at_ms": -5}),
        ("at_ms", {"at_ms": NOW_MS + 60_001}),
        ("member", {"member": ""}),
        ("member", {"member": "m" * (MEMBER_CHARACTERS + 1)}),
        ("member", {"member": "an\x00na"}),
        ("member", {"member": "\ud800"}),
        ("title", {"title": ""}),
        ("title", {"title": "t" * (TEXT_CHARACTERS + 1)}),
        ("title", {"title": "t\n"}),
        ("profile", {"profile": "kids\x7f"}),
        ("session", {"session": "s" * (TEXT_CHARACTERS + 1)}),
        ("decision_id", {"decision_id": "\t"}),
        ("device", {"device": "d" * (TEXT_CHARACTERS + 1)}),
        ("country", {"country": "nl"}),
        ("country", {"country": "NLD"}),
        ("value", {"kind": Kind.PROGRESS}),
        ("value", {"kind": Kind.PROGRESS, "value": 1.01}),
        ("value", {"kind": Kind.STOP, "value": -0.01}),
        ("value", {"kind": Kind.RATE, "value": 0}),
        ("value", {"kind": Kind.RATE, "value": 5.5}),
        ("value", {"kind": Kind.LIST, "value": 0.5}),
        ("value", {"kind": Kind.CONSENT, "value": 2}),
        ("value", {"kind": Kind.PLAY, "value": -1}),
        ("value", {"kind": Kind.IMPRESSION, "value": math.inf}),
        ("value", {"kind": Kind.QOE, "value": math.nan}),
        ("props", {"props": {"text": "x" * PROPS_BYTES}}),
        ("props", {"props": {"stall_s": math.nan}}),
        ("props", {"props": {"query": "\udfff"}}),
    ],
)
def test_a_bad_event_is_refused_for_its_column(column, changes):
    fault = fault_of(**changes)
    assert fault is not None
    assert (fault.line, fault.column) == (7, column)
    msgspec.json.encode(fault)  # a report can hold it, whatever the value was


def test_a_fault_says_how_far_ahead_an_event_lies():
    fault = fault_of(at_ms=NOW_MS + 3_600_000)
    assert fault is not None
    assert fault.reason == "lies 3600 s in the future; at most 60 s are let in"


@given(st.sampled_from(Kind), st.none() | st.floats(), st.text(max_size=20), st.text(max_size=20))
def test_the_quick_pass_and_the_thorough_one_agree(kind, value, member, title):
    event = msgspec.structs.replace(EVENT, kind=kind, value=value, member=member, title=title)
    fault = event_fault(event, 0, NOW_MS, 60)
    needs_title = kind in {"impression", "click", "play", "progress", "stop", "rate", "dismiss", "seen", "list"}
    if not member or (needs_title and not title) or (value is not None and not math.isfinite(value)):
        assert fault is not None
    if fault is None:
        msgspec.json.encode(event)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": TitleKind.EPISODE, "series": "s1"},
        {"year": 1895, "maturity": 18, "duration_s": 50, "language": "fr", "countries": ("FR", "NL")},
        {"available_from_ms": 1, "available_until_ms": 2},
        {"text": "Two lines\nare fine", "genres": ("Drama", "Crime"), "people": ("Al Pacino",)},
    ],
)
def test_a_good_title_has_no_fault(changes):
    assert title_fault(msgspec.structs.replace(TITLE, **changes), 1) is None


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("title", {"title": " "}),
        ("title", {"title": "t\x00"}),
        ("name", {"name": ""}),
        ("name", {"name": "n" * 501}),
        ("series", {"kind": TitleKind.EPISODE}),
        ("series", {"kind": TitleKind.EPISODE, "series": "t1"}),
        ("year", {"year": 1869}),
        ("year", {"year": 2201}),
        ("maturity", {"maturity": 22}),
        ("maturity", {"maturity": -1}),
        ("duration_s", {"duration_s": 0}),
        ("available_until_ms", {"available_from_ms": 5, "available_until_ms": 5}),
        ("language", {"language": "French"}),
        ("countries", {"countries": ("NL", "Nederland")}),
        ("genres", {"genres": ("Drama", "")}),
        ("people", {"people": ("p" * 300,)}),
        ("text", {"text": "x" * 20_001}),
        ("text", {"text": "bell\x07"}),
    ],
)
def test_a_bad_title_is_refused_for_its_column(column, changes):
    fault = title_fault(msgspec.structs.replace(TITLE, **changes), 12)
    assert fault is not None
    assert (fault.line, fault.column) == (12, column)
    msgspec.json.encode(fault)
