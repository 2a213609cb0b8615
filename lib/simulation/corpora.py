"""Small simulated copies of the six unlabelled corpora of paper 2's pre-training, each in its
owner's on-disk layout.

The EEG is that of :mod:`lib.simulation.brain` without affect, the ECG NeuroKit2's dynamical model
(McSharry et al., 2003). They exist to exercise the readers and to let a pre-training run end to
end; nothing in them is worth learning about people.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import edfio
import neurokit2
import numpy as np
import pandas as pd

from lib import paths
from lib.simulation.brain import Affect, Person, record
from lib.simulation.folder import claim, finish, matlab
from lib.simulation.valence import stream
from lib.store import code_digest, digest
from lib.whole import write_file

log = logging.getLogger(__name__)
MARK = "SIMULATED.txt"
WAY_CHANNELS = tuple(
    "Fp1 Fp2 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 TP9 CP5 CP1 CP2 CP6 TP10 P7 P3 Pz P4 "
    "P8 PO9 O1 Oz O2 "
    "PO10".split())  # the owner's chanlabels_32channel.xyz
EDF_CHANNELS = tuple(
    "FC5 FC3 FC1 FCz FC2 FC4 FC6 C5 C3 C1 Cz C2 C4 C6 CP5 CP3 CP1 CPz CP2 CP4 CP6 Fp1 Fpz Fp2 "
    "AF7 AF3 AFz AF4 AF8 F7 F5 "
    "F3 F1 Fz F2 F4 F6 F8 FT7 FT8 T7 T8 T9 T10 TP7 TP8 P7 P5 P3 P1 Pz P2 P4 P6 P8 PO7 PO3 POz "
    "PO4 PO8 O1 Oz O2 Iz".split())
# and then X3 or X5
KAYA_CHANNELS = tuple("Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 A1 A2 F7 F8 T3 T4 T5 T6 Fz Cz Pz".split())
RUNS = FILMS = CLIPS = 2  # per subject
PARTS = ("baseline", "stimuli")
SCALES = ("Valence", "Arousal", "Dominance")
ASCERTAIN_RATE = DREAMER_RATE = 256


def make(folder: str | Path | None = None, *, subjects: int = 4, seconds: float = 60.0,
         seed: int = 0) -> Path:
    """Write the corpora, or find them finished.

    Every file is written under another name and renamed when complete; ``truth.json``, written
    last, marks the whole as finished. A killed call is resumed by the next one.

    Parameters
    ----------
    folder : path-like, optional
        Default: ``corpora-<hash of parameters and code>`` below :func:`lib.paths.cohorts`.
    subjects : int
        In each corpus, 1 to 26. The last one differs: it has the CSV form of WAY-EEG-GAL, 128 Hz in
        EEGMMIDB, 1000 Hz, another order of fields and X5 in Kaya's files, six columns and capitals
        in ASCERTAIN.
    seconds : float
        Length of each recording, rounded down to whole seconds; at least 1.
    seed : int
        Same seed, same bytes.

    Returns
    -------
    Path
        Folder with ``way-eeg-gal/``, ``eegmmidb/``, ``kaya/``, ``dreamer/``, ``ascertain/`` and
        ``pspm/``, each with a ``SIMULATED.txt``.

    Raises
    ------
    ValueError
        Parameters out of range, or ``folder`` holds corpora made with others.
    """
    if not (1 <= subjects <= 26 and seconds >= 1):
        raise ValueError(
            f"expected 1 to 26 subjects and at least 1 second, found {subjects} and {seconds}")
    parameters = {"subjects": subjects, "seconds": int(seconds), "seed": seed}
    key = digest((parameters, code_digest(__file__)))[:12]
    root = Path(folder) if folder else paths.cohorts() / f"corpora-{key}"
    caption = f"simulated corpus, seed = {seed}"
    if claim(root, key, caption):
        return root
    for name in (*EEG, *ECG):
        _write(root / name / MARK, f"{caption}\n".encode)
    for name, write in (EEG | ECG).items():
        for subject in range(1, subjects + 1):
            write(root / name, subject, subject == subjects, int(seconds), seed)
    numbers = range(1, subjects + 1)
    truth = {
        "alpha": {
            name: [_person(seed, name, subject, 1).alpha for subject in numbers] for name in EEG
        }, "heart_rate": {
            name: [_heart_rate(seed, name, subject) for subject in numbers] for name in ECG
        }
    }
    finish(root, {"caption": caption, "key": key, **parameters, **truth})
    log.info("simulated corpora of %d subjects in %s", subjects, root)
    return root


def _write(file: Path, content: Callable[[], bytes]) -> None:
    """Write a file that is not there yet; what it holds is made only then."""
    if not file.exists():
        write_file(file, content())


def _cell(items: list) -> np.ndarray:
    """A MATLAB cell array, one column."""
    cell = np.empty((len(items), 1), object)
    cell[:, 0] = items
    return cell


def _person(seed: int, corpus: str, subject: int, n_channels: int) -> Person:
    return Person.sample(stream(seed, corpus, "person", subject), n_channels)


def _eeg(seed: int, corpus: str, subject: int, run: int, channels: tuple[str, ...], rate: int,
         seconds: int) -> np.ndarray:
    """``(n_times, n_channels)`` in microvolts."""
    calm = np.zeros(rate * seconds)
    rng = stream(seed, corpus, "eeg", subject, run)
    blinks = np.cumsum(rng.exponential(4.0, seconds))
    person = _person(seed, corpus, subject, len(channels))
    blinks = blinks[blinks < seconds]
    return record(person, Affect(calm, calm, calm), rng, channels, float(rate),
                  montage="standard_1005", blinks=blinks).T


def _heart_rate(seed: int, corpus: str, subject: int) -> float:
    """Beats per minute, 72 with a spread of 9 between people."""
    return float(np.clip(72 + 9 * stream(seed, corpus, "heart", subject).standard_normal(), 50,
                         105))


def _ecg(seed: int, corpus: str, subject: int, run: int, rate: int, seconds: int) -> np.ndarray:
    """One lead ``(n_times,)`` in millivolts."""
    rng = stream(seed, corpus, "ecg", subject, run)
    lead = neurokit2.ecg_simulate(duration=seconds + 1, sampling_rate=rate,
                                  heart_rate=_heart_rate(seed, corpus, subject), heart_rate_std=3,
                                  random_state=int(rng.integers(2**31)))
    start = int(rng.integers(rate))  # the model always begins at the same phase of a beat
    breathing = 0.1 * np.sin(2 * np.pi * 0.25 * np.arange(rate * seconds) / rate +
                             rng.uniform(0, 2 * np.pi))
    return lead[start:start + rate * seconds] + breathing


def _way(folder: Path, subject: int, last: bool, seconds: int, seed: int) -> None:
    def raw() -> np.ndarray:
        # the owner's unit is 0.1 microvolts
        return 10 * _eeg(seed, "way-eeg-gal", subject, 1, WAY_CHANNELS, 500, seconds)

    def table() -> bytes:
        rows = pd.DataFrame(np.rint(raw()).astype(int), columns=list(WAY_CHANNELS))
        rows.insert(0, "id", [f"subj{subject}_series1_{i}" for i in range(len(rows))])
        return rows.to_csv(index=False, lineterminator="\n").encode()

    if last:
        _write(folder / f"subj{subject}_series1_data.csv", table)
        return
    names, series = _cell(list(WAY_CHANNELS)), {"participant": subject, "series": 1}
    _write(
        folder / f"P{subject}" / f"HS_P{subject}_S1.mat", lambda: matlab(
            {"hs": {**series, "eeg": {"sig": raw(), "names": names, "samplingrate": 500.0}}}))
    _write(
        folder / f"P{subject}" / f"WS_P{subject}_S1.mat", lambda: matlab({
            "ws": {**series, "names": {"eeg": names}, "win": {"eeg": np.zeros((500, len(names)))}}
        }))


def _eegmmidb(folder: Path, subject: int, last: bool, seconds: int, seed: int) -> None:
    rate = 128 if last else 160

    def edf(run: int) -> bytes:
        data = np.clip(
            _eeg(seed, "eegmmidb", subject, run, EDF_CHANNELS, rate, seconds).T, -3276,
            3276).astype(float)
        signals = [
            edfio.EdfSignal(row, rate, label=f"{name.capitalize():.<4}", physical_dimension="uV",
                            physical_range=(-3276.8, 3276.7))
            for name, row in zip(EDF_CHANNELS, data, strict=True)
        ]
        return edfio.Edf(signals, data_record_duration=1.0).to_bytes()

    for run in range(1, RUNS + 1):
        _write(folder / f"S{subject:03d}" / f"S{subject:03d}R{run:02d}.edf", partial(edf, run))


def _kaya(folder: Path, subject: int, last: bool, seconds: int, seed: int) -> None:
    letter, rate = chr(ord("A") + subject - 1), 1000 if last else 200

    def content() -> bytes:
        eeg = _eeg(seed, "kaya", subject, 1, KAYA_CHANNELS, rate, seconds)
        o = {
            "id": letter, "nS": len(eeg), "sampFreq": rate, "marker": np.zeros(
                (len(eeg), 1), np.uint8), "data": np.hstack([eeg, np.zeros((len(eeg), 1))]),
            "chnames": _cell([*KAYA_CHANNELS, "X5" if last else "X3"])
        }
        return matlab({"o": dict(reversed(o.items())) if last else o})

    name = f"CLASubject{letter}1601083StLRHand.mat"
    if last:
        name = f"5F-Subject{letter}-160311-5St-SGLHand-HFREQ.mat"
    _write(folder / name, content)


def _dreamer(folder: Path, subject: int, last: bool, seconds: int, seed: int) -> None:
    """One file holds everybody: it is written with the last subject."""
    def leads(person: int, run: int) -> np.ndarray:
        # baselines are shorter
        lead = _ecg(seed, "dreamer", person, run, DREAMER_RATE,
                    seconds if run >= FILMS else max(seconds // 2, 1))
        return np.column_stack([lead, 0.6 * lead])

    def content() -> bytes:
        people = [{
            "Age": 20 + person, "Gender": "female",
            "EEG": {part: _cell([np.zeros((128 * seconds, 14))] * FILMS)
                    for part in PARTS}, "ECG": {
                        part: _cell([leads(person, FILMS * at + film) for film in range(FILMS)])
                        for at, part in enumerate(PARTS)
                    }, **{f"Score{scale}": np.full((FILMS, 1), 3.0) for scale in SCALES}
        } for person in range(1, subject + 1)]
        return matlab({
            "DREAMER": {
                "Data": _cell(people).T, "EEG_SamplingRate": 128, "ECG_SamplingRate": DREAMER_RATE,
                "noOfSubjects": subject, "noOfVideoSequences": FILMS
            }
        })

    if last:
        _write(folder / "DREAMER.mat", content)


def _ascertain(folder: Path, subject: int, last: bool, seconds: int, seed: int) -> None:
    def content(clip: int) -> bytes:
        lead = _ecg(seed, "ascertain", subject, clip, ASCERTAIN_RATE, seconds)
        time = np.arange(len(lead)) * 1000 / ASCERTAIN_RATE
        between = [np.zeros_like(lead)] * 3 if last else []
        return matlab({
            "Data_ECG": np.column_stack([time, *between, lead, 0.6 * lead]),
            "timeECG": [2013.0, 1, 1, 12, 0, 0]
        })

    for clip in range(1, CLIPS + 1):
        name = f"Movie_P{subject:02d}/ECG_Clip{clip}.mat"
        _write(folder / "ASCERTAIN_Raw" / "ECGData" / (name.upper() if last else name),
               partial(content, clip))


def _pspm(folder: Path, subject: int, last: bool, seconds: int, seed: int) -> None:
    rate, name = 1000, "FR" if subject % 2 else "HRM5"

    def content() -> bytes:
        def channel(kind: str, data: np.ndarray, sr: float, units: str) -> dict:
            return {"data": data[:, None], "header": {"sr": sr, "chantype": kind, "units": units}}

        ecg = _ecg(seed, "pspm", subject, 1, rate, seconds)
        slow = np.linspace(5.0, 6.0, len(ecg))
        channels = [
            channel("marker", np.arange(1.0, seconds + 1), 1.0, "events"),
            channel("scr", slow, rate, "uS"),
            channel("ecg", ecg, rate, "mV")
        ]
        return matlab({
            "infos": {"duration": float(seconds), "source": {"type": "simulated"}},
            "data": _cell(channels)
        })

    _write(folder / f"PsPM-{name}" / f"{name}_spike_{subject:02d}.mat", content)
    _write(folder / f"PsPM-{name}" / f"{name}_cogent_{subject:02d}.mat",
           lambda: matlab({"events": np.arange(3.0)}))


EEG = {"way-eeg-gal": _way, "eegmmidb": _eegmmidb, "kaya": _kaya}
ECG = {"dreamer": _dreamer, "ascertain": _ascertain, "pspm": _pspm}
