"""Every error that Frontrow raises on purpose.

    FrontrowError                 exit 1: our fault
    ├── InputError                exit 2: what the user gave is wrong
    │   ├── ConfigError               an unknown key or a bad value in frontrow.toml or FRONTROW_*
    │   ├── UnknownTitle              no title of that id in the catalogue
    │   ├── UnknownMember             no member of that id in the log
    │   ├── UnreadableMedia           a film that is damaged, unknown, too large or no film at all
    │   │   └── UnsupportedMedia          a known kind of file that is not taken
    │   ├── WorkspaceMissing          no workspace in that folder; `frontrow init` makes one
    │   └── WriterLocked              another process already writes to this workspace
    ├── Refusal                   exit 3: the question was fine and the answer is no
    │   ├── Infeasible                no plan keeps every rule
    │   └── GateRefused               a newly fitted model loses to the current one or to a baseline
    ├── Unavailable               exit 1: not now; try again
    │   ├── Overloaded                the event queue is full (`retry_after_s`)
    │   └── StorageFull               the disk is full; nothing acknowledged was lost
    ├── Cancelled                 exit 1: somebody cancelled the job
    ├── DamagedArtifact           exit 1: a file's hash differs from its manifest's
    └── FetchFailed               exit 1: sample data or weights could not be fetched

A message says what was wrong, which value, and what to do.
"""

from __future__ import annotations

from typing import ClassVar


class FrontrowError(Exception):
    """Root of the tree; `exit_status` is what a command ends with."""

    exit_status: ClassVar[int] = 1


class InputError(FrontrowError):
    """What the user gave is wrong; the message names the value and the mend."""

    exit_status = 2


class ConfigError(InputError):
    """An unknown key or a value out of range in the settings."""


class UnknownTitle(InputError):
    """The catalogue has no such title."""


class UnknownMember(InputError):
    """The event log has no such member."""


class UnreadableMedia(InputError):
    """A media file that is damaged, of an unknown kind, too large, or has no picture."""


class UnsupportedMedia(UnreadableMedia):
    """A kind of file that is known and not taken: a picture, a playlist, streams without a decoder."""


class WorkspaceMissing(InputError):
    """The folder is not a workspace."""


class WriterLocked(InputError):
    """A second writer on one workspace is refused; readers, fitters and publishers run beside the first."""


class Refusal(FrontrowError):
    """The question was fine and the answer is no."""

    exit_status = 3


class Infeasible(Refusal):
    """No plan keeps every rule; the message names a minimal set that cannot hold together."""


class GateRefused(Refusal):
    """A newly fitted model was not published because it loses on the newest held-back days."""


class Unavailable(FrontrowError):
    """Not now: trying again later may work."""


class Overloaded(Unavailable):
    """The event queue is full."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StorageFull(Unavailable):
    """The disk is full: the events were not acknowledged, and none of the acknowledged was lost."""


class Cancelled(FrontrowError):
    """Somebody cancelled the job; what it had published before stays."""


class DamagedArtifact(FrontrowError):
    """A published file is missing or differs from the hash in its manifest."""


class FetchFailed(FrontrowError):
    """Sample data or model weights could not be fetched or are not what they should be."""
