"""`frontrow quality review` and `report`: the queue and its verdicts from the command line, and what they add up to."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontrow.cli.options import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, emit_json, emit_table, note

if TYPE_CHECKING:
    from frontrow.config import Settings
    from frontrow.data.reviews import Reviews
    from frontrow.data.workspace import Workspace


def review(
    inspection: Annotated[str, typer.Argument(help="Id of an inspection; without it the queue is listed.")] = "",
    say: Annotated[
        str, typer.Option(help="approve, reject or skip the file; right or wrong a finding; missed a span.")
    ] = "",
    finding: Annotated[int | None, typer.Option(min=0, help="Number of the finding that is right or wrong.")] = None,
    code: Annotated[str, typer.Option(help="Code of what was missed.")] = "",
    start_s: Annotated[float | None, typer.Option("--from", min=0, help="Where it begins, seconds.")] = None,
    end_s: Annotated[float | None, typer.Option("--to", min=0, help="Where it ends, seconds.")] = None,
    reviewer: Annotated[str, typer.Option(help="Who says so; your user name by default.")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a person, show one inspection, or record a verdict. The page /quality does it with a player.

    Example: frontrow quality review 3f2a... --say wrong --finding 2 --workspace cinema
    """
    from frontrow.errors import InputError

    who = reviewer or getpass.getuser()
    with _reviews(workspace) as (place, settings, reviews):
        if not inspection:
            _list(reviews, who, as_json)
        elif not say:
            _show(reviews, inspection, as_json)
        elif say in ("right", "wrong") and finding is None:
            raise InputError(f"--say {say} is about a finding: name it with --finding N")
        elif say == "missed" and not code:
            raise InputError("--say missed needs --code, --from and --to")
        else:
            _say(place, settings, reviews, inspection, (who, say, finding, code, start_s, end_s))
            note(f"{who} said {say}" + (f" about finding {finding}" if finding is not None else ""))
            if as_json:
                emit_json({"inspection": inspection, "reviewer": who, "said": say})


def report(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Tell how the machine does by what reviewers said: the audit of its approvals, and each code's precision.

    Example: frontrow quality report --workspace cinema
    """
    from frontrow.jobs import quality as work

    with _reviews(workspace) as (place, _, reviews):
        standing = work.figures(reviews, work.in_force(place))
    if as_json:
        emit_json(standing)
        return
    counts, audit = standing["verdicts"], standing["audit"]
    typer.echo(", ".join(f"{n} {verdict}" for verdict, n in counts.items()) or "nothing was inspected yet")
    typer.echo(f"Judge: {standing['judge'] or 'none fitted yet; rules alone decide'}")
    typer.echo(
        f"Audit: {audit['drawn']} automatic approvals drawn, {audit['looked']} looked at, {audit['bad']} of those bad"
    )
    if audit["looked"]:
        typer.echo(
            f"Of all automatic approvals {audit['low']:.1%} to {audit['high']:.1%} are bad, and of all bad files "
            f"{audit['approved_bad_low']:.1%} to {audit['approved_bad_high']:.1%} were approved (95%, at any time)"
            + ("; the judge's promise is broken: train it anew" if audit["broken"] else "")
        )
    if standing["agreement"][1]:
        typer.echo("Two reviewers of one file agree {} of {} times".format(*standing["agreement"]))
    if standing["shifted"]:
        typer.echo(f"New files differ from those that were judged in {', '.join(standing['shifted'][:5])}")
    rows = [
        (x["code"], x["right"], x["wrong"], x["missed"], "" if x["precision"] is None else f"{x['precision']:.2f}")
        for x in standing["codes"]
    ]
    if rows:
        emit_table("Findings", ("code", "right", "wrong", "missed", "precision"), rows)


def _list(reviews: Reviews, who: str, as_json: bool) -> None:
    from frontrow.jobs import quality as work
    from frontrow.quality.review import standing, value

    rows = [
        {"inspection": it.id, "file": it.file, "verdict": it.verdict, "risk": it.risk, "audit": it.audit,
         "views": it.views, "value": value(case), "state": standing(case).state, "reasons": it.reasons}
        for case, it in work.waiting(reviews, who)
    ]  # fmt: skip
    if as_json:
        emit_json(rows)
        return
    shown = [
        (x["inspection"], x["file"], x["verdict"], f"{x['risk']:.2f}", f"{x['value']:.1f}", x["state"]) for x in rows
    ]
    emit_table("Waiting", ("inspection", "file", "machine", "risk", "worth", "state"), shown)


def _show(reviews: Reviews, inspection: str, as_json: bool) -> None:
    it, found, words = reviews.get(inspection), reviews.found(inspection), reviews.words(inspection)
    if as_json:
        emit_json({"inspection": it, "findings": found, "words": words})
        return
    rows = [
        (x.number, x.code, x.severity, f"{x.start_s:.2f}", f"{x.end_s:.2f}", f"{x.confidence:.2f}", x.detail)
        for x in found
    ]
    emit_table(
        f"{it.file}: {it.verdict}, risk {it.risk:.2f}",
        ("number", "code", "severity", "from, s", "to, s", "sure", "what"),
        rows,
    )
    for word in words:
        about = f" finding {word.number}" if word.number is not None else f" {word.code}" if word.code else ""
        note(f"{word.reviewer} said {word.said}{about}")


def _say(place: Workspace, settings: Settings, reviews: Reviews, inspection: str, said: tuple[Any, ...]) -> None:
    """Into the store and the log; the log's one writer may be a running service, which has a page for this."""
    from frontrow.data.events import EventLog
    from frontrow.data.ids import new_id
    from frontrow.data.reviews import Word
    from frontrow.errors import WriterLocked
    from frontrow.jobs import quality as work
    from frontrow.jobs.queue import clock_ms

    who, what, finding, code, start_s, end_s = said
    word = Word(new_id(clock_ms()), inspection, who, what, clock_ms(), finding, code, start_s, end_s)
    it = reviews.get(inspection)
    try:
        with EventLog(place.log, settings.events) as log:
            reviews.say([word])
            log.append([work.event_of(word, it)])
    except WriterLocked:
        raise WriterLocked(
            f"a service writes to {place.root}; say it on its page /quality/{inspection}, or stop it first"
        ) from None


@contextmanager
def _reviews(root: WorkspaceOption) -> Iterator[tuple[Workspace, Settings, Reviews]]:
    from frontrow import config
    from frontrow.data.reviews import Reviews
    from frontrow.data.workspace import open_workspace

    place = open_workspace(root)
    settings = config.load(place.root)
    with Reviews(place.store_url(settings)) as reviews:
        yield place, settings, reviews
