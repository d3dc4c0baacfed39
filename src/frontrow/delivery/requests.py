"""A request log on arrays, and the files it asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frontrow.errors import InputError

DAY_S = 86_400


@dataclass(frozen=True)
class Files:
    """One entry a file: `size` in bytes, `title` and `slot` (rendition) as indices from 0."""

    size: npt.NDArray[np.int64]
    title: npt.NDArray[np.int64]
    slot: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.size) == 0:
            raise InputError("there are no files; name a files table with object and size")
        if self.size.min() < 1:
            at = int(self.size.argmin())
            raise InputError(f"file {at} has {self.size[at]} bytes; sizes are 1 byte and up")

    @property
    def titles(self) -> int:
        """How many titles there are."""
        return int(self.title.max()) + 1


@dataclass(frozen=True)
class Log:
    """Requests in the order of time: `at_s` seconds (86,400 a day, from any day), `object` an index into Files."""

    at_s: npt.NDArray[np.int64]
    object: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.at_s) == 0:
            raise InputError("the request log is empty")
        if (np.diff(self.at_s) < 0).any():
            at = int(np.flatnonzero(np.diff(self.at_s) < 0)[0]) + 1
            raise InputError(f"request {at} lies before the one above it; sort the log by at_s")

    @property
    def first_day(self) -> int:
        """Day number of the first request."""
        return int(self.at_s[0] // DAY_S)

    @property
    def days(self) -> int:
        """Days from the first request to the last, both counted."""
        return int(self.at_s[-1] // DAY_S) - self.first_day + 1

    def day(self, day: int) -> slice:
        """The requests of a day, counted from the first."""
        edges = (np.array([day, day + 1]) + self.first_day) * DAY_S
        low, high = np.searchsorted(self.at_s, edges)
        return slice(int(low), int(high))


def title_counts(log: Log, files: Files) -> npt.NDArray[np.float64]:
    """Requests by day and title."""
    counts = np.zeros(log.days * files.titles)
    at = (log.at_s // DAY_S - log.first_day) * files.titles + files.title[log.object]
    counts += np.bincount(at, minlength=len(counts))
    return counts.reshape(log.days, files.titles)


_PRIOR_REQUESTS = (50.0, 500.0, 5000.0)  # of a title, that the shares of all titles' renditions may count for


def file_shares(objects: npt.NDArray[np.int64], files: Files) -> npt.NDArray[np.float64]:
    """Each file's share of its title's requests: what was asked for, shrunk to the share of its rendition.

    How far is what makes the log likeliest (Dirichlet-multinomial): titles may differ or be all alike.
    """
    from scipy.special import gammaln

    slots = int(files.slot.max()) + 1
    by_slot = np.bincount(files.slot[objects], minlength=slots) + 1.0
    by_slot /= by_slot.sum()
    asked = np.bincount(objects, minlength=len(files.size)).astype(float)
    of_title = np.bincount(files.title, asked, minlength=files.titles)
    prior = by_slot[files.slot]
    prior = prior / np.bincount(files.title, prior, minlength=files.titles)[files.title]

    def likelihood(weight: float) -> float:
        own = gammaln(weight * prior + asked) - gammaln(weight * prior)
        return float(own.sum() + (gammaln(weight) - gammaln(weight + of_title)).sum())

    weight = max(_PRIOR_REQUESTS, key=likelihood)
    return np.asarray((asked + weight * prior) / (of_title[files.title] + weight))
