from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrow.data.imports.names import clean_genres, name_and_year


@pytest.mark.parametrize(
    ("written", "name", "year"),
    [
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Fish Called Wanda, A (1988)", "A Fish Called Wanda", 1988),
        ("Avventura, L' (1960)", "L'Avventura", 1960),
        ("Postman, The (Postino, Il) (1994)", "The Postman (Il Postino)", 1994),
        ("Big Bang Theory, The (2007-)", "The Big Bang Theory", 2007),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("Rocky VI (1986) ", "Rocky VI", 1986),
        ("Me, Myself & Irene (2000)", "Me, Myself & Irene", 2000),
        ("Hyena Road", "Hyena Road", None),
        ("1984", "1984", None),
        ("2001 (1968)", "2001", 1968),
        ("(1999)", "(1999)", None),
    ],
)
def test_a_name_is_put_as_people_say_it(written: str, name: str, year: int | None) -> None:
    assert name_and_year(written) == (name, year)


@given(st.text(st.characters(exclude_characters="(),"), min_size=1).filter(str.strip), st.integers(1870, 2100))
def test_a_name_without_brackets_and_commas_stays_as_it_is(name: str, year: int) -> None:
    assert name_and_year(f"{name.strip()} ({year})") == (name.strip(), year)


def test_the_words_for_no_genre_are_no_genres() -> None:
    assert clean_genres(["(no genres listed)"]) == ()
    assert clean_genres(["unknown", ""]) == ()
    assert clean_genres(["Drama", "Crime", "Drama"]) == ("Drama", "Crime")
