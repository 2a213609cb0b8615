"""Simulated EEG: dipoles in a spherical head, a 1/f background, rhythms that follow affect, and
artefacts.

Radial dipoles lie below named scalp sites; MNE's forward solution in a four-layer sphere says what
each electrode sees of them. A person has an own alpha peak, background, electrode gains and
strength of response. Everything is additive in microvolts and made in the frequency domain, for any
montage and rate: the caller gives affect and expression sampled like the EEG.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import mne
import numpy as np
from scipy.fft import irfft, next_fast_len, rfftfreq

# spherical, so that a site lies exactly below the electrode of that name
SITES_MONTAGE = "biosemi64"
# assumed: radius of the sources relative to the head's (cortex in MNE's default sphere lies within
# 0.9)
DEPTH = 0.74
BACKGROUND = tuple(
    "Fp1 Fp2 AFz F7 F3 Fz F4 F8 FT7 FC3 FCz FC4 FT8 T7 C3 Cz C4 T8 TP7 CP3 CPz CP4 TP8 P7 P3 Pz "
    "P4 P8 PO3 POz PO4 O1 Oz O2".split())
# where the smile's muscles are seen, and how much
MUSCLES = {"FT7": 1.0, "FT8": 1.0, "F7": 0.5, "F8": 0.5, "FC1": 0.35, "FC2": 0.35}
MAINS = 50.0  # Hz of the hum


@dataclass(frozen=True)
class Rhythm:
    """A band-limited source whose amplitude follows affect.

    Attributes
    ----------
    sites : tuple of str
        One independent source below each.
    centre, width : float
        Hz; the spectrum is a bell of this standard deviation. ``centre = 0`` stands for the
        person's alpha peak.
    size : float
        Standard deviation at the electrode above, in microvolts, when affect is neutral.
    valence, strength, arousal : float
        Slopes of the log amplitude on valence, on its absolute value and on arousal.
    """

    sites: tuple[str, ...]
    centre: float
    width: float
    size: float
    valence: float = 0.0
    strength: float = 0.0
    arousal: float = 0.0


# choice: directions after the literature (left frontal alpha falls with pleasure, temporal beta and
# gamma rise with it, posterior alpha falls with arousal); sizes and slopes so that ridge regression
# reaches on simulated what it reaches on real features (data card).
RHYTHMS = (Rhythm(("Fp1", "Fp2", "AFz"), 2.0, 1.0, 5.0,
                  valence=-0.03), Rhythm(("Fz", "FCz"), 6.0, 1.2, 4.0, valence=0.025),
           Rhythm(("F3", "F7"), 0.0, 1.2, 4.0,
                  valence=-0.05), Rhythm(("F4", "F8"), 0.0, 1.2, 4.0, valence=0.05),
           Rhythm(("O1", "O2", "P3", "Pz", "P4"), 0.0, 1.0, 7.0,
                  arousal=-0.05), Rhythm(("C3", "C4"), 20.0, 4.0, 2.0, arousal=0.02),
           Rhythm(("T7", "T8"), 22.0, 5.0, 1.6, valence=0.04, strength=0.015),
           Rhythm(("T7", "T8"), 37.0, 6.0, 1.1, valence=0.055, strength=0.015))


def louder(valence: float, arousal: float) -> tuple[Rhythm, ...]:
    """The rhythms with their slopes on valence and on arousal multiplied."""
    return tuple(
        replace(r, valence=valence * r.valence, strength=valence * r.strength, arousal=arousal *
                r.arousal) for r in RHYTHMS)


@dataclass(frozen=True)
class Affect:
    """What the brain and the face's muscles follow, each an array with one value per EEG sample.

    ``valence`` in units of its usual standard deviation, ``arousal`` likewise from 0, ``smile``
    from 0 to 1.
    """

    valence: np.ndarray
    arousal: np.ndarray
    smile: np.ndarray


@dataclass(frozen=True)
class Person:
    """What is constant in one person's EEG; draw one with :meth:`sample`.

    Attributes
    ----------
    alpha : float
        Peak in Hz.
    exponent, background : float
        Power of the background falls as 1 / f**exponent; its standard deviation in microvolts.
    gains : array, (n_channels,)
        Electrode gains.
    response : array, (n_rhythms,)
        Factor on the slopes of each rhythm.
    sizes : array, (n_rhythms,)
        Factor on the size of each rhythm.
    blur : array, (n_channels, n_channels)
        How the topography differs from the sphere's.
    muscle : float
        How much of the smile's muscles reaches the scalp.
    """

    alpha: float
    exponent: float
    background: float
    gains: np.ndarray
    response: np.ndarray
    sizes: np.ndarray
    blur: np.ndarray
    muscle: float

    @classmethod
    def sample(cls, rng: np.random.Generator, n_channels: int, fingerprint: float = 1.0,
               rhythms: tuple[Rhythm, ...] = RHYTHMS) -> Person:
        """Draw a person; ``fingerprint`` scales how far people differ (0: all are alike)."""
        def factor(spread, *shape):
            return np.exp(fingerprint * spread * rng.standard_normal(shape or None))

        return cls(
            alpha=float(np.clip(10.0 + fingerprint * 0.9 * rng.standard_normal(), 8.3, 11.8)),
            exponent=float(np.clip(1.5 + fingerprint * 0.2 * rng.standard_normal(), 1.0, 2.0)),
            background=float(9.0 * factor(0.2)), gains=factor(0.15, n_channels),
            response=factor(0.5, len(rhythms)), sizes=factor(0.3, len(rhythms)),
            blur=np.eye(n_channels) + fingerprint * 0.04 * rng.standard_normal(
                (n_channels, n_channels)), muscle=float(factor(0.5)))

    def today(self, rng: np.random.Generator, fingerprint: float, contact: float, sizes: float,
              exponent: float, alpha: float) -> Person:
        """The person as one recording sees them: electrodes that touch otherwise, a spectrum of the
        day; spreads of log gains, log rhythms, exponent and peak."""
        touch, rhythms = (rng.standard_normal(len(x)) for x in (self.gains, self.sizes))
        slope, peak = rng.standard_normal(2)
        return replace(self, gains=self.gains * np.exp(contact * fingerprint * touch),
                       sizes=self.sizes * np.exp(sizes * fingerprint * rhythms),
                       exponent=self.exponent + exponent * fingerprint * slope,
                       alpha=self.alpha + alpha * fingerprint * peak)


@lru_cache(maxsize=16)
def leadfield(channels: tuple[str, ...], sites: tuple[str, ...],
              montage: str = "biosemi32") -> np.ndarray:
    """What each electrode sees of a radial dipole below each site, scaled so that the strongest
    electrode of a site sees 1.

    Returns
    -------
    array, (n_channels, n_sites)
        Read-only.
    """
    info = _positions(channels, montage)
    normals = _directions(sites, SITES_MONTAGE)
    with mne.use_log_level("error"):
        sphere = mne.make_sphere_model("auto", "auto", info)
        pos = {"rr": sphere["r0"] + DEPTH * sphere.radius * normals, "nn": normals}
        source = mne.setup_volume_source_space(pos=pos, sphere_units="m")
        forward = mne.make_forward_solution(info, None, source, sphere, meg=False, mindist=0.0)
        forward = mne.convert_forward_solution(forward, force_fixed=True, surf_ori=False)
    gain = forward["sol"]["data"].astype(float)
    gain /= np.abs(gain).max(axis=0)
    gain.setflags(write=False)
    return gain


def _positions(names: tuple[str, ...], montage: str) -> mne.Info:
    info = mne.create_info(list(names), 256.0, "eeg", verbose="error")
    return info.set_montage(montage, verbose="error")


@lru_cache(maxsize=32)
def _directions(names: tuple[str, ...], montage: str) -> np.ndarray:
    """Unit vectors from the centre of the head to each site, ``(n, 3)``."""
    info = _positions(names, montage)
    centre = mne.make_sphere_model("auto", "auto", _positions(BACKGROUND, SITES_MONTAGE),
                                   verbose="error")["r0"]
    away = np.array([channel["loc"][:3] for channel in info["chs"]]) - centre
    return away / np.linalg.norm(away, axis=1, keepdims=True)


def _falloff(channels: tuple[str, ...], montage: str, sites: tuple[str, ...],
             reach: float) -> np.ndarray:
    """For what arises outside the brain: a bell of the angle between electrode and site,
    ``(n_channels, n_sites)``."""
    angle = np.arccos(
        np.clip(_directions(channels, montage) @ _directions(sites, SITES_MONTAGE).T, -1, 1))
    return np.exp(-0.5 * (angle / reach)**2)


def _noise(rng: np.random.Generator, shape: np.ndarray, rows: int, n: int) -> np.ndarray:
    """Gaussian noise with the amplitude spectrum ``shape`` and standard deviation 1, ``(rows, n)``
    in float32."""
    normal = rng.standard_normal((2, rows, len(shape)), dtype=np.float32)
    spectrum = (normal[0] + 1j * normal[1]) * shape.astype(np.float32)
    length = 2 * (len(shape) - 1)
    x = irfft(spectrum, length, axis=1)[:, :n]
    return x * np.float32(length / np.sqrt(4 * np.sum(shape**2)))


def blinking(rng: np.random.Generator, n: int) -> np.ndarray:
    """Seconds at which a person blinks ``n`` times."""
    return np.cumsum(0.8 + rng.exponential(3.0, n))


def _blinks(n: int, rate: float, blinks: np.ndarray) -> np.ndarray:
    """A bump of 0.3 s at each blink (seconds from the first sample)."""
    times = np.arange(n) / rate
    out = np.zeros(n, np.float32)
    for blink in blinks:
        near = slice(max(int((blink - 0.4) * rate), 0), max(int((blink + 0.6) * rate), 0))
        out[near] += np.exp(-0.5 * ((times[near] - blink - 0.1) / 0.07)**2)
    return out


def record(person: Person, affect: Affect, rng: np.random.Generator, channels: tuple[str, ...],
           rate: float, *, montage: str = "biosemi32", muscle: float = 1.0, blinks: np.ndarray = (),
           rhythms: tuple[Rhythm, ...] = RHYTHMS) -> np.ndarray:
    """Record one person's EEG.

    Parameters
    ----------
    person : Person
    affect : Affect
        One value per sample; its length sets the length of the recording.
    rng : numpy.random.Generator
        Two calls with equal streams give the same background whatever the affect.
    channels : tuple of str
        Electrodes, by their names in ``montage``.
    rate : float
        Samples per second.
    montage : str
        A montage MNE knows; the affect-related sources always lie below BioSemi sites.
    muscle : float
        Strength of the smile's muscles in the EEG; 0 leaves only brain and blinks.
    blinks : array
        Times in seconds from the first sample.
    rhythms : tuple of Rhythm
        As given to :meth:`Person.sample`.

    Returns
    -------
    array, (n_channels, n_times)
        float32, microvolts, against a reference of zero.
    """
    n = len(affect.valence)
    if not (len(affect.arousal) == len(affect.smile) == n):
        raise ValueError(f"expected valence, arousal and smile of one length, found {n}, "
                         f"{len(affect.arousal)}, {len(affect.smile)}")
    f = rfftfreq(next_fast_len(n + n % 2, real=True) // 2 * 2, 1 / rate)
    slope = np.where(f > 0, np.maximum(f, 0.2)**(-person.exponent / 2), 0)
    gains = leadfield(channels, BACKGROUND, montage) * (person.background / 2)
    brain = gains @ _noise(rng, slope, len(BACKGROUND), n)
    for r, response, size in zip(rhythms, person.response, person.sizes, strict=True):
        bell = np.exp(-0.5 * ((f - (r.centre or person.alpha)) / r.width)**2)
        drive = (r.valence * affect.valence + r.strength * np.abs(affect.valence) +
                 r.arousal * affect.arousal)
        loud = np.exp(np.clip(response * drive, -2, 2)).astype(np.float32)
        sources = _noise(rng, bell, len(r.sites), n) * loud
        brain += (leadfield(channels, r.sites, montage) * (r.size * size)) @ sources
    eeg = person.blur @ brain
    muscles = np.where(f > 18, np.clip((f - 18) / 25, 0, 1) * np.exp(-f / 150), 0)
    tone = _noise(rng, muscles, len(MUSCLES), n)
    reach = _falloff(channels, montage, tuple(MUSCLES), 0.35)
    reach = reach * (np.array(list(MUSCLES.values())) * 3.0 * muscle * person.muscle)
    eeg += reach @ (tone * affect.smile.astype(np.float32))
    bumps = 80.0 * _blinks(n, rate, np.asarray(blinks))
    eeg += _falloff(channels, montage, ("Fp1", "Fp2"), 0.45) @ np.stack([bumps] * 2)
    rows = (len(channels), 1)
    pick_up, start = rng.uniform(0.2, 1.5, rows), rng.uniform(0, 1)
    hum = pick_up * np.cos(2 * np.pi * MAINS * np.arange(n) / rate + start)
    drift = rng.normal(0, 20, rows) * np.linspace(-1, 1, n) + rng.normal(0, 300, rows)
    return ((eeg + hum) * person.gains[:, None] + drift).astype(np.float32)
