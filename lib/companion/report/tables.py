"""Tables of the report, as plain text in rows and columns: published beside reproduced, the
scoreboard, any CSV file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lib.companion import scoreboard
from lib.companion.collect import COST

REAL = ("public", "licensed")  # tiers whose numbers answer a paper; each gets a column of its own
NEEDED = {"row", "metric", "published", "reproduced", "verdict"}
NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Cells as text; the first column names its row, ``verdict`` is the number of the column that
    holds verdicts (-1: none)."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    verdict: int = -1
    note: str = ""


def _whole(text: str) -> str:
    """A number and its spread stay on one line."""
    return text.strip().replace(" ± ", "\u00a0±\u00a0")


def read_csv(file: Path, caption: str) -> Table:
    """A CSV file as it stands: text as text, empty cells as a dash."""
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    columns = [str(name).replace("_", " ") for name in frame.columns]
    verdict = columns.index("verdict") if "verdict" in columns else -1
    rows = [[_whole(value) or NOTHING for value in row] for row in frame.itertuples(index=False)]
    return Table(caption, columns, rows, verdict)


def _short(value: float, digits: int) -> str:
    """At least three decimals, a fourth one where ``digits`` is 4 and it is not 0: as papers print
    them."""
    return f"{value:.{digits}f}".removesuffix("0" if digits > 3 else "")


def _number(value: float, margin: float, n: float | None = None, digits: int = 3) -> str:
    if pd.isna(value):
        return NOTHING
    text = _short(value, digits) + (f" ± {_short(margin, digits)}" if pd.notna(margin) else "")
    return text + (f" (n = {n:.0f})" if n else "")


def _margin(row: pd.Series, kind: str) -> float:
    """The spread if the table holds one, else half the width of the interval."""
    return next(
        (row[name]
         for name in (f"{kind}_spread", f"{kind}_interval") if name in row and pd.notna(row[name])),
        float("nan"))


def _meaning(frame: pd.DataFrame) -> str:
    words = {
        "published_spread": "published: spread",
        "published_interval": "published: half the 95 % interval",
        "reproduced_spread": "reproduced: spread",
        "reproduced_interval": "reproduced: half the 95 % interval"
    }
    kinds = [text for name, text in words.items() if name in frame and frame[name].notna().any()]
    said = f"After ± stands, {'; '.join(kinds)} over folds; n is the number of folds run."
    return said if kinds else ""


def _line(group: pd.DataFrame, tiers: list[str]) -> list[str]:
    """One printed number and everything that answers it, each tier in its own column."""
    first, by_tier = group.iloc[0], group.drop_duplicates("tier").set_index("tier")
    cells = [
        _number(by_tier.loc[tier, "reproduced"], _margin(by_tier.loc[tier], "reproduced"),
                by_tier.loc[tier].get("n")) if tier in by_tier.index else NOTHING for tier in tiers
    ]
    judged = next(tier for tier in (*REAL, "simulated", "") if tier in by_tier.index)
    printed = _number(first["published"], _margin(first, "published"), digits=4)
    return [
        first["row"], first["metric"], first["split"].replace("_", " ") or NOTHING, printed, *cells,
        by_tier.loc[judged, "verdict"]
    ]


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
    tiers = [tier for tier in (*REAL, "simulated") if (frame["tier"] == tier).any()]
    heads = [f"reproduced on {tier} data" if tier in REAL else "simulated cohort" for tier in tiers]
    groups = frame.groupby(["row", "metric", "split"], sort=False, dropna=False)
    rows = [_line(group, tiers) for _, group in groups]
    columns = ["row", "metric", "split", "published", *heads, "verdict"]
    return Table(caption, columns, rows, len(columns) - 1, _meaning(frame))


def answers(files: dict[str, list[Path]]) -> dict[str, Table]:
    """Published beside reproduced by id, from the CSV files of every run of it; files that compare
    nothing are passed over."""
    found = {}
    for identifier, group in files.items():
        frames = [frame for frame in map(pd.read_csv, group) if set(frame.columns) >= NEEDED]
        if frames:
            found[identifier] = compare(frames, identifier.replace("table", "Table "))
    return found


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
    columns = [name for name in shown if name != "verdict"]
    beside = columns.index(scoreboard.REAL) + 1  # what real data say stands where it is seen first
    columns.insert(beside, "verdict")
    return Table(caption, columns, [[_whole(str(value)) or NOTHING for value in row]
                                    for row in shown[columns].to_numpy()], beside)
