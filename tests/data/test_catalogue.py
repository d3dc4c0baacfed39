from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from frontrow.data.catalogue import Catalogue, Upserted
from frontrow.errors import InputError, UnknownTitle
from frontrow.schema import Title, TitleColumn, TitleKind

FULL = Title(
    title="e1",
    name="Ночь — 夜 🌙",
    kind=TitleKind.EPISODE,
    series="s1",
    year=2019,
    genres=("Drama", "Sci-Fi"),
    text="Two\nlines, 'quoted'",
    people=("Ada", "Ben"),
    language="de",
    maturity=12,
    duration_s=5400,
    available_from_ms=1_700_000_000_000,
    available_until_ms=4_000_000_000_000,
    countries=("DE", "AT"),
    added_ms=1_700_000_000_001,
    asset="films/e1.mp4",
)
BARE = Title(title="m1", name="Heat")


class CatalogueContract:
    """What holds in every database."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def catalogue(self, url: str) -> Iterator[Catalogue]:
        with Catalogue(url) as catalogue:
            yield catalogue

    def test_a_title_comes_back_as_it_went_in(self, catalogue: Catalogue) -> None:
        catalogue.upsert([FULL, BARE])
        assert catalogue.get("e1") == FULL
        assert catalogue.get("m1") == BARE
        assert catalogue.titles() == [FULL, BARE]

    def test_an_unknown_title_is_named_in_the_error(self, catalogue: Catalogue) -> None:
        with pytest.raises(UnknownTitle, match="'m404'"):
            catalogue.get("m404")

    def test_an_upsert_counts_what_it_inserted_updated_and_left_alone(self, catalogue: Catalogue) -> None:
        many = [Title(title=f"m{i}", name=f"Film {i}") for i in range(1_200)]
        assert catalogue.upsert(many) == Upserted(inserted=1_200)
        renamed = [Title(title="m7", name="Other"), *many[8:]]
        assert catalogue.upsert(renamed) == Upserted(updated=1, unchanged=1_192)
        assert catalogue.get("m7").name == "Other"
        assert catalogue.count() == 1_200

    def test_a_value_that_is_taken_away_is_gone(self, catalogue: Catalogue) -> None:
        catalogue.upsert([FULL])
        catalogue.upsert([Title(title="e1", name="Bare")])
        assert catalogue.get("e1") == Title(title="e1", name="Bare")

    def test_the_last_of_several_titles_with_one_id_wins(self, catalogue: Catalogue) -> None:
        catalogue.upsert([Title(title="m1", name="First"), Title(title="m1", name="Last")])
        assert catalogue.get("m1").name == "Last"
        assert catalogue.count() == 1

    def test_the_version_changes_exactly_when_a_title_does(self, catalogue: Catalogue) -> None:
        empty = catalogue.version()
        catalogue.upsert([FULL, BARE])
        first = catalogue.version()
        assert first != empty
        catalogue.upsert([BARE, FULL])
        assert catalogue.version() == first
        catalogue.upsert([Title(title="m1", name="Heat", year=1995)])
        assert catalogue.version() != first
        catalogue.upsert([BARE])
        assert catalogue.version() == first

    def test_the_same_titles_give_the_same_version_in_any_database_and_order(
        self, catalogue: Catalogue, tmp_path: Path
    ) -> None:
        many = [Title(title=f"m{i}", name=f"Film {i}") for i in range(600)]
        catalogue.upsert(many)
        with Catalogue(f"sqlite:///{tmp_path / 'other.db'}") as other:
            for title in reversed(many):
                other.upsert([title])
            assert other.version() == catalogue.version()

    def test_titles_are_ordered_by_code_point_in_every_database(self, catalogue: Catalogue) -> None:
        ids = ["a", "B", "10", "9", "ä", "Z-1", "z"]
        catalogue.upsert(Title(title=id_, name="x") for id_ in ids)
        assert [title.title for title in catalogue.titles()] == sorted(ids)
        assert catalogue.frame()["title"].to_list() == sorted(ids)

    def test_the_frame_has_every_column_with_its_type_also_when_empty(self, catalogue: Catalogue) -> None:
        assert catalogue.frame().columns == list(TitleColumn.ALL)
        empty = catalogue.frame().schema
        catalogue.upsert([FULL])
        assert catalogue.frame().schema == empty
        assert empty["genres"] == pl.List(pl.String)
        assert empty["added_ms"] == pl.Int64
        assert catalogue.frame().row(0, named=True)["countries"] == ["DE", "AT"]

    def test_an_upsert_that_breaks_off_writes_nothing(self, catalogue: Catalogue) -> None:
        catalogue.upsert([BARE])
        before = catalogue.version()

        def breaking() -> Iterator[Title]:
            for i in range(700):
                yield Title(title=f"x{i}", name="x")
            raise InputError("broken off")

        with pytest.raises(InputError, match="broken off"):
            catalogue.upsert(breaking())
        assert catalogue.titles() == [BARE]
        assert catalogue.version() == before

    def test_writers_take_turns_and_the_version_stays_that_of_the_titles(self, url: str, tmp_path: Path) -> None:
        def write(number: int) -> None:
            with Catalogue(url) as catalogue:
                for i in range(20):
                    catalogue.upsert([Title(title=f"{i}", name=f"by {number}"), Title(title=f"{number}-{i}", name="x")])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        with Catalogue(url) as catalogue, Catalogue(f"sqlite:///{tmp_path / 'fresh.db'}") as fresh:
            assert catalogue.count() == 100
            fresh.upsert(catalogue.titles())
            assert fresh.version() == catalogue.version()

    def test_an_id_that_looks_like_sql_is_an_id(self, catalogue: Catalogue) -> None:
        hostile = Title(title="'; DROP TABLE titles; --", name="%s :name ?")
        catalogue.upsert([hostile])
        assert catalogue.get(hostile.title) == hostile

    def test_titles_outlive_the_process_that_wrote_them(self, url: str) -> None:
        with Catalogue(url) as catalogue:
            catalogue.upsert([FULL])
            version = catalogue.version()
        with Catalogue(url) as catalogue:
            assert catalogue.titles() == [FULL]
            assert catalogue.version() == version


class TestSqliteCatalogue(CatalogueContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'catalogue.db'}"

    def test_a_reader_sees_the_old_titles_while_a_writer_is_at_work(self, url: str) -> None:
        with Catalogue(url) as writer, Catalogue(url) as reader:
            writer.upsert([BARE])
            seen: list[int] = []

            def looking() -> Iterator[Title]:
                yield FULL
                seen.append(reader.count())

            writer.upsert(looking())
            assert seen == [1]
            assert reader.count() == 2


@pytest.mark.postgres
class TestPostgresCatalogue(CatalogueContract):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
