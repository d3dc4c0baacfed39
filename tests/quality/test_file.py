"""Why a file cannot be read, and whether somebody still writes to it."""

import os

import pytest

from frontrow.errors import UnreadableMedia, UnsupportedMedia
from frontrow.quality.file import Watch

ATOM = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x10\x00mdat" + b"\x11" * 500
ERROR = UnreadableMedia("film.mp4 cannot be opened")


def old(path, content):
    path.write_bytes(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return Watch.begin(path)


def test_a_file_that_stays_as_it_is_does_not_grow(tmp_path):
    assert old(tmp_path / "film.mp4", ATOM).grown() == []


def test_a_file_that_changes_while_it_is_inspected_is_growing(tmp_path):
    watch = old(tmp_path / "film.mp4", ATOM)
    (tmp_path / "film.mp4").write_bytes(ATOM + b"more")
    assert [finding.code for finding in watch.grown()] == ["growing"]
    assert watch.refused(ERROR).code == "growing"


def test_an_mp4_without_index_written_a_moment_ago_is_growing(tmp_path):
    (tmp_path / "film.mp4").write_bytes(ATOM)
    assert Watch.begin(tmp_path / "film.mp4").refused(ERROR).code == "growing"


def test_the_same_file_a_day_later_is_unreadable(tmp_path):
    assert old(tmp_path / "film.mp4", ATOM).refused(ERROR).code == "unreadable"


def test_a_damaged_mp4_with_its_index_is_unreadable(tmp_path):
    (tmp_path / "film.mp4").write_bytes(ATOM[:24] + b"\x00\x00\x00\x40moov" + b"\xff" * 56)
    assert Watch.begin(tmp_path / "film.mp4").refused(ERROR).code == "unreadable"


def test_a_kind_of_file_that_is_not_taken_is_unsupported(tmp_path):
    watch = old(tmp_path / "film.mp4", b"\x89PNG" + bytes(400))
    assert watch.refused(UnsupportedMedia("film.mp4 is a PNG picture")).code == "unsupported"


def test_a_file_that_is_gone_is_unreadable(tmp_path):
    assert Watch.begin(tmp_path / "none.mp4").refused(UnreadableMedia("does not exist")).code == "unreadable"


def test_an_mp4_that_lacks_its_end_is_cut_off_and_a_whole_one_is_not(tmp_path):
    whole = ATOM[:24] + (520 + 8).to_bytes(4, "big") + b"mdat" + bytes(520)
    assert old(tmp_path / "whole.mp4", whole).cut_off() == []
    assert [finding.code for finding in old(tmp_path / "cut.mp4", whole[:-100]).cut_off()] == ["truncated"]


def test_a_matroska_segment_that_lacks_its_end_is_cut_off_and_one_left_open_is_not(tmp_path):
    head = b"\x1a\x45\xdf\xa3\x84" + bytes(4) + b"\x18\x53\x80\x67"
    whole, live = head + b"\x41\xf4" + bytes(500), head + b"\x01" + b"\xff" * 7 + bytes(500)
    assert old(tmp_path / "whole.mkv", whole).cut_off() == []
    assert old(tmp_path / "live.mkv", live).cut_off() == []
    assert [finding.code for finding in old(tmp_path / "cut.mkv", whole[:-1]).cut_off()] == ["truncated"]


@pytest.mark.parametrize("lead", [b"", bytes(4)], ids=["188", "192"])
def test_a_transport_stream_that_ends_within_a_packet_is_cut_off(tmp_path, lead):
    whole = (lead + b"\x47" + bytes(187)) * 9
    assert old(tmp_path / "whole.ts", whole).cut_off() == []
    assert [finding.code for finding in old(tmp_path / "cut.ts", whole[:-50]).cut_off()] == ["truncated"]


def test_bytes_after_the_end_that_a_file_claims_are_told_and_padding_is_not(tmp_path):
    head = b"\x1a\x45\xdf\xa3\x84" + bytes(4) + b"\x18\x53\x80\x67"
    matroska, mp4 = head + b"\x41\xf4" + bytes(500), ATOM[:24] + (520).to_bytes(4, "big") + b"mdat" + bytes(512)
    for name, whole in (("film.mkv", matroska), ("film.mp4", mp4)):
        assert old(tmp_path / name, whole + bytes(40)).cut_off() == []
        assert [x.severity for x in old(tmp_path / name, whole + b"\xa3\x9c\x11\x07" * 9).cut_off()] == ["warn"]


def test_an_empty_file_is_unreadable(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"")
    assert Watch.begin(tmp_path / "film.mp4").refused(ERROR).code == "unreadable"
