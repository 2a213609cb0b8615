"""Paper 4's face network on openly published photographs: faces in the wild with four emotions, and
people of London with two. See :mod:`lib.evaluation.stand_in`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from lib import paths, profiles
from lib.datasets import london_faces, rafdb, registry, wild_faces
from lib.datasets.base import Signal
from lib.evaluation.stand_in import LABELS, ask, shipped
from lib.papers.experiment import Row
from lib.papers.face_eeg import expression, expression_settings
from lib.papers.face_eeg.expression_training import control_fold
from lib.papers.face_eeg.settings import Preset
from lib.preprocessing.faces import portraits
from lib.store import Store
from lib.training.splits import Split, permute_labels

# surprise stands in for the paper's fear, of which there are 21 pictures
EMOTIONS, LONDON = ("happiness", "sadness", "surprise", "neutral"), ("happiness", "neutral")
METRIC = "wild accuracy"
SPLITS, SOURCES = ("random_pictures", "by_subject"), ("both_sources", "by_source")
ROWS = {
    **expression_settings.ROWS,
    "Face without attention": expression_settings.network("none"),
    # the places of the network's four patches, for a linear model
    "linear, patches": Row(control_fold, {"model": "balanced linear", "parts": 2},
                           ("maps", "emotion"), "control")
}
SHOWN = ("Face", "Face without attention", "random backbone", "linear", "linear, patches",
         "majority")
CLAIMS = {
    "attention helps": [("Face", "Face without attention")],
    "ImageNet's features help": [("Face", "random backbone")],
    "the network beats a linear model": [("Face", "linear"), ("Face", "linear, patches")]
}
RECALL = {  # in which all emotions count the same
    "the network beats a linear model, mean recall": CLAIMS["the network beats a linear model"]
}


def features(name: str, emotions: Sequence[str], profile: str, root: str = "",
             store: Store | None = None, **how: Any) -> dict[str, Any]:
    """As :func:`lib.papers.face_eeg.expression.features`, of the pictures of some emotions, cut to
    the face in RAF-DB's size; where none is found, they are left out and counted in the caption.
    ``official`` is the source of a picture, ``subject`` its person."""
    trials = registry.stand_in(name, profile, root)
    new = {wild_faces.EMOTIONS.index(emotion): k for k, emotion in enumerate(emotions)}
    chosen = [trial for trial in trials if trial.labels["emotion"] in new]
    tight = [trial.session in ("crop", "other") for trial in chosen]
    given = [Path(trial.files["image"]).read_bytes() for trial in chosen], tight, rafdb.SIZE
    cut = (store or Store()).memoise(portraits, (trial.load("image").data[0] for trial in chosen),
                                     tight, rafdb.SIZE, given=given)
    kept = tuple(
        replace(trial, labels={"emotion": new[int(trial.labels["emotion"])]},
                loaders={"image": partial(Signal, image[None], 1.0)})
        for trial, image in zip(chosen, cut["faces"], strict=True) if image.any())
    caption = f"{trials.caption}; a face in {len(kept)} of {len(chosen)} pictures"
    found = expression.features(replace(trials, trials=kept, caption=caption, dropped={}),
                                store=store, **how)
    return found | {"subject": np.array([trial.subject for trial in kept])}


def folds(data: Mapping[str, Any], name: str) -> list[Split]:
    """Five folds of the larger source, of ``random_pictures`` or ``by_subject`` (nobody on both
    sides), with about the same shares of the emotions. Two test on the other source:
    ``both_sources`` trains on other people of both, ``by_source`` as ``by_subject`` does."""
    other = data["official"] == "other"
    own = np.flatnonzero(~other | (name == "both_sources"))
    unit, label = own if name == "random_pictures" else data["subject"][own], data["emotion"][own]
    cut, drawn = StratifiedGroupKFold(5, shuffle=True, random_state=0).split, []
    for fold, (rest, tested) in enumerate(cut(label, label, unit)):
        # one in five of those that are left validates
        train, val = (own[rest[part]] for part in next(cut(rest, label[rest], unit[rest])))
        test = own[tested]
        if name in SOURCES:
            test = np.flatnonzero(other) if name == "by_source" else test[other[test]]
        drawn.append(Split(name, fold, *(tuple(x.tolist()) for x in (train, val, test))))
    return [split for split in drawn if split.test]


def run(data: Mapping[str, Any], title: str, preset: expression_settings.FacePreset,
        seeds: Sequence[int], splits: Sequence[str] = SPLITS, rows: Sequence[str] = SHOWN,
        **how: Any) -> tuple[pd.DataFrame, list[Any]]:
    """Tidy accuracy, precision, recall and F1 (``title`` before them) of every row and fold, with
    the true emotions and with those of other pictures of the source (``experiment``), and the
    records of the former. ``seeds`` repeat the trainings on the same folds; the exchange is made
    for the first."""
    tables, kept, own = [], list[Any](), data["emotion"]
    for seed, split, labels in product(seeds, splits, LABELS):
        if labels != LABELS[0] and seed != seeds[0]:
            continue
        dealt = permute_labels(own, np.arange(len(own)), data["official"], seed)
        given, how["seed"] = {**data, "emotion": own if labels == LABELS[0] else dealt}, seed
        records = expression.run(given, rows, folds(data, split), preset, rows=ROWS, **how)
        tables.append(expression.score(given, records, experiment=labels))
        kept += records if labels == LABELS[0] else []
    table = pd.concat(tables, ignore_index=True)
    return table.assign(metric=title + " " + table["metric"]), kept


def results(profile: str, root: str, seeds: Sequence[int], device: str = "cpu",
            emotions: Sequence[str] = EMOTIONS) -> dict[str, Any]:
    """``scores``, ``claims``, ``counts`` of confusions (new people) and what figures must say
    (``about``; ``credit`` where people of London are shown): of a run on both sets (profile
    ``public``; then ``london`` and what was ``trained`` on it, too), or as they ship with the
    project."""
    if profiles.base(profile) != "public":
        scores, claims, about = shipped("face_eeg", "faces in the wild (photographs)")
        counts = pd.read_csv(paths.FIGURES / "face_eeg" / "public" / "real_confusion.csv")
        credit = {**about, "caption": f"{london_faces.CREDIT}, as shipped with the project"}
        return {
            "scores": scores, "claims": claims, "counts": counts, "about": about, "credit": credit
        }
    preset, how = Preset.of(profile).face, {"device": device}
    three = ("Face", "linear", "majority")
    wild = features(wild_faces.FOLDER, emotions, profile, root)
    london = features(london_faces.FOLDER, LONDON, profile, root)
    scores, records = run(wild, "wild", preset, seeds, **how)
    stills, _ = run(wild, "other", preset, seeds[:1], SOURCES, three, **how)
    two, trained = run(london, "London", preset, seeds, SPLITS[1:], three, **how)
    new = [r for r in records if (r.row, r.split.name) == ("Face", "by_subject")]
    counts = expression.confusions(wild, new, emotions)
    counts = counts.set_axis(counts.columns.map(" ".join), axis=1).reset_index()
    people = len(np.unique(wild["subject"][wild["official"] == "lfw"]))
    asked = (CLAIMS, METRIC), (RECALL, "wild recall")
    claims = pd.concat([
        ask(scores, these, metric, {split: folds(wild, split) for split in SPLITS},
            stand_in="faces in the wild", people=people) for these, metric in asked
    ])
    scores = pd.concat([scores, stills.query("metric == 'other accuracy'"), two])
    return {
        "scores": scores, "claims": claims, "counts": counts, "about": wild["about"],
        "credit": london["about"], "london": london, "trained": trained
    }
