# ruff: noqa: E501
"""Screenplays: Fountain and Final Draft, headings in all their variants, cast with a confidence, hostile files."""

from datetime import date

import pytest

from frontrow.production import breakdown, headings, reading, writing
from frontrow.production.casting import presences, speakers
from frontrow.production.faults import SheetFaults
from frontrow.production.finaldraft import read_final_draft
from frontrow.production.fountain import read_fountain

FOUNTAIN = """\
Title: The Boat
Author: Nobody

EXT. HARBOUR - DAWN #12A#

ANNA waits. A DOG barks. /* not
this */ Ole comes.

ANNA (CONT'D)
(quietly)
You are late. [[note]]

OLE (O.S.)
The ferry was.

CUT TO:

.THE OLD CABIN

Nobody.

INT./EXT. CAR (MOVING) - CONTINUOUS

@McKay ^
Drive.
"""
FDX = """<?xml version="1.0"?>
<FinalDraft DocumentType="Script" Version="3"><Content>
<Paragraph Type="Scene Heading" Number="7"><SceneProperties Length="1 3/8" Page="1">
<SceneArcBeats><CharacterArcBeat Name="EXTRA GUARD"/></SceneArcBeats></SceneProperties><Text>INT. BANK - NIGHT</Text></Paragraph>
<Paragraph Type="Action"><Text>The </Text><Text>vault.</Text></Paragraph>
<Paragraph><DualDialogue><Paragraph Type="Character"><Text>EVA</Text></Paragraph>
<Paragraph Type="Dialogue"><Text>Now.</Text></Paragraph></DualDialogue></Paragraph>
</Content><TitlePage><Content><Paragraph><Text>The Bank</Text></Paragraph></Content></TitlePage></FinalDraft>
"""
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'
    "<FinalDraft><Content><Paragraph><Text>&lol2;</Text></Paragraph></Content></FinalDraft>"
)


@pytest.mark.parametrize(
    ("line", "int_ext", "name", "time"),
    [
        ("INT. KITCHEN - NIGHT", "INT", "KITCHEN", "night"),
        ("ext kitchen garden -- day", "EXT", "KITCHEN GARDEN", "day"),
        ("INT./EXT. CAR (MOVING) - CONTINUOUS", "I/E", "CAR", ""),
        ("I/E. CAR - DUSK", "I/E", "CAR", "dusk"),
        ("EXT. ANNA’S HOUSE – PORCH – MAGIC HOUR", "EXT", "ANNA'S HOUSE - PORCH", "dusk"),
        ("INT. THE OFFICE, DAY", "INT", "OFFICE", "day"),
        ("INT. HALL - LATER THAT NIGHT", "INT", "HALL", "night"),
        ("EXT. FIELD - EARLY MORNING - FLASHBACK", "EXT", "FIELD", "day"),
        ("INT. LAB - DAY (1987)", "INT", "LAB", "day"),
    ],
)
def test_heading_variants_come_to_one_form(line: str, int_ext: str, name: str, time: str):
    heading = headings.parse(line)
    assert (heading.int_ext, heading.set, heading.time) == (int_ext, name, time)


def test_only_headings_are_headings():
    assert headings.is_heading("EXT. HARBOUR - DAWN")
    assert headings.is_heading("int. hall")
    assert not headings.is_heading("Interesting, he said.")
    assert not headings.is_heading("I am here.")


def test_fountain_gives_scenes_numbers_cues_and_forced_elements():
    script = read_fountain(FOUNTAIN)
    assert script.title == "The Boat"
    assert [(scene.number, scene.heading) for scene in script.scenes] == [
        ("12A", "EXT. HARBOUR - DAWN"),
        ("2", "THE OLD CABIN"),
        ("3", "INT./EXT. CAR (MOVING) - CONTINUOUS"),
    ]
    assert script.scenes[0].texts("cue") == ["ANNA (CONT'D)", "OLE (O.S.)"]
    assert script.scenes[0].texts("dialogue") == ["You are late.", "The ferry was."]
    assert script.scenes[0].texts("transition") == ["CUT TO:"]
    assert script.scenes[2].texts("cue") == ["McKay"]
    assert script.scenes[0].line == 4


def test_cast_comes_from_cues_and_action_with_a_confidence():
    script = read_fountain(FOUNTAIN)
    found = {p.name: p.confidence for p in presences(script.scenes[0], speakers(script))}
    assert found["ANNA"] == 1.0
    assert 0.6 <= found["OLE"] < 1.0
    assert found["DOG"] < 0.6
    assert "MCKAY" not in found


def test_final_draft_eighths_numbers_and_cast_come_from_the_file():
    script = read_final_draft(FDX.encode())
    scene = script.scenes[0]
    assert (script.title, scene.number, scene.eighths, scene.cast) == ("The Bank", "7", 11, ["EXTRA GUARD"])
    assert scene.elements == [("action", "The vault."), ("cue", "EVA"), ("dialogue", "Now.")]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (BOMB.encode(), "entities"),
        (b"<FinalDraft><Content>", "not valid XML"),
        (b"<html><body/></html>", "no Final Draft"),
        (b"<FinalDraft><Content/></FinalDraft>", "no scene heading"),
        (b"Once upon a time.\n\nThe end.\n", "no scene heading"),
        (b"", "no scene heading"),
        (b"\x00\xff\xfe\x01", "no scene heading"),
    ],
)
def test_a_file_that_is_no_script_is_a_fault_with_a_place(data: bytes, part: str):
    with pytest.raises(SheetFaults, match=part) as caught:
        breakdown.read_script(data, "x.fdx")
    assert caught.value.exit_status == 2


def test_an_imported_script_is_a_valid_sheet_that_marks_estimates():
    found = breakdown.break_down(breakdown.read_script(FOUNTAIN.encode(), "x"), start=date(2026, 5, 4))
    sheet = reading.read_yaml(writing.to_yaml(found.document))
    scene = sheet.scene["12A"]
    assert (scene.int_ext, scene.time, scene.set, scene.cast) == ("EXT", "dawn", "HARBOUR", ("ANNA", "OLE"))
    assert (scene.sources["set"], scene.sources["minutes"]) == ("script", "estimate")
    assert any("DOG" in item.what for item in found.review)
    assert reading.read_csvs(writing.to_csvs(writing.to_document(sheet))) == sheet


def test_rooms_of_one_building_share_a_site():
    text = "INT. HOUSE - KITCHEN - DAY\n\nHere.\n\nINT. HOUSE - CELLAR - NIGHT\n\nThere.\n"
    sheet = reading.read_yaml(
        writing.to_yaml(breakdown.break_down(read_fountain(text), start=date(2026, 5, 4)).document)
    )
    assert [site.sets for site in sheet.sites] == [("HOUSE - KITCHEN", "HOUSE - CELLAR")]
