"""Rule packs: those that come with Frontrow, an editor's own, and what is wrong with a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontrow.errors import InputError
from frontrow.quality import rules
from frontrow.quality.findings import Finding

HEAD = "name: own\ntitle: Own\ndated: 2026-01-02\nsource: me\n"


def test_every_pack_that_comes_along_loads_and_is_dated() -> None:
    assert {"general", "broadcast_r128", "streaming_27"} <= set(rules.names())
    for name in rules.names():
        pack = rules.load_pack(name)
        assert pack.name == name
        assert pack.dated.startswith("20")
        assert pack.source


def test_an_editors_own_file_weighs_findings_anew_and_leaves_out_what_it_ignores(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(HEAD + "severity: {black: info, hum: ignore}\n")
    found = [Finding("hum", "error", 3, 4, 1, ""), Finding("click", "warn", 2, 2, 1, ""),
             Finding("black", "error", 1, 2, 1, "")]  # fmt: skip
    weighed = rules.load_pack(str(own)).weigh(found)
    assert [(x.code, x.severity) for x in weighed] == [("black", "info"), ("click", "warn")]


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "is no rule pack"),
        ("a: [", "not valid YAML"),
        ("name: x\n", "'title' is missing"),
        (HEAD + "pictures: {}\n", "unknown key 'pictures'"),
        (HEAD + "picture: {blak_s: 1}\n", "picture has no limit 'blak_s'"),
        (HEAD + "sound: [1]\n", "it holds limits by name"),
        (HEAD + "severity: {blak: warn}\n", "'blak', which is no finding"),
        (HEAD + "severity: {black: off}\n", "severity of black is False; use info, warn, error, ignore"),
    ],
)
def test_a_broken_pack_is_told_with_the_key_and_the_value(text: str, because: str) -> None:
    with pytest.raises(InputError, match=because):
        rules.parse(text, "own.yaml")


def test_a_pack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="general"):
        rules.load_pack("brodcast")
    with pytest.raises(InputError, match="cannot be read"):
        rules.load_pack(str(tmp_path / "none.yaml"))
