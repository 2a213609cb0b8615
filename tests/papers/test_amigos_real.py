"""Paper 2's systems on stand-in recordings, and claims asked of such results."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lib.evaluation.stand_in import LABELS, ask, beside, printed_differences
from lib.papers.amigos import real
from lib.store import Store
from lib.training.splits import Split
from tests.papers.test_amigos import TINY


def results(gains, noise=0.01):
    """Ten folds in which row a is better than row b by each of the gains."""
    rng = np.random.default_rng(0)
    rows = [("a", gain) for gain in gains] + [("b", 0.0) for _ in gains]
    folds = [*range(len(gains))] * 2
    return pd.DataFrame([{
        "paper": "amigos", "experiment": LABELS[0], "row": row, "role": "model",
        "split": "by_subject", "fold": fold, "seed": 0, "tier": "public",
        "metric": "state accuracy", "value": 0.6 + gain + noise * rng.normal()
    } for (row, gain), fold in zip(rows, folds, strict=True)])


FOLDS = {"by_subject": [Split("by_subject", 0, tuple(range(90)), (), tuple(range(90, 100)))]}


@pytest.mark.parametrize("gains, noise, answer", [([0.1] * 10, 0.01, "supported"),
                                                  ([0.0] * 10, 0.01, "not supported"),
                                                  ([-0.1] * 10, 0.01, "not supported"),
                                                  ([0.05] * 10, 0.3, "cannot tell")])
def test_a_claim_is_answered_by_its_interval(gains, noise, answer):
    table = ask(results(gains, noise), {"a beats b": [("a", "b")]}, "state accuracy", FOLDS)
    assert table["answer"].tolist() == [answer]


def test_what_the_paper_prints_stands_beside_a_claim():
    assert printed_differences("amigos", "Fused", "EEG").startswith("arousal")
    assert printed_differences("amigos", "Fused", "no such row") == ""


def test_recordings_are_found_again_and_people_are_not(tmp_path):
    """Signals that say who it is and which recording, and nothing of the state: random segments
    report it, new people are at chance, with true and with exchanged states."""
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(24), 6)
    own = rng.normal(size=(24, 54))[trial] + 0.1 * rng.normal(size=(144, 54))
    state = np.concatenate([rng.permutation(2) for _ in range(12)])[trial].astype(float)
    data = {
        "eeg": rng.normal(size=(144, 10, 256)).astype(np.float32),
        "ecg": rng.normal(size=(144, 1, 256)).astype(np.float32), "trial": trial,
        "subject": trial // 2, "stimulus": state.astype(str), "state": state,
        "features_eeg": own[:, :50].astype(np.float32),
        "features_ecg": own[:, 50:].astype(np.float32), "about": {"tier": "public"}
    }
    nobody = {m: data[m][:0] for m in ("eeg", "ecg")}
    scores = real.run(data, nobody, TINY, [0, 1], rows=("nearest neighbour, both", "coin"),
                      store=Store(tmp_path), jobs=1)
    mean = scores[scores["metric"] == real.METRIC].groupby(["row", "split",
                                                            "experiment"])["value"].mean()
    near = mean["nearest neighbour, both"]
    assert near["random_segments"].min() > 0.95
    assert near["by_subject"].between(0.3, 0.7).all()
    assert set(scores["experiment"]) == set(LABELS)
    assert len(beside(scores, real.METRIC)) == 8


def test_further_people_are_read_where_there_are_any(tmp_path):
    data = {"eeg": np.zeros((3, 10, 1280), np.float32), "ecg": np.zeros((3, 1, 1280), np.float32)}
    nobody, names = real.corpora(data, str(tmp_path))
    assert names == [] and {m: x.shape for m, x in nobody.items()
                            } == {"eeg": (0, 10, 1280), "ecg": (0, 1, 1280)}
    (tmp_path / "rcqoea-ecg").mkdir()
    beats = (500 * np.sin(np.arange(2700) / 20)).astype(np.int16)
    np.savez(tmp_path / "rcqoea-ecg/ecg_130hz.npz", P01_V01=beats, P02_V01=beats[:1400])
    some, names = real.corpora(data, str(tmp_path))
    assert names == ["rcqoea-ecg"] and {m: x.shape for m, x in some.items()
                                        } == {"eeg": (0, 10, 1280), "ecg": (3, 1, 1280)}
    assert np.allclose(some["ecg"].std(), 1, atol=0.1)


def test_rows_without_further_people_are_those_of_a_run_without_corpora(tmp_path):
    rng = np.random.default_rng(0)
    trial = np.repeat(np.arange(24), 2)
    data = {
        "eeg": rng.normal(size=(48, 10, 256)).astype(np.float32),
        "ecg": rng.normal(size=(48, 1, 256)).astype(np.float32), "trial": trial,
        "subject": trial // 2, "stimulus": (trial % 2).astype(str),
        "state": (trial % 2).astype(float), "about": {"tier": "public"}
    }
    own, nobody = replace(TINY, own=True), {m: data[m][:0] for m in ("eeg", "ecg")}
    further = nobody | {"ecg": rng.normal(size=(40, 1, 256)).astype(np.float32)}
    how = {"rows": ("ECG",), "splits": ("by_subject",), "store": Store(tmp_path), "jobs": 1}
    with_them, without = (real.run(data, unlabelled, own, [0], **how).set_index("row")["value"]
                          for unlabelled in (further, nobody))
    assert set(without.index) == {"ECG"} and set(with_them.index) == {"ECG", real.ALONE["ECG"]}
    assert (with_them[real.ALONE["ECG"]].to_numpy() == without["ECG"].to_numpy()).all()
