"""Simulated ECG: NeuroKit2's dynamical model gives a person's beat, and a heart rate that follows
breathing, arousal and valence says when.

The model (McSharry, Clifford, Tarassenko & Smith, "A dynamical model for generating synthetic
electrocardiogram signals", IEEE Trans. Biomedical Engineering 50(3), 2003) moves round a cycle once
per beat. choice: its cycle is computed once per person and lead, and then passed through at the
rate of each moment. Integrating it over every recording costs about 4 ms per second of signal and
lead, which would be most of the time a cohort takes, and it fixes everyone's breathing at 0.25 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import neurokit2
import numpy as np

from lib.simulation.brain import MAINS
from lib.simulation.valence import smooth, stream

STEPS = 512  # points per cycle
WAVES = (1.2, -5.0, 30.0, -7.5, 0.75)  # heights of P, Q, R, S, T in the model, its defaults
WIDTHS = (0.25, 0.1, 0.1, 0.1, 0.4)  # their widths in radians
# assumed: factors on the waves, right and left arm
LEADS = np.array([(0.8, 0.6, 0.7, 1.2, 0.7), (1.0, 1.0, 1.0, 1.0, 1.0)])
# choice: beats/min per unit of arousal; high against low (0.8 above against 0.8 below 0) is 6 to 7
RATE_AROUSAL = 4.0
# choice: beats/min per unit of valence; what is pleasant speeds the heart up, what is not slows it
# down (Bradley & Lang 2000, Measuring emotion: behavior, feeling, and physiology)
RATE_VALENCE = 2.0
# choice: slopes of the log of the variability on arousal and on valence
CALMING, EASING = -0.08, 0.3
LIMITS = (40.0, 140.0)  # beats/min


@dataclass(frozen=True)
class Heart:
    """What is constant in one person's ECG; draw one with :meth:`sample`.

    Attributes
    ----------
    rate : float
        Mean heart rate at rest, beats/min.
    sinus, slow : float
        Standard deviation of the rate with breathing (sinus arrhythmia) and in slow waves, as
        shares of the rate.
    breath : float
        Breaths per second.
    response : float
        Factor on what affect does.
    cycle : array, (2, n_steps)
        One beat of the right and left lead in mV, the R wave in the middle.
    """

    rate: float
    sinus: float
    slow: float
    breath: float
    response: float
    cycle: np.ndarray

    @classmethod
    def sample(cls, rng: np.random.Generator, fingerprint: float = 1.0) -> Heart:
        """Draw a person; ``fingerprint`` scales how far people differ (0: all are alike)."""
        def factor(spread, *shape):
            return np.exp(fingerprint * spread * rng.standard_normal(shape or None))

        return cls(
            rate=float(np.clip(72 + 9 * fingerprint * rng.standard_normal(), 50, 100)),
            sinus=float(0.03 * factor(0.35)), slow=float(0.02 * factor(0.3)),
            breath=float(np.clip(0.25 + 0.03 * fingerprint * rng.standard_normal(), 0.15,
                                 0.35)), response=float(factor(0.4)),
            cycle=_cycle(LEADS * WAVES * factor(0.2, *LEADS.shape), WIDTHS * factor(0.1, 5)) *
            factor(0.25, 2, 1))


def _cycle(waves: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """One beat of each lead, ``(2, n_steps)``: a cycle of the settled model, less the line through
    its ends so that it closes."""
    cycles, line = [], np.linspace(0, 1, STEPS)
    for heights in waves:
        beats = neurokit2.ecg_simulate(duration=4, length=4 * STEPS, sampling_rate=STEPS, noise=0,
                                       heart_rate=60, heart_rate_std=0, ai=heights, bi=widths,
                                       random_state=0)
        # the model starts at an R wave, one beat is a second
        beat = beats[STEPS + STEPS // 2:2 * STEPS + STEPS // 2]
        cycles.append(beat - beat[0] - (beat[-1] - beat[0]) * line)
    return np.array(cycles)


@cache
def of(fingerprint: float, seed: int, *person: int | str) -> Heart:
    """The heart of one person of a cohort, kept for the next recording: its beat takes as long to
    compute as a recording."""
    return Heart.sample(stream(seed, *person), fingerprint)


def wave(rng: np.random.Generator, n: int, rate: float, seconds: float) -> np.ndarray:
    """Smooth Gaussian noise ``(n,)`` of about unit variance, made at 8 Hz; ``seconds`` is the
    standard deviation of the smoothing."""
    m = int(8 * n / rate) + 2
    return np.interp(np.arange(n) / rate, np.arange(m) / 8, smooth(rng, m, 8 * seconds))


def record(heart: Heart, valence: np.ndarray, arousal: np.ndarray, rng: np.random.Generator,
           rate: float, *, fingerprint: float = 1.0) -> np.ndarray:
    """Record one person's ECG.

    Parameters
    ----------
    heart : Heart
    valence, arousal : array, (n_times,)
        In units of their usual standard deviation from 0; their length sets the length of the
        recording.
    rng : numpy.random.Generator
        Two calls with equal streams give the same recording but for what affect does.
    rate : float
        Samples per second.
    fingerprint : float
        How much recordings of one person differ: where the electrodes sit, the rate of the day, the
        noise.

    Returns
    -------
    array, (2, n_times)
        float32, mV: right and left arm.
    """
    n = len(arousal)
    own = fingerprint * rng.standard_normal(3)
    breath = 2 * np.pi * (np.cumsum(heart.breath *
                                    (1 + 0.1 * wave(rng, n, rate, 4.0))) / rate + rng.uniform())
    sway = heart.sinus * np.exp(0.2 * own[0]) * np.sqrt(2) * np.sin(breath)
    sway += heart.slow * wave(rng, n, rate, 2.0)
    quiet = np.exp(heart.response * (CALMING * arousal + EASING * valence))
    beats = (heart.rate + 2.0 * own[1]) * (1 + quiet * sway)
    faster = heart.response * (RATE_AROUSAL * arousal + RATE_VALENCE * valence)
    beats = np.clip(beats + faster, *LIMITS)
    phase = (np.cumsum(beats) / (60 * rate) + rng.uniform()) % 1.0
    # each recording's electrodes sit elsewhere
    moved = (np.eye(2) + 0.08 * fingerprint * rng.standard_normal((2, 2))) @ heart.cycle
    ecg = np.stack([np.interp(phase, np.arange(STEPS) / STEPS, lead, period=1.0) for lead in moved])
    ecg *= np.exp(0.05 * fingerprint * rng.standard_normal((2, 1))) * (1 + 0.03 * np.sin(breath))
    drift = rng.uniform(0.02, 0.08, (2, 1)) * [wave(rng, n, rate, 1.5) for _ in range(2)]
    wander = 0.05 * np.sin(breath + 0.5) + drift
    noise = 0.015 * np.exp(0.5 * own[2]) * rng.standard_normal((2, n))
    size, start = rng.uniform(0.002, 0.01, (2, 1)), rng.uniform(0, 2 * np.pi)
    hum = size * np.cos(2 * np.pi * MAINS * np.arange(n) / rate + start)
    return (ecg + wander + noise + hum).astype(np.float32)
