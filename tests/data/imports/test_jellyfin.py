from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from frontrow.data.imports.jellyfin import open_export
from frontrow.data.imports.source import Batch
from frontrow.errors import InputError
from frontrow.schema import Kind, TitleKind

FILM = "2026-03-01 20:00:00Z\tu1\tm1\tMovie\tHeat\tDirectPlay\tJellyfin Web\tFirefox\t3600"
EPISODE = "2026-03-02 20:00:00Z\tu1\te1\tEpisode\tDark - s01e02 - Lies\tTranscode (v:h264 a:aac)\tAndroid TV\tShield\t0"
SCHEMA = (
    "CREATE TABLE PlaybackActivity (DateCreated DATETIME NOT NULL, UserId TEXT, ItemId TEXT, ItemType TEXT, "
    "ItemName TEXT, PlaybackMethod TEXT, ClientName TEXT, DeviceName TEXT, PlayDuration INT)"
)


def backup(folder: Path, *lines: str) -> Path:
    path = folder / "PlaybackReportingBackup-20260303-000000.tsv"
    path.write_text("".join(f"{line}\r\n" for line in lines), "utf-8", newline="")
    return path


def read(path: Path, durations_s: dict[str, int] | None = None, zone: str = "UTC") -> Batch:
    (batch,) = open_export(path, durations_s or {}, ZoneInfo(zone)).read()
    return batch


def test_a_playback_is_a_play_and_a_stop_of_one_session(tmp_path: Path) -> None:
    (_, play), (_, stop) = read(backup(tmp_path, FILM), {"m1": 7200}).events
    assert (play.kind, play.member, play.title, play.device) == (Kind.PLAY, "u1", "m1", "Firefox")
    assert play.props == {"client": "Jellyfin Web", "method": "DirectPlay"}
    assert (stop.kind, stop.at_ms - play.at_ms, stop.value) == (Kind.STOP, 3_600_000, 0.5)
    assert play.session == stop.session == play.id != stop.id


def test_the_played_fraction_is_given_only_when_the_length_is_known_and_is_at_most_one(tmp_path: Path) -> None:
    path = backup(tmp_path, FILM)
    assert read(path).events[1][1].value is None
    assert read(path).events[1][1].props == {"played_s": 3600}
    assert read(path, {"m1": 3000}).events[1][1].value == 1.0


def test_an_episode_names_its_series_and_series_of_one_name_are_one(tmp_path: Path) -> None:
    second = EPISODE.replace("e1\t", "e2\t").replace("Dark - s01e02 - Lies", "DARK - s02e00 - A - s01e01 - B")
    titles = {title.title: title for _, title in read(backup(tmp_path, EPISODE, second)).titles}
    series = titles["e1"].series
    assert (titles["e1"].name, titles["e1"].kind) == ("Lies", TitleKind.EPISODE)
    assert titles["e2"].series == series
    assert titles["e2"].name == "A - s01e01 - B"
    assert titles[series].kind is TitleKind.SERIES


def test_a_playback_whose_length_was_never_written_is_a_play_alone(tmp_path: Path) -> None:
    assert [event.kind for _, event in read(backup(tmp_path, EPISODE)).events] == [Kind.PLAY]


def test_music_is_left_out_and_counted_and_bad_rows_are_refused_on_their_line(tmp_path: Path) -> None:
    batch = read(
        backup(
            tmp_path,
            FILM.replace("Movie", "Audio"),
            FILM.replace("Movie", "Hologram"),
            EPISODE.replace("Dark - s01e02 - Lies", "Lies"),
            FILM.replace("2026-03-01", "01/03/2026"),
            FILM.replace("3600", "-5"),
            FILM.replace("Heat", "He\tat"),
            FILM,
        )
    )
    assert batch.left_out == {"ItemType Audio is neither film nor episode": 1}
    assert [(fault.line, fault.column) for fault in batch.refused] == [
        (2, "ItemType"), (3, "ItemName"), (4, "DateCreated"), (5, "PlayDuration"), (6, ""),
    ]  # fmt: skip
    assert {line for line, _ in batch.events} == {7}


def test_times_of_older_versions_are_in_the_servers_zone_and_those_of_newer_ones_utc(tmp_path: Path) -> None:
    older = FILM.replace("2026-03-01 20:00:00Z", "2026-03-01 21:00:00.1234567")
    batch = read(backup(tmp_path, older, FILM), zone="Europe/Berlin")
    assert batch.events[0][1].at_ms - batch.events[2][1].at_ms == 123
    assert batch.events[0][1].id == batch.events[2][1].id, "one playback, before and after the plugin's update"


def test_the_plugins_database_gives_what_its_backup_gives_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "playback reporting?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(SCHEMA)
        connection.executemany(
            f"INSERT INTO PlaybackActivity VALUES ({', '.join('?' * 9)})", [FILM.split("\t"), EPISODE.split("\t")]
        )
        connection.commit()
    before = path.read_bytes()
    from_database, from_backup = read(path), read(backup(tmp_path, FILM, EPISODE))
    assert from_database.events == from_backup.events
    assert from_database.titles == from_backup.titles
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [path.name, "PlaybackReportingBackup-20260303-000000.tsv"]
    )


def test_another_or_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE Other (x)")
        connection.commit()
    with pytest.raises(InputError, match="PlaybackActivity"):
        read(path)
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises(InputError, match=r"library\.db"):
        read(path)


def test_bytes_in_the_database_that_are_no_utf8_refuse_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(SCHEMA)
        cells = FILM.split("\t")
        for name in (b"Caf\xe9", b"Heat"):
            connection.execute(
                "INSERT INTO PlaybackActivity VALUES (?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?)",
                [*cells[:4], name, *cells[5:]],
            )
        connection.commit()
    batch = read(path)
    assert [(fault.line, fault.column, fault.reason) for fault in batch.refused] == [
        (1, "ItemName", "is not UTF-8 text")
    ]
    assert {line for line, _ in batch.events} == {2}
