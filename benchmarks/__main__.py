"""Run the benchmarks of this folder: each module's `run(data)` yields figures.

    FRONTROW_DATA=<dir> python -m benchmarks [NAME ...] [--json FILE]

Without FRONTROW_DATA, figures that need that data are left out and named.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.figure import Figure

HELPERS = {"figure", "__main__"}


def names() -> list[str]:
    """Modules of this folder that have figures."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg)
    return sorted(name for name in found if name not in HELPERS and not name.startswith("_"))


def show(console: Console, name: str, figures: list[Figure]) -> None:
    table = Table(title=name, title_justify="left", box=None, header_style="bold")
    for column in ("figure", "value", "reach", "", "peer", "peer's value", "detail"):
        table.add_column(column)
    for x in figures:
        mark = {True: "[green]reached[/]", False: "[red]short[/]", None: ""}[x.reached]
        reach = "" if x.reach is None else f"{x.direction} {x.reach:,.4g}"
        peer_value = "" if x.peer_value is None else f"{x.peer_value:,.4g}"
        table.add_row(x.name, f"{x.value:,.4g} {x.unit}", reach, mark, x.peer, peer_value, x.detail)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all by default")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    unknown = set(args.names) - set(names())
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    data = Path(os.environ["FRONTROW_DATA"]) if os.environ.get("FRONTROW_DATA") else None
    console = Console(width=160 if not sys.stdout.isatty() else None)
    machine = f"{platform.machine()} · {os.cpu_count()} cores · Python {platform.python_version()}"
    console.print(f"{time.strftime('%Y-%m-%d')} · {machine}")
    written: dict[str, list[dict[str, object]]] = {}
    for name in args.names or names():
        figures = list(importlib.import_module(f"benchmarks.{name}").run(data))
        show(console, name, figures)
        written[name] = [dataclasses.asdict(x) for x in figures]
    if args.json:
        args.json.write_text(json.dumps(written, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
