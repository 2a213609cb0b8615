"""The scores that the notebooks left on disk: every table that a manifest lists, under common
names, or what is wrong with it."""

import json
from pathlib import Path

import pandas as pd

from lib import paths
from lib.companion.provenance import sha256
from lib.evaluation import printed
from lib.evaluation.statistics import half_width
from lib.evaluation.verdicts import told

_NAMES = {"reproduced": "mean", "std": "spread"}
_NAMES |= {f"reproduced_{name}": name for name in ("spread", "interval")}
_NEEDED = ["row", "role", "metric", "split", "n", "mean"]
_ANSWERS = ["published", "tier", "verdict"]  # what a table beside printed numbers has as well
COST = ["seconds", "peak_mib"]


def _bad(file: Path, expected: str, found: str, again: str = "run `make reproduce`") -> ValueError:
    return ValueError(f"{'/'.join(file.parts[-3:])}: expected {expected}, found {found}; {again}")


def tables(paper: str) -> list[str]:
    """Ids of the tables that stand beside printed ones: ``"table3"``."""
    numbers = printed.load(paper)["table"].unique()
    return [f"table{number}" for number in numbers if number != "text"]


def manifest(file: Path) -> list[dict]:
    """Rows of a manifest, each with its ``paper``.

    Raises
    ------
    ValueError
        Where it is missing or damaged: the file, what was expected, what was found, what to do.
    """
    if not file.is_file():
        raise _bad(file, "the list of all results", "no such file")
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        # figures/manifest.json lists <paper>/<file>, figures/<paper>/<profile>/manifest.json <file>
        above = file.parents[1].name
        return [row | {"paper": f"{above}/{row['file']}".split("/")[-2]} for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise _bad(file, "a list of results", f"something else ({error})") from None


def complete(root: Path) -> bool:
    """Whether a folder lists an answer to every printed table of the four papers, so that a board
    can be made of it alone."""
    wanted = {f"{paper}/{name}.csv" for paper in printed.papers() for name in tables(paper)}
    try:
        return wanted <= {row["file"] for row in manifest(root / "manifest.json")}
    except ValueError:
        return False


def _read(file: Path, row: dict) -> pd.DataFrame | None:
    """The scores in one CSV under common names, each with where it comes from and what it cost;
    None where it is a table of something else. Raises as :func:`manifest` does."""
    again = f"run {row['notebook']} again"
    if not file.is_file():
        raise _bad(file, "a table, as the manifest says", "no such file", again)
    if (found := sha256(file)) != row["sha256"]:
        raise _bad(file, f"what {row['notebook']} wrote ({row['sha256'][:8]})",
                   f"another content ({found[:8]})", again)
    answers = row["kind"] == "table" and row["id"] in tables(row["paper"])
    try:
        frame = pd.read_csv(file).rename(columns=_NAMES)
        if missing := [name for name in _NEEDED + answers * _ANSWERS if name not in frame]:
            if not answers:
                return None
            raise ValueError(f"one without {', '.join(missing)}")
        frame = frame[frame["split"].notna()].astype({"mean": float, "n": float})
    except ValueError as error:
        raise _bad(file, "a table of scores", str(error).strip(), again) from None
    frame = frame.assign(tier=frame["tier"] if "tier" in frame else row["tier"])
    frame = with_margins(frame.reindex(columns=[*_NEEDED, "spread", "interval", "tier", "verdict"]))
    root = file.parents[1 if "/" in row["file"] else 2]
    about = {key: row[key] for key in ("paper", "notebook", "cell", *COST)}
    return frame.assign(table=row["id"], verdict=frame["verdict"].astype(object).fillna("control"),
                        figure=file.relative_to(root).with_suffix("").as_posix(), **about)


def with_margins(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over ``n`` folds with both their ``spread`` and their ``interval``: one follows from
    the other, and tables give either."""
    unit = half_width(1.0, frame["n"])
    return frame.assign(spread=frame["spread"].fillna(frame["interval"] / unit),
                        interval=frame["interval"].fillna(frame["spread"] * unit))


def scores(file: Path, real: bool) -> tuple[list[pd.DataFrame], list[dict], list[str]]:
    """All scores on real data, or all on simulated data, in the tables that a manifest lists.

    Parameters
    ----------
    file : Path
        The manifest.
    real : bool

    Returns
    -------
    frames : list of DataFrame
        One per table: ``paper``, ``table`` (id), ``row``, ``role``, ``metric``, ``split``, ``n``
        (folds), ``mean``, ``spread`` and ``interval`` over folds, ``tier``, ``verdict``,
        ``notebook``, ``cell``, ``figure``, ``seconds``, ``peak_mib``.
    rows : list of dict
        Those of :func:`manifest` that are of the four papers.
    problems : list of str
        One message per table, or manifest, that cannot be read; the others are read all the same.
    """
    frames, problems = [], []
    try:
        rows = [row for row in manifest(file) if row["paper"] in printed.papers()]
    except ValueError as error:
        return [], [], [str(error)]
    for row in rows:
        if row["file"].endswith(".csv") and row["tier"] != "published":
            try:
                if (frame := _read(file.parent / row["file"], row)) is not None:
                    frames.append(frame[(frame["tier"] != "simulated") == real])
            except ValueError as error:
                problems.append(str(error))
    return frames, rows, problems


def claims(folder: Path = paths.FIGURES) -> pd.DataFrame:
    """Differences that tables print between two rows, answered by runs on real data of the paper's
    own kind, paired fold by fold: ``paper``, ``table``, ``rows``, ``metric``, ``printed``, ``here
    (95 %)``, ``p (Holm)``, ``answer``."""
    tables = []
    for number, paper in enumerate(printed.papers(), 1):
        for file in sorted((folder / paper / "public").glob("table*_claims.csv")):
            own = pd.read_csv(file).query("verdict != 'control'")
            columns = {
                "paper": number, "table": file.stem.split("_")[0].removeprefix("table"),
                "rows": own["a"] + " against " + own["b"], "metric": own["metric"],
                "printed": own["published"].map("{:+.3f}".format), "here (95 %)": told(own),
                "p (Holm)": own["p_holm"].map("{:.2g}".format), "answer": own["verdict"]
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
