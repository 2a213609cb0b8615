"""Paper 4: what the face model says of a recording's video. A module of its own, so that what is
remembered does not age with figures."""

import logging
from collections.abc import Mapping
from functools import cache

import numpy as np
import torch

from lib.datasets.base import BadFile, Trial
from lib.models.face_attention import PatchAttention, truncated_mobilenet
from lib.preprocessing.detectors import detect
from lib.preprocessing.faces import crop
from lib.training.checkpoint import restore

log = logging.getLogger(__name__)
SIDE = 112  # Sec 3, pixels
described = cache(truncated_mobilenet)  # read once for all recordings


def frames_of(trial: Trial, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames ``(n, height, width, 3)`` of a recording's video, about ``rate`` per second, and their
    times in s after the clip's onset."""
    video = trial.load("video")
    step = max(1, round(video.rate / rate))
    return video.data[::step], video.start + np.arange(len(video.data))[::step] / video.rate


def frame_posteriors(trial: Trial, weights: Mapping[str, np.ndarray],
                     rate: float) -> dict[str, np.ndarray]:
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
        found = detect(frames, file=trial.files.get("video", trial.name))
    except BadFile:  # no face in the whole video: the EEG decides alone
        return {"p": np.full((len(frames), 4), np.nan), "times": times}
    model = restore(PatchAttention(), weights).eval()
    maps = np.asarray(described()(crop(frames, found.boxes, SIDE)), np.float32)
    with torch.no_grad():
        p = model(torch.from_numpy(maps)).softmax(dim=1).numpy().astype(float)
    p[found.quality == "missing"] = np.nan
    return {"p": p, "times": times}
