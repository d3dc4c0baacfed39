"""A small input for `frontrow import table`, with every column explained."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from frontrow.errors import InputError

_FILES: Final = {
    "titles.csv": """\
id,label,year,genres,length_s,age,from
m1,The Harbour at Night,2019,Drama|Crime,5820,12,2026-01-01
m2,Small Hours,2023,Comedy,5460,6,2026-02-01
s1,Lighthouse Keepers,2021,Drama,,12,2026-01-01
""",
    "plays.csv": """\
user_id,film,watched
ada,m1,2026-03-01T20:15:00Z
ada,m2,2026-03-02T21:00:00Z
ben,s1,2026-03-02T21:30:00+01:00
""",
    "titles.toml": """\
# Frontrow's field = "your column". frontrow import table titles.csv --as titles --mapping titles.toml
title = "id"                      # needed: the id that events name
name = "label"                    # needed: what people read
duration_s = "length_s"           # length in seconds
maturity = "age"                  # minimum age in years
available_from_ms = "from:iso"    # times end in :s, :ms or :iso, which is how the column writes them
# year and genres (parted by |) have columns of their own names and need no line here. More fields:
# kind (movie, series, episode), series (the id of an episode's series), text (synopsis), people, language (ISO 639-1),
# countries (ISO 3166-1, none: everywhere), available_until_ms, added_ms, asset (the video's path)
""",
    "plays.toml": """\
# Frontrow's field = "your column". frontrow import table plays.csv --mapping plays.toml --kind play
member = "user_id"                # needed: who
title = "film"                    # the title's id in the catalogue
at_ms = "watched:iso"             # needed: when; :s and :ms are seconds and milliseconds since 1970
# More fields: id (any key of the row: the same key is stored once), kind (play, stop, rate, click, ...; else --kind),
# value (stars of a rate, played fraction of a stop), profile, session, decision_id, device, country
""",
}


def write(folder: Path) -> list[Path]:
    """Write the files into `folder`, replacing none; raises InputError when it holds one of them already."""
    paths = [folder / name for name in _FILES]
    if there := next((path for path in paths if path.exists()), None):
        raise InputError(f"{there} exists already; name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in zip(paths, _FILES.values(), strict=True):
            path.write_text(content, "utf-8")
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}") from None
    return paths
