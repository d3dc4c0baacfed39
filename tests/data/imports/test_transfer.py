from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import polars as pl
import pytest

from frontrow.config import EventSettings, Settings
from frontrow.data import workspace
from frontrow.data.catalogue import Catalogue
from frontrow.data.events import EventLog
from frontrow.data.imports import jellyfin, movielens, recbole, transfer
from frontrow.data.imports.report import Report
from frontrow.data.replay import replay
from frontrow.data.workspace import Workspace
from frontrow.errors import InputError, WriterLocked
from frontrow.schema import Title

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return workspace.create(tmp_path / "service")


def movielens_folder(
    tmp_path: Path, *ratings: str, movies: str = "1,Heat (1995),Crime\n2,Short (2020),Drama\n"
) -> Path:
    folder = tmp_path / "ml"
    folder.mkdir(exist_ok=True)
    (folder / "movies.csv").write_text("movieId,title,genres\n" + movies)
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "".join(f"{row}\n" for row in ratings))
    return folder


def run(folder: Path, home: Workspace, **options: object) -> Report:
    return transfer.run(movielens.open_folder(folder), home, Settings(), now_ms=NOW_MS, **options)  # type: ignore[arg-type]


def stored(home: Workspace) -> pl.DataFrame:
    return replay(home.log).frame


def titles(home: Workspace) -> list[Title]:
    with Catalogue(home.store_url(Settings())) as catalogue:
        return catalogue.titles()


def test_good_rows_are_imported_and_bad_ones_reported_with_their_lines(tmp_path: Path, home: Workspace) -> None:
    folder = movielens_folder(
        tmp_path,
        "7,1,5,1600000000",
        "7,1,6,1600000000",  # more than five stars
        "7,1,5",
        "7,1,5,1900000000",  # far future
        ",1,5,1600000000",
        "8,2,4,1600000001",
        movies="1,Heat (1995),Crime\n2,,Drama\n3,Short (2020),Drama\n",
    )
    report = run(folder, home)
    assert [(place.file, place.line, place.column) for place in report.refused.first] == [
        ("movies.csv", 3, "name"),
        ("ratings.csv", 3, "value"),
        ("ratings.csv", 4, ""),
        ("ratings.csv", 5, "at_ms"),
        ("ratings.csv", 6, "member"),
    ]
    assert (report.rows, report.refused.count, report.events, report.events_stored) == (9, 5, 2, 2)
    assert [title.title for title in titles(home)] == ["1", "3"]
    assert stored(home)["title"].to_list() == ["1", "2"]


def test_an_event_of_a_title_that_nobody_has_is_kept_and_the_title_is_listed(tmp_path: Path, home: Workspace) -> None:
    report = run(movielens_folder(tmp_path, "7,1,5,1600000000", "7,404,5,1600000000"), home)
    assert (report.events_stored, report.unknown_titles, report.unknown_titles_first) == (2, 1, ["404"])
    assert [title.title for title in titles(home)] == ["1", "2"]


def test_importing_twice_stores_nothing_new(tmp_path: Path, home: Workspace) -> None:
    folder = movielens_folder(tmp_path, "7,1,5,1600000000", "8,2,4,1600000001")
    first = run(folder, home)
    again = run(folder, home, shift_newest_to_hours=1.0)
    assert (first.events_stored, first.titles_inserted) == (2, 2)
    assert (again.events_stored, again.events_duplicate, again.titles_unchanged) == (0, 2, 2)
    assert stored(home).height == 2


def test_a_longer_export_adds_only_what_is_new(tmp_path: Path, home: Workspace) -> None:
    run(movielens_folder(tmp_path, "7,1,5,1600000000"), home)
    report = run(movielens_folder(tmp_path, "9,1,3,1500000000", "7,1,5,1600000000"), home)
    assert (report.events_stored, report.events_duplicate) == (1, 1)


def test_strict_refuses_everything_for_one_bad_row_and_says_where(tmp_path: Path, home: Workspace) -> None:
    folder = movielens_folder(tmp_path, "7,1,5,1600000000", "7,1,bad,1600000000")
    with pytest.raises(InputError, match=r"1 of 4 rows .* ratings\.csv line 3: rating 'bad' is not a number"):
        run(folder, home, strict=True)
    assert stored(home).height == 0
    assert titles(home) == []
    (saved,) = (home.root / "imports").iterdir()
    assert json.loads(saved.read_text())["refused"]["count"] == 1


def test_files_without_one_good_row_import_nothing(tmp_path: Path, home: Workspace) -> None:
    with pytest.raises(InputError, match="3 of 3 rows are bad and nothing was imported"):
        run(movielens_folder(tmp_path, "x", "y", movies="z\n"), home)
    with pytest.raises(InputError, match="no rows"):
        run(movielens_folder(tmp_path, movies=""), home)


def test_the_report_is_saved_in_the_workspace_as_it_is_returned(tmp_path: Path, home: Workspace) -> None:
    report = run(movielens_folder(tmp_path, "7,1,5,1600000000", "bad"), home)
    (saved,) = (home.root / "imports").iterdir()
    assert msgspec.json.decode(saved.read_bytes(), type=Report) == report


def test_where_no_report_can_be_saved_nothing_is_imported(tmp_path: Path, home: Workspace) -> None:
    (home.root / "imports").write_text("a file in the way")
    with pytest.raises(InputError, match="cannot write"):
        run(movielens_folder(tmp_path, "7,1,5,1600000000"), home)
    assert stored(home).height == 0
    assert titles(home) == []


def test_a_report_lists_the_first_twenty_refusals_and_counts_all_by_reason(tmp_path: Path, home: Workspace) -> None:
    report = run(movielens_folder(tmp_path, *["7,1,5,1600000000", *["7,1,bad,1"] * 30, *["x"] * 5]), home)
    assert report.refused.count == 35
    assert report.refused.reasons == {"rating is not a number": 30, "has 1 columns instead of 4": 5}
    assert [place.line for place in report.refused.first] == list(range(3, 23))


def test_a_shift_moves_every_event_alike_and_puts_the_newest_where_asked(tmp_path: Path, home: Workspace) -> None:
    report = run(movielens_folder(tmp_path, "7,1,5,1500000000", "8,2,4,1500000100"), home, shift_newest_to_hours=2.0)
    assert stored(home)["at_ms"].to_list() == [NOW_MS - 2 * HOUR_MS - 100_000, NOW_MS - 2 * HOUR_MS]
    assert report.shift_ms == NOW_MS - 2 * HOUR_MS - 1_500_000_100_000


def test_an_import_is_refused_while_another_process_writes(tmp_path: Path, home: Workspace) -> None:
    folder = movielens_folder(tmp_path, "7,1,5,1600000000")
    with EventLog(home.log, EventSettings()), pytest.raises(WriterLocked):
        run(folder, home)
    assert titles(home) == []
    assert run(folder, home).events_stored == 1


def test_a_history_adds_titles_but_never_replaces_what_the_catalogue_knows(tmp_path: Path, home: Workspace) -> None:
    known = Title(title="m1", name="Heat", year=1995, genres=("Crime",), duration_s=7200)
    with Catalogue(home.store_url(Settings())) as catalogue:
        catalogue.upsert([known])
    path = tmp_path / "x.tsv"
    row = "2023-03-01 20:00:00Z\tu1\t{}\tMovie\tNamed here\tDirectPlay\tWeb\tFirefox\t3600\n"
    path.write_text(row.format("m1") + row.format("m2"))
    report = transfer.run(jellyfin.open_export(path, {"m1": 7200}), home, Settings(), now_ms=NOW_MS)
    assert titles(home) == [known, Title(title="m2", name="Named here")]
    assert (report.titles_inserted, report.titles_unchanged, report.events_stored) == (1, 1, 4)


def test_all_columns_of_a_row_that_is_refused_for_its_title_stay_out(tmp_path: Path, home: Workspace) -> None:
    path = tmp_path / "x.tsv"
    row = "2023-03-01 20:00:00Z\tu1\t{}\tMovie\t{}\tDirectPlay\tWeb\tFirefox\t3600\n"
    path.write_text(row.format("m1", " ") + row.format("m2", "Heat"))
    report = transfer.run(jellyfin.open_export(path, {}), home, Settings(), now_ms=NOW_MS)
    assert (report.refused.count, report.refused.first[0].line, report.refused.first[0].column) == (1, 1, "name")
    assert set(stored(home)["title"]) == {"m2"}


# What a process does that is killed in the middle: it stops after the second batch and waits to be killed.
KILLED = """
import sys
from pathlib import Path
from frontrow.config import Settings
from frontrow.data.imports import recbole, transfer
from frontrow.data.workspace import open_workspace

def step(done, total, note):
    if note.startswith("writing") and done >= 10_000:
        print(done, flush=True)
        sys.stdin.readline()

transfer.run(
    recbole.open_folder(Path(sys.argv[1])), open_workspace(Path(sys.argv[2])), Settings(),
    now_ms=int(sys.argv[3]), shift_newest_to_hours=1.0, step=step,
)
"""


@pytest.mark.crash
@pytest.mark.parametrize("lost_checkpoint_events", [0, 5_000, 10_000])
def test_an_import_killed_in_the_middle_goes_on_and_every_event_is_there_once(
    tmp_path: Path, home: Workspace, lost_checkpoint_events: int
) -> None:
    source = tmp_path / "x.inter"
    rows = "".join(f"u{i % 97}\tt{i}\t{i % 5 + 1}\t{1_500_000_000 + i}\n" for i in range(17_000))
    source.write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + rows + "broken\n")
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(source), str(home.root), str(NOW_MS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"10000\n"
        child.kill()
    assert stored(home).height == 10_000
    (checkpoint,) = (home.root / "imports").glob("unfinished-*.json")
    # as if it had been killed after a commit and before the checkpoint of it
    state = json.loads(checkpoint.read_text())
    checkpoint.write_text(json.dumps({**state, "done": state["done"] - lost_checkpoint_events}))
    report = transfer.run(
        recbole.open_folder(source), home, Settings(), now_ms=NOW_MS + HOUR_MS, shift_newest_to_hours=1.0
    )
    frame = stored(home)
    assert report.events_resumed_at == 10_000 - lost_checkpoint_events
    assert (report.refused.count, report.events) == (1, 17_000)
    assert frame["title"].to_list() == [f"t{i}" for i in range(17_000)]
    assert frame["at_ms"].diff().drop_nulls().unique().to_list() == [1000]
    assert frame["at_ms"].max() == NOW_MS - HOUR_MS
    assert not list((home.root / "imports").glob("unfinished-*"))


def test_a_changed_file_is_not_taken_for_the_rest_of_an_interrupted_one(tmp_path: Path, home: Workspace) -> None:
    folder = movielens_folder(tmp_path, "7,1,5,1600000000")
    fingerprint = transfer._fingerprint(movielens.open_folder(folder), None)
    movielens_folder(tmp_path, "7,1,5,1600000000", "8,1,5,1600000000")
    assert transfer._fingerprint(movielens.open_folder(folder), None) != fingerprint


def test_a_damaged_checkpoint_is_the_same_as_none(tmp_path: Path, home: Workspace) -> None:
    folder = movielens_folder(tmp_path, "7,1,5,1600000000")
    name = f"unfinished-{transfer._fingerprint(movielens.open_folder(folder), None)}.json"
    (home.root / "imports").mkdir()
    (home.root / "imports" / name).write_text('{"done": 1')
    assert run(folder, home).events_stored == 1
