"""The page of streaming: what players told is counted in its region and hour, and what is made up says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frontrow.data.accounts import Role
from frontrow.data.workspace import Workspace
from frontrow.errors import ConfigError
from frontrow.jobs.packaging import folder_of
from frontrow.service.hall import now_ms
from frontrow.web.playbacks import HOUR_MS, HOURS, cells, gather
from frontrow.web.player import Playback
from worlds import service as world

NOW_MS = 500_000 * HOUR_MS + 1000


def report(session: str, at_ms: int, country: str = "AT", member: int = 1, **props: object) -> dict:
    return {
        "at_ms": at_ms, "member": member, "title": "t1", "session": session, "country": country,
        "props": json.dumps(props),
    }  # fmt: skip


def test_stalls_are_counted_in_their_region_and_hour():
    rows = [
        report("a", NOW_MS - 2 * HOUR_MS, "AT", played_s=27.0, stall_s=3.0, controller="current"),
        report("b", NOW_MS - 500, "DE", played_s=30.0, stall_s=0.0, controller="packaged"),
    ]
    seen = gather(rows, NOW_MS)
    assert not seen.invented_regions and list(seen.regions) == ["AT", "DE"]
    assert seen.regions["AT"][-3].stall_ratio == pytest.approx(0.1)
    assert seen.regions["DE"][-1].stall_ratio == 0.0
    assert sum(x.stall_ratio is not None for x in seen.regions["AT"]) == 1
    assert {name: len(x.sessions) for name, x in seen.controllers.items()} == {"current": 1, "packaged": 1}
    drawn = dict(cells(seen.regions))
    assert drawn["AT"][-3]["weight"] == 1.0 and drawn["DE"][-1]["weight"] == 0.0 and drawn["AT"][0]["weight"] is None


def test_a_session_is_live_until_it_ends_or_goes_silent():
    rows = [
        report("live", NOW_MS - 40_000, played_s=30.0, stall_s=1.0), report("live", NOW_MS - 10_000, stall_s=2.0),
        report("ended", NOW_MS - 10_000, played_s=30.0, end="ended"), report("silent", NOW_MS - 90_000, played_s=30.0),
    ]  # fmt: skip
    (live,) = gather(rows, NOW_MS).live
    assert live["stall_s"] == 3.0 and live["began_ms"] == NOW_MS - 40_000


def test_without_countries_the_regions_are_made_up_and_nonsense_counts_as_nothing():
    rows = [
        report("a", NOW_MS - 1, "", played_s="much", stall_s=-4.0, generated=True),
        report("b", NOW_MS - 1, "") | {"props": "[]"}, report("c", NOW_MS - 1, "") | {"props": None},
    ]  # fmt: skip
    seen = gather(rows, NOW_MS)
    assert seen.invented_regions and len(seen.regions) == 5 and seen.generated == 1
    assert seen.everything.stall_ratio is None and len(cells(seen.regions)[0][1]) == HOURS


def sign_in(running: world.Running, role: Role) -> None:
    running.client.get(f"/sign-in/{running.hall.accounts.add_link(str(role), role, now_ms())}")


def test_the_page_is_for_admins_and_opens_on_an_empty_log(tmp_path):
    for running in world.serve(tmp_path / "service", fitted=False):
        sign_in(running, Role.READ)
        assert running.client.get("/console/streaming").status_code == 403
        sign_in(running, Role.ADMIN)
        page = running.client.get("/console/streaming")
        assert page.status_code == 200 and "Nobody is watching" in page.text
        assert running.client.get("/console/streaming/live").status_code == 200


SPEC = """
name = "controllers"
arms = {{current = 0.5, {other} = 0.5}}
planned_units = 1000
[[metrics]]
name = "stalls"
column = "qoe.stall_s"
"""


def with_package(root: Path, other: str) -> tuple[Workspace, dict[Role, str]]:
    """A workspace whose title t1 has a package without media, and an experiment between controllers."""
    place, keys = world.build(root, fitted=False)
    folder = folder_of(place, "t1")
    folder.mkdir(parents=True)
    (folder / "master.m3u8").touch()
    (folder / "policy.json").write_text("{}")
    (folder / "package.json").write_text(json.dumps({"rungs": [{"vmaf": 40.0}]}))
    (place.root / "abr.toml").write_text(SPEC.format(other=other))
    (place.root / "frontrow.toml").write_text('[streaming]\nexperiment = "abr.toml"\n')
    return place, keys


def test_a_member_plays_with_the_controller_of_their_arm_every_time(tmp_path):
    for running in world.serve_workspace(*with_package(tmp_path / "service", "buffer_based")):
        playback = Playback(running.hall)
        shares = {"current": 0, "buffer_based": 0}
        for n in range(200):
            decision = playback.decide(f"m{n}", "t1")
            assert decision.arm == playback.decide(f"m{n}", "t1").arm == decision.answer["controller"]
            assert decision.propensity == 0.5 and decision.room == "delivery"
            exposure = decision.answer["exposure"]
            assert exposure["arm"] == decision.arm and exposure["propensity"] == 0.5 and exposure["hash"]
            [family] = decision.answer["families"]
            assert (family["policy"] is None) == (decision.arm == "buffer_based")
            assert family["vmaf"] == [40.0]
            shares[decision.arm] += 1
        assert min(shares.values()) > 70
        assert "exposure" not in playback.decide("", "t1").answer
        assert playback.decide("m1", "t2") is None


def test_the_table_comes_compressed_and_is_what_lies_there(tmp_path):
    for running in world.serve_workspace(*with_package(tmp_path / "service", "packaged")):
        sign_in(running, Role.READ)
        answer = running.client.get("/stream/t1/policy.json")
        assert answer.headers["content-encoding"] == "gzip" and answer.json() == {}


def test_an_arm_that_is_no_controller_is_refused_before_the_service_starts(tmp_path):
    with pytest.raises(ConfigError, match="arm 'fastest' is no controller"):
        list(world.serve_workspace(*with_package(tmp_path / "service", "fastest")))
