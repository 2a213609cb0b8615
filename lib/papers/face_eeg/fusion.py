"""Paper 4, face and EEG together (Sec 5.4): what the face model sees in the videos, and the
rules of fusion."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib.datasets.base import Cohort, Trial
from lib.datasets.flex_format import CHANNELS, GRID
from lib.evaluation.classification import accuracies
from lib.evaluation.fusion import RULES, calibrate, fuse, pool_frames, temperature
from lib.papers.experiment import Record
from lib.papers.face_eeg import expression as face_expression
from lib.papers.face_eeg.protocol import tested, truth
from lib.papers.face_eeg.settings import Preset
from lib.papers.face_eeg.video import frame_posteriors
from lib.preprocessing.recordings import content
from lib.store import Store, digest
from lib.training.folds import weights

SINGLE = ("face alone", "EEG alone")
# each joined with itself: what a regression fitted on validation segments gains without a second
STACKED = tuple(f"{name}, stacked" for name in SINGLE)


def trained_face(profile: str, root: str = "", *, seed: int = 0,
                 **how: Any) -> dict[str, np.ndarray]:
    """Weights of the face model that notebook 40 trained on the first draw of the official split,
    found in the memo."""
    data = face_expression.features(face_expression.cohort(profile, root, seed=seed), control=False)
    record = face_expression.run(data, ["Face"], "official",
                                 Preset.of(profile).face, seed=seed, **how)[0]
    return weights(record.result)


def watched(trial: Trial, weights: Mapping[str, np.ndarray], preset: Preset,
            store: Store | None = None) -> dict[str, np.ndarray]:
    """:func:`lib.papers.face_eeg.video.frame_posteriors`, remembered."""
    given = (content(trial, "video",
                     "markers"), trial.stimulus, digest(dict(weights)), preset.video_rate)
    return (store or Store()).memoise(frame_posteriors, trial, weights, preset.video_rate,
                                      given=given)


def faces_of_segments(trials: Cohort, data: Mapping[str, np.ndarray], weights: Mapping[str,
                                                                                       np.ndarray],
                      preset: Preset, *, store: Store | None = None) -> np.ndarray:
    """Posteriors of the face for every EEG segment ``(N, 4)``: the mean over its frames, NaN where
    none shows a face.

    Parameters
    ----------
    trials : Cohort
    data : mapping
        Of :func:`lib.papers.face_eeg.protocol.features` of the same cohort.
    weights : mapping
        Of the trained face model, by parameter name. ``choice:`` the model of notebook 40 as it is;
        the paper does not say that it was adapted to the laboratory's videos.
    """
    store, out = store or Store(), np.full((len(data["emotion"]), 4), np.nan)
    for number in np.unique(data["recording"]):
        rows = np.flatnonzero(data["recording"] == number)
        seen = watched(trials[number], weights, preset, store)
        out[rows] = pool_frames(seen["p"], seen["times"], data["start"][rows])
    return out


def _calibrated(test: np.ndarray, val: np.ndarray, y: np.ndarray) -> np.ndarray:
    return calibrate(test, temperature(val, y))


def _stacked(test: np.ndarray, val: np.ndarray, y: np.ndarray) -> np.ndarray:
    return fuse("stacking", test, test, val=(val, val, y))


def _said(record: Record, faces: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What face and EEG say of the validation and the test segments of a fold."""
    own = {part: faces[list(getattr(record.split, part))] for part in ("val", "test")}
    face, eeg = ({part: np.asarray(of[part], float) for part in own} for of in (own, record.result))
    return face, eeg


def alone(record: Record, faces: np.ndarray, y_val: np.ndarray,
          how: Callable[..., np.ndarray] = _calibrated) -> np.ndarray:
    """Test posteriors of face and EEG ``(2, n, 4)``, each fitted on the fold's validation part;
    NaN where no face was seen."""
    out = np.full((2, len(record.split.test), 4), np.nan)
    for p, said in zip(out, _said(record, faces), strict=True):
        known, seen = (~np.isnan(said[part]).any(axis=1) for part in ("val", "test"))
        p[seen] = how(said["test"][seen], said["val"][known], y_val[known])
    return out


def posteriors(data: Mapping[str, np.ndarray], record: Record,
               faces: np.ndarray) -> dict[str, np.ndarray]:
    """Test posteriors of both modalities alone (:data:`SINGLE`, :data:`STACKED`) and of every rule:
    name -> ``(n, 4)``. All is fitted on the fold's validation part.

    Where no face was seen, a face alone has equal probabilities.
    """
    (face, eeg), y = _said(record, faces), truth(data, record, "val")
    val = face["val"], eeg["val"], y
    fused = {rule: fuse(rule, face["test"], eeg["test"], val=val) for rule in RULES}
    single = (p for how in (_calibrated, _stacked) for p in alone(record, faces, y, how))
    names = zip((*SINGLE, *STACKED), single, strict=True)
    return {name: np.where(np.isnan(p), 0.25, p) for name, p in names} | fused


def fusion_accuracies(data: Mapping[str, np.ndarray], records: Iterable[Record],
                      faces: np.ndarray) -> pd.DataFrame:
    """Accuracies of both modalities alone and of every rule, see
    :func:`lib.evaluation.classification.accuracies`."""
    return accuracies(tested(data, records, lambda record: posteriors(data, record, faces)))


def examples(data: Mapping[str, np.ndarray], records: Sequence[Record], faces: np.ndarray,
             rule: str = "sum") -> pd.DataFrame:
    """One test segment per emotion, chosen by rule (Fig 7).

    ``choice:`` among segments that the fusion gets right with a face in sight: for sadness one
    whose face alone is called wrong while the EEG is right, as in the paper's figure, if there is
    one; else, and for the others, the one of which the fusion is most sure.

    Returns
    -------
    DataFrame
        ``emotion``, ``segment``, ``recording``, ``start``, and the columns ``face``, ``EEG``,
        ``fused`` of posteriors ``(4,)``.
    """
    frames = []
    for record in records:
        p, rows = posteriors(data, record, faces), np.array(record.split.test)
        says = {"face": "face alone", "EEG": "EEG alone", "fused": rule}
        seen = ~np.isnan(faces[rows]).any(axis=1)
        frame = pd.DataFrame({"emotion": truth(data, record), "segment": rows, "seen": seen})
        frames.append(frame.assign(**{name: [*p[of]] for name, of in says.items()}))
    table = pd.concat(frames, ignore_index=True)
    for name in ("face", "EEG", "fused"):
        table[f"{name}_right"] = np.stack(table[name]).argmax(axis=1) == table["emotion"]
    table["sure"] = np.stack(table["fused"]).max(axis=1)
    chosen = []
    for emotion, group in table[table["seen"] & table["fused_right"]].groupby("emotion"):
        saved = group[~group["face_right"] & group["EEG_right"]]
        pick = saved if emotion == 1 and len(saved) else group
        chosen.append(pick.loc[pick["sure"].idxmax()])
    picked = pd.DataFrame(chosen).reset_index(drop=True)
    return picked.assign(recording=data["recording"][picked["segment"]],
                         start=data["start"][picked["segment"]])


def beta_map(data: Mapping[str, np.ndarray], segment: int) -> np.ndarray:
    """Differential entropy of one segment in the beta band on the electrode grid ``(7, 5)``, NaN
    where there is no electrode."""
    values = dict(zip(CHANNELS, data["de"][segment, :, 3], strict=True))
    return np.array([[values.get(name, np.nan) for name in line] for line in GRID])
