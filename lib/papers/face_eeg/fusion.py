"""Paper 4, face and EEG together (Sec 5.4): what the face model sees in the videos, the rules of
fusion, and what a decision costs."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from timeit import repeat
from typing import Any

import numpy as np
import pandas as pd
import torch

from lib.datasets.base import BadFile, Cohort, Signal, Trial
from lib.datasets.flex_format import CHANNELS, EMOTIONS, GRID
from lib.evaluation.classification import accuracies
from lib.evaluation.fusion import RULES, calibrate, fuse, pool_frames, temperature
from lib.models.face_attention import PatchAttention, truncated_mobilenet
from lib.models.inception import spectrogram_backbone
from lib.models.scalp_cnn import ScalpCNN
from lib.papers.experiment import Record
from lib.papers.face_eeg import expression as face_expression
from lib.papers.face_eeg.protocol import tested, truth
from lib.papers.face_eeg.settings import Preset
from lib.preprocessing import scalp_maps
from lib.preprocessing.detectors import detect
from lib.preprocessing.faces import crop
from lib.preprocessing.recordings import content
from lib.preprocessing.scalp_lag import estimate_lag
from lib.store import Store, digest
from lib.training.checkpoint import restore
from lib.training.folds import weights

log = logging.getLogger(__name__)
SIDE = 112  # Sec 3, pixels
# choice: least standard deviation of the probability of happiness in a recording that can tell a
# lag
CHANGES = 0.05
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


def frames_of(trial: Trial, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames ``(n, height, width, 3)`` of a recording's video, about ``rate`` per second, and their
    times in s after the clip's onset."""
    video = trial.load("video")
    step = max(1, round(video.rate / rate))
    return video.data[::step], video.start + np.arange(len(video.data))[::step] / video.rate


def video_posteriors(trial: Trial, weights: Mapping[str, np.ndarray], rate: float,
                     detector: str = "haar", model_file: str = "") -> dict[str, np.ndarray]:
    """What the face model says of each frame of a recording.

    Returns
    -------
    dict
        ``p`` ``(n_frames, 4)``, NaN where no face was found; ``times`` ``(n_frames,)`` s after
        onset. Both empty without a video.
    """
    none = {"p": np.empty((0, 4)), "times": np.empty(0)}
    if "video" not in trial.loaders:
        return none
    try:
        frames, times = frames_of(trial, rate)
    except BadFile as error:
        log.warning("%s is used without its video: %s", trial.name, error)
        return none
    try:
        found = detect(frames, detector, model_file, file=trial.files.get("video", trial.name))
    except BadFile:  # no face in the whole video: the EEG decides alone
        return {"p": np.full((len(frames), 4), np.nan), "times": times}
    model = restore(PatchAttention(), weights).eval()
    maps = truncated_mobilenet()(crop(frames, found.boxes, SIDE))
    with torch.no_grad():
        p = model(torch.as_tensor(np.asarray(maps,
                                             np.float32))).softmax(dim=1).numpy().astype(float)
    p[found.quality == "missing"] = np.nan
    return {"p": p, "times": times}


def _seen(trial: Trial, weights: Mapping[str, np.ndarray], preset: Preset,
          store: Store) -> dict[str, np.ndarray]:
    given = (content(trial, "video"), trial.stimulus, digest(dict(weights)), preset.video_rate)
    return store.memoise(video_posteriors, trial, weights, preset.video_rate, given=given)


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
        rows, seen = np.flatnonzero(data["recording"] == number), _seen(
            trials[number], weights, preset, store)
        out[rows] = pool_frames(seen["p"], seen["times"], data["start"][rows])
    return out


def alone(record: Record, faces: np.ndarray,
          y_val: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Test posteriors of face and EEG ``(n, 4)``, each calibrated on the fold's validation part as
    before a fusion, and each stacked; NaN where no face was seen."""
    calibrated, stacked = [], []
    for p in (faces[list(record.split.val)],
              faces[list(record.split.test)]), (record.result["val"], record.result["test"]):
        val, test = (np.asarray(part, float) for part in p)
        known, seen = (~np.isnan(part).any(axis=1) for part in (val, test))
        y, one = y_val[known], np.full((2, *test.shape), np.nan)
        one[0, seen] = calibrate(test[seen], temperature(val[known], y))
        one[1, seen] = fuse("stacking", test[seen], test[seen], val=(val[known], val[known], y))
        calibrated.append(one[0])
        stacked.append(one[1])
    return calibrated, stacked


def posteriors(record: Record, faces: np.ndarray, y: Mapping[str,
                                                             np.ndarray]) -> dict[str, np.ndarray]:
    """Test posteriors of both modalities alone (:data:`SINGLE`, :data:`STACKED`) and of every rule:
    name -> ``(n, 4)``. All is fitted on the fold's validation part.

    ``y``: ``val`` and ``test`` -> emotions. Where no face was seen, a face alone has equal
    probabilities.
    """
    face = {part: faces[list(getattr(record.split, part))] for part in ("val", "test")}
    eeg = {part: np.asarray(record.result[part], float) for part in ("val", "test")}
    fused = {
        rule: fuse(rule, face["test"], eeg["test"], val=(face["val"], eeg["val"], y["val"]))
        for rule in RULES
    }
    calibrated, stacked = alone(record, faces, y["val"])
    single = zip((*SINGLE, *STACKED), (*calibrated, *stacked), strict=True)
    return {name: np.where(np.isnan(p), 0.25, p) for name, p in single} | fused


def fusion_accuracies(data: Mapping[str, np.ndarray], records: Iterable[Record],
                      faces: np.ndarray) -> pd.DataFrame:
    """Accuracies of both modalities alone and of every rule, see
    :func:`lib.evaluation.classification.accuracies`."""
    def says(record: Record) -> dict[str, np.ndarray]:
        y = {part: truth(data, record, part) for part in ("val", "test")}
        return posteriors(record, faces, y)

    return accuracies(tested(data, records, says))


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
        y = {part: truth(data, record, part) for part in ("val", "test")}
        p, rows = posteriors(record, faces, y), np.array(record.split.test)
        frames.append(
            pd.DataFrame({
                "emotion": y["test"], "segment": rows, "seen": ~np.isnan(faces[rows]).any(axis=1),
                "face": list(p["face alone"]), "EEG": list(p["EEG alone"]), "fused": list(p[rule])
            }))
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


def frame_at(trial: Trial, seconds: float) -> np.ndarray:
    """The video frame ``(height, width, 3)`` nearest to a time after the clip's onset."""
    video = trial.load("video")
    return video.data[int(
        np.clip(round((seconds - video.start) * video.rate), 0,
                len(video.data) - 1))]


def beta_map(data: Mapping[str, np.ndarray], segment: int) -> np.ndarray:
    """Differential entropy of one segment in the beta band on the electrode grid ``(7, 5)``, NaN
    where there is no electrode."""
    values = dict(zip(CHANNELS, data["de"][segment, :, 3], strict=True))
    return np.array([[values.get(name, np.nan) for name in line] for line in GRID])


def estimated_lags(trials: Cohort, weights: Mapping[str, np.ndarray], preset: Preset,
                   store: Store | None = None) -> pd.DataFrame:
    """The lag of the EEG behind the video, estimated in every recording in which the face changes
    (Sec 5.4 takes 2 s for all).

    ``choice:`` what the face does is told by the face model's probability of happiness, since a
    smile is what temples see best.

    Returns
    -------
    DataFrame
        Per emotion: ``recordings``, ``used`` (with a changing face), and median and quartiles of
        the estimates in s.
    """
    store, rows = store or Store(), []
    for trial in trials:
        emotion, estimate = EMOTIONS[int(trial.labels["emotion"])], np.nan
        seen = _seen(trial, weights, preset, store)
        if len(seen["p"]) and np.isfinite(seen["p"][:, 0]).mean() > 0.5:
            smile = pd.Series(seen["p"][:, 0]).interpolate(limit_direction="both").to_numpy()
            rate = 1 / np.median(np.diff(seen["times"]))
            if smile.std() > CHANGES:
                try:
                    estimate = estimate_lag(trial.load("eeg"),
                                            Signal(smile, rate, start=float(seen["times"][0])))
                except BadFile:  # too short for every lag to be tried
                    pass
        rows.append({"emotion": emotion, "lag": estimate})
    quartiles = {
        "lower quartile": lambda x: x.quantile(0.25), "upper quartile": lambda x: x.quantile(0.75)
    }
    groups = pd.DataFrame(rows).groupby("emotion", sort=False)["lag"]
    return groups.agg(recordings="size", used="count", median="median", **quartiles)


def latency(trial: Trial, preset: Preset, repeats: int = 3) -> pd.DataFrame:
    """Seconds of each stage of one decision about 3 s, with one thread: the best of some
    repetitions, after one to warm up."""
    backbone = spectrogram_backbone(size=preset.size)
    network, face = truncated_mobilenet(), PatchAttention().eval()
    cut = scalp_maps.segments(trial)["segments"][:1]
    images = 255 * np.moveaxis(scalp_maps.spectrograms(cut, preset.size)[0], 1, -1)
    described = np.asarray(backbone(images), np.float32)[None]
    maps = torch.as_tensor(scalp_maps.scalp_map(described))
    cnn = ScalpCNN(maps.shape[1]).eval()
    frames, _ = frames_of(trial, preset.video_rate)
    frames = frames[:max(1, round(3 * preset.video_rate))]
    boxes = detect(frames).boxes
    eeg = trial.load("eeg")
    stages: dict[str, Callable[[], Any]] = {
        "filter and resample the recording": lambda: scalp_maps.band_signals(eeg),
        "84 spectrograms": lambda: scalp_maps.spectrograms(cut, preset.size),
        f"features of 28 images ({backbone.name})": lambda: backbone(images),
        "network on the scalp map": lambda: cnn(maps),
        f"find the face in {len(frames)} frames": lambda: detect(frames),
        "face network": lambda: face(
            torch.as_tensor(np.asarray(network(crop(frames, boxes, SIDE)), np.float32))),
    }
    with torch.no_grad():
        times = [repeat(stage, number=1, repeat=repeats + 1)[1:] for stage in stages.values()]
    return pd.DataFrame({"stage": list(stages), "seconds": map(min, times)})
