"""A simulated AMIGOS cohort in the owner's on-disk layout, with known ground truth, and its null
twin.

Valence and arousal of each trial drive the EEG (:mod:`lib.simulation.brain`) and the heart
(:mod:`lib.simulation.heart`); the same two, with the rater's habit and noise, are reported on
scales from 1 to 9. With ``effect = 0`` the reports stay as they are, but the signals follow another
latent of the same law that has nothing to do with them; everything else, noise included, is drawn
the same.
"""

from __future__ import annotations

import logging
from pathlib import Path

from lib import paths
from lib.datasets.amigos_format import SUBJECTS
from lib.simulation.amigos_files import path_of, write
from lib.simulation.folder import claim, finish
from lib.store import code_digest, digest
from lib.workers import side_by_side

log = logging.getLogger(__name__)


def make(folder=None, *, subjects: int = 8, short: tuple[float, float] = (30, 40),
         long: tuple[float, float] = (60, 70), effect: float = 1.0, fingerprint: float = 1.0,
         seed: int = 0, jobs: int = 2) -> Path:
    """Write a cohort, or find it finished.

    A subject's file is written elsewhere and moved to its place when complete; ``truth.json``,
    written last, marks the cohort as finished. A killed call is resumed by the next one.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``amigos-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
    subjects : int
        1 to 40. Every subject has 16 short and 4 long videos; from three subjects on every kind of
        gap of the real files occurs.
    short, long : (float, float)
        Shortest and longest video in seconds, after 5 s of baseline; a video lasts equally long for
        everyone.
    effect : float
        0 (the null twin: reports independent of all signals) to 1 (calibrated): correlation of the
        latent the signals follow with the latent the reports follow.
    fingerprint : float
        How much subjects and recordings differ in what is not affect.
    seed, jobs : int
        Same seed, same bytes, whatever the number of processes.

    Returns
    -------
    Path
        The cohort's root.

    Raises
    ------
    ValueError
        Parameters out of range, or ``folder`` holds another cohort.
    """
    if not (1 <= subjects <= len(SUBJECTS) and 10 <= short[0] <= short[1]
            and 10 <= long[0] <= long[1] and 0 <= effect <= 1 and fingerprint >= 0):
        raise ValueError(
            f"expected 1 to {len(SUBJECTS)} subjects, 10 <= shortest <= longest seconds, effect "
            "in 0..1, fingerprint >= 0, "
            f"found {subjects}, {short}, {long}, {effect}, {fingerprint}")
    parameters = {
        "subjects": subjects, "short": list(short), "long": list(long), "effect": effect,
        "fingerprint": fingerprint, "seed": seed
    }
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"amigos-{key}"
    caption = f"simulated cohort, effect = {effect:g}, seed = {seed}"
    if claim(root, key, caption):
        return root
    numbers = SUBJECTS[:subjects]
    watched = side_by_side(write, [(root, subject, parameters) for subject in numbers], jobs,
                           ordered=True)
    trials = [vars(viewing) for _, of_subject in watched for viewing in of_subject]
    truth = {
        "caption": caption, "key": key,
        **parameters, "files": [path_of(subject) for subject in numbers], "trials": trials
    }
    finish(root, truth)
    log.info("simulated cohort of %d subjects in %s", subjects, root)
    return root
