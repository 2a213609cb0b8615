"""A simulated cohort in the layout of the Muse recordings (:mod:`lib.datasets.muse_format`), with
known ground truth, and its null twin.

The state sets a level of arousal, which drives the EEG of :mod:`lib.simulation.brain`; people
differ, and so does each recording of one person. With ``effect = 0`` the signals follow a state
drawn for each recording without looking at its label. As in the real set, one recording is too
short and one is broken.
"""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lib import paths
from lib.datasets.muse_format import CHANNELS, CLOCK, RATE, STATES, UNUSED, file_name
from lib.simulation import brain
from lib.simulation.folder import claim, finish
from lib.simulation.valence import stream
from lib.store import code_digest, digest
from lib.whole import write_file

log = logging.getLogger(__name__)
AROUSAL = {"relaxed": -1.2, "neutral": 0.0, "concentrating": 1.2}  # assumed
SLOPE = 5.0  # choice: factor on the slopes of lib.simulation.brain, as in lib.simulation.flex
RHYTHMS = tuple(
    replace(r, valence=SLOPE * r.valence, strength=SLOPE * r.strength, arousal=SLOPE * r.arousal)
    for r in brain.RHYTHMS)
OWN = 0.35  # arousal of this recording alone
# of a recording: log gains, log rhythms, 1/f exponent, alpha in Hz
CONTACT, SIZES, TILT, PEAK = 0.15, 0.12, 0.1, 0.2
# s of the short recording, s of the gap in the broken one; uV at which the headband saturates
SHORT, PAUSE, RANGE = 9.0, 20.0, 1000.0


def make(folder=None, *, subjects: int = 4, recordings: int = 2, seconds: float = 45,
         effect: float = 1.0, fingerprint: float = 1.0, seed: int = 0) -> Path:
    """Write a cohort, or find it finished.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``muse-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
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

    Returns
    -------
    Path
        The cohort's root.

    Raises
    ------
    ValueError
        Parameters out of range, or ``folder`` holds another cohort.
    """
    if not (2 <= subjects <= 26 and 1 <= recordings <= 9 and seconds >= 12 and 0 <= effect <= 1
            and fingerprint >= 0):
        raise ValueError(
            "expected 2 to 26 subjects, 1 to 9 recordings, 12 seconds or more, effect in 0..1, "
            "fingerprint >= 0, "
            f"found {subjects}, {recordings}, {seconds}, {effect}, {fingerprint}")
    parameters = {
        "subjects": subjects, "recordings": recordings, "seconds": seconds, "effect": effect,
        "fingerprint": fingerprint, "seed": seed
    }
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"muse-{key}"
    caption = f"simulated cohort, effect = {effect:g}, seed = {seed}"
    if claim(root, key, caption):
        return root
    truth = []
    for subject in range(1, subjects + 1):
        for state in STATES:
            for number in range(1, recordings + 1):
                other = STATES[stream(seed, "other", subject, state, number).integers(len(STATES))]
                eeg = _eeg(parameters, subject, state, other, number)
                if (subject, state, number) == (2, STATES[-1], recordings):
                    eeg = eeg[:, :round(SHORT * RATE)]
                pause = PAUSE * ((subject, state, number) == (1, STATES[0], 1))
                write_file(root / file_name(subject, state, number), _csv(eeg, pause))
                truth.append(
                    {"file": file_name(subject, state, number), "state": state, "other": other})
    finish(root, {"caption": caption, "key": key, **parameters, "trials": truth})
    log.info("simulated cohort of %d recordings in %s", len(truth), root)
    return root


def _eeg(parameters: dict, subject: int, state: str, other: str, number: int) -> np.ndarray:
    """One recording ``(4, n)`` in uV."""
    seed, fingerprint, effect = (parameters[name] for name in ("seed", "fingerprint", "effect"))
    rng = stream(seed, "recording", subject, state, number)
    person = brain.Person.sample(stream(seed, "brain", subject), len(CHANNELS), fingerprint,
                                 RHYTHMS)
    contact, sizes, (tilt, peak) = rng.standard_normal(len(CHANNELS)), rng.standard_normal(
        len(RHYTHMS)), rng.standard_normal(2)
    person = replace(person, gains=person.gains * np.exp(CONTACT * fingerprint * contact),
                     alpha=person.alpha + PEAK * fingerprint * peak,
                     sizes=person.sizes * np.exp(SIZES * fingerprint * sizes),
                     exponent=person.exponent + TILT * fingerprint * tilt)
    n = round(parameters["seconds"] * RATE)
    level = effect * AROUSAL[state] + (1 - effect) * AROUSAL[other] + OWN * rng.standard_normal()
    blinks = np.cumsum(0.8 + rng.exponential(3.0, int(parameters["seconds"])))
    calm = np.zeros(n)
    return brain.record(person, brain.Affect(calm, calm + level, calm), rng, CHANNELS, RATE,
                        montage="colin27_1005", blinks=blinks, rhythms=RHYTHMS)


def _csv(eeg: np.ndarray, pause: float) -> bytes:
    """The file of a recording, as the headband's app writes it; with a gap of ``pause`` seconds
    after its first half."""
    n = eeg.shape[1]
    clock = 1.5e9 + np.arange(n) / RATE + pause * (np.arange(n) >= n // 2)
    centred = np.clip(eeg - eeg.mean(axis=1, keepdims=True), -RANGE, RANGE)
    table = pd.DataFrame({CLOCK: clock, **dict(zip(CHANNELS, centred, strict=True)), UNUSED: 0.0})
    buffer = io.BytesIO()
    table.to_csv(buffer, index=False, float_format="%.3f", lineterminator="\n")
    return buffer.getvalue()
