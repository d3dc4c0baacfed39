"""`frontrow recommend` from files: what it makes of good input and says of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from frontrow.cli import recommend, recommend_files
from frontrow.errors import InputError


@pytest.fixture
def example(tmp_path: Path) -> Path:
    recommend_files.write_example(tmp_path)
    return tmp_path


def fit(folder: Path, events: str = "events.csv", titles: str | None = "titles.csv", minutes: float = 0) -> Path:
    out = folder / "model"
    recommend.fit(events=folder / events, titles=titles and folder / titles, out=out, minutes=minutes, as_json=False)
    return out


def rank(folder: Path, model: Path, histories: str, **options: object) -> pl.DataFrame:
    out = folder / "ranking.parquet"
    recommend.rank(model=model, histories=folder / histories, out=out, **{"k": 100, "as_json": False, **options})
    return pl.read_parquet(out)


def test_the_example_fits_and_ranks_everything_that_was_not_seen(example: Path) -> None:
    ranking = rank(example, fit(example, minutes=0.05), "events.csv")
    assert ranking.columns == ["member", "rank", "title", "score"]
    ann = ranking.filter(pl.col("member") == "ann")
    assert ann["rank"].to_list() == [1, 2, 3]
    assert set(ann["title"]) == {"amelie", "delicatessen", "leopard"}
    assert ann["score"].is_sorted(descending=True)


def test_members_that_the_model_never_saw_are_ranked_by_their_history(example: Path) -> None:
    (example / "new.csv").write_text("member,title\nzoe,amelie\n", "utf-8")
    ranking = rank(example, fit(example), "new.csv", k=1)
    assert ranking.rows() == [("zoe", 1, "delicatessen", pytest.approx(ranking["score"][0]))]


def test_seen_titles_come_back_with_keep_seen(example: Path) -> None:
    ranking = rank(example, fit(example), "events.csv", keep_seen=True)
    assert len(ranking) == 5 * 6


@pytest.mark.parametrize("form", ["user-movie", "pairs", "member-title"])
def test_npz_and_numbers_keep_their_type(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(0)
    member, title = np.repeat(np.arange(30, dtype=np.int32), 5), rng.integers(0, 20, 150).astype(np.int16)
    arrays = {
        "user-movie": {"user": member, "movie": title, "first_seen_ts": np.arange(30)},
        "pairs": {"pairs": np.stack([member, title], axis=1)},
        "member-title": {"member": member, "title": title},
    }[form]
    np.savez(tmp_path / "events.npz", **arrays)
    ranking = rank(tmp_path, fit(tmp_path, "events.npz", None), "events.npz", k=3)
    assert ranking["member"].dtype.is_integer()
    assert ranking["title"].dtype.is_integer()
    assert set(ranking["member"]) == set(range(30))


def test_titles_that_the_titles_file_misses_go_by_their_ids(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = (example / "titles.csv").read_text("utf-8").splitlines()[:3]
    (example / "half.csv").write_text("\n".join([*half, half[-1], "ronin,,,NaN,"]), "utf-8")
    ranking = rank(example, fit(example, titles="half.csv"), "events.csv")
    assert "amelie" in set(ranking["title"])
    said = capsys.readouterr().err
    assert "3 titles of the events are not in it" in said
    assert "2 rows repeat a title" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("member,title\n", "no rows"),
        ("who,title\na,b\n", "no column 'member'"),
        ("member,title\na,b\n,c\n", "row 2 has no member"),
        ("member,title,at_ms\na,b,yesterday\n", "row 1 has at_ms 'yesterday'"),
        ("member,title,value\na,b,good\n", "row 1 has value 'good'"),
    ],
)
def test_bad_events_are_named_by_row_column_and_value(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "events.csv").write_text(text, "utf-8")
    with pytest.raises(InputError, match=said):
        fit(tmp_path, titles=None)


def test_a_file_that_is_missing_or_of_another_kind_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        fit(tmp_path, titles=None)
    (tmp_path / "events.xml").write_text("<events/>", "utf-8")
    with pytest.raises(InputError, match=r"\.parquet, \.csv"):
        fit(tmp_path, "events.xml", None)
    (tmp_path / "events.npz").write_bytes(b"not a zip")
    with pytest.raises(InputError, match="cannot be read"):
        fit(tmp_path, "events.npz", None)


def test_a_folder_without_a_model_is_said(example: Path) -> None:
    with pytest.raises(InputError, match="holds no model"):
        rank(example, example / "nothing", "events.csv")


def test_a_rating_that_is_missing_is_a_plain_viewing(example: Path) -> None:
    (example / "events.csv").write_text("member,title,value\na,x,\na,y,4\nb,x,5\n", "utf-8")
    assert len(rank(example, fit(example, titles=None), "events.csv", keep_seen=True)) == 4


def test_one_event_is_enough(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("member,title\n1,2\n", "utf-8")
    assert len(rank(tmp_path, fit(tmp_path, titles=None, minutes=0.1), "events.csv")) == 0


def test_machine_output_is_one_json_value(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recommend.fit(events=example / "events.csv", titles=None, out=example / "model", minutes=0.02, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == {"titles": 5, "viewers": 5, "pairs": 12}
    assert told["timing"] == "clock"


def test_times_in_seconds_are_taken_for_seconds_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events.csv").write_text("member,title,at_ms\n1,2,893286638\n1,3,893286639\n", "utf-8")
    columns = recommend_files.read_columns(tmp_path / "events.csv")
    assert columns.at_ms is not None
    assert columns.at_ms.tolist() == [893286638000, 893286639000]
    assert "read as seconds" in capsys.readouterr().err
