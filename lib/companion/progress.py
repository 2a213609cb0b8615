"""Where a run of many notebooks stands, and about how long the rest takes."""

import time
from collections.abc import Sequence

from lib import paths
from lib.companion.state import folder
from lib.files import merge_json, read_json

USUAL = 30.0  # s, of a notebook that never ran
PRIOR = 120.0  # s: weighs so much of the plan taking half as long, which two at a time do


def begin(profile: str, names: Sequence[str]) -> None:
    """Note which notebooks are about to be run, and what each took: on this machine, else where the
    committed results were made."""
    committed, here = paths.FIGURES / "manifest.json", folder(profile) / "timings.json"
    rows, own = (read_json(file) or {} for file in (committed, here))
    took = {row["notebook"]: row["seconds"] for row in rows}
    took |= {name: cost["seconds"] for name, cost in own.items()}
    usual = {name: took.get(name, USUAL) for name in names}
    plan = {"began": time.time(), "left": list(names), "usual": usual}
    merge_json(folder(profile) / "progress.json", lambda _: plan)


def finished(profile: str, name: str) -> tuple[str, str]:
    """``[7/24] `` and ``; about 5 min left``, for one of the planned notebooks; else nothing."""
    file = folder(profile) / "progress.json"
    if name not in (read_json(file) or {"left": ()})["left"]:
        return "", ""
    plan = merge_json(file, lambda old: old | {"left": [one for one in old["left"] if one != name]})
    usual, left = plan["usual"], plan["left"]
    place = f"[{len(usual) - len(left)}/{len(usual)}] "
    if not left:
        return place, ""
    ahead = sum(usual[name] for name in left)
    pace = (PRIOR / 2 + time.time() - plan["began"]) / (PRIOR + sum(usual.values()) - ahead)
    minutes = ahead * pace / 60
    return place, f"; {f'about {minutes:.0f} min' if minutes >= 1.5 else 'a minute'} left"
