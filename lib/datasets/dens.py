"""DENS: EEG and ECG of 40 people watching films, and how they rated them (OpenNeuro ``ds003751``).

**Never run on the original.** Mishra, Asif & Tiwary, "Dataset on Emotions using Naturalistic
Stimuli (DENS)", bioRxiv 2021; doi:10.18112/openneuro.ds003751. An EEGLAB recording at 250 Hz for
each person, of an EGI net of 128 electrodes referenced to Cz, with an ECG and two EMG. Columns and
names are those of one person's ratings, and of public code that reads the rest.

assumed: onsets are samples, as films last a minute then; :data:`LEAST` and :data:`MOST` refuse any
other unit. assumed: electrodes have EGI's names (``E33``) or those of the 10-20 system. assumed:
the name of the ECG holds ECG or EKG, and no other does. assumed: its unit is the microvolt, as that
of the EEG; EEGLAB names none.
"""

import re
from functools import partial
from pathlib import Path

import mne
import numpy as np
import pandas as pd

from lib import paths
from lib.datasets import mat
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, finish, left_out, refused
from lib.datasets.eeg_corpora import AGAIN, LEAVE, normalised
from lib.datasets.table import read_csv

PERSON = re.compile(r"(sub-[a-z]*(\d+)_task-emotion_)eeg\.set")
# the electrodes of EGI's net of 128 that stand in for EEG_CHANNELS, in their order, by EGI's own
# table (Luu & Ferree 2005); T7, T8, P7 and P8 are the furthest off
EGI = dict(zip("E33 E24 E45 E58 E70 E83 E96 E108 E124 E122".split(), EEG_CHANNELS, strict=True))
# Hz; choice: s before a film that are read too, as AMIGOS has them, and between which a film may
# last, the owner's being about 60
RATE, BASELINE, LEAST, MOST = 250.0, 5.0, 30.0, 120.0
CHANNELS = {"eeg": EEG_CHANNELS, "ecg": ("ECG",)}
RATED = ("stimuliName", "valence", "arousal")


def read(root: str | Path) -> Cohort:
    """Read the recordings. Headers, lengths, events and ratings are checked now, samples are read
    when asked for.

    Parameters
    ----------
    root : path-like
        Holds at any depth, for each person, ``sub-mit003_task-Emotion_eeg.set`` and beside it
        ``.fdt``, ``sub-mit003_task-emotion_events.tsv`` (``onset``, ``trial_type``, ``label``) and
        ``sub-mit003_task-Emotion_beh.tsv`` (``stimuliName``, ``valence``, ``arousal``).

    Returns
    -------
    Cohort
        A trial per person and film, from its event ``stm`` to the next ``vlnc``, where its rating
        begins. ``subject`` is the number in the person's name, ``trial`` the film's place from 1.
        ``labels``: ``valence`` and ``arousal`` (1 to 9).
        ``load("eeg")``: the ten channels of paper 2, ``(10, n_times)`` float32 in uV at 250 Hz,
        ``load("ecg")``: ``(1, n_times)`` in uV, both from up to 5 s before the film (``start``).
        assumed: a film is the one rated whose name is the event's label without its last number.

    Raises
    ------
    BadFile
        No usable recording.
    """
    there, trials, dropped = {p.name.lower(): p for p in paths.files(root)}, [], paths.broken(root)
    for name, header in sorted(there.items()):
        if person := PERSON.fullmatch(name):
            with left_out(dropped, header.name):
                events, ratings = (there.get(person[1] + end, header.with_name(person[1] + end))
                                   for end in ("events.tsv", "beh.tsv"))
                trials += _films(int(person[2]), header, events, ratings, dropped)
    caption = "DENS, people watching films (real recordings; reader never run on the original)"
    return finish(Cohort("dens", "public", (), caption), Path(root), trials, dropped,
                  "recordings such as sub-mit003_task-Emotion_eeg.set", "none", AGAIN)


def _films(number: int, header: Path, events: Path, ratings: Path,
           dropped: dict[str, str]) -> list[Trial]:
    """The films that a person saw and rated; why others are none goes into ``dropped``."""
    raw, _ = _open(header)
    rated = read_csv(ratings, AGAIN, RATED, text=RATED)
    rated.index = pd.Index([Path(name).stem.lower() for name in rated.pop(RATED[0])])
    check(ratings, rated.index.is_unique, "each film once", list(rated.index), AGAIN)
    table = read_csv(events, AGAIN, ("onset", "trial_type", "label"), text=("trial_type", "label"))
    shown, rating = (table[table["trial_type"] == kind] for kind in ("stm", "vlnc"))
    check(events, shown["label"].is_unique, "each film once", list(shown["label"]), AGAIN)
    must, trials, samples = partial(check, events, fix=LEAVE), [], str(raw.filenames[0])
    files = {"eeg": samples, "ecg": samples, "header": str(header), "events": str(events)}
    for place, (onset, label) in enumerate(zip(shown["onset"], shown["label"], strict=True), 1):
        with left_out(dropped, f"dens subject {number} trial {place}"):
            end = rating["onset"][rating["onset"] > onset].min()
            must(0 <= onset and end <= raw.n_times and LEAST <= (end - onset) / RATE <= MOST,
                 f"{LEAST:g} to {MOST:g} s from stm to vlnc, in samples of {raw.n_times}",
                 f"{onset:g} to {end:g}, {(end - onset) / RATE:g} s")
            film = re.sub(r"_\d+$", "", label.lower())
            labels = pd.to_numeric(rated.reindex([film]).iloc[0], errors="coerce").to_dict()
            must(all(1 <= value <= 9 for value in labels.values()), f"{film} rated 1 to 9", labels)
            loaders = {k: partial(_load, header, k, round(onset), round(end)) for k in CHANNELS}
            trials.append(Trial("dens", number, "1", place, film, labels, loaders, files))
    return trials


def _open(header: Path) -> tuple[mne.io.BaseRaw, list[str]]:
    """A recording, its samples not yet read, and its channels by their names here."""
    mat.load(header, ("EEG",), AGAIN)  # its lengths add up
    with refused(header, "an EEGLAB file and its .fdt", AGAIN):
        raw = mne.io.read_raw_eeglab(header, verbose="error")
        size = Path(raw.filenames[0]).stat().st_size
    names = [EGI.get(n, re.sub(".*E[CK]G.*", "ECG", n)) for n in map(normalised, raw.ch_names)]
    wrong = [name for name in (*EEG_CHANNELS, "ECG") if names.count(name) != 1]
    check(header, not wrong, f"channels {' '.join(EGI)} or {' '.join(EEG_CHANNELS)}, and one ECG",
          f"none or several of {' '.join(wrong)}", AGAIN)
    found, whole = (raw.info["sfreq"], size), (RATE, 4 * len(names) * int(raw.n_times))
    check(raw.filenames[0], found == whole, f"Hz and bytes {whole}", found, AGAIN)
    return raw, names


def _load(header: Path, modality: str, onset: int, end: int) -> Signal:
    (raw, names), channels = _open(header), CHANNELS[modality]
    start = max(onset - round(BASELINE * RATE), 0)
    # MNE's unit is the volt
    data = raw.get_data([names.index(name) for name in channels], start, end)
    return Signal((data * 1e6).astype(np.float32), RATE, channels, "uV", (start - onset) / RATE)
