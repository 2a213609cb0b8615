"""Small simulated copies of the six unlabelled corpora of paper 2's pre-training, each in its
owner's on-disk layout.

The EEG is that of :mod:`lib.simulation.brain`, the ECG that of :mod:`lib.simulation.heart`, both of
people at rest: others than those of the labelled cohort, drawn from the same law, without affect.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import edfio
import numpy as np
import pandas as pd

from lib.datasets.amigos_format import EEG_CHANNELS
from lib.simulation import brain, heart
from lib.simulation.files import cells, matlab
from lib.simulation.folder import MARK, cohort, keep
from lib.simulation.valence import stream

WAY_CHANNELS = tuple(
    "Fp1 Fp2 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 TP9 CP5 CP1 CP2 CP6 TP10 P7 P3 Pz P4 "
    "P8 PO9 O1 Oz O2 PO10".split())  # the owner's chanlabels_32channel.xyz
EDF_CHANNELS = tuple(
    "FC5 FC3 FC1 FCz FC2 FC4 FC6 C5 C3 C1 Cz C2 C4 C6 CP5 CP3 CP1 CPz CP2 CP4 CP6 Fp1 Fpz Fp2 "
    "AF7 AF3 AFz AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FT8 T7 T8 T9 T10 TP7 TP8 P7 P5 P3 P1 Pz P2 "
    "P4 P6 P8 PO7 PO3 POz PO4 PO8 O1 Oz O2 Iz".split())
# and then X3 or X5
KAYA_CHANNELS = tuple("Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 A1 A2 F7 F8 T3 T4 T5 T6 Fz Cz Pz".split())
RUNS, FILMS, CLIPS = 6, 3, 3  # per subject
PARTS = ("baseline", "stimuli")
SCALES = ("Valence", "Arousal", "Dominance")
ASCERTAIN_RATE = DREAMER_RATE = 256
Files = dict[str, Callable[[], str | bytes]]  # of one subject in a corpus's folder


def make(folder: str | Path | None = None, *, subjects: int = 4, seconds: float = 60.0,
         seed: int = 0) -> Path:
    """Write the corpora, or find them finished (:func:`lib.simulation.folder.cohort`): below the
    root ``way-eeg-gal/``, ``eegmmidb/``, ``kaya/``, ``dreamer/``, ``ascertain/`` and ``pspm/``,
    each with a ``SIMULATED.txt``.

    Parameters
    ----------
    folder : path-like, optional
    subjects : int
        In each corpus, 1 to 26. The last one differs: it has the CSV form of WAY-EEG-GAL, 128 Hz in
        EEGMMIDB, 1000 Hz, another order of fields and X5 in Kaya's files, six columns and capitals
        in ASCERTAIN.
    seconds : float
        Length of each recording, rounded down to whole seconds; at least 1.
    seed : int
        Same seed, same bytes.
    """
    given = locals() | {"seconds": int(seconds)}
    return cohort("corpora", __file__, given, _write, subjects=(1, 26), seconds=(1, np.inf))


def _write(root: Path, parameters: dict, jobs: int) -> dict:
    subjects, seconds, seed = (parameters[name] for name in ("subjects", "seconds", "seed"))
    numbers = range(1, subjects + 1)
    for name, files in (EEG | ECG).items():
        keep(root / name / MARK, lambda: f"simulated corpus, seed = {seed}\n")
        for subject in numbers:
            for file, content in files(subject, subject == subjects, seconds, seed).items():
                keep(root / name / file, content)
    alpha = {name: [_person(seed, name, subject).alpha for subject in numbers] for name in EEG}
    rates = {name: [_heart(seed, name, subject).rate for subject in numbers] for name in ECG}
    return {"alpha": alpha, "heart_rate": rates}


def _person(seed: int, corpus: str, subject: int) -> brain.Person:
    return brain.Person.sample(stream(seed, corpus, "person", subject), len(EEG_CHANNELS))


def _eeg(seed: int, corpus: str, subject: int, run: int, channels: tuple[str, ...], rate: int,
         seconds: int) -> np.ndarray:
    """``(n_times, n_channels)`` in microvolts. ``choice:`` the ten electrodes that are read; the
    others are silent, as they would cost most of the time."""
    calm, rng = np.zeros(rate * seconds), stream(seed, corpus, "eeg", subject, run)
    blinks = np.cumsum(rng.exponential(4.0, seconds))
    eeg = brain.record(_person(seed, corpus, subject), brain.Affect(calm, calm, calm), rng,
                       EEG_CHANNELS, rate, montage="standard_1005", blinks=blinks[blinks < seconds])
    # Kaya's files have the old names of two electrodes
    named = [{"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}.get(name, name) for name in channels]
    out = np.zeros((rate * seconds, len(channels)), np.float32)
    out[:, [named.index(name) for name in EEG_CHANNELS]] = eeg.T
    return out


def _heart(seed: int, corpus: str, subject: int) -> heart.Heart:
    return heart.of(1.0, seed, corpus, "heart", subject)


def _ecg(seed: int, corpus: str, subject: int, run: int, rate: int, seconds: int) -> np.ndarray:
    """The left lead ``(n_times,)`` in millivolts."""
    calm, rng = np.zeros(rate * seconds), stream(seed, corpus, "ecg", subject, run)
    return heart.record(_heart(seed, corpus, subject), calm, calm, rng, rate)[1]


def _way(subject: int, last: bool, seconds: int, seed: int) -> Files:
    def raw() -> np.ndarray:
        # the owner's unit is 0.1 microvolts
        return 10 * _eeg(seed, "way-eeg-gal", subject, 1, WAY_CHANNELS, 500, seconds)

    def table() -> str:
        rows = pd.DataFrame(np.rint(raw()).astype(int), columns=list(WAY_CHANNELS))
        rows.insert(0, "id", [f"subj{subject}_series1_{i}" for i in range(len(rows))])
        return rows.to_csv(index=False, lineterminator="\n")

    def whole() -> bytes:
        eeg = {"sig": raw(), "names": names, "samplingrate": 500.0}
        return matlab({"hs": {**series, "eeg": eeg}})

    def windows() -> bytes:
        win = {"eeg": np.zeros((500, len(names)))}
        return matlab({"ws": {**series, "names": {"eeg": names}, "win": win}})

    names, series = cells(WAY_CHANNELS), {"participant": subject, "series": 1}
    if last:
        return {f"subj{subject}_series1_data.csv": table}
    return {f"P{subject}/HS_P{subject}_S1.mat": whole, f"P{subject}/WS_P{subject}_S1.mat": windows}


def _eegmmidb(subject: int, last: bool, seconds: int, seed: int) -> Files:
    rate = 128 if last else 160

    def edf(run: int) -> bytes:
        data = _eeg(seed, "eegmmidb", subject, run, EDF_CHANNELS, rate, seconds).T
        rows = data.clip(-3276, 3276).astype(float)
        labels = [f"{name.capitalize():.<4}" for name in EDF_CHANNELS]
        signal = partial(edfio.EdfSignal, sampling_frequency=rate, physical_dimension="uV",
                         physical_range=(-3276.8, 3276.7))
        signals = [signal(row, label=label) for label, row in zip(labels, rows, strict=True)]
        return edfio.Edf(signals, data_record_duration=1.0).to_bytes()

    name = f"S{subject:03d}"
    return {f"{name}/{name}R{run:02d}.edf": partial(edf, run) for run in range(1, RUNS + 1)}


def _kaya(subject: int, last: bool, seconds: int, seed: int) -> Files:
    letter, rate = chr(ord("A") + subject - 1), 1000 if last else 200

    def content() -> bytes:
        eeg = _eeg(seed, "kaya", subject, 1, KAYA_CHANNELS, rate, seconds)
        none, names = np.zeros((len(eeg), 1)), cells([*KAYA_CHANNELS, "X5" if last else "X3"])
        o = {"id": letter, "nS": len(eeg), "sampFreq": rate, "marker": none.astype(np.uint8)}
        o |= {"data": np.hstack([eeg, none]), "chnames": names}
        return matlab({"o": dict(reversed(o.items())) if last else o})

    name = f"5F-Subject{letter}-160311-5St-SGLHand-HFREQ" if last else (
        f"CLASubject{letter}1601083StLRHand")
    return {f"{name}.mat": content}


def _dreamer(subject: int, last: bool, seconds: int, seed: int) -> Files:
    """One file holds everybody: it is written with the last subject."""
    def leads(person: int, at: int) -> np.ndarray:
        # baselines are shorter
        length, runs = seconds if at else max(seconds // 2, 1), range(FILMS * at, FILMS * (at + 1))
        each = [_ecg(seed, "dreamer", person, run, DREAMER_RATE, length) for run in runs]
        return cells([np.column_stack([lead, 0.6 * lead]) for lead in each])

    def content() -> bytes:
        silence = cells([np.zeros((128 * seconds, 14))] * FILMS)
        people = [{
            "Age": 20 + person, "Gender": "female", "EEG": dict.fromkeys(PARTS, silence),
            "ECG": {part: leads(person, at) for at, part in enumerate(PARTS)},
            **{f"Score{scale}": np.full((FILMS, 1), 3.0) for scale in SCALES}
        } for person in range(1, subject + 1)]
        about = {"EEG_SamplingRate": 128, "ECG_SamplingRate": DREAMER_RATE}
        counts = {"noOfSubjects": subject, "noOfVideoSequences": FILMS}
        return matlab({"DREAMER": {"Data": cells(people).T, **about, **counts}})

    return {"DREAMER.mat": content} if last else {}


def _ascertain(subject: int, last: bool, seconds: int, seed: int) -> Files:
    def content(clip: int) -> bytes:
        lead = _ecg(seed, "ascertain", subject, clip, ASCERTAIN_RATE, seconds)
        time = np.arange(len(lead)) * 1000 / ASCERTAIN_RATE
        between = [np.zeros_like(lead)] * 3 if last else []
        ecg = np.column_stack([time, *between, lead, 0.6 * lead])
        return matlab({"Data_ECG": ecg, "timeECG": [2013.0, 1, 1, 12, 0, 0]})

    name = f"Movie_P{subject:02d}/ECG_Clip{{}}.mat"
    path = f"ASCERTAIN_Raw/ECGData/{name.upper() if last else name}".format
    return {path(clip): partial(content, clip) for clip in range(1, CLIPS + 1)}


def _pspm(subject: int, last: bool, seconds: int, seed: int) -> Files:
    rate, name = 1000, "FR" if subject % 2 else "HRM5"

    def channel(kind: str, data: np.ndarray, sr: float, units: str) -> dict:
        return {"data": data[:, None], "header": {"sr": sr, "chantype": kind, "units": units}}

    def content() -> bytes:
        ecg = _ecg(seed, "pspm", subject, 1, rate, seconds)
        channels = [
            channel("marker", np.arange(1.0, seconds + 1), 1.0, "events"),
            channel("scr", np.linspace(5.0, 6.0, len(ecg)), rate, "uS"),
            channel("ecg", ecg, rate, "mV")
        ]
        infos = {"duration": float(seconds), "source": {"type": "simulated"}}
        return matlab({"infos": infos, "data": cells(channels)})

    path = f"PsPM-{name}/{name}_{{}}_{subject:02d}.mat".format
    return {path("spike"): content, path("cogent"): lambda: matlab({"events": np.arange(3.0)})}


EEG = {"way-eeg-gal": _way, "eegmmidb": _eegmmidb, "kaya": _kaya}
ECG = {"dreamer": _dreamer, "ascertain": _ascertain, "pspm": _pspm}
