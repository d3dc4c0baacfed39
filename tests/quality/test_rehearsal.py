"""Rehearsals are split by film, count what was found, and teach the judge what was done."""

import numpy as np
import pytest

from frontrow.errors import InputError
from frontrow.jobs import rehearsal as work
from frontrow.media import transcode
from frontrow.quality import rehearsal
from frontrow.quality.damage import Damage
from frontrow.quality.findings import GROUP_OF, Finding
from frontrow.quality.rehearsal import Outcome, RehearsalConfig, Take
from frontrow.quality.rules import load_pack

FILMS = {f"film {i}": 60.0 + 10 * i for i in range(5)}


def test_no_film_is_both_learnt_from_and_tried():
    takes = rehearsal.plan(FILMS, np.random.default_rng(0))
    learn = {take.film for take in takes if take.part == "learn"}
    test = {take.film for take in takes if take.part == "test"}
    assert not learn & test
    assert (len(learn), len(test)) == (3, 2)


def test_each_film_is_damaged_in_every_kind_and_left_clean_as_often_as_asked():
    config = RehearsalConfig(kinds=("black", "hum"), clips=3, clean=4)
    takes = rehearsal.plan(FILMS, np.random.default_rng(0), config)
    for film in FILMS:
        kinds = [take.kind for take in takes if take.film == film]
        assert {kind: kinds.count(kind) for kind in ("black", "hum", None)} == {"black": 3, "hum": 3, None: 4}
    severities = {take.severity for take in takes if take.kind == "black"}
    assert severities == set(config.severities)
    assert all(0 <= take.start_s <= FILMS[take.film] - config.clip_s for take in takes)


def test_the_same_seed_plans_the_same_rehearsal():
    one, again = (rehearsal.plan(FILMS, np.random.default_rng(3)) for _ in range(2))
    assert one == again


def test_one_film_is_only_tried_and_two_are_split():
    rng = np.random.default_rng(0)
    assert set(rehearsal.split(["a"], 0.4, rng).values()) == {"learn"}
    assert sorted(rehearsal.split(["a", "b"], 0.1, rng).values()) == ["learn", "test"]


def test_unknown_kinds_and_short_films_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="'rain' is not rehearsed; there are black, "):
        rehearsal.plan(FILMS, rng, RehearsalConfig(kinds=("rain",)))
    with pytest.raises(InputError, match="no film has SubRip or WebVTT subtitles"):
        rehearsal.plan(FILMS, rng, RehearsalConfig(kinds=("overlap",)))
    with pytest.raises(InputError, match=r"'short' lasts 3\.0 s"):
        rehearsal.plan({"short": 3.0}, rng)


def test_subtitles_are_damaged_on_whole_films_that_have_some_and_tried_once_as_they_are():
    config = RehearsalConfig(kinds=("black", "overlap", "wrong"), clips=2, clean=0)
    takes = rehearsal.plan(FILMS, np.random.default_rng(0), config, subtitled=["film 1", "film 3"])
    text = [take for take in takes if take.subtitles]
    kinds = ["overlap", "overlap", "wrong", "wrong", None]
    assert [(take.film, take.kind) for take in text] == [
        (film, kind) for film in ("film 1", "film 3") for kind in kinds
    ]
    assert all((take.start_s, take.duration_s) == (0, FILMS[take.film]) for take in text)
    alone = rehearsal.plan(FILMS, np.random.default_rng(0), config, subtitled=["film 1"])
    assert "wrong" not in {take.kind for take in alone}  # there is no other film's to take


def outcome(kind, findings, severity=0.75, film="a", part="test"):
    take = Take(film, part, 0.0, 15.0, kind, severity, 1)
    done = Damage(kind, kind, 4.0, 6.0, severity, "", ("freeze",)) if kind else None
    return Outcome(take, done, tuple(findings), {"rules": 0.5})


def found(code, start_s, severity="warn"):
    return Finding(code, severity, start_s, start_s + 1, 0.9, "")


def test_damage_counts_as_found_only_by_its_own_name_at_its_own_place():
    scores = rehearsal.score([
        outcome("black", [found("black", 4.2)]),
        outcome("black", [found("black", 11.0)]),
        outcome("black", [found("freeze", 4.2)]),
        outcome("black", [found("black", 4.2, "info")]),
        outcome("black", [found("black", 4.2)], severity=0.2),
        outcome("black", [found("black", 4.2)], part="learn"),
    ])  # fmt: skip
    assert scores.recall == {"black": (1, 4)}


def test_false_findings_are_counted_in_clean_clips_by_group_and_ten_minutes():
    scores = rehearsal.score([
        outcome(None, [found("blur", 1.0), found("click", 2.0), found("black", 3.0, "info"), found("loudness", 0.0)]),
        outcome(None, []),
        outcome("hum", [found("blur", 1.0)]),
    ])  # fmt: skip
    assert scores.false_in_ten_minutes("picture") == pytest.approx(20)
    assert scores.false_in_ten_minutes("sound") == pytest.approx(20)
    assert scores.false_in_ten_minutes("subtitles") == 0


def test_visible_damage_is_rejected_clean_clips_are_not_and_faint_damage_teaches_nothing():
    examples = rehearsal.examples([outcome("black", []), outcome(None, []), outcome("black", [], severity=0.3)])
    assert [example.rejected for example in examples] == [True, False]
    assert examples[0].defects == {"black"}
    assert examples[0].unsure == {"freeze"}
    assert examples[1].defects == frozenset()


def test_a_take_is_cut_damaged_inspected_and_leaves_nothing_behind(tmp_path):
    film = tmp_path / "film.mkv"
    transcode.run([
        "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=12,format=yuv420p", "-f", "lavfi", "-i", "sine=440:d=12",
        "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac", film,
    ])  # fmt: skip
    place = tmp_path / "work"
    place.mkdir()
    take = Take("film", "test", 1.0, 10.0, "black", 0.8, 5)
    done = work.run(take, film, load_pack("general"), place)
    assert rehearsal.is_found(done.damage, done.findings)
    assert done.features["black.confidence"] > 0
    assert not list(place.iterdir())


def test_subtitles_are_damaged_held_against_their_film_and_what_is_measured_is_kept(tmp_path):
    film, place = tmp_path / "film.mkv", tmp_path / "work"
    place.mkdir()
    transcode.run([
        "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=12,format=yuv420p", "-c:v", "libx264", "-preset", "ultrafast",
        film,
    ])  # fmt: skip
    cues = [f"{k}\n00:00:{2 * k:02d},000 --> 00:00:{2 * k + 1:02d},900\nWords of cue {k}.\n" for k in range(1, 5)]
    (tmp_path / "film.en.srt").write_text("\n".join(cues), "utf-8")
    assert work.track_of(film) == tmp_path / "film.en.srt"
    kinds = ("overlap", "duration_long", None)
    takes = [Take("film", "test", 0.0, 12.0, kind, 0.75, k, subtitles=True) for k, kind in enumerate(kinds)]
    done = [work.take(one, films={"film": film}, pack=load_pack("general"), out=place) for one in takes]
    scores = rehearsal.score(done)
    assert scores.recall == {"overlap": (1, 1), "duration_long": (1, 1)}
    assert not {code for code in scores.false if GROUP_OF[code] == "subtitles"}
    assert {x.name for x in place.iterdir()} == {".measured", ".takes"}


def test_a_clip_with_nothing_to_damage_is_neither_tried_nor_clean_nor_taught(tmp_path):
    film = tmp_path / "film.mkv"
    transcode.run([
        "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4,format=yuv420p", "-f", "lavfi", "-i", "anullsrc=d=4",
        "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac", "-shortest", film,
    ])  # fmt: skip
    done = work.run(Take("film", "test", 0.0, 3.0, "clipping", 0.8, 5), film, load_pack("general"), tmp_path)
    assert rehearsal.score([done]) == rehearsal.Scores({}, {}, 0.0)
    assert rehearsal.examples([done]) == []
