"""The unlabelled EEG corpora of paper 2's pre-training: WAY-EEG-GAL, EEGMMIDB (BCI2000) and the
corpus of Kaya et al.

Luciw, Jarocka & Edin, Sci. Data 1:140047, 2014; Schalk et al., IEEE Trans. Biomed. Eng. 51(6), 2004
(PhysioNet eegmmidb); Kaya et al., Sci. Data 5:180211, 2018. Each is read from its owner's files.
All three have the ten channels of the paper, which are taken by name.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import mne
import numpy as np

from lib import paths
from lib.datasets import edf, mat
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import (check, check_array, check_finite, finish, left_out, microvolts,
                                 refused)
from lib.datasets.table import read_csv

AGAIN = "Get the file again from its owner."
LEAVE = "Nothing needs to be done."
OMIT = "Leave this recording out."
# lies in every folder that lib.simulation.corpora writes; its first line is the caption
MARK = "SIMULATED.txt"
ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}  # the names of the older 10-20 system
WAY_UNIT = 0.1  # microvolts per unit of hs.eeg.sig, as in the owner's own EEGLAB export
RATES = (50.0, 20_000.0)  # Hz; choice: at which EEG and ECG are recorded
WAY_RATE = 500.0  # Hz, not written in the CSV form


class Recording(NamedTuple):
    """What :func:`collect` makes a trial of.

    ``part`` names one of several recordings in a file. ``check``, if there is one, is called in
    place of ``load`` to see if it can be used.
    """

    path: Path
    subject: int
    trial: int
    stimulus: str
    load: Callable[[], Signal]
    part: str = ""
    check: Callable | None = None


def read_way(folder: str | Path) -> Cohort:
    """Read WAY-EEG-GAL: ``P*/HS_P<subject>_S<series>.mat``, or
    ``subj<subject>_series<series>_data.csv`` as Kaggle published it.

    ``WS_*.mat`` are left alone: they hold windows cut from the same series around single lifts,
    which would repeat some samples and lack others. ``HS_P*_ST.mat`` counts as series 10. assumed:
    the numbers in the CSV form have the unit of ``hs.eeg.sig``.

    Returns
    -------
    Cohort
        One trial per series, ``labels`` empty. ``load("eeg")``: the ten channels ``EEG_CHANNELS``
        in their order, ``(10, n_times)`` float32 in uV at the rate of the file. Each file is read
        once now, to check it, and again when asked for. Files that cannot be used are in
        ``dropped`` with the reason.

    Raises
    ------
    BadFile
        No usable file.
    """
    found = [(*numbers(path.stem, r"HS_P(\d+)_S(\d+|T)"), path, _load_way)
             for path in paths.glob(folder, "**/HS_P*_S*.mat")]
    found += [(*numbers(path.stem, r"subj(\d+)_series(\d+)_data"), path, _load_kaggle)
              for path in paths.glob(folder, "**/subj*_series*_data.csv")]
    return collect("way-eeg-gal", "public", "eeg", folder,
                   "P1/HS_P1_S1.mat or subj1_series1_data.csv and their like",
                   (Recording(path, subject, series, f"series {series}", partial(load, path))
                    for subject, series, path, load in sorted(found, key=lambda item: item[:3])))


def read_eegmmidb(folder: str | Path) -> Cohort:
    """Read the PhysioNet EEG Motor Movement/Imagery Database: ``S<subject>/S<subject>R<run>.edf``.

    Most files have 160 samples a second, those of three subjects have not; the rate is always the
    file's own.

    Returns
    -------
    Cohort
        One trial per run; signals, ``dropped`` and errors as in :func:`read_way`. Only the headers
        are read now.
    """
    found = sorted(
        (*numbers(path.stem, r"S(\d+)R(\d+)"), path) for path in paths.glob(folder, "**/S*R*.edf"))
    return collect("eegmmidb", "public", "eeg", folder, "S001/S001R01.edf and its like",
                   (Recording(path, subject, run, f"run {run}", partial(_load_edf, path),
                              check=partial(_open_edf, path)) for subject, run, path in found))


def read_kaya(folder: str | Path) -> Cohort:
    """Read the corpus of Kaya et al.: one ``.mat`` per record with a struct ``o`` (``data``,
    ``sampFreq``, ``chnames``).

    The subject is the letter after ``Subject`` in the file's name (A is 1). The order of the fields
    varies and the synchronisation line is called X3 or X5, so that fields and channels are found by
    name. assumed: ``data`` are microvolts.

    Returns
    -------
    Cohort
        One trial per file, numbered within the subject in the order of names; signals, ``dropped``
        and errors as in :func:`read_way`.
    """
    found = []
    for path in paths.glob(folder, "**/*.mat"):
        letter = re.search(r"Subject-?([A-Z])", path.stem)
        found.append((ord(letter[1]) - ord("A") + 1 if letter else 0, path))
    counted = defaultdict[int, count](lambda: count(1))
    return collect(
        "kaya", "public", "eeg", folder, "CLASubjectA1601083StLRHand.mat and its like",
        (Recording(path, subject, next(counted[subject]), path.stem, partial(_load_kaya, path))
         for subject, path in sorted(found)))


def normalised(name: str) -> str:
    """A channel's name without dots, spaces and case, in the newer 10-20 system: ``"t3.."`` becomes
    ``"T7"``."""
    name = str(name).strip(" .").upper()
    return ALIASES.get(name, name)


def numbers(name: str, pattern: str) -> tuple[int, int]:
    """The two numbers in a file's name (``T``, the owner's mark of the tenth WAY series, is 10);
    zeros where the name is another."""
    match = re.fullmatch(pattern, name, re.IGNORECASE)
    return (int(match[1]), 10 if match[2].upper() == "T" else int(match[2])) if match else (0, 0)


def collect(name: str, tier: str, modality: str, folder: str | Path, layout: str,
            recordings: Iterable[Recording]) -> Cohort:
    """Make a cohort of those unlabelled recordings that can be read.

    Parameters
    ----------
    name, tier, modality : str
        Of the cohort; the tier is ``simulated`` where ``SIMULATED.txt`` lies in the folder.
    folder : path-like
    layout : str
        What the folder should hold, for the message.
    recordings : iterable of Recording
        In the order wanted; subject 0 means that the file's name does not tell. ``load`` and
        ``check`` raise ``BadFile``.

    Raises
    ------
    BadFile
        Nothing can be read.
    """
    folder = Path(folder)
    trials, dropped, taken = [], paths.broken(folder), {}
    for path, subject, trial, stimulus, load, part, opened in recordings:
        must = partial(check, path)
        with left_out(dropped, f"{path.relative_to(folder)} {part}".strip()):
            must(subject, f"a name like the owner's ({layout})", path.name,
                 "Give it its name back.")
            if not path.is_file():
                must(False, "a file", dropped.pop(path.relative_to(folder).as_posix(), "none"),
                     AGAIN)
            other = taken.get((subject, stimulus.lower()))
            must(not other, "each recording once", f"it in {other} too, which is read", LEAVE)
            (opened or load)()
            taken[subject, stimulus.lower()] = path
            trials.append(
                Trial(name, subject, str(trial), trial, stimulus, {}, {modality: load},
                      {modality: str(path)}))
    caption = f"{name} (real recordings, unlabelled)"
    if (folder / MARK).is_file():
        tier, caption = "simulated", (folder / MARK).read_text(encoding="utf-8").splitlines()[0]
    cohort = Cohort(name, tier, (), caption)
    return finish(cohort, folder, trials, dropped, layout, "nothing that can be read",
                  f"Check that this is the folder of {name}.", logging.INFO)


def read_mat(path: Path, *variables: str, fix: str = AGAIN) -> list:
    """The named variables of a MATLAB file; structs have attributes, cells are object arrays.
    ``fix`` is what to do if one is missing."""
    content = mat.load_all(path, variables, AGAIN, none=fix, struct_as_record=False,
                           squeeze_me=True)
    return list(content.values())


def field(path: Path, struct, names: str):
    """A field of a struct read by :func:`read_mat`, or one deeper down: ``field(path, hs,
    "eeg.sig")``."""
    for name in names.split("."):
        check(path, hasattr(struct, name), f"the field {names}", f"no {name}", AGAIN)
        struct = getattr(struct, name)
    return struct


def signal(path: Path, data: np.ndarray, rate, channels: tuple[str, ...], unit: str) -> Signal:
    """What a file holds, ``(n_channels, n_times)``, once its numbers and its rate are checked."""
    check_finite(path, data, "", OMIT)
    fits = isinstance(rate, int | float | np.number) and RATES[0] <= rate <= RATES[1]
    check(path, fits, f"a sampling rate from {RATES[0]:g} to {RATES[1]:g} Hz", repr(rate), AGAIN)
    return Signal(np.asarray(data, np.float32), float(rate), channels, unit)


def _load_way(path: Path) -> Signal:
    (hs,) = read_mat(path, "hs")
    sig, names, rate = (field(path, hs, f"eeg.{name}") for name in ("sig", "names", "samplingrate"))
    return ten_channels(path, sig, names, rate, WAY_UNIT)


def _load_kaya(path: Path) -> Signal:
    (o,) = read_mat(path, "o")
    return ten_channels(path, *(field(path, o, name) for name in ("data", "chnames", "sampFreq")))


def _load_kaggle(path: Path) -> Signal:
    table = read_csv(path, AGAIN, text=("id",), dtype=np.float32,
                     keep=lambda name: name == "id" or normalised(name) in EEG_CHANNELS)
    if "id" in table:  # subj1_series1_0 and on
        ids = table.pop("id")
        wrong = ids.str.extract(r"(\d+)$", expand=False).astype(float) != np.arange(len(ids))
        check(path, not wrong.any(), "an id that counts the samples",
              f"another one in line {wrong.idxmax()}", AGAIN)
        first = ids.iloc[0].rpartition("_")[0]
        own = path.stem.startswith(f"{first}_") or not re.match(r"subj\d", first)
        check(path, own, "ids with the subject and series of its name", repr(first), AGAIN)
    return ten_channels(path, table.to_numpy(), table.columns, WAY_RATE, WAY_UNIT)


def ten_channels(path: Path, data: np.ndarray, names: Iterable[str], rate: float,
                 unit: float = 1.0) -> Signal:
    """The paper's channels out of ``data`` ``(n_times, n_channels)`` whose columns have ``names``,
    times ``unit`` microvolts."""
    data = np.atleast_2d(data)
    names = [normalised(name) for name in np.atleast_1d(np.asarray(names, object))]
    check_array(path, data, (None, len(names)),
                f"numbers (n_times, {len(names)}), one column per channel", AGAIN)
    picked = data[:, _columns(path, names)].T
    picked = np.ascontiguousarray(picked, dtype=np.float32) * np.float32(unit)
    found = signal(path, picked, rate, tuple(EEG_CHANNELS), "uV")
    microvolts(path, picked, OMIT)
    return found


def _columns(path: Path, names: list[str]) -> list[int]:
    missing = [name for name in EEG_CHANNELS if name not in names]
    check(path, not missing, f"the channels {' '.join(EEG_CHANNELS)}", f"no {' '.join(missing)}",
          OMIT)
    return [names.index(name) for name in EEG_CHANNELS]


def _open_edf(path: Path) -> tuple[mne.io.BaseRaw, list[int]]:
    """The file, its samples not yet read, and where the ten channels stand."""
    edf.check(path, lambda label: normalised(label) in EEG_CHANNELS, AGAIN, mne=True)
    with refused(path, "a whole EDF file", AGAIN):
        raw = mne.io.read_raw_edf(path, verbose="error")
    return raw, _columns(path, [normalised(name) for name in raw.ch_names])


def _load_edf(path: Path) -> Signal:
    raw, columns = _open_edf(path)
    # MNE's unit is the volt
    return ten_channels(path, raw.get_data(columns).T, EEG_CHANNELS, raw.info["sfreq"], 1e6)
