# ruff: noqa: E501
"""Screenplays: Fountain and Final Draft, headings in all their variants, cast with a confidence, hostile files."""

from datetime import date

import pytest

from frontrow.production import breakdown, headings, reading, writing
from frontrow.production import sheet as sheets
from frontrow.production.casting import Roles, presences
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
        ("INT. HALLWAY, ANNA'S BUILDING, A MOMENT LATER", "INT", "HALLWAY, ANNA'S BUILDING", ""),
        ("INT. HOUSE, THE NEXT MORNING", "INT", "HOUSE", "day"),
        ("EXT. STREET NIGHT", "EXT", "STREET", "night"),
        ("INT. APT #5 - DAY #3-2#", "INT", "APT #5", "day"),
        ("12A  INT. HOUSE - KITCHEN - DAY  12A", "INT", "HOUSE - KITCHEN", "day"),
        ("EXT. ROAD - DAY FOR NIGHT", "EXT", "ROAD", "day"),
        ("EXT. BEACH - PRE-DAWN", "EXT", "BEACH", "dawn"),
        ("INT. MOTHER-IN-LAW'S FLAT - DAY 2", "INT", "MOTHER-IN-LAW'S FLAT", "day"),
        ("INT. HALF-DARK FLAT - (PRESENT) DAY", "INT", "HALF-DARK FLAT", "day"),
        ("EXT. YARD - NIGHT [CONTINUOUS]", "EXT", "YARD", "night"),
        ("INT. CAR - MOVING - DAY", "INT", "CAR", "day"),
        ("AUSSEN. GARTEN - ABEND", "EXT", "GARTEN", "night"),
        ("ИНТ. КУХНЯ - НОЧЬ", "INT", "КУХНЯ", "night"),
        ("INT. DAY ROOM", "INT", "DAY ROOM", ""),
    ],
)
def test_heading_variants_come_to_one_form(line: str, int_ext: str, name: str, time: str):
    heading = headings.parse(line)
    assert (heading.int_ext, heading.set, heading.time) == (int_ext, name, time)


def test_only_headings_are_headings():
    assert headings.is_heading("EXT. HARBOUR - DAWN")
    assert headings.is_heading("int. hall")
    assert headings.is_heading("12 INT. HALL - DAY 12")
    assert headings.is_heading("ext kitchen garden -- day")
    assert not headings.is_heading("Interesting, he said.")
    assert not headings.is_heading("Ext 45 please")
    assert not headings.is_heading("Est-ce que tu viens")
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
    found = {p.name: p.confidence for p in presences(script.scenes[0], Roles(script))}
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


def imported(text: str) -> tuple[sheets.Sheet, list[str]]:
    """The sheet of a Fountain text, and its review list as text."""
    found = breakdown.break_down(breakdown.read_script(text.encode(), "x"), start=date(2026, 5, 4))
    rows = [f"{' '.join(row.scenes)}: {row.what}" for row in found.review]
    return reading.read_yaml(writing.to_yaml(found.document)), rows


@pytest.mark.parametrize(
    ("names", "sites"),
    [
        (("HOUSE - KITCHEN", "HOUSE - CELLAR"), 1),
        (("KITCHEN - HOUSE", "HOUSE"), 1),
        (("BLOOM HOUSE KITCHEN", "BLOOM HOUSE MASTER BEDROOM"), 1),
        (("HOSPITAL", "HOSPITAL WAITING ROOM"), 1),
        (("OLD KITCHEN", "OLD HALLWAY"), 2),
        (("CAR", "CAR PARK"), 2),
        (("ANNA'S BEDROOM", "ANNA'S KITCHEN"), 2),
    ],
)
def test_rooms_of_one_building_share_a_site(names: tuple[str, ...], sites: int):
    sheet, _ = imported("".join(f"INT. {name} - DAY\n\nHere.\n\n" for name in names))
    assert len(sheet.sites) == sites
    assert {name for site in sheet.sites for name in site.sets} == set(names)


def test_a_heading_that_only_moves_the_camera_stays_in_the_set_and_light_of_the_scene_before():
    text = "EXT. HARBOUR - NIGHT\n\nOLE\nHere!\n\n.BACK ON OLE\n\nOle runs.\n\n.SNIPER SCOPE POV\n\nOle.\n\n.THE OLD CABIN\n\nNobody.\n"
    sheet, rows = imported(text)
    assert [(s.set, s.int_ext, s.time) for s in sheet.scenes] == [
        *[("HARBOUR", "EXT", "night")] * 3,
        ("OLD CABIN", "EXT", "night"),
    ]
    assert any(row.startswith("2 3: the heading only moves the camera") for row in rows)
    assert any(row.startswith("4: the heading says neither INT. nor EXT.") for row in rows)


def test_omitted_scenes_leave_the_sheet_and_keep_the_numbers_of_the_others():
    sheet, rows = imported("INT. A - DAY #11#\n\nHere.\n\n.OMITTED #12#\n\n12A INT. B - DAY 12A\n\nThere.\n")
    assert [scene.id for scene in sheet.scenes] == ["11", "12A"]
    assert any(row.startswith("12: omitted") for row in rows)


def test_cues_of_several_are_all_of_them_and_crowds_and_machines_are_not_cast():
    text = (
        "INT. HALL - DAY\n\nANNA\nNo.\n\nOLE\nYes.\n\nINT. YARD - DAY\n\nANNA AND OLE\nGo!\n\nEVERYONE\nHurrah!\n\n"
        "RADIO VOICE\nRain.\n\nBERIT (O.S., PRELAP)\nAnd then...\n\nINT. SHED - DAY\n\nBERIT\nStop.\n\nCUT BACK TO\nthe yard.\n"
    )
    sheet, rows = imported(text)
    assert [scene.cast for scene in sheet.scenes] == [("ANNA", "OLE"), ("ANNA", "OLE"), ("BERIT",)]
    assert sum("EVERYONE" in row or "RADIO VOICE" in row or "BERIT" in row for row in rows) == 3


def test_names_in_action_are_found_as_people_write_them():
    text = (
        "INT. HALL - DAY\n\nWILL'S DATE\nHi.\n\nNORTHER WINSLOW\nHello.\n\nMCKAY\nHey.\n\nYOUNG EDWARD\nHo.\n\nEDWARD\nHum.\n\n"
        "INT. A - DAY\n\nWill's date smiles at Norther.\n\nINT. B - DAY\n\nMcKay meets Young Edward.\n\nINT. C - DAY\n\nEdward's car.\n"
    )
    sheet, _ = imported(text)
    assert [scene.cast for scene in sheet.scenes[1:]] == [
        ("NORTHER WINSLOW", "WILL'S DATE"),
        ("MCKAY", "YOUNG EDWARD"),
        (),
    ]


def test_the_review_list_has_one_row_for_a_matter_with_all_its_scenes():
    sheet, rows = imported("".join(f"INT. ROOM {n}\n\nHere.\n\n" for n in range(30)))
    assert len(sheet.scenes) == 30
    assert sum("no time of day" in row for row in rows) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_accents_survive_the_encodings_scripts_come_in(encoding: str):
    text = "INT. CAFÉ - DAY\r\n\r\nZOË\r\nOlé.\r\n"
    script = breakdown.read_script(text.encode(encoding), "x")
    assert (script.scenes[0].heading, script.scenes[0].texts("cue")) == ("INT. CAFÉ - DAY", ["ZOË"])


@pytest.mark.parametrize("start", [b"%PDF-1.7\n", b"PK\x03\x04", b"{\\rtf1 "])
def test_other_formats_are_named_with_what_to_do(start: bytes):
    with pytest.raises(SheetFaults, match="export it as Fountain or Final Draft"):
        breakdown.read_script(start + b"...", "film.pdf")


def test_notes_summaries_and_printed_page_marks_are_no_action():
    text = "INT. HALL - DAY\n\n= They meet.\n\nCONTINUED: (2)\n\n12.\n\nOLE\nYes.\n(MORE)\n"
    scene = read_fountain(text).scenes[0]
    assert scene.summary == "They meet."
    assert [kind for kind, _ in scene.elements] == ["cue", "dialogue"]
    note = FDX.replace(
        "<Text>The </Text>", "<ScriptNote><Paragraph><Text>ASK LEGAL</Text></Paragraph></ScriptNote><Text>The </Text>"
    )
    assert read_final_draft(note.encode()).scenes[0].elements[0] == ("action", "The vault.")


def test_no_more_of_a_heading_counts_than_any_heading_has():
    assert len(headings.parse("INT. " + "A" * 60_000 + " - NIGHT").set) < 1_000
