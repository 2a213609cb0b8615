"""Paper 2, after the training: who is right where, examples by rule, where CLS looks, which
errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets.amigos_format import EEG_CHANNELS, RATE
from lib.evaluation.classification import confusion
from lib.papers.amigos import protocol as amigos
from lib.papers.experiment import Record

PAIR = ("F7", "F3")  # Figs 3 and 4: the EEG channels that are drawn
WRONG = {"fig3": "ECG", "fig4": "EEG"}  # Sec 5.2: which network errs there
WORDS, ANSWERS = {False: "low", True: "high"}, {False: "wrong", True: "right"}


def confusions(data: Mapping[str, np.ndarray], records: Sequence[Record], split: str,
               target: str) -> pd.DataFrame:
    """Counts of true and predicted classes over all test segments of a split (each is tested once),
    with row percentages.

    A table of :func:`lib.evaluation.classification.confusion`.
    """
    chosen = [r for r in records if (r.split.name, r.target) == (split, target)]
    y = np.concatenate([amigos.labels(data, r) for r in chosen])
    guess = np.concatenate([r.result["test"] > 0.5 for r in chosen]).astype(int)
    return confusion(y, guess, ["low", "high"])


def complementarity(data: Mapping[str, np.ndarray], records: Sequence[Record],
                    target: str) -> pd.DataFrame:
    """One row per test segment: who is right, and by how much the fusion is sure.

    Returns
    -------
    DataFrame
        ``segment`` (index), ``fold``, ``y``, probabilities ``ECG``, ``EEG``, ``Fused`` and
        ``<name>_right``; ``case`` (both right, only ECG right, only EEG right, both wrong).
    """
    says = {(r.row, r.split): r.result["test"] for r in records if r.target == target}
    frames = []
    for fused in (r for r in records if r.row == "Fused" and r.target == target):
        y = amigos.labels(data, fused)
        frame = pd.DataFrame({"segment": fused.split.test, "fold": fused.split.fold, "y": y})
        for name in ("ECG", "EEG", "Fused"):
            frame[name] = says[name, fused.split]
            frame[f"{name}_right"] = (frame[name] > 0.5) == (y == 1)
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    cases = [table["ECG_right"] & table["EEG_right"], table["ECG_right"], table["EEG_right"]]
    table["case"] = np.select(cases, ["both right", "only ECG right", "only EEG right"],
                              "both wrong")
    return table


def examples(table: pd.DataFrame) -> dict[str, int]:
    """Figure -> row of a :func:`complementarity` table where only the network of :data:`WRONG` errs
    and is most sure of itself; without one, no such figure."""
    rows = {}
    for figure, wrong in WRONG.items():
        right = "EEG" if wrong == "ECG" else "ECG"
        fits = table[(table["case"] == f"only {right} right") & table["Fused_right"]]
        if len(fits):
            rows[figure] = int((fits[wrong] - 0.5).abs().idxmax())
    return rows


def look(data: Mapping[str, Any], records: Sequence[Record], table: pd.DataFrame, row: int,
         target: str) -> dict[str, Any]:
    """What :func:`lib.papers.amigos.figures.complementary` draws of one row of a
    :func:`complementarity` table."""
    line = table.loc[row]
    segment, attention = int(line["segment"]), {}
    for name in ("ECG", "EEG"):
        record = next(r for r in records
                      if (r.row, r.target) == (name, target) and segment in r.split.test)
        attention[name] = record.result["attention"][record.split.test.index(segment)]
    channels = [EEG_CHANNELS.index(name) for name in PAIR]
    right = {name: ANSWERS[line[f"{name}_right"]] for name in ("ECG", "EEG", "Fused")}
    says = {name: f"{WORDS[line[name] > 0.5]} ({line[name]:.2f}, {right[name]})" for name in right}
    return {
        "ecg": data["ecg"][segment, 0], "eeg": data["eeg"][segment, channels], "names": PAIR,
        "rate": RATE, "attention": attention, "verdict": says
    }


def attention_summary(records: Sequence[Record], target: str) -> pd.DataFrame:
    """How evenly CLS looks over the tokens of a test segment: entropy over its maximum, and the
    share of its ten strongest tokens."""
    rows = []
    for name in ("ECG", "EEG"):
        weights = np.concatenate([
            r.result["attention"] for r in records if (r.row, r.target) == (name, target)
        ]).astype(float)
        share = weights / weights.sum(axis=1, keepdims=True)
        entropy = -np.sum(share * np.log(np.maximum(share, 1e-12)), axis=1) / np.log(share.shape[1])
        top = np.sort(share, axis=1)[:, -10:].sum(axis=1)
        rows.append((name, *share.shape, entropy.mean(), top.mean()))
    columns = ["modality", "segments", "tokens", "evenness", "ten strongest"]
    return pd.DataFrame(rows, columns=columns)
