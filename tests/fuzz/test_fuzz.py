"""The short form of ``make fuzz``: some damaged copies of every format, read by the reader that the
project uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lib.datasets.base import Signal
from lib.datasets.catalogue import DATASETS
from tests.fuzz.__main__ import judge
from tests.fuzz.formats import FORMATS

ROOT = Path(__file__).parents[2]


def test_every_reader_has_a_format():
    known = {form.read for form in FORMATS.values()}
    assert [name for name, dataset in DATASETS.items() if dataset.read not in known] == []


def test_no_traceback_no_hang_and_no_other_structure_without_a_word():
    done = subprocess.run([sys.executable, "-m", "tests.fuzz", "--copies", "30"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def cohort(data=(1.0, 2.0), rate=4.0, label=1.0, trials=("a",), dropped=()):
    signals = {"eeg": Signal(np.array([data]), rate, ("Cz",), "uV")}
    found = {key: ((1, "1", 1), {"emotion": label}, signals) for key in trials}
    return {"cohort": ("x", "public", "y"), "trials": found, "dropped": dict(dropped)}


@pytest.mark.parametrize(("found", "touched", "outcome"),
                         [(cohort(), None, "equal"), (cohort((1.0, 9.0)), 1, "samples"),
                          (cohort((9.0, 9.0)), 1, "structure"),
                          (cohort((1.0, 9.0)), None, "structure"), (cohort((1.0,)), 9, "structure"),
                          (cohort(rate=5.0), 9, "structure"), (cohort(
                              (1.0, np.nan)), None, "equal"), (cohort(label=2.0), 1, "label"),
                          (cohort(trials=()), 9, "structure"),
                          (cohort(trials=(), dropped={"a": "cut short"}), 9, "left out"),
                          (cohort(trials=("a", "b")), 9, "structure"),
                          ({"refused": "no file"}, 9, "refused")])
def test_the_judge_knows_structure_from_samples(found, touched, outcome):
    assert judge(cohort(), found, touched)[0] == outcome
