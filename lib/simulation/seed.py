"""A simulated SEED-IV or SEED-V cohort of features in the owner's on-disk layout, with known ground
truth, and its null twin.

What drives a trial is a point in a small space of emotion, one for the brain and one for the eyes:
the emotion of the clip, as this subject shows it, plus what this trial has of its own, drawn apart
for brain and eyes, so that the two err on different trials. With ``effect = 0`` the emotion that
drives a trial is another one, drawn without regard to the label; everything else, noise included,
is drawn the same.
"""

import io
import pickle
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

import mne
import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import lfilter

from lib.datasets.seed_format import (BANDS, CHANNELS, FOLDERS_IV, FOLDERS_V, MNE_NAMES, N_EYE_IV,
                                      N_EYE_V, SEED_IV_EMOTIONS, SEED_IV_LABELS, SEED_V_EMOTIONS,
                                      SEED_V_LABELS)
from lib.simulation.files import matlab
from lib.simulation.folder import cohort, keep
from lib.simulation.valence import mix, stream

LAYOUTS: dict[str, tuple[dict[int, tuple[int, ...]], tuple[str, ...], int]] = {
    "seed-iv": (SEED_IV_LABELS, SEED_IV_EMOTIONS, N_EYE_IV),
    "seed-v": (SEED_V_LABELS, SEED_V_EMOTIONS, N_EYE_V),
}
MOST = {"seed-iv": 15, "seed-v": 16}  # subjects

# What the brain's latents do: (electrodes they are strongest at, band). Temporal beta and gamma and
# occipital alpha: Zheng & Lu (2015).
SOURCES = ((("T7", "T8"), "beta"), (("T7", "T8"), "gamma"), (("O1", "O2"), "alpha"),
           (("FP1", "FP2"), "gamma"), (("PZ",), "delta"))
# choice: where each emotion lies among them, and among the eyes' latents (pupil, dispersion,
# fixation, saccade, blink).
BRAIN = {
    "happy": (1.0, 1.0, -0.5, -0.2, -0.3), "neutral": (-0.5, -0.5, 1.0, -0.5, -0.2),
    "sad": (-0.6, -0.3, 0.2, 0.3, 1.0), "fear": (0.2, 0.2, -0.7, 1.0, 0.3),
    "disgust": (0.6, -0.5, -0.5, -0.3, 0.8)
}
EYES = {
    "happy": (0.3, 0.8, -0.8, 0.6, 0.4), "neutral": (-1.0, -0.2, 0.3, -0.3, 0.7),
    "sad": (-0.3, -0.8, 1.0, -0.5, -0.4), "fear": (1.0, 0.2, 0.1, 0.8, -0.9),
    "disgust": (0.6, -0.6, -0.6, -0.6, 0.8)
}
OWN_LOADING = 0.3  # how far an emotion lies elsewhere in another person
# choice: set so that a linear classifier of the paper's windows reaches what the data card tells;
# no network was looked at.
OWN_TRIAL_BRAIN, OWN_TRIAL_EYES = 0.2, 0.4  # what a trial has of its own among the latents
GAIN = 0.55  # nats of DE for one unit of a brain latent, at its strongest electrode
# nats, spread of what is not emotion; for the eyes in units of their own spread
SHIFTS = {"subject": 0.5, "session": 0.25, "trial": 0.1}
# choice: nats, spread of what the contact of one electrode adds to a whole trial; no other one has
# it, so that what several tell is emotion or person
CONTACT = 0.5
NOISE, MEMORY = 0.25, 0.5  # nats, from window to window; correlation of neighbours
RISE = 3.0  # windows in which an emotion builds up
# assumed: nats, of rhythms of a few microvolts
BASE = {"delta": 4.2, "theta": 3.4, "alpha": 3.4, "beta": 3.1, "gamma": 2.8}
# assumed: mean, spread and number of columns of each kind of eye feature; what the real columns are
# is not published and not imitated.
EYE_KINDS = ((3.5, 0.5, 12), (60.0, 15.0, 4), (250.0, 60.0, 5), (45.0, 12.0, 5), (3.0, 1.0, 5))
# trials with a gap in some eye features, trials that lack an eye feature throughout
GAPS, LOST = 0.2, 0.01


def make(folder=None, *, layout: str = "seed-iv", subjects: int = 4, effect: float = 1.0,
         fingerprint: float = 1.0, contact: float = 1.0, seed: int = 0,
         windows: tuple[int, int] = (13, 30)) -> Path:
    """Write a cohort, or find it finished (:func:`lib.simulation.folder.cohort`).

    Parameters
    ----------
    folder : path-like, optional
    layout : str
        ``"seed-iv"`` (3 sessions of 24 trials, 4 emotions) or ``"seed-v"`` (3 sessions of 15
        trials, 5 emotions).
    subjects : int
        At most 15 and 16, as in the real datasets.
    effect : float
        0 (the null twin: labels independent of all signals) to 1 (calibrated): weight of the
        label's emotion against another one.
    fingerprint : float
        How much subjects, sessions and trials differ in what is not emotion.
    contact : float
        How much the contact of each electrode differs from trial to trial, without regard to its
        neighbours; 0: not at all.
    seed : int
        Same seed, same bytes.
    windows : (int, int)
        Features (of 4 s) in the shortest and the longest trial; a clip lasts equally long for
        everyone.
    """
    return cohort(layout, __file__, locals(), _write, layout=tuple(LAYOUTS),
                  subjects=(1, MOST.get(layout, 0)), windows=(1, np.inf))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    layout, (low, high) = parameters["layout"], parameters["windows"]
    planned, truth = [], list[dict]()
    for session, labels in LAYOUTS[layout][0].items():
        lengths = stream(parameters["seed"], "lengths", session)
        counts = lengths.integers(low, high + 1, len(labels)).tolist()
        planned += [(session, t, n) for t, n in enumerate(counts, start=1)]
    for subject in range(1, parameters["subjects"] + 1):
        trials = [_trial(parameters, subject, *trial) for trial in planned]
        (_write_iv if layout == "seed-iv" else _write_v)(root, subject, trials)
        truth += [trial["truth"] for trial in trials]
    return {"trials": truth}


def _trial(parameters: Mapping, subject: int, session: int, t: int, n: int) -> dict:
    """Features of one trial and what lies behind them."""
    seed, effect, layout = parameters["seed"], parameters["effect"], parameters["layout"]
    labels, emotions, n_eye = LAYOUTS[layout]
    rng = stream(seed, "trial", subject, session, t)
    felt, other = labels[session][t - 1], int(rng.integers(len(emotions)))
    rise = 1 - np.exp(-np.arange(1, n + 1) / RISE)
    latents = []
    for loadings, own, name in ((BRAIN, OWN_TRIAL_BRAIN, "brain"), (EYES, OWN_TRIAL_EYES, "eyes")):
        place = np.array([loadings[emotion] for emotion in emotions])
        place = place + OWN_LOADING * stream(seed, name, subject).standard_normal(place.shape)
        driving = mix(effect, place[felt], place[other])
        latents.append(driving + own * rng.standard_normal(place.shape[1]))
    luminance = stream(seed, "clip", session, t).standard_normal()
    eeg = _eeg(parameters, subject, session, rng, np.outer(rise, latents[0]))
    eye = _eye(parameters, subject, session, rng, np.outer(rise, latents[1]), luminance, n_eye)
    known = {
        "subject": subject, "session": session, "trial": t, "emotion": felt, "other": other,
        "windows": n, "luminance": round(luminance, 4), "brain": np.round(latents[0], 4).tolist(),
        "eyes": np.round(latents[1], 4).tolist()
    }
    return {"session": session, "trial": t, "label": felt, "eeg": eeg, "eye": eye, "truth": known}


@cache
def _head() -> tuple[np.ndarray, np.ndarray]:
    """Directions ``(62, 3)`` of the electrodes from the head's centre, and the ``(62, 62)`` that
    makes noise alike in neighbours."""
    where = mne.channels.make_standard_montage("colin27_1005").get_positions()["ch_pos"]
    xyz = np.array([where[name] for name in MNE_NAMES])
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    return xyz, np.linalg.cholesky(np.exp(-np.linalg.norm(xyz[:, None] - xyz, axis=-1) / 0.8))


def _patterns(rng: np.random.Generator) -> np.ndarray:
    """What each brain latent does to each channel and band, ``(latents, 62, 5)``: strength, side
    and sharpness differ between people."""
    xyz, _ = _head()
    patterns = np.zeros((len(SOURCES), len(xyz), len(BANDS)))
    for pattern, (electrodes, band) in zip(patterns, SOURCES, strict=True):
        for electrode in electrodes:
            distance = np.linalg.norm(xyz - xyz[CHANNELS.index(electrode)], axis=1)
            pattern[:, list(BANDS).index(band)] += rng.lognormal(0, 0.3) * np.exp(-(
                (distance / rng.uniform(0.4, 0.6))**2) / 2)
    return GAIN * patterns


def _walk(rng: np.random.Generator, n: int, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of variance 1 in which each window remembers the one before, ``(n, *shape)``, from its
    stationary law."""
    white = rng.standard_normal((n + 10, *shape))
    return lfilter([np.sqrt(1 - MEMORY**2)], [1, -MEMORY], white, axis=0)[10:]


def _eeg(parameters: Mapping, subject: int, session: int, rng: np.random.Generator,
         latent: np.ndarray) -> np.ndarray:
    """DE before smoothing, ``(62, n_windows, 5)``."""
    seed, shape, (_, near) = parameters["seed"], (len(CHANNELS), len(BANDS)), _head()
    shift = SHIFTS["subject"] * stream(seed, "subject", subject).standard_normal(shape)
    shift += SHIFTS["session"] * stream(seed, "session", subject, session).standard_normal(shape)
    shift += SHIFTS["trial"] * rng.standard_normal(shape)
    emotion = np.tensordot(latent, _patterns(stream(seed, "patterns", subject)), 1)
    noise = NOISE * (near @ _walk(rng, len(latent), shape))
    contact = parameters["contact"] * CONTACT * rng.standard_normal(shape)
    return (np.array(list(BASE.values())) + parameters["fingerprint"] * near @ shift + contact +
            emotion + noise).swapaxes(0, 1)


def _eye(parameters: Mapping, subject: int, session: int, rng: np.random.Generator,
         latent: np.ndarray, luminance: float, n_eye: int) -> np.ndarray:
    """Eye movement features with their gaps, ``(n_eye, n_windows)``."""
    seed, sizes = parameters["seed"], np.array([size for _, _, size in EYE_KINDS])
    sizes[0] += n_eye - sizes.sum()  # assumed: SEED-V's two more are of the pupil
    kind = np.repeat(np.arange(len(sizes)), sizes)
    mean, spread = (np.array([entry[i] for entry in EYE_KINDS])[kind] for i in (0, 1))
    person = stream(seed, "gaze", subject)
    weight = np.where(
        np.arange(len(sizes))[:, None] == kind, person.lognormal(0, 0.3, n_eye),
        person.normal(0, 0.15, (len(sizes), n_eye)))
    shift = SHIFTS["subject"] * person.standard_normal(
        n_eye) + SHIFTS["trial"] * rng.standard_normal(n_eye)
    shift += SHIFTS["session"] * stream(seed, "gaze", subject, session).standard_normal(n_eye)
    values = latent @ weight - 0.5 * luminance * (
        kind == 0) + parameters["fingerprint"] * shift + _walk(rng, len(latent), (n_eye,))
    eye = (mean + spread * values).T
    if rng.random() < GAPS:
        first = rng.integers(eye.shape[1])
        eye[rng.random(n_eye) < 0.5, first:first + rng.integers(1, 4)] = np.nan
    if rng.random() < LOST:
        eye[rng.integers(n_eye)] = np.nan
    return eye


def _lds(eeg: np.ndarray) -> np.ndarray:
    # choice: a bell of 1.5 windows stands for the owner's smoothing
    return gaussian_filter1d(eeg, 1.5, axis=1, mode="nearest")


def _write_iv(root: Path, subject: int, trials: list[dict]) -> None:
    """One MATLAB file of EEG and one of eye movements for each session."""
    for session in SEED_IV_LABELS:
        eeg, eye = {}, {}
        for trial in (trial for trial in trials if trial["session"] == session):
            t, de = trial["trial"], trial["eeg"]
            eeg[f"de_movingAve{t}"] = uniform_filter1d(de, 5, axis=1, mode="nearest")
            eeg[f"de_LDS{t}"] = _lds(de)
            eye[f"eye_{t}"] = trial["eye"]
        for part, arrays in zip(FOLDERS_IV, (eeg, eye), strict=True):
            name = f"{subject}_2000{session:02d}{subject:02d}.mat"
            keep(root / part / str(session) / name, partial(matlab, arrays))


def _write_v(root: Path, subject: int, trials: list[dict]) -> None:
    """One file of EEG and one of eye movements, which hold pickles, as the owner's do."""
    eeg = [_lds(trial["eeg"]).swapaxes(0, 1).reshape(trial["eeg"].shape[1], -1) for trial in trials]
    eye = [trial["eye"].T for trial in trials]
    labels = [np.full(trial["eye"].shape[1], float(trial["label"])) for trial in trials]
    for part, data in zip(FOLDERS_V, (eeg, eye), strict=True):
        keep(root / part / f"{subject}_123.npz", partial(_npz, data=data, label=labels))


def _npz(**arrays: list[np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    pickles = {name: pickle.dumps(dict(enumerate(x)), protocol=4) for name, x in arrays.items()}
    np.savez(buffer, **pickles)  # type: ignore[arg-type]
    return buffer.getvalue()
