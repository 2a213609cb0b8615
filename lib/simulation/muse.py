"""A simulated cohort in the layout of the Muse recordings (:mod:`lib.datasets.muse_format`), with
known ground truth, and its null twin.

The state sets a level of arousal, which drives the EEG of :mod:`lib.simulation.brain`; people
differ, and so does each recording of one person. With ``effect = 0`` the signals follow a state
drawn for each recording without looking at its label. As in the real set, one recording is too
short and one is broken.
"""

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from lib.datasets.muse_format import CHANNELS, CLOCK, RATE, STATES, UNUSED, file_name
from lib.simulation import brain
from lib.simulation.folder import cohort, keep
from lib.simulation.valence import stream

AROUSAL = {"relaxed": -1.2, "neutral": 0.0, "concentrating": 1.2}  # assumed
SLOPE = 5.0  # choice: factor on the slopes of lib.simulation.brain, as in lib.simulation.flex
RHYTHMS = brain.louder(SLOPE, SLOPE)
OWN = 0.35  # arousal of this recording alone
# of a recording: log gains, log rhythms, 1/f exponent, alpha in Hz
DAY = (0.15, 0.12, 0.1, 0.2)
# s of the short recording, s of the gap in the broken one; uV at which the headband saturates
SHORT, PAUSE, RANGE = 9.0, 20.0, 1000.0


def make(folder=None, *, subjects: int = 4, recordings: int = 2, seconds: float = 45,
         effect: float = 1.0, fingerprint: float = 1.0, seed: int = 0) -> Path:
    """Write a cohort, or find it finished (:func:`lib.simulation.folder.cohort`).

    Parameters
    ----------
    folder : path-like, optional
    subjects, recordings : int
        2 to 26 subjects with 1 to 9 recordings of each of three states. The last of subject 2
        (concentrating) lasts 9 s only; the first of subject 1 (relaxed) has a gap of 20 s in the
        middle.
    seconds : float
        Length of the others, 12 or more.
    effect : float
        0 (the null twin: labels independent of the signals) to 1: share of the label's state in
        what the signals follow.
    fingerprint : float
        How much people and recordings differ in what is not the state.
    seed : int
        Same seed, same bytes.
    """
    return cohort("muse", __file__, locals(), _write, subjects=(2, 26), recordings=(1, 9),
                  seconds=(12, np.inf))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    trials = []
    for here in product(range(1, parameters["subjects"] + 1), STATES,
                        range(1, parameters["recordings"] + 1)):
        other = STATES[stream(parameters["seed"], "other", *here).integers(len(STATES))]
        keep(root / file_name(*here), partial(_csv, parameters, other, *here))
        trials.append({"file": file_name(*here), "state": here[1], "other": other})
    return {"trials": trials}


def _eeg(parameters: dict, other: str, subject: int, state: str, number: int) -> np.ndarray:
    """One recording ``(4, n)`` in uV."""
    seed, fingerprint, effect = (parameters[name] for name in ("seed", "fingerprint", "effect"))
    rng = stream(seed, "recording", subject, state, number)
    person = brain.Person.sample(stream(seed, "brain", subject), len(CHANNELS), fingerprint,
                                 RHYTHMS).today(rng, fingerprint, *DAY)
    level = effect * AROUSAL[state] + (1 - effect) * AROUSAL[other] + OWN * rng.standard_normal()
    blinks = brain.blinking(rng, int(parameters["seconds"]))
    calm = np.zeros(round(parameters["seconds"] * RATE))
    return brain.record(person, brain.Affect(calm, calm + level, calm), rng, CHANNELS, RATE,
                        montage="colin27_1005", blinks=blinks, rhythms=RHYTHMS)


def _csv(parameters: dict, other: str, subject: int, state: str, number: int) -> str:
    """The file of a recording, as the headband's app writes it; one is too short, one has a gap
    after its first half."""
    eeg = _eeg(parameters, other, subject, state, number)
    if (subject, state, number) == (2, STATES[-1], parameters["recordings"]):
        eeg = eeg[:, :round(SHORT * RATE)]
    pause = PAUSE * ((subject, state, number) == (1, STATES[0], 1))
    n = eeg.shape[1]
    clock = 1.5e9 + np.arange(n) / RATE + pause * (np.arange(n) >= n // 2)
    centred = np.clip(eeg - eeg.mean(axis=1, keepdims=True), -RANGE, RANGE)
    table = pd.DataFrame({CLOCK: clock, **dict(zip(CHANNELS, centred, strict=True)), UNUSED: 0.0})
    return table.to_csv(index=False, float_format="%.3f", lineterminator="\n")
