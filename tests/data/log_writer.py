"""A process that writes to an event log until it is killed: `python log_writer.py FOLDER FIRST [seal]`.

It prints a line each time 20 events are acknowledged: the number of the first of the next 20. With `seal` it seals over
and over at the same time, in a thread of its own. Event number n has the id UUID(int=n), so whoever reads the log can
tell which ones are missing.
"""

import sys
import threading
import uuid
from pathlib import Path

from frontrow.config import EventSettings
from frontrow.data.events import EventLog
from frontrow.schema import Event, Kind

BATCH = 20


def events_from(first: int) -> list[Event]:
    return [
        Event(id=str(uuid.UUID(int=n)), at_ms=n, kind=Kind.PLAY, member=f"m{n % 50}", title=f"t{n}", session="s" * 50)
        for n in range(first, first + BATCH)
    ]


def seal_for_ever(log: EventLog) -> None:
    while True:
        log.seal()


if __name__ == "__main__":
    folder, first = Path(sys.argv[1]), int(sys.argv[2])
    with EventLog(folder, EventSettings(shards=4)) as log:
        if "seal" in sys.argv[3:]:
            log.append(events_from(first))
            log.seal()  # from here on each seal is quick, so that kills fall into many
            threading.Thread(target=seal_for_ever, args=(log,), daemon=True).start()
        while True:
            log.append(events_from(first))
            first += BATCH
            print(first, flush=True)
