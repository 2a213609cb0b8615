"""Controls that stand beside the networks of paper 2 on the same folds."""

from collections.abc import Mapping

import numpy as np

from lib.papers.amigos.training import high_labels
from lib.training.controls import classify, group_mean
from lib.training.scaling import standardise

Result = dict[str, np.ndarray]


def control_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: str,
                 target: str, modality: str = "both", scaling: str = "subject") -> Result:
    """Probability of "high" of the validation and test segments, by a control on hand-made
    features.

    Parameters
    ----------
    data : mapping
        Per segment: ratings ``arousal`` and ``valence``, ``trial``, ``subject``, and the features
        ``features_eeg``, ``features_ecg`` of :func:`lib.preprocessing.heart.hand_features`.
    model : str
        Of :data:`lib.training.controls.CLASSIFIERS`. ``naive Bayes`` is the baseline of the AMIGOS
        paper (assumed).
    target : {"arousal", "valence"}
    modality : {"eeg", "ecg", "both"}
    scaling : {"subject", "train"}
        See :func:`lib.training.scaling.standardise`.
    """
    modalities = ("eeg", "ecg") if modality == "both" else (modality,)
    x = standardise(np.hstack([data[f"features_{m}"] for m in modalities]), split["train"],
                    data["subject"], scaling)
    y = high_labels(data[target], data["trial"], split["train"])
    return {part: p[:, 1] for part, p in classify(model, x, y, split, 2).items()}


def coin_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str) -> Result:
    """A fair coin: what macro-F1 makes of knowing nothing (about 0.5; the majority has 0.35).

    ``choice:`` it says high to every other segment, so that its score holds no luck.
    """
    return {part: np.arange(len(split[part]), dtype=np.float32) % 2 for part in ("val", "test")}


def stimulus_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, target: str) -> Result:
    """The share of high training segments of the same video; for a video that is not in training,
    of all.

    It uses the identity of the clip, which the models are not given: what the stimulus alone tells
    about the label.
    """
    train = np.asarray(split["train"])
    share = group_mean(high_labels(data[target], data["trial"], train), data["stimulus"], train)
    return {part: share[np.asarray(split[part])].astype(np.float32) for part in ("val", "test")}
