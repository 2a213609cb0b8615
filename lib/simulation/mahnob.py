"""A simulated MAHNOB-HCI cohort in the owner's on-disk layout, with known ground truth, and its
null twin.

One latent valence trace per trial drives the brain and the face; raters follow it late and add
something of their own (:mod:`lib.simulation.valence`). With ``effect = 0`` the labels stay as they
are, but brain and face follow another latent of the same law that has nothing to do with them;
everything else, noise included, is drawn the same.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from lib import paths
from lib.datasets.mahnob_format import LABEL_RATE, LABELS_FILE
from lib.simulation import mahnob_files
from lib.simulation.folder import claim, finish
from lib.simulation.mahnob_session import session
from lib.simulation.valence import HISTORY, Trace, Watching, draw_traces, plan, real_plan, stream
from lib.store import code_digest, digest
from lib.workers import side_by_side

log = logging.getLogger(__name__)


def make(folder=None, *, subjects: int | None = 8, clips: int = 5,
         seconds: tuple[float, float] = (35, 45), effect: float = 1.0, fingerprint: float = 1.0,
         muscle: float = 1.0, video_rate: float = 15.0, seed: int = 0, jobs: int = 2) -> Path:
    """Write a cohort, or find it finished.

    A session is written to a temporary folder and renamed when complete; ``truth.json``, written
    last, marks the cohort as finished. A killed call is resumed by the next one.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``mahnob-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
    subjects, clips, seconds
        See :func:`lib.simulation.valence.plan`. ``subjects=None`` gives the real cohort's shape (24
        subjects, 239 trials of 35 to 117 s) and ignores ``clips`` and ``seconds``.
    effect : float
        0 (the null twin: labels independent of all signals) to 1 (calibrated): correlation of the
        latent the signals follow with the latent the raters follow.
    fingerprint : float
        How much subjects and recordings differ in what is not affect.
    muscle : float
        How much of the smile's muscles leaks into the EEG.
    video_rate : float
        Frames per second (the real cameras: about 61).
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
    if not (0 <= effect <= 1 and fingerprint >= 0 and muscle >= 0 and video_rate > 0):
        raise ValueError("expected effect in 0..1, fingerprint and muscle >= 0, video_rate > 0, "
                         f"found {effect}, {fingerprint}, {muscle}, {video_rate}")
    parameters = {
        "subjects": subjects, "clips": clips, "seconds": list(seconds), "effect": effect,
        "fingerprint": fingerprint, "muscle": muscle, "video_rate": video_rate, "seed": seed
    }
    if subjects is None:
        parameters |= {"clips": None, "seconds": None}
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"mahnob-{key}"
    if claim(root, key, _caption(parameters)):
        return root
    for name in ("Sessions", "Subjects"):
        (root / name).mkdir(exist_ok=True)
    watched = real_plan(seed) if subjects is None else plan(subjects, clips, seconds, seed)
    felt, other = draw_traces(watched, seed), draw_traces(watched, seed, shared=False)
    mixed = [
        Trace(effect * a.latent + np.sqrt(1 - effect**2) * b.latent, a.label)
        for a, b in zip(felt, other, strict=True)
    ]
    sessions = [(root, w, trace, parameters) for w, trace in zip(watched, mixed, strict=True)]
    facts = [fact for _, fact in side_by_side(session, sessions, jobs, ordered=True)]
    _finish(root, key, parameters, watched, felt, mixed, facts)
    log.info("simulated cohort of %d trials in %s", len(watched), root)
    return root


def _caption(parameters: dict) -> str:
    return f"simulated cohort, effect = {parameters['effect']:g}, seed = {parameters['seed']}"


def _finish(root: Path, key: str, parameters: dict, watched: list[Watching], felt: list[Trace],
            mixed: list[Trace], facts: list[dict]) -> None:
    """The files that speak of all sessions, and last the truth."""
    for subject in sorted({w.subject for w in watched}):
        rng = stream(parameters["seed"], "subject", subject)
        mahnob_files.write_xml(
            root / "Subjects" / f"subject{subject}.xml", "subject",
            {"id": subject, "gender": "FM"[int(rng.integers(2))], "age": int(rng.integers(19, 41))})
    caption = _caption(parameters)
    order = sorted(range(len(watched)), key=lambda i: (watched[i].subject, watched[i].section))
    mahnob_files.write_labels(root / LABELS_FILE, [(watched[i].subject, watched[i].section)
                                                   for i in order], [felt[i].label for i in order])
    start = int(HISTORY * LABEL_RATE)
    trials = [{
        "subject": watched[i].subject, "section": watched[i].section, "clip": watched[i].clip,
        **facts[i], "label": np.round(felt[i].label, 4).tolist(),
        "latent": np.round(felt[i].latent[start:],
                           4).tolist(), "signal_latent": np.round(mixed[i].latent[start:],
                                                                  4).tolist()
    } for i in order]
    finish(root, {"caption": caption, "key": key, **parameters, "trials": trials})
