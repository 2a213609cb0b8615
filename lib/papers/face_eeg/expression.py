"""Paper 4 (Thanh and Thinh 2025), the face: the experiments behind Table 1 and Figure 5.

Settings are in :mod:`lib.papers.face_eeg.expression_settings`. The frozen backbone sees each face
once; rows differ in what is trained on its maps. Every row is trained several times, each time with
another validation part (and under ``pooled`` another test part), so that a number comes with a
spread; the paper prints one number.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import accuracy_score, recall_score

from lib.datasets import rafdb
from lib.datasets.base import Cohort
from lib.datasets.rafdb import EMOTIONS
from lib.evaluation.classification import averages, confusion
from lib.models.face_attention import PatchAttention, truncated_mobilenet, weights_source
from lib.papers import experiment as spine
from lib.papers.experiment import Record, Row
from lib.papers.face_eeg.expression_settings import ROWS, FacePreset
from lib.papers.face_eeg.expression_training import backbone_features, face_fold, splits
from lib.papers.face_eeg.settings import Preset
from lib.simulation import rafdb as simulation
from lib.store import Store, digest
from lib.training.checkpoint import restore
from lib.training.splits import Split


def cohort(profile: str, root: str = "", *, seed: int = 0, **simulated: Any) -> Cohort:
    """The faces of a profile: simulated (``demo``) or RAF-DB itself (``paper``).

    Parameters
    ----------
    profile, root : str
        ``root``: the user's data folder; default :func:`lib.paths.data`.
    seed, simulated
        Of the simulated set, see :func:`lib.simulation.rafdb.make`; ``effect=0`` is the null twin.

    Raises
    ------
    FileNotFoundError
        Where RAF-DB is not below the data folder; the message says where to ask.
    """
    return spine.cohort(profile, root, "rafdb", rafdb.read, simulation.make,
                        Preset.of(profile).face, seed=seed, **simulated)


def features(trials: Cohort, *, weights: str = "", control: bool = True, seed: int = 0,
             store: Store | None = None) -> dict:
    """All faces and what the frozen backbone makes of them, remembered; in float32, so that
    machines agree.

    Parameters
    ----------
    trials : Cohort
    weights : str
        File of backbone weights; empty: the ImageNet weights that are installed; ``"random"``.
    control : bool
        Also compute the maps of a backbone with random weights, for the row ``random backbone``.
    seed : int
        Of random weights.
    store : Store, optional

    Returns
    -------
    dict
        ``images`` ``(n, 100, 100, 3)`` uint8; ``maps`` and ``random_maps`` ``(n, 2, 160, 4, 4)``
        float16 (the face and its mirror image); ``emotion`` ``(n,)``, index in ``EMOTIONS``;
        ``official`` ``(n,)``, the owner's split; ``name`` ``(n,)``; ``weights``: where those of the
        backbone come from; ``about`` and ``about_random``: ``caption`` with the backbone's name,
        ``tier``, ``source``, ``dropped``.
    """
    images = np.concatenate([trial.load("image").data for trial in trials])
    data = {
        "images": images, "emotion": np.array([trial.labels["emotion"] for trial in trials]),
        "official": np.array([trial.session for trial in trials]),
        "name": np.array([trial.stimulus for trial in trials])
    }
    source = digest(data)
    kinds = [("maps", "about", weights or None), ("random_maps", "about_random", "random")]
    for maps, about, which in kinds if control else kinds[:1]:
        backbone = truncated_mobilenet(which, seed=seed)
        data[maps] = backbone_features(images, backbone, store)
        data[about] = spine.about(trials, source, trials.dropped, backbone.name)
        data.setdefault("weights", weights_source(backbone))
    return data


def repeats(data: Mapping[str, np.ndarray], name: str, preset: FacePreset) -> list[Split]:
    """A split drawn ``preset.repeats`` times, numbered as folds. ``official`` keeps its test faces;
    what validates changes."""
    drawn = (splits(data["emotion"], data["official"], name, seed=number)[0]
             for number in range(preset.repeats))
    return [dataclasses.replace(split, fold=number) for number, split in enumerate(drawn)]


def run(data: Mapping[str, Any], names: Sequence[str], split: str | Sequence[Split],
        preset: FacePreset, *, rows: Mapping[str, Row] = ROWS, seed: int = 0, device: str = "cpu",
        **how: Any) -> list[Record]:
    """Train and test rows on every repeat of a split, or on given folds.

    Parameters
    ----------
    data : mapping
        Of :func:`features`.
    names : sequence of str
        Keys of ``rows``.
    split : {"official", "pooled"} or sequence of Split
    preset : FacePreset
    seed, device : int, str
        Of the trainings.
    how
        ``engine``, ``jobs``, ``store``: see :func:`lib.training.folds.cross_validate`.
    """
    recipe = {**preset.recipe, "device": device}
    folds = repeats(data, split, preset) if isinstance(split, str) else split

    def settings(name: str, row: Row, fold: Split) -> dict:
        return {"recipe": recipe} if row.work is face_fold else {}

    return spine.run(data, spine.chosen(names, rows), folds, preset=settings, seeds=(seed,), **how)


def score(data: Mapping[str, np.ndarray], records: Iterable[Record], *, experiment: str,
          average: str = "macro") -> pd.DataFrame:
    """Tidy accuracy, precision, recall and F1 of every record on its test faces (Table 1).

    ``average``: see :func:`lib.evaluation.classification.averages`.
    """
    def measure(record: Record) -> dict[str, float]:
        return averages(data["emotion"][list(record.split.test)], record.result["test"], average)

    return spine.score("face_eeg", records, measure, experiment=experiment,
                       tier=data["about"]["tier"])


def answer(results: pd.DataFrame, table: str | int = 1) -> pd.DataFrame:
    """See :func:`lib.papers.experiment.answer`."""
    return spine.answer("face_eeg", results, table)


def confusions(data: Mapping[str, np.ndarray], records: Iterable[Record],
               emotions: Sequence[str] = EMOTIONS) -> pd.DataFrame:
    """Counts of true and predicted emotions over the test faces of all records together, with row
    percentages (Figure 5).

    A table of :func:`lib.evaluation.classification.confusion`.
    """
    records = list(records)
    y = np.concatenate([data["emotion"][list(r.split.test)] for r in records])
    return confusion(y, np.concatenate([r.result["test"].argmax(axis=1) for r in records]),
                     emotions)


def recalls(data: Mapping[str, np.ndarray], records: Iterable[Record]) -> pd.DataFrame:
    """Recall of every emotion: ``row``, ``split``, ``fold``, ``emotion``, ``recall``."""
    parts = []
    for r in records:
        values = recall_score(data["emotion"][list(r.split.test)], r.result["test"].argmax(axis=1),
                              labels=range(len(EMOTIONS)), average=None, zero_division=0)
        about = {"row": r.row, "split": r.split.name, "fold": r.split.fold}
        parts.append(pd.DataFrame({**about, "emotion": EMOTIONS, "recall": values}))
    return pd.concat(parts, ignore_index=True)


def _network(record: Record) -> PatchAttention:
    """The trained network of a record, in evaluation mode."""
    model = ROWS[record.row].settings["model"]
    return restore(PatchAttention(n_classes=record.result["test"].shape[1], **model),
                   record.result).eval()


@torch.no_grad()
def batch_order(data: Mapping[str, np.ndarray], records: Iterable[Record],
                batches: Sequence[int] = (8, 32), seed: int = 0) -> pd.DataFrame:
    """The same trained networks on the same test faces: each face alone, then class by class and
    shuffled in batches of several sizes.

    A network that looks at one face at a time gives the same answers each time. One that attends
    over the batch does not; where the test faces come class by class, as in the code of the paper's
    reference [11], a batch tells its label.

    Returns
    -------
    DataFrame
        ``row``, ``fold``, ``batch``, ``order`` (``class by class``, ``shuffled``),
        ``accuracy``, ``recall`` (mean over classes), ``changed``: share of the faces that are
        called something else than in batches of one.
    """
    rows = []
    for record in records:
        net, test = _network(record), np.asarray(record.split.test)
        y, maps = data["emotion"][test], torch.from_numpy(
            data[ROWS[record.row].settings["maps"]][test, 0]).float()
        orders = {
            "class by class": np.argsort(y, kind="stable"),
            "shuffled": np.random.default_rng(seed).permutation(len(y))
        }
        alone = torch.cat([net(face) for face in maps.split(1)]).argmax(dim=1).numpy()
        for batch in (1, *batches):
            for order, where in orders.items():
                guess = alone.copy()
                if batch > 1:
                    parts = maps[torch.from_numpy(where)].split(batch)
                    guess[where] = torch.cat([net(part) for part in parts]).argmax(dim=1).numpy()
                right = accuracy_score(y, guess), recall_score(y, guess, average="macro")
                changed = float(np.mean(guess != alone))
                rows.append((record.row, record.split.fold, batch, order, *right, changed))
    names = "row fold batch order accuracy recall changed"
    return pd.DataFrame(rows, columns=names.split())


@torch.no_grad()
def attention_on(data: Mapping[str, np.ndarray], record: Record,
                 faces: Sequence[int]) -> np.ndarray:
    """How much of the attention each patch gets, averaged over the four patches that attend: ``(n,
    4)``, rows sum to one.

    Patches in the order upper left, upper right, lower left, lower right; for rows with attention
    over patches.
    """
    maps = torch.from_numpy(data[ROWS[record.row].settings["maps"]][list(faces), 0]).float()
    return _network(record).features(maps)[1].mean(dim=1).numpy()


def drawn_units(trials: Cohort) -> dict[str, dict[str, float]]:
    """Image name -> action units with which it was drawn; empty for photographs, of which nobody
    knows them."""
    if trials.tier != "simulated":
        return {}
    truth = Path(trials[0].files["image"]).parents[3] / "truth.json"
    images = json.loads(truth.read_text(encoding="utf-8"))["images"]
    return {image["image"]: image["units"] for image in images}
