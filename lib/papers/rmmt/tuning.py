"""Paper 1: a recipe searched for on validation trials, and what features of the face give at most.

The paper prints no recipe; Sec 4.3 keeps 40 % of the trials that are not tested for validation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.model_selection import ParameterSampler

from lib.papers import experiment as spine
from lib.papers.experiment import Record, Row
from lib.papers.rmmt.learners import learner_fold
from lib.papers.rmmt.protocol import splits
from lib.papers.rmmt.settings import ARRAYS, Preset, network
from lib.papers.rmmt.training import Recipe
from lib.plots.shapes import blanks
from lib.plots.style import COLOURS

OF_NETWORK = ("layers", "widths", "dropout", "attention")  # the others are the recipe's


def samples(space: Mapping[str, Sequence], n: int, seed: int = 0) -> list[dict[str, Any]]:
    """``n`` different draws, each value of a setting as likely as its others."""
    return list(ParameterSampler(dict(space), n, random_state=seed))


def tuned(preset: Preset, sample: Mapping[str, Any]) -> Preset:
    """The preset whose tuned rows have the values of a sample."""
    return replace(
        preset, tuned_options={name: sample[name] for name in OF_NETWORK if name in sample},
        tuned_recipe={name: value for name, value in sample.items() if name not in OF_NETWORK})


def search(data: Mapping[str, np.ndarray], tried: Sequence[Mapping[str, Any]], split: str,
           preset: Preset, folds: Sequence[int], *, seed: int = 0, device: str = "cpu",
           **how: Any) -> pd.DataFrame:
    """Train RMMT with each sample on the training trials of some folds, and score the validation
    trials. The test trials take no part: the folds that are run do not hold them.

    Returns
    -------
    DataFrame
        One row per sample, in the order tried: its values, ``windows`` (thousands that were
        trained on, on average), ``CCC`` on validation trials (mean over the folds; each is that of
        the best epoch) and ``spread`` over them.
    """
    kept = [fold for fold in splits(data, split, preset) if fold.fold in folds]
    steps = np.mean([data["lengths"][list(fold.train)].sum() for fold in kept])
    rows, windows = {}, []
    for i, sample in enumerate(tried):
        own = tuned(preset, sample)
        recipe = {**preset.recipe, **own.tuned_recipe, "device": device}
        rows[str(i)] = network("RMMT", {**preset.options, **own.tuned_options}, **recipe)
        whole = Recipe(**recipe)
        windows.append(whole.epochs * steps / whole.train_hop / 1000)
    untested = [replace(fold, test=fold.val) for fold in kept]
    records = spine.run(data, rows, untested, seeds=(seed,), **how)
    scores = pd.Series([float(record.result["validation"]) for record in records])
    found = scores.groupby([int(record.row) for record in records]).agg(["mean", "std"])
    return pd.DataFrame(tried).assign(windows=windows, CCC=found["mean"], spread=found["std"])


def budget(searched: pd.DataFrame, ladder: pd.DataFrame) -> Figure:
    """Validation CCC against the windows trained on: every sample a dot, and one recipe at several
    lengths as a line."""
    figure, (ax,) = blanks(3.2)
    for rows, how in ((searched, {"fmt": "o", "mfc": "white", "label": "samples of the search"}),
                      (ladder, {"fmt": "s-", "label": "the profile's recipe, longer and longer"})):
        ax.errorbar(rows["windows"], rows["CCC"], rows["spread"], color=COLOURS["both"], ms=5,
                    elinewidth=0.8, **how)
    ax.set(xscale="log", xlabel="windows trained on, thousands", ylim=(0, 1),
           ylabel="CCC, validation trials")
    ax.set_xticks(ladder["windows"], [f"{windows:.1f}" for windows in ladder["windows"]])
    ax.set_xticks([], minor=True)
    ax.legend(loc="lower right")
    return figure


def ceiling(data: Mapping[str, np.ndarray], split: str, preset: Preset, *, seed: int = 0,
            device: str = "cpu", **how: Any) -> list[Record]:
    """What the face features give to other learners: kernel ridge regression, gradient boosting,
    and a TCN of twice the width."""
    scaled = {name: preset.recipe.get(name, 0) for name in ("face_baseline", "limit")}
    rows = {
        f"{name}, face": Row(learner_fold, {"learner": name, **scaled}, ARRAYS, "control")
        for name in ("kernel ridge", "gradient boosting")
    }
    wide = {"widths": tuple(2 * width for width in preset.options.get("widths", (128, 128)))}
    rows["TCN-F, twice as wide"] = network("TCN-F", wide, **{**preset.recipe, "device": device})
    return spine.run(data, rows, splits(data, split, preset), seeds=(seed,), **how)
