"""Ids are UUIDs: new ones sort by time, derived ones follow from their parts."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from frontrow.data.ids import derive_id, new_id

TIMES = st.integers(0, 2**48 - 1)


@given(TIMES)
def test_a_new_id_is_a_version_7_of_its_millisecond(at_ms: int) -> None:
    made = uuid.UUID(new_id(at_ms))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, at_ms)


@given(TIMES, TIMES)
def test_new_ids_sort_by_time(one: int, other: int) -> None:
    if one < other:
        assert new_id(one) < new_id(other)


@given(st.lists(st.text()), st.lists(st.text()))
def test_derived_ids_are_equal_for_equal_parts(parts: list[str], other: list[str]) -> None:
    made = uuid.UUID(derive_id(*parts))
    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    assert derive_id(*parts) == str(made)
    if "\0".join(parts) != "\0".join(other):
        assert derive_id(*other) != str(made)
