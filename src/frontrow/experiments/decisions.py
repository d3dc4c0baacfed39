"""Logged decisions as tables: the log's columns, the policy's probabilities, and how the two are joined.

The log has one row a decision. The policy has one row for each action in each context: `action, probability` and any
columns that it shares with the log (a position, a segment, or `row`, the log's row number from 0): these say which
context is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import InputError
from frontrow.experiments.off_policy import Decisions
from frontrow.experiments.reward_model import design
from frontrow.experiments.tables import texts

Columns = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]

LOG_COLUMNS: Final = {
    "action": "what was shown",
    "reward": "what came of it; 0 where nothing did",
    "propensity": "probability of that action, in that context, under the policy that logged; above 0, at most 1",
    "viewer": "optional: rows of one viewer are kept together in the interval",
    "position": "optional, like any other column: context for the reward model, and a key when the policy has it too",
}
POLICY_COLUMNS: Final = {
    "action": "one of the actions of the log",
    "probability": "under the policy to judge; adds up to 1 in each context",
    "position": "optional, like any other column of the log: which context is meant ('row': the log's row from 0)",
}
IGNORED: Final = frozenset({"viewer", "at", "at_ms", "timestamp", "decision_id", "row", ""})
"""Columns of the log that are no context: identities and times."""


def read_decisions(log: Columns, policy: Columns, names: Mapping[str, str] | None = None) -> Decisions:
    """Join a log and a policy. `names` gives the log's (and policy's) own names, as {"action": "item_id"}.

    Raises InputError for a missing column, a context of the log without a policy, or an action given twice in one.
    """
    log, policy = _renamed(log, names or {}, LOG_COLUMNS), _renamed(policy, names or {}, POLICY_COLUMNS)
    _need(log, ("action", "reward", "propensity"), "the log")
    _need(policy, ("action", "probability"), "the policy")
    rows = log["action"].size
    action_text, policy_action = texts(log["action"]), texts(policy["action"])
    labels = np.unique(np.concatenate([action_text, policy_action]))
    keys = [k for k in policy if k not in ("action", "probability")]
    stray = [k for k in keys if k not in log and k != "row"]
    if stray:
        raise InputError(f"the policy has a column {stray[0]!r} that the log has not; a context must be known in both")
    context, policy_context = _contexts(log, policy, keys, rows)
    table = _table(policy_context, np.searchsorted(labels, policy_action), policy["probability"], labels, context)
    features = [column for name, column in log.items() if name not in {*IGNORED, "action", "reward", "propensity"}]
    viewer = np.unique(texts(log["viewer"]), return_inverse=True)[1] if "viewer" in log else np.arange(rows)
    return Decisions(
        action=np.searchsorted(labels, action_text),
        reward=log["reward"].astype(np.float64),
        propensity=log["propensity"].astype(np.float64),
        policy=table[context],
        features=design(features) if features else np.zeros((rows, 0)),
        cluster=viewer,
        labels=tuple(str(label) for label in labels),
    )


def _renamed(table: Columns, names: Mapping[str, str], known: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    ours = {theirs: name for name, theirs in names.items()}
    for name in names:
        if name not in LOG_COLUMNS and name not in POLICY_COLUMNS:
            raise InputError(f"--columns names {name!r}; known are {', '.join({**LOG_COLUMNS, **POLICY_COLUMNS})}")
    return {ours.get(name, name): column for name, column in table.items()}


def _need(table: Columns, wanted: tuple[str, ...], what: str) -> None:
    for name in wanted:
        if name not in table:
            raise InputError(f"{what} has no column {name!r}; it has {', '.join(table)}; --columns can rename")
        if name not in ("action",) and table[name].dtype.kind not in "biuf":
            raise InputError(f"column {name!r} of {what} must hold numbers")


def _contexts(log: Columns, policy: Columns, keys: list[str], rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Code of each row's context in the log and in the policy, counted over both."""
    if not keys:
        return np.zeros(rows, np.intp), np.zeros(policy["action"].size, np.intp)
    codes = np.zeros(rows + policy["action"].size, np.intp)
    for key in keys:
        column = texts(log[key]) if key in log else np.arange(rows).astype(np.str_)
        _, code = np.unique(np.concatenate([column, texts(policy[key])]), return_inverse=True)
        _, codes = np.unique(codes * (code.max() + 1) + code, return_inverse=True)
    return codes[:rows], codes[rows:]


def _table(
    context: NDArray[np.intp], action: NDArray[np.intp], probability: NDArray[Any], labels: NDArray[np.str_],
    wanted: NDArray[np.intp],
) -> Floats:  # fmt: skip
    """Probability by context and action. Contexts that the log never meets are allowed, the reverse is refused."""
    p = probability.astype(np.float64)
    bad = ~((p >= 0) & (p <= 1))
    if bad.any():
        raise InputError(f"the policy has probability {p[bad][0]}; it must lie between 0 and 1")
    count = int(max(context.max(), wanted.max())) + 1
    cell = context * labels.size + action
    if np.unique(cell).size < cell.size:
        raise InputError("the policy gives an action twice in one context; give each once")
    missing = ~np.isin(wanted, context)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise InputError(
            f"the policy says nothing for the context of the log's row {row + 1} ({int(missing.sum())} such rows)"
        )
    table = np.zeros((count, labels.size))
    table.ravel()[cell] = p
    return table
