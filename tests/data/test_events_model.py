"""Whatever is done to a log in whatever order, it equals a dictionary that never forgets an id."""

import shutil
import tempfile
import uuid
from pathlib import Path

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from frontrow.config import EventSettings
from frontrow.data import segments
from frontrow.data.events import EventLog
from frontrow.data.replay import inner_member, outer_members, replay, replay_viewer
from frontrow.schema import Event, Kind

MEMBERS = ("anna", "ben", "carl", "dora")


class LogAgainstDictionary(RuleBasedStateMachine):
    """Few ids and few members, so that duplicates and returning members are common."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="frontrow-log-"))
        self.settings = EventSettings(shards=2, seal_events=15, commit_events=4, queue_events=50)
        self.log = EventLog(self.folder, self.settings)
        self.known: set[int] = set()
        self.stored: dict[int, tuple[str, float]] = {}  # by id, in the order of commit
        self.high_water = 0

    @rule(events=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(MEMBERS), st.floats(0, 1)), max_size=12))
    def append(self, events):
        new = 0
        for number, member, value in events:
            if number not in self.known:
                self.known.add(number)
                self.stored[number] = (member, value)
                new += 1
        receipt = self.log.append(
            [
                Event(
                    id=str(uuid.UUID(int=number)),
                    at_ms=1 + number,
                    kind=Kind.STOP,
                    member=member,
                    title="t",
                    value=value,
                )
                for number, member, value in events
            ]
        )
        assert (receipt.stored, receipt.duplicates) == (new, len(events) - new)
        assert receipt.members == [inner_member(self.folder, member) or 0 for _, member, _ in events]
        assert receipt.high_water >= self.high_water + new
        self.high_water = receipt.high_water

    @rule()
    def seal(self):
        assert self.log.seal().sealed_seq <= self.high_water

    @rule()
    def restart(self):
        self.log.close()
        self.log = EventLog(self.folder, self.settings)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def forget(self, data):
        present = sorted(set(outer_members(self.folder)["outer"]))
        if present:
            member = data.draw(st.sampled_from(present))
            theirs = [number for number, (owner, _) in self.stored.items() if owner == member]
            assert self.log.forget(member).events_removed == len(theirs)
            for number in theirs:
                del self.stored[number]

    @invariant()
    def replay_equals_the_dictionary(self):
        whole = replay(self.folder)
        outer = dict(outer_members(self.folder).rows())
        rows = [
            (uuid.UUID(bytes=id_bytes).int, (outer[member], value))
            for id_bytes, member, value in whole.frame.select("id", "member", "value").rows()
        ]
        assert rows == list(self.stored.items())
        assert whole.frame["seq"].is_sorted() and whole.frame["seq"].n_unique() == len(rows)
        assert whole.high_water == self.high_water
        for member in outer:
            assert replay_viewer(self.folder, member).equals(whole.frame.filter(pl.col("member") == member))

    def teardown(self):
        self.log.close()
        assert segments.damaged(self.folder) == []
        shutil.rmtree(self.folder)


LogAgainstDictionary.TestCase.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
TestLogAgainstDictionary = LogAgainstDictionary.TestCase
