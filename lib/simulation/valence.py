"""Who watches which clip for how long, and the valence traces: what is felt (latent) and what
raters write down (label).

The law of the labels is calibrated to statistics of the 239 continuous labels of MAHNOB-HCI, to
nothing else: standard deviation 0.07, of which 56 % between trials, 0.039 within a trial, mean
0.015, range about -0.33 to 0.45, and a clip's mean trace over the other subjects agreeing with a
trial at a CCC near 0.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.stats import norm

from lib.datasets.mahnob_format import LABEL_RATE

# Trials per subject of the real label file; subjects 9, 11 and 17 have recordings but no labels,
# 12, 15 and 26 no recordings.
REAL_TRIALS = {
    1: 19, 2: 5, 3: 13, 4: 9, 5: 13, 6: 9, 7: 13, 8: 13, 10: 5, 13: 6, 14: 13, 16: 2, 18: 1, 19: 11,
    20: 17, 21: 10, 22: 14, 23: 15, 24: 12, 25: 16, 27: 6, 28: 4, 29: 10, 30: 3
}
KNOWN = [n for n in range(1, 31) if n not in (12, 15, 26)]  # who has recordings
REAL_CLIPS = 20
REAL_SECONDS = (35.0, 117.25)
# of a clip, from its most to its least unpleasant sixth
EMOTIONS = ("disgust", "fear", "sadness", "neutral", "joy", "amusement")
# seconds of latent drawn before onset, so that lagged raters have something to follow
HISTORY = 4.0

# choice: all constants below were set by drawing whole cohorts and comparing the statistics named
# above; nothing else was looked at.
# spread and asymmetry of the clips' means, moment-to-moment spread in a clip
CLIP_MEAN, CLIP_SKEW, CLIP_WITHIN = 0.033, 0.6, 0.0325
# a subject's own offset and own moments, spread of the log of the response to a clip
OWN_MEAN, OWN_WITHIN, RESPONSE = 0.022, 0.030, 0.45
# what the raters' mean adds of its own: an offset per trial and a slow drift
RATER_MEAN, RATER_WITHIN = 0.029, 0.020
# assumed: seconds in which affect rises from neutral at onset, where the raters' joysticks start
RISE = 6.0
MEAN, RATER_LAG, RATERS = 0.0146, (1.0, 2.0), 5  # lag in seconds: raters follow the face


@dataclass(frozen=True)
class Watching:
    """One subject watching one clip (numbered from 0) in one section, for ``steps`` label steps of
    0.25 s."""

    subject: int
    section: int
    clip: int
    steps: int


@dataclass(frozen=True)
class Trace:
    """Latent and label of one trial at 4 Hz; ``latent[int(HISTORY * 4)]`` and ``label[0]`` are at
    stimulus onset."""

    latent: np.ndarray
    label: np.ndarray

    def latent_at(self, times: np.ndarray) -> np.ndarray:
        """Latent at any time in seconds after onset; it fades to neutral within 2 s before onset
        and after the end."""
        grid = np.arange(len(self.latent)) / LABEL_RATE - HISTORY
        outside = np.clip(np.maximum(-times, times - len(self.label) / LABEL_RATE) / 2.0, 0, 1)
        return np.interp(times, grid, self.latent) * 0.5 * (1 + np.cos(np.pi * outside))


def stream(seed: int, *path: int | str) -> np.random.Generator:
    """An independent random stream for one purpose, so that changing one part of a cohort leaves
    the others as they were."""
    parts = (p if isinstance(p, int) else int.from_bytes(p.encode(), "little") for p in path)
    return np.random.default_rng(np.random.SeedSequence([seed, *parts]))


def mix(share: float, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What correlates with ``one`` as ``share`` says and has the variance of both, which are
    independent."""
    return share * one + np.sqrt(1 - share**2) * other


def plan(subjects: int = 8, clips: int = 5, seconds: tuple[float, float] = (35, 45),
         seed: int = 0) -> list[Watching]:
    """Every subject watches every clip, in an order of their own; a clip lasts equally long for
    everyone.

    Parameters
    ----------
    subjects, clips : int
        At most 27 (the real cohort's numbers, without those that lack recordings) and 20.
    seconds : (float, float)
        Shortest and longest clip, from 5 on.
    """
    steps = _steps(stream(seed, "lengths"), clips, seconds)
    return [
        Watching(subject, 2 * (place + 1), int(clip), int(steps[clip]))
        for subject in KNOWN[:subjects]
        for place, clip in enumerate(stream(seed, "order", subject).permutation(clips))
    ]


def real_plan(seed: int = 0) -> list[Watching]:
    """The real cohort's shape: 24 subjects with their numbers of trials, 239 in all, 20 clips of 16
    lengths from 35 to 117.25 s."""
    steps = _steps(stream(seed, "lengths"), REAL_CLIPS, REAL_SECONDS, distinct=16)
    rows = []
    for subject, trials in REAL_TRIALS.items():
        rng = stream(seed, "order", subject)
        order = rng.permutation(REAL_CLIPS)
        kept = np.sort(rng.choice(REAL_CLIPS, trials, replace=False))
        rows += [
            Watching(subject, 2 * (int(place) + 1), int(order[place]), int(steps[order[place]]))
            for place in kept
        ]
    return rows


def _steps(rng: np.random.Generator, clips: int, seconds: tuple[float, float],
           distinct: int | None = None) -> np.ndarray:
    """Label steps of each clip: evenly spread lengths, shuffled; with fewer ``distinct`` lengths
    than clips, some clips share one."""
    lengths = np.rint(np.linspace(*seconds, min(distinct or clips, clips)) * LABEL_RATE).astype(int)
    return rng.permutation(
        np.concatenate([lengths, rng.choice(lengths, clips - len(lengths), replace=False)]))


def smooth(rng: np.random.Generator, n: int, sigma: float, *, rows: tuple[int, ...] = (),
           size: float = 1.0, pad: bool = True) -> np.ndarray:
    """Smooth Gaussian noise ``(*rows, n)`` of standard deviation ``size``; ``sigma`` is the
    smoothing in samples. Without ``pad`` its ends are mirrored."""
    edge = int(4 * sigma) if pad else 0
    white = rng.standard_normal((*rows, n + 2 * edge))
    gain = size * np.sqrt(2 * np.sqrt(np.pi) * sigma)
    return gain * gaussian_filter1d(white, sigma)[..., edge:edge + n]


def clip_means(clips: int) -> np.ndarray:
    """Mean valence of each clip, unpleasant to pleasant: quantiles of a skewed normal law, so that
    few clips span it as well as many."""
    z = norm.ppf((np.arange(clips) + 0.5) / clips)
    shape = z + CLIP_SKEW * (z**2 - np.mean(z**2))
    return CLIP_MEAN * shape / max(np.std(shape), 1e-9) if clips > 1 else np.zeros(1)


def _rise(times: np.ndarray) -> np.ndarray:
    x = np.clip(times / RISE, 0, 1)
    return x * x * (3 - 2 * x)


def _skewed(rng: np.random.Generator) -> float:
    """Mean 0, variance 1, skewed to the right: few trials are much more pleasant than the rest."""
    return (rng.gamma(2.0) - 2.0) / np.sqrt(2.0)


def _latent(watching: Watching, mean: float, clip_rng: np.random.Generator,
            own_rng: np.random.Generator) -> np.ndarray:
    n = watching.steps + int(HISTORY * LABEL_RATE)
    liveliness = 0.7 + 6.0 * abs(mean)  # stronger clips also move more from moment to moment
    template = mean + CLIP_WITHIN * liveliness * smooth(clip_rng, n, 3.0 * LABEL_RATE)
    own = OWN_MEAN * _skewed(own_rng) + OWN_WITHIN * smooth(own_rng, n, 2.0 * LABEL_RATE)
    return np.exp(RESPONSE * own_rng.standard_normal() -
                  RESPONSE**2 / 2) * (template + own) * _rise(np.arange(n) / LABEL_RATE - HISTORY)


def _label(latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean of five raters, each late by their own lag."""
    start = int(HISTORY * LABEL_RATE)
    steps, times = np.arange(len(latent) - start), np.arange(len(latent))
    followed = np.mean([
        np.interp(start + steps - lag * LABEL_RATE, times, latent)
        for lag in rng.uniform(*RATER_LAG, RATERS)
    ], axis=0)
    own = MEAN + RATER_MEAN * _skewed(rng) + RATER_WITHIN * smooth(rng, len(steps),
                                                                   4.0 * LABEL_RATE)
    return gaussian_filter1d(followed, 2.0) + own * _rise(steps / LABEL_RATE)


def draw_traces(watched: Sequence[Watching], seed: int = 0, *, shared: bool = True) -> list[Trace]:
    """Latent and label of every trial.

    Parameters
    ----------
    watched : sequence of Watching
    seed : int
    shared : bool
        True: trials of one clip share its template. False: the same law for each trial, but nothing
        in common between trials, which is what the signals of the null twin follow (a shared
        template would tell the clip, and the clip tells the label).
    """
    means = clip_means(max(w.clip for w in watched) + 1)
    traces = []
    for w in watched:
        own = stream(seed, "own" if shared else "null", w.subject, w.section)
        mean = means[w.clip] if shared else own.choice(means)
        latent = _latent(w, mean, stream(seed, "clip", w.clip) if shared else own, own)
        traces.append(Trace(latent, _label(latent, own)))
    return traces
