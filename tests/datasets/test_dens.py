"""The reader of DENS on files in the owner's layout whose every sample is known."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import dens, registry
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.datasets.base import BadFile
from lib.papers.amigos import protocol

PERSON, RATE = "sub-mit003", 250
LABELS = [*(f"E{n}" for n in range(1, 129)), "Cz", "ECG", "EMG1", "EMG2"]
EVENTS = [(500, "base", "n/a"), (2500, "stm", "neutral_1_0"), (6000, "clic", "n/a"),
          (17625, "vlnc", "n/a"), (18000, "arsl", "n/a"), (20000, "stm", "12_1"),
          (35124.5, "vlnc", "n/a")]
RATINGS = [("12.m4v", 9.0, 2.5, "{'0': [u'Joyous: full of joy, and', u'']}"),
           ("neutral_1.mp4", 4.42, 7.95, "{}"), ("7.mp4", 1.0, 1.0, "{}")]


def table(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in (header, *rows)))


def write(root, person=PERSON, labels=LABELS, events=EVENTS, ratings=RATINGS, samples=36000,
          rate=RATE, names=(), struct=True):
    """A constant per channel, its place from 1 in ``LABELS``; the ECG counts samples. ``names``:
    pairs, how the header has some of the labels."""
    folder, name = root / person / "eeg", f"{person}_task-Emotion_eeg"
    folder.mkdir(parents=True, exist_ok=True)
    data = np.tile([LABELS.index(label) + 1.0 for label in labels], (samples, 1))
    if "ECG" in labels:
        data[:, labels.index("ECG")] = np.arange(samples)
    data.astype("<f4").tofile(folder / f"{name}.fdt")  # sample by sample, as EEGLAB does
    places = np.zeros(len(labels), [("labels", object), ("type", object), ("X", object),
                                    ("Y", object), ("Z", object)])
    places[:] = [(dict(names).get(label, label), "EEG", 0.0, 0.0, 9.0) for label in labels]
    eeg = {
        "setname": person, "nbchan": float(len(labels)), "trials": 1.0, "pnts": float(samples),
        "srate": float(rate), "xmin": 0.0, "data": "as-it-was-named.fdt", "chanlocs": places,
        "event": np.zeros((0, 0))
    }
    savemat(folder / f"{name}.set", {"EEG": eeg} if struct else eeg, appendmat=False)
    table(folder / f"{person}_task-emotion_events.tsv",
          ("onset", "duration", "trial_type", "label"),
          [(onset, 0, kind, label) for onset, kind, label in events])
    table(root / person / "beh" / f"{person}_task-Emotion_beh.tsv",
          ("", "stimuliName", "valence", "arousal", "emotionCateg"),
          [(i, *row) for i, row in enumerate(ratings)])
    return folder / f"{name}.set"


def test_films_channels_and_ratings_are_found_by_name(tmp_path):
    write(tmp_path)
    cohort = dens.read(tmp_path)
    assert cohort.tier == "public" and "never run on the original" in cohort.caption
    assert not cohort.dropped
    assert cohort.table()[["subject", "trial", "stimulus", "valence",
                           "arousal"]].to_numpy().tolist() == [[3, 1, "neutral_1", 4.42, 7.95],
                                                               [3, 2, "12", 9.0, 2.5]]
    first, second = pickle.loads(pickle.dumps(cohort.trials))
    eeg, ecg = first.load("eeg"), first.load("ecg")
    assert eeg.channels == EEG_CHANNELS and (eeg.rate, eeg.unit, eeg.start) == (250, "uV", -5)
    assert eeg.data.dtype == np.float32 and eeg.data.shape == (10, 17625 - 2500 + 5 * RATE)
    np.testing.assert_allclose(eeg.data[:, 0], [33, 24, 45, 58, 70, 83, 96, 108, 124, 122],
                               rtol=1e-6)
    # onsets are samples: the film begins at sample 2500, 10 s into the recording
    np.testing.assert_allclose(ecg.data[0, [0, 5 * RATE, -1]], [1250, 2500, 17624], rtol=1e-6)
    assert (ecg.channels, ecg.data.shape) == (("ECG",), (1, eeg.data.shape[1]))
    assert second.load("ecg").data[0, -1] == pytest.approx(35123, abs=1)  # 35124.5 is rounded


def test_other_names_another_order_and_no_baseline(tmp_path):
    write(tmp_path, "sub-mitb2017007", labels=LABELS[::-1], struct=False,
          events=[(250, "stm", "7_0"), (16000, "vlnc", "n/a")], names=[("E33", "F7"), ("E24", "f3"),
                                                                       ("E45", "T3"), ("E58", "T5"),
                                                                       ("ECG", "Body EKG")])
    (trial,) = dens.read(tmp_path)
    assert (trial.subject, trial.load("eeg").start) == (2017007, -1)
    np.testing.assert_allclose(trial.load("eeg").data[:4, 0], [33, 24, 45, 58], rtol=1e-6)
    np.testing.assert_allclose(trial.load("ecg").data[0, :2], [0, 1], atol=1e-6)


def test_folders_may_be_others(tmp_path):
    """The owner's files without the folders of people, as they are after a flat download."""
    write(tmp_path / "as given")
    (tmp_path / "flat").mkdir()
    for path in (tmp_path / "as given").rglob("sub-*.*"):
        path.rename(tmp_path / "flat" / path.name)
    assert len(dens.read(tmp_path / "flat")) == 2


DAMAGE = {
    "cut short": (lambda set_: set_.with_suffix(".fdt").write_bytes(b"\0" * 4096),
                  r"Hz and bytes \(250.0, 19008000\), found \(250.0, 4096\)"),
    "no samples": (lambda set_: set_.with_suffix(".fdt").unlink(),
                   r"\.fdt"), "no header": (lambda set_: set_.write_bytes(b"MATLAB"), "MATLAB 5"),
    "no events": (lambda set_: set_.with_name(f"{PERSON}_task-emotion_events.tsv").unlink(),
                  "No such file"),
    "no ratings": (lambda set_:
                   (set_.parents[1] / "beh" / f"{PERSON}_task-Emotion_beh.tsv").unlink(),
                   "No such file"), "rate": (lambda set_: write(set_.parents[2], rate=500),
                                             r"found \(500.0"),
    "no ECG": (lambda set_: write(set_.parents[2], labels=LABELS[:129]), "none or several of ECG"),
    "no F7": (lambda set_: write(set_.parents[2], labels=[n for n in LABELS
                                                          if n != "E33"]), "none or several of F7"),
    "F7 twice": (lambda set_: write(set_.parents[2], names=[("E1", "F7")]), "several of F7"),
    "a film rated twice": (lambda set_: write(set_.parents[2], ratings=RATINGS * 2), "film once"),
    "a film shown twice": (lambda set_: write(set_.parents[2], events=EVENTS * 2), "film once"),
    "no column": (lambda set_: table(set_.with_name(f"{PERSON}_task-emotion_events.tsv"),
                                     ("onset", "trial_type"), [(1, "stm")]), "no label"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_person_is_left_out_with_one_reason(tmp_path, case):
    damage, reason = DAMAGE[case]
    header = write(tmp_path)
    damage(header)
    with pytest.raises(BadFile, match=reason):
        dens.read(tmp_path)
    write(tmp_path, "sub-mit004")
    cohort = dens.read(tmp_path)
    assert {trial.subject for trial in cohort} == {4} and list(cohort.dropped) == [header.name]


@pytest.mark.parametrize(("event", "reason"),
                         [((17000, "stm", "7_0"), "30 to 120 s from stm to vlnc"),
                          ((30000, "stm", "7_0"), "found 30000"),
                          ((36500, "stm", "7_0"), "found 36500 to nan"),
                          ((18000, "stm", "8_0"), "8 rated 1 to 9"),])
def test_a_film_is_left_out_with_its_reason(tmp_path, event, reason):
    write(tmp_path, events=[*EVENTS[:-2], event, *EVENTS[-2:]])
    cohort = dens.read(tmp_path)
    ((name, why),) = cohort.dropped.items()
    assert len(cohort) == 2 and name == "dens subject 3 trial 2" and reason in why


def test_onsets_in_milliseconds_or_seconds_are_refused(tmp_path):
    for factor in (4, 1 / 250):
        write(tmp_path, events=[(factor * onset, *more) for onset, *more in EVENTS])
        with pytest.raises(BadFile, match="30 to 120 s from stm to vlnc, in samples"):
            dens.read(tmp_path)


@pytest.mark.parametrize("rating", ["n/a", 0.0, 9.5])
def test_a_rating_that_is_none_is_refused(tmp_path, rating):
    write(tmp_path, ratings=[("12.m4v", rating, 5.0, "{}"), *RATINGS[1:]])
    cohort = dens.read(tmp_path)
    assert len(cohort) == 1 and "12 rated 1 to 9" in cohort.dropped["dens subject 3 trial 2"]


def test_paper_2_segments_it_as_it_does_its_own(tmp_path):
    root = tmp_path / "data"
    write(root / "ds003751")
    write(root / "ds003751", "sub-mit004", samples=36001)
    data = protocol.segments(registry.require("dens", "public", str(root)), jobs=1)
    assert data["eeg"].shape == (24, 10, 1280) and data["ecg"].shape == (24, 1, 1280)
    assert set(data["subject"]) == {3, 4} and sorted(set(data["valence"])) == [4.42, 9.0]
    assert "DENS" in data["about"]["caption"] and data["about"]["tier"] == "public"
