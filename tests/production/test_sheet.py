# ruff: noqa: E501
"""The sheet: every fault at once with its place, money exact, CSV and YAML round trips, the schema."""

import json
from importlib import resources

import jsonschema
import pytest
import yaml

from frontrow.errors import InputError
from frontrow.production import facts, fields, money, reading, rules, writing
from frontrow.production.faults import SheetFaults

BASE = """\
production: {currency: EUR}
scenes:
  - {id: "1", set: A, cast: [X], minutes: 60}
  - {id: "2", set: A, cast: [X], minutes: 60}
sites: [{id: s, sets: [A]}]
people: [{id: X, wage: 100}]
calendar: {start: 2026-03-02, end: 2026-03-13}
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(SheetFaults) as caught:
        reading.read_yaml(text, "film.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_a_sheet_says_where_each_value_came_from():
    sheet = reading.read_yaml(BASE)
    scene = sheet.scenes[0]
    assert (scene.sources["minutes"], scene.sources["eighths"]) == ("user", "estimate")


@pytest.mark.parametrize(
    ("old", "new", "place", "part"),
    [
        ("sites: [{id: s, sets: [A]}]", "sites: [{id: s, sets: [B]}]", "film.yaml:3", "no site can play 'A'"),
        ("wage: 100}", "wage: 100, unavailable: [{from: 2026-03-01, to: 2026-04-01}]}", "film.yaml:6", "never available"),
        ('id: "2", set: A', 'id: "2", before: ["1"], after: ["1"], set: A', "film.yaml:", "circle"),
        ("wage: 100", "wage: -100", "film.yaml:6", "negative"),
        ("wage: 100", "wage: 100 USD", "film.yaml:6", "is in USD"),
        ("2026-03-13", "2026-02-30", "film.yaml:7", "no date that exists"),
        ("cast: [X], minutes: 60}\n  - {id: \"2\"", "cast: [Y], minutes: 60}\n  - {id: \"2\"", "film.yaml:3", "'Y' is not in people"),
        ("minutes: 60}\nsites", "minutes: many}\nsites", "film.yaml:4", "no number"),
        ('id: "2"', 'id: "1"', "film.yaml:3", "unique"),
        ("calendar: {", "calendar: {colour: red, ", "film.yaml:7", "unknown field"),
        ("sites:", "castles: []\nsites:", "film.yaml:5", "unknown section"),
        ("start: 2026-03-02", "start: 2026-04-02", "film.yaml:7", "before the start"),
        ("calendar: {", "calendar: {rules: none, ", "film.yaml:7", "no rule pack"),
        ("calendar: {", "calendar: {holidays: ZZ, ", "film.yaml:7", "no country"),
        ("sets: [A]}", "sets: [A], capacity: 3}", "film.yaml:3", "holds"),
        ("sets: [A]}", "sets: [A], zone: Mars/Base}", "film.yaml:5", "time zone"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_line_and_field(old: str, new: str, place: str, part: str):
    assert old in BASE
    found = faults_of(BASE.replace(old, new, 1))
    assert any(fault.startswith(place) and part in fault for fault in found), found


def test_all_faults_come_at_once():
    text = BASE.replace("wage: 100", "wage: -1").replace("2026-03-13", "2026-13-01").replace("sets: [A]", "sets: [B]")
    assert len(faults_of(text)) >= 4


def test_aliases_and_broken_yaml_are_refused_with_a_line():
    assert "aliases are not allowed" in faults_of("scenes: &a [1]\nsites: *a\n")[0]
    assert faults_of("scenes: [\n")[0].startswith("film.yaml:2")
    assert "mapping" in faults_of("- 1\n")[0]
    assert faults_of("")


@pytest.mark.parametrize(("text", "minor"), [("12.5", 1250), ("7 EUR", 700), ("EUR 0.01", 1)])
def test_amounts_are_exact(text: str, minor: int):
    assert money.parse(text, "EUR") == minor
    assert money.parse(money.plain(minor, "EUR"), "EUR") == minor


@pytest.mark.parametrize("text", ["1.005", "-1", "1 USD", "abc", "nan", "1e400", ""])
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(ValueError, match=r"amount|negative|digits|is in"):
        money.parse(text, "EUR")


def test_yen_have_no_smaller_unit():
    assert money.parse("1200", "JPY") == 1200
    assert money.text(1200, "JPY") == "1,200 JPY"


def test_a_sheet_survives_csv_and_yaml(film):
    document = writing.to_document(film.sheet)
    assert reading.read_csvs(writing.to_csvs(document)) == film.sheet
    assert reading.read_yaml(writing.to_yaml(document)) == film.sheet


def test_a_fault_in_a_csv_names_file_and_line(film):
    files = writing.to_csvs(writing.to_document(film.sheet))
    files["people.csv"] = files["people.csv"].replace("1800.00", "-5")
    with pytest.raises(SheetFaults, match=r"people\.csv:2: people\[ANNA\]\.wage"):
        reading.read_csvs(files)


def test_the_example_fits_the_json_schema(film_text):
    class Text(yaml.SafeLoader):
        """Dates stay text, as in JSON."""

    Text.yaml_implicit_resolvers = {
        key: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    schema = json.loads(json.dumps(fields.json_schema()))
    document = yaml.load(film_text, Loader=Text)
    jsonschema.Draft202012Validator(schema).validate(document)
    document["scenes"][0]["colour"] = "red"
    assert not jsonschema.Draft202012Validator(schema).is_valid(document)


def test_a_rule_pack_of_the_users_own_lies_beside_the_sheet():
    sheet = reading.read_yaml(BASE.replace("calendar: {", "calendar: {rules: mine.yaml, "))
    text = resources.files("frontrow.production").joinpath("rule_packs", "house-2026.yaml").read_text("utf-8")
    mine = facts.derive(sheet, {"mine.yaml": text.replace("daily_minutes: 660", "daily_minutes: 700")})
    assert mine.pack.rest_minutes == 700
    with pytest.raises(InputError, match="not found"):
        facts.derive(sheet)
    with pytest.raises(InputError, match="no rule pack"):
        facts.derive(sheet, {"mine.yaml": "rest: 3"})


def test_every_rule_pack_names_its_source_and_date():
    for name in rules.names():
        pack = rules.load(name)
        assert pack.name == name
        assert pack.source
        assert pack.valid_from.year >= 2026


def test_every_circle_of_the_order_is_named_once():
    scenes = "scenes: [{id: 1, set: A, before: [2]}, {id: 2, set: A, before: [1]}, {id: 3, set: A, before: [4]}, {id: 4, set: A, before: [3]}]"
    rest = "sites: [{id: a, sets: [A]}]\ncalendar: {start: 2026-03-02, end: 2026-03-31}\n"
    with pytest.raises(SheetFaults) as caught:
        reading.read_yaml(f"{scenes}\n{rest}", "film.yaml")
    circles = [fault.message for fault in caught.value.faults if "circle" in fault.message]
    assert [message.split(": ")[1] for message in circles] == [
        "1 before 2 before 1; take one out",
        "3 before 4 before 3; take one out",
    ]
