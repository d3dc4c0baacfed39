"""MovieLens folders as GroupLens publishes them: 100k (`u.data`), 1M and 10M (`ratings.dat`), latest (`ratings.csv`).

One `rate` event a rating. Ages, sexes and occupations (`u.user`, `users.dat`) are not read: Frontrow keeps none. Tags
of the newer folders become the text of their title, commonest first. Format: F. M. Harper and J. A. Konstan, The
MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015, and the README of each folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from frontrow.data.ids import derive_id
from frontrow.data.imports import rows
from frontrow.data.imports.names import clean_genres, name_and_year
from frontrow.data.imports.rows import Refused, Row
from frontrow.data.imports.source import Batch, Source, in_batches
from frontrow.errors import InputError
from frontrow.schema import Event, Kind, Title

FORMAT: Final = "movielens"

_RATING: Final = ("user", "movie", "rating", "timestamp")
_ITEM: Final = ("movie id", "movie title", "release date", "video release date", "IMDb URL")
_TAGS_A_TITLE: Final = 20  # enough for similar texts to meet, short enough to read

# ratings file -> movies file, in the order in which a folder is tried
_LAYOUTS: Final = {"ratings.csv": "movies.csv", "ratings.dat": "movies.dat", "u.data": "u.item"}


def open_folder(folder: Path) -> Source:
    """The source in `folder`; raises InputError when no MovieLens files are there or one of a pair is missing."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; get and unpack one from grouplens.org/datasets/movielens")
    ratings = next((folder / name for name in _LAYOUTS if (folder / name).is_file()), None)
    if ratings is None:
        raise InputError(f"{folder} holds no MovieLens ratings ({', '.join(_LAYOUTS)}); name the unpacked folder")
    movies = folder / _LAYOUTS[ratings.name]
    others = [folder / {"u.item": "u.genre"}[movies.name]] if movies.name == "u.item" else []
    for path in (movies, *others):
        if not path.is_file():
            raise InputError(f"{folder} has {ratings.name} but no {path.name}; unpack the whole archive")
    if ratings.name == "ratings.csv" and (folder / "tags.csv").is_file():
        others.append(folder / "tags.csv")

    def read() -> Iterator[Batch]:
        yield from _read_movies(movies)
        yield from in_batches(ratings.name, _rating_rows(ratings), _rate)

    return Source(FORMAT, folder, (ratings, movies, *others), read)


def _rating_rows(path: Path) -> Iterator[Row]:
    if path.name == "ratings.csv":
        return rows.csv_rows(path, ",", _csv_columns(path, ("userId", "movieId", "rating", "timestamp")))
    return rows.split_rows(path, "::" if path.suffix == ".dat" else "\t", _RATING)


def _rate(line: int, cells: list[str], batch: Batch) -> None:
    user, movie, stars, at = cells
    batch.events.append(
        (
            line,
            Event(
                id=derive_id(FORMAT, user, movie, stars, at),
                at_ms=rows.read_time(at, "s", "timestamp"),
                kind=Kind.RATE,
                member=user,
                title=movie,
                value=rows.read_number(stars, "rating"),
            ),
        )
    )


def _read_movies(path: Path) -> Iterator[Batch]:
    if path.name == "u.item":
        return _read_items(path)
    if path.name == "movies.csv":
        movies = rows.csv_rows(path, ",", _csv_columns(path, ("movieId", "title", "genres")))
        tags = path.with_name("tags.csv")
        if tags.is_file():
            return _read_tagged(path, movies, tags)
    else:
        movies = rows.split_rows(path, "::", ("movieId", "title", "genres"), encoding=rows.text_encoding(path))
    return in_batches(path.name, movies, lambda line, cells, batch: _add_title(line, cells, batch, {}))


def _read_tagged(path: Path, movies: Iterator[Row], tags: Path) -> Iterator[Batch]:
    """Titles with their tags as text; the batches of the tags file bring only what was refused in it."""
    texts: dict[str, Counter[str]] = {}

    def collect(_line: int, cells: list[str], _batch: Batch) -> None:
        _user, movie, tag, _at = cells
        if not tag.strip():
            raise Refused("tag", tag, "is empty")
        texts.setdefault(movie, Counter())[tag.strip().lower()] += 1

    columns = _csv_columns(tags, ("userId", "movieId", "tag", "timestamp"))
    yield from in_batches(tags.name, rows.csv_rows(tags, ",", columns), collect)
    yield from in_batches(path.name, movies, lambda line, cells, batch: _add_title(line, cells, batch, texts))


def _add_title(line: int, cells: list[str], batch: Batch, tags: dict[str, Counter[str]]) -> None:
    movie, text, genres = cells
    name, year = name_and_year(text)
    commonest = sorted(tags.get(movie, Counter()).items(), key=lambda pair: (-pair[1], pair[0]))[:_TAGS_A_TITLE]
    title = Title(
        title=movie,
        name=name,
        year=year,
        genres=clean_genres(genres.split("|")),
        text=", ".join(tag for tag, _count in commonest),
    )
    batch.titles.append((line, title))


def _read_items(path: Path) -> Iterator[Batch]:
    """`u.item`: five columns and one flag a genre of `u.genre`."""
    genres: dict[int, str] = {}

    def number(_line: int, cells: list[str], _batch: Batch) -> None:
        genres[rows.read_whole(cells[1], "number")] = cells[0]

    def add(line: int, cells: list[str], batch: Batch) -> None:
        flags = cells[len(_ITEM) :]
        if bad := next((flag for flag in flags if flag not in {"0", "1"}), None):
            raise Refused("genre", bad, "is neither 0 nor 1")
        name, year = name_and_year(cells[1])
        names = [genres[i] for i, flag in enumerate(flags) if flag == "1"]
        batch.titles.append((line, Title(title=cells[0], name=name, year=year, genres=clean_genres(names))))

    yield from in_batches("u.genre", rows.split_rows(path.with_name("u.genre"), "|", ("genre", "number")), number)
    columns = (*_ITEM, *(genres.get(i, "") for i in range(len(genres))))
    if "" in columns:
        raise InputError("u.genre does not number its genres from 0 without a gap; unpack the archive anew")
    yield from in_batches(path.name, rows.split_rows(path, "|", columns, encoding=rows.text_encoding(path)), add)


def _csv_columns(path: Path, expected: tuple[str, ...]) -> tuple[str, ...]:
    _separator, header = rows.csv_header(path)
    if tuple(header) != expected:
        raise InputError(f"{path.name} has the columns {', '.join(header)} instead of {', '.join(expected)}")
    return expected
