"""Paper 2's systems on other people, openly recorded: EEG and ECG at rest and during mental
arithmetic (EEGMAT). See :mod:`lib.evaluation.stand_in`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib import profiles
from lib.datasets import eegmat, registry
from lib.evaluation.stand_in import LABELS, ask, shipped
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos.settings import MODALITIES, VARIANTS, Preset
from lib.preprocessing import physio
from lib.store import Store
from lib.training.splits import permute_labels

TARGET, METRIC = "state", "state accuracy"
# each person has one recording of each state, so no split can keep recordings apart and leave both
# states of a person to learn from
SPLITS = ("random_segments", "by_subject")
ROWS = (*VARIANTS, "linear, EEG", "linear, ECG", "linear, both", "nearest neighbour, both",
        "majority", "coin")
# pre-trained on the training people alone, without the corpora
ALONE = {name: f"{name}, no further people" for name in ("EEG", "ECG")}
LIMIT = 1500  # choice: segments of corpora at most, five times those of the training people
FURTHER = "pre-training helps, further people"
CLAIMS = {
    "pre-training helps": (("EEG", "EEG without pre-training"), ("ECG", "ECG without pre-training"),
                           ("Fused", "Fused without pre-training")), FURTHER: tuple(ALONE.items()),
    "two signals beat one": (("Fused", "EEG"), ("Fused", "ECG")),
    "two signals beat one, control": (("linear, both", "linear, EEG"), ("linear, both",
                                                                        "linear, ECG")),
    "the network beats a linear model": (("EEG", "linear, EEG"), ("ECG", "linear, ECG"),
                                         ("Fused", "linear, both")),
}


def segments(profile: str, root: str = "", **how: Any) -> dict[str, Any]:
    """Ten-second segments of EEGMAT; see :func:`lib.papers.amigos.protocol.segments`."""
    cohort = eegmat.equally_long(registry.stand_in(eegmat.FOLDER, profile, root))
    return amigos.segments(cohort, targets=(TARGET,), **how)


def corpora(data: Mapping[str, np.ndarray],
            root: str = "") -> tuple[dict[str, np.ndarray], list[str]]:
    """Unlabelled segments of further people, by modality, and the names of the corpora: all in the
    data folder, the paper's own and others (FEIS, RCQoEA-360VR); no segments where there is
    none."""
    found = registry.corpora(root or None, "amigos") | registry.corpora(root or None, "across")
    chosen = {m: [own for own in found.values() if m in own[0].loaders] for m in MODALITIES}
    segments = {
        m: physio.corpus_segments(own, m, limit=LIMIT, store=Store()) if own else data[m][:0]
        for m, own in chosen.items()
    }
    return segments, list(found)


def run(data: Mapping[str, Any], unlabelled: Mapping[str, np.ndarray], preset: Preset,
        seeds: Sequence[int], *, rows: Sequence[str] = ROWS, splits: Sequence[str] = SPLITS,
        device: str = "cpu", **how: Any) -> pd.DataFrame:
    """Tidy accuracy and macro-F1 of every row and fold, with the true states and with states
    exchanged within people (``experiment``).

    Networks are pre-trained on the recordings of the training people, labels unseen, and on
    ``unlabelled`` of :func:`corpora`; where it holds any, rows of :data:`ALONE` are pre-trained
    without it. ``seeds`` repeat the trainings on the same folds; the exchange is drawn anew with
    each.
    """
    nothing = {m: np.asarray(data[m])[:0] for m in MODALITIES}
    alone = [name for name in ALONE if name in rows and len(unlabelled[name.lower()])]
    tables = []
    for seed in seeds:
        exchanged = permute_labels(data[TARGET], data["trial"], data["subject"], seed)
        for name, states in zip(LABELS, (data[TARGET], exchanged), strict=True):
            given = {**data, TARGET: states}
            settings = {"targets": (TARGET,), "seed": seed, "device": device, **how}
            for split in splits:
                records = amigos.run(given, unlabelled, rows, split, preset, **settings)
                without = amigos.run(given, nothing, alone, split, preset, **settings)
                records += [replace(record, row=ALONE[record.row]) for record in without]
                tables.append(
                    amigos.score(given, records, experiment=name, tier=data["about"]["tier"]))
    return pd.concat(tables, ignore_index=True)


def claims(data: Mapping[str, Any], results: pd.DataFrame, preset: Preset) -> pd.DataFrame:
    """:data:`CLAIMS` asked of the results of :func:`run`, as far as it has their rows."""
    rows = set(results["row"])
    asked = {
        claim: [pair for pair in pairs if set(pair) <= rows] for claim, pairs in CLAIMS.items()
    }
    folds = {split: amigos.splits(data, split, preset) for split in results["split"].unique()}
    return ask(results, asked, METRIC, folds, stand_in="EEGMAT",
               people=len(np.unique(data["subject"])))


def results(profile: str, root: str, seeds: Sequence[int],
            device: str = "cpu") -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Scores, claims and what a figure must say: of a run on EEGMAT (profile ``public``), or those
    that ship with the project."""
    if profiles.base(profile) != "public":
        return shipped("amigos",
                       f"EEGMAT, 36 people, {eegmat.SECONDS} s of each state (real recordings)")
    preset, data = Preset.of(profile), segments(profile, root)
    unlabelled, names = corpora(data, root)
    scores = run(data, unlabelled, preset, seeds, device=device)
    further = f"; pre-trained on further people of {' and '.join(names)}" if names else ""
    return scores, claims(data, scores,
                          preset), {**data["about"], "caption": data["about"]["caption"] + further}
