"""Tables of the report, as plain text in rows and columns: published beside reproduced, the
scoreboard, any CSV file."""

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib.companion import scoreboard
from lib.companion.collect import COST

REAL = ("public", "licensed")  # tiers whose numbers answer a paper; each gets a column of its own
HEADS = {tier: f"reproduced on {tier} data" for tier in REAL} | {"simulated": "simulated cohort"}
NEEDED = {"row", "metric", "published", "reproduced", "verdict"}
MARGINS = {"spread": "spread", "interval": "half the 95 % interval"}
NOTHING = "–"


class Table(NamedTuple):
    """Cells as text; the first column names its row."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    """Every cell as text; a number and its spread stay on one line."""
    text = frame.map(lambda value: str(value).strip().replace(" ± ", "\u00a0±\u00a0") or NOTHING)
    return text.to_numpy().tolist()


def read_csv(file: Path, caption: str) -> Table:
    """A CSV file as it stands: text as text, empty cells as a dash."""
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    return Table(caption, [name.replace("_", " ") for name in frame], _cells(frame))


def _margins(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """What may stand after ±, a column each, as far as the table holds any of it."""
    margins = frame.reindex(columns=[f"{kind}_{name}" for name in MARGINS]).astype(float)
    return margins.set_axis([*MARGINS], axis=1)


def _numbers(frame: pd.DataFrame, kind: str, digits: int = 3) -> pd.Series:
    """Numbers with the spread if the table holds one, else half the width of the interval. A fourth
    decimal stands only where it is not 0: as papers print them."""
    def short(value: float) -> str:
        return f"{value:.{digits}f}".removesuffix("0" if digits > 3 else "")

    return scoreboard.pair(frame[kind], _margins(frame, kind).bfill(axis=1).iloc[:, 0], short)


def _meaning(frame: pd.DataFrame) -> str:
    kinds = "; ".join(f"{kind}: {MARGINS[name]}" for kind in ("published", "reproduced")
                      for name in _margins(frame, kind).dropna(axis=1, how="all"))
    return kinds and f"After ± stands, {kinds} over folds; n is the number of folds run."


def compare(frames: Iterable[pd.DataFrame], caption: str) -> Table:
    """Runs of one printed table on different data, side by side.

    Parameters
    ----------
    frames : iterable of DataFrame
        As :func:`lib.evaluation.verdicts.verdicts` makes them: ``row``, ``metric``, ``published``,
        ``reproduced``, ``split``, ``tier``, ``verdict``. Rows that no run answers have no
        tier.
    caption : str

    Returns
    -------
    Table
        One line per row, metric and split. Real and simulated data never share a column; the
        verdict is that on real data where there is one.
    """
    frame = pd.concat(frames, ignore_index=True)
    frame[["split", "tier"]] = frame.reindex(columns=["split", "tier"]).fillna("")
    frame = frame.assign(printed=_numbers(frame, "published", 4), run=_numbers(frame, "reproduced"))
    if "n" in frame:
        folds = " (n = " + frame["n"].map("{:.0f}".format) + ")"
        frame["run"] += folds.where(frame["n"].ne(0) & frame["reproduced"].notna(), "")
    tiers = [tier for tier in HEADS if (frame["tier"] == tier).any()]
    rows = []
    groups = frame.groupby(["row", "metric", "split"], sort=False, dropna=False)
    for (row, metric, split), group in groups:
        by_tier = group.drop_duplicates("tier").set_index("tier")
        runs = by_tier["run"].reindex(tiers, fill_value=NOTHING)
        verdict = by_tier["verdict"].reindex([*HEADS, ""]).dropna().iloc[0]
        split = split.replace("_", " ") or NOTHING
        rows.append([row, metric, split, group["printed"].iloc[0], *runs, verdict])
    columns = ["row", "metric", "split", "published", *(HEADS[tier] for tier in tiers), "verdict"]
    return Table(caption, columns, rows, _meaning(frame))


def answers(rows: Iterable[dict]) -> dict[str, Table]:
    """Published beside reproduced by id, from the CSV files of every run of it, as manifests list
    them; files that compare nothing are passed over."""
    found = defaultdict(list)
    for row in sorted(rows, key=itemgetter("id")):
        if row["path"].endswith(".csv") and row["at"].is_file():
            frame = pd.read_csv(row["at"])
            if NEEDED <= {*frame}:
                found[row["id"]].append(frame)
    return {name: compare(own, name.replace("table", "Table ")) for name, own in found.items()}


def board(file: Path, caption: str) -> Table:
    """The printed numbers of the scoreboard, as :func:`lib.companion.scoreboard.shown` words them;
    any other CSV file as it stands."""
    frame = pd.read_csv(file)
    # its file leaves out what differs from run to run
    if not {*scoreboard.COLUMNS} - {*COST} <= {*frame.columns}:
        return read_csv(file, caption)
    frame = frame[frame["kind"] == "printed"].astype({"cell": "Int64"})
    words = frame.select_dtypes(["object", "string"]).columns
    shown = scoreboard.shown(frame.fillna(dict.fromkeys(words, "")))
    beside = shown.columns.get_loc(scoreboard.REAL) + 1  # the verdict stands where it is seen first
    shown.insert(beside, "verdict", shown.pop("verdict"))
    return Table(caption, [*shown], _cells(shown))
