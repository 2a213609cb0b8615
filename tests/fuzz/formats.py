"""The formats: how a small cohort of each is written, and what nothing in the format can tell."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import edfio
import numpy as np
import pandas as pd
from scipy.io import savemat

from lib.datasets import (amigos_format, catalogue, eegmat, flex_format, mahnob_features,
                          open_corpora, seed_v)
from lib.simulation import amigos, corpora, flex, mahnob, mahnob_files, muse, rafdb, seed
from lib.simulation.folder import write_file

MARKS = {"truth.json", "SIMULATED.txt"}  # the project's own, not the format's


class Blind(NamedTuple):
    """A change of structure that nothing in the file tells: patterns of file, damage and finding,
    and the reason in words."""

    file: str
    damage: str
    finding: str
    why: str


FOLDER = Blind("", "removed", r"^missing trials(?!.*values)",
               "the folder is its own list; `make data-status` says what a complete copy has")
OTHER = Blind("", "replaced", "",
              "no file says whose recording it is; this one is whole, and a file of this cohort")
ROWS = Blind(
    r"\.csv$", "cut", r"^\S+ \S+: \(\d+, \d+\) -> \(\d+, \d+\)(; \S+ clock: [^;]*)?"
    r"(; other values \{'[^']*': \{'seconds': 1\}\} in [^;]*)?$",
    "the table does not say how many rows it has: one that ends at the end of a line is whole")
DIGITS = Blind(r"\.csv$", "doubled|deleted", r"^other values \{'[^']*': 1\} in",
               "a digit more or less makes another number of one sample")
EPOCH = Blind(
    r"\.csv$", "digit|bit|doubled|deleted", r"\d+\} (values changed by|in a file)",
    "a digit makes another number of one sample, and the mean of its epoch is taken out of all")
MOVED = r"\S+: \(\d+, '1', 1\) -> \(\d+, '1', 1\)"
COUNTED = Blind(
    r"\.mat$", "removed", rf"^{MOVED}(; {MOVED})*(; missing trials[^;]*)?$",
    "people are counted over all files: with one less, the numbers of those after it move")
JPEG = Blind(
    r"\.jpg$", "doubled|deleted", r"^other values \{'[^']*': 1\} in",
    "compressed data of JPEG have no length: with no code left over or missing they are another "
    "picture's")
LIMITS = Blind(
    r"\.edf$", "digit", r"^\{'[^']*': 1000\} values changed by \d bytes?$",
    "every channel has limits of its own, so that a digit more or less is a gain like any")
LISTING = Blind(r"recordings\.csv", "cut|deleted", "^missing trials(?!.*values)",
                "the listing is the user's own: a line less is no damage")
NAMES = Blind(r"legend\.csv", "", r"^(missing|new) trials(?!.*values)",
              "the legend is its own list: a line less, or another picture's name, is no damage")
PLAIN = Blind(r"\.npy$", "swapped|zeros|bytes", r"^values of \d+ trials",
              "one array without a checksum holds all trials: other numbers are numbers like any")
TABLE = Blind(
    r"\.tsv$", "", r"(eeg|ecg): \(|: \d+ values|other values|other labels",
    "onsets and ratings are text without a checksum: a digit makes another onset or rating")
TEXT = Blind(r"session\.xml", "doubled|deleted", r"^other values \{'[^']*': \{'stimulus': 1\}\} in",
             "a clip's name can be any text")


@dataclass(frozen=True)
class Format:
    """One layout on disk: ``write`` makes a cohort below an empty folder, which the reader of
    ``dataset`` finds ``below``; ``shared`` where a file holds several trials."""

    dataset: str
    write: Callable[[Path], object]
    below: str = "."
    blind: tuple[Blind, ...] = ()
    shared: bool = False

    @property
    def read(self):
        """The reader that the project uses."""
        return catalogue.DATASETS[self.dataset].read


def _flex(root: Path) -> None:
    """EDF with and without markers and video, CSV with video."""
    parameters = {
        "subjects": 3, "clips": 1, "seconds": 12, "effect": 1, "fingerprint": 1, "seed": 0,
        "video": True
    }
    planned = [r for r in flex.recordings(parameters) if r.subject <= 3]
    chosen = [planned[i] for i in (0, 1, 4, 8)]
    rows = []
    for number, r in enumerate(chosen, 1):
        flex.write(root, r, parameters | {"video": number > 1}, number)
        rows.append((r.file, r.subject, r.emotion, r.clip,
                     str(Path(r.file).with_suffix(".avi")) if number > 1 else ""))
    write_file(root / flex_format.LISTING_FILE,
               "".join(",".join(map(str, row)) + "\n" for row in (flex_format.LISTING, *rows)))


def _features(root: Path) -> None:
    rng, rows = np.random.default_rng(0), [(2, 6), (1, 4), (30, 22)]
    traces = [rng.uniform(-0.3, 0.4, n) for n in (12, 10, 11)]
    (root / "Features").mkdir(parents=True)
    for (subject, section), valence, packed in zip(rows, traces, (True, False, False), strict=True):
        widths = {
            "eeg_band_feats_full": 128, "eeg_band_feats": 85, "face_feats": 327, "gaze_feats": 2
        }
        arrays = {key: rng.random((len(valence), width)) for key, width in widths.items()}
        arrays["target"] = 2 * valence[None]
        savemat(root / mahnob_features.feature_name(subject, section), arrays,
                do_compression=packed)
    mahnob_files.write_labels(root / "lable_continous_Mahnob.mat", np.array(rows), traces)


def _feis(root: Path) -> None:
    values = np.random.default_rng(0).normal(4000, 20, (2, 512, 14))
    for person, eeg in zip(("01", "02"), values, strict=True):
        (root / person).mkdir(parents=True)
        table = pd.DataFrame(eeg.round(3), columns=open_corpora.EPOC)
        table.insert(0, "Time:256Hz", np.arange(512) / 256)
        table.insert(1, "Epoch", np.arange(512) // 256)
        table.to_csv(root / person / "thinking.csv", index=False)


def _rcqoea(root: Path) -> None:
    root.mkdir(parents=True)
    times = pd.Timestamp("2023-08-10") + pd.to_timedelta(np.arange(400) / 130, "s")
    for person in (1, 2):
        ecg = np.random.default_rng(person).integers(-200, 900, 400)
        pd.DataFrame({"time": times.strftime("%Y-%m-%d %H:%M:%S.%f"),
                      "ECG": ecg}).to_csv(root / f"ecg_P{person}_V1.csv", index=False)


def _eegmat(root: Path) -> None:
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    labels = [f"EEG {name}" for name in eegmat.CHANNELS] + ["ECG ECG"]
    for number in (0, 1):
        for state in (1, 2):
            signals = [
                edfio.EdfSignal(random.normal(0, 20, 1000), 500, label=label,
                                physical_dimension="uV", physical_range=(-99 - i, 101.5 + i))
                for i, label in enumerate(labels)
            ]
            edfio.Edf(signals,
                      data_record_duration=1.0).write(root / f"Subject{number:02d}_{state}.edf")


def _pictures(root: Path, *names: str) -> None:
    random = np.random.default_rng(0)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), random.integers(0, 255, (40, 30, 3), np.uint8))


def _wild(root: Path) -> None:
    """Under other names than the owner's, pictures are not read."""
    names = list(catalogue.checksums("faces-in-the-wild"))[::400]
    _pictures(root, *names)
    lines = [
        f"302,{Path(name).name},{emotion}"
        for name, emotion in zip(names, ("happiness", "neutral", "sadness", "sadness",
                                         "surprise"), strict=True)
    ]
    write_file(root / "legend.csv", "\n".join(["user.id,image,emotion", *lines, ""]))


def _dens(root: Path) -> None:
    """As OpenNeuro has it, with the channels that are used and two more."""
    random = np.random.default_rng(0)
    for number in (3, 4):
        person, total = f"sub-mit00{number}", 8000 + 500 * number
        folder = root / person / "eeg"
        folder.mkdir(parents=True)
        labels = ["E1", *amigos_format.EEG_CHANNELS, "ECG", "EMG1"]
        places = np.zeros(len(labels), [("labels", object)])
        places["labels"] = labels
        name = f"{person}_task-Emotion_eeg"
        eeg = {
            "nbchan": float(len(labels)), "trials": 1.0, "pnts": float(total), "srate": 250.0,
            "data": f"{name}.fdt", "chanlocs": places, "event": np.zeros((0, 0))
        }
        savemat(folder / f"{name}.set", {"EEG": eeg}, appendmat=False)
        random.normal(0, 20, (total, len(labels))).astype("<f4").tofile(folder / f"{name}.fdt")
        write_file(folder / f"{person}_task-emotion_events.tsv",
                   "onset\tduration\ttrial_type\tlabel\n1500\t1\tstm\t7_0\n9100\t1\tvlnc\tn/a\n")
        (root / person / "beh").mkdir()
        write_file(root / person / "beh" / f"{person}_task-Emotion_beh.tsv",
                   "\tstimuliName\tvalence\tarousal\n0\t7.mp4\t4.42\t7.95\n")


def _emoeeg(root: Path) -> None:
    random = np.random.default_rng(0)
    for number in (1, 2):
        folder = root / f"sub-0{number}" / "ses-vid" / "eeg"
        folder.mkdir(parents=True)
        np.save(folder / f"sub-0{number}_ses-vid_task-emotion_de.npy",
                {"de": random.normal(0, 1, (64, 630, 5))})


def _converted(root: Path) -> None:
    seed.make(root / "original", layout="seed-v", subjects=2, windows=(2, 4))
    seed_v.convert(root / "original", root / "converted")


_corpora = functools.partial(corpora.make, subjects=2, seconds=3)
FORMATS = {
    "mahnob": Format("mahnob-simulated",
                     functools.partial(mahnob.make, subjects=2, clips=1, seconds=(5, 6), jobs=1),
                     blind=(OTHER, TEXT)),
    "mahnob-public-features": Format("mahnob-public-features", _features), "amigos": Format(
        "amigos-simulated",
        functools.partial(amigos.make, subjects=2, short=(10, 10), long=(10, 11), jobs=1),
        blind=(FOLDER,), shared=True),
    "seed-iv": Format("seed-iv-simulated",
                      functools.partial(seed.make, layout="seed-iv", subjects=1, windows=(2, 4)),
                      shared=True),
    "seed-v": Format("seed-v-simulated",
                     functools.partial(seed.make, layout="seed-v", subjects=2, windows=(2, 4)),
                     shared=True), "seed-v converted": Format("seed-v-simulated", _converted,
                                                              "converted", (FOLDER,), shared=True),
    "rafdb": Format("rafdb-simulated", functools.partial(rafdb.make, train=24, test=24),
                    blind=(OTHER, JPEG)),
    "rafdb repack": Format("rafdb-simulated",
                           functools.partial(rafdb.make, train=24, test=24, layout="repack"),
                           blind=(OTHER, JPEG)), "flex": Format("flex", _flex,
                                                                blind=(LISTING, ROWS, DIGITS)),
    "muse": Format("muse-simulated",
                   functools.partial(muse.make, subjects=2, recordings=1, seconds=15),
                   blind=(FOLDER, ROWS, DIGITS)),
}
FORMATS["dens"] = Format("dens", _dens, blind=(FOLDER, OTHER, TABLE))
FORMATS["emoeeg-mc"] = Format("emoeeg-mc", _emoeeg, blind=(FOLDER, OTHER, PLAIN), shared=True)
FORMATS["eegmat"] = Format("eegmat", _eegmat, blind=(FOLDER, OTHER, LIMITS))
FORMATS["faces-in-the-wild"] = Format("faces-in-the-wild", _wild, blind=(JPEG, NAMES))
FORMATS["london-faces"] = Format(
    "london-faces", lambda root: _pictures(root, "neutral_front/001_03.jpg",
                                           "neutral_front/002_03.jpg", "smiling_front/001_08.jpg"),
    blind=(FOLDER, JPEG))
CORPORA = ("eegmmidb", "way-eeg-gal", "kaya", "dreamer", "ascertain", "pspm")
for _name in CORPORA:
    _blind = (FOLDER, OTHER, ROWS, *([COUNTED] if _name == "pspm" else []))
    FORMATS[_name] = Format(_name, _corpora, _name, _blind, _name == "dreamer")
FORMATS["feis"] = Format("feis", _feis, blind=(FOLDER, OTHER, ROWS, EPOCH))
FORMATS["rcqoea-ecg"] = Format("rcqoea-ecg", _rcqoea, blind=(FOLDER, OTHER, ROWS, DIGITS))
