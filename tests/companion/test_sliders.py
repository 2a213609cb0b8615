"""Sliders without a browser: moving one draws other data, and draws the right ones."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch

from lib.datasets.mahnob_format import EEG_CHANNELS
from lib.models.mv_sstma import MVSSTMA
from lib.papers.face_eeg import sliders as face_eeg
from lib.papers.mv_sstma import sliders as seed
from lib.papers.rmmt import sliders as rmmt
from lib.plots.style import use_style

BANDS = ["theta", "alpha"]


@pytest.fixture(autouse=True)
def style():
    with matplotlib.rc_context():
        use_style()
        yield


def alphas() -> pd.DataFrame:
    """CCC of two folds for two alphas, and a control; alpha = 1 is better by 0.1 in fold 0 and
    worse by 0.2 in fold 1."""
    values = {"RMMT alpha=0.2": (0.4, 0.6), "RMMT alpha=1.0": (0.5, 0.4), "constant": (0.0, 0.0)}
    rows = [{"row": name, "fold": fold, "value": value} for name, of in values.items()
            for fold, value in enumerate(of)]
    return pd.DataFrame(rows).assign(paper="rmmt", experiment="", split="by_trial", metric="CCC",
                                     seed=0, tier="simulated", role="model")


def power() -> np.ndarray:
    return np.random.default_rng(0).random((12, 2, 32))


def network() -> tuple[MVSSTMA, np.ndarray]:
    torch.manual_seed(0)
    return MVSSTMA(width=4, blocks=1, heads=1,
                   head_width=4).eval(), np.random.default_rng(0).normal(size=(3, 4, 62, 5)).astype(
                       np.float32)


def opinions() -> dict:
    """Two recordings of four segments: the face is always right, the EEG always says 0; no face in
    one segment."""
    emotion = np.repeat([1, 2], 4)
    faces, eeg = np.eye(4)[emotion], np.eye(4)[np.zeros(8, int)]
    faces[7] = np.nan
    data = {
        "emotion": emotion, "recording": np.repeat([5, 9], 4),
        "start": np.tile(np.arange(4) * 3.0, 2)
    }
    parts = (0, 2, 4, 6), (1, 3, 5, 7)
    records = [
        SimpleNamespace(split=SimpleNamespace(val=val, test=test),
                        result={"val": eeg[list(val)], "test": eeg[list(test)]})
        for val, test in (parts, parts[::-1])
    ]
    return {"data": data, "records": records, "faces": faces}


VIEWS = {
    "alpha": (lambda: rmmt.sweep(alphas()), {"alpha": 1.0}),
    "band power": (lambda: rmmt.band_over_time(power(), EEG_CHANNELS, BANDS),
                   {"time": 1.5, "band": "theta"}),
    "mask ratio": (lambda: seed.mask_ratio(*network()), {"hidden": 80, "band": "gamma"}),
    "fusion": (lambda: face_eeg.fusion(**opinions()), {"beta": 0.9, "lag": 3.0, "recording": 9}),
}


@pytest.mark.parametrize("name", VIEWS)
def test_every_slider_redraws(name):
    make, moves = VIEWS[name]
    view = make()
    box = view.controls(caption="toy")
    *sliders, picture = box.children
    assert set(moves) == set(view.sliders) and len(sliders) == len(moves)
    for slider, value in moves.items():
        before = picture.value
        view.sliders[slider].value = value
        assert picture.value != before and '<img alt="toy" ' in before
    assert all(slider.description for slider in sliders)
    assert not any(getattr(slider, "continuous_update", False) for slider in sliders)


def test_alpha_shows_differences_to_the_reference():
    view = rmmt.sweep(alphas())
    left, right = view.draw(alpha=0.2).axes
    assert np.allclose([bar.get_height() for bar in right.patches], [-0.1, 0.2])
    assert "better in 1 of 2 folds, mean +0.050" in right.get_title(
        loc="left") and "mean 0.500" in left.get_title(loc="left")


def test_band_and_time_choose_what_is_on_the_scalp():
    values = power()
    scalp = rmmt.band_over_time(values, EEG_CHANNELS, BANDS).draw(band="alpha",
                                                                  time=1.5).axes[0].collections[0]
    assert np.allclose(scalp.get_array(), values[6, 1])  # windows step by a quarter of a second


def test_mask_ratio_hides_that_many_channels():
    view = seed.mask_ratio(*network())
    for hidden, n in ((50, 31), (80, 50)):
        *maps, errors, _ = view.draw(hidden=hidden, band="alpha").axes
        assert errors.get_title(loc="left") == f"{n} of 62 hidden"
        crosses = len(maps[0].collections[1].get_offsets())
        assert n - 2 <= crosses <= n  # two of the 62 have no place on the map


def test_weight_and_shift_move_the_fusion():
    draw = face_eeg.fusion(**opinions()).draw

    def accuracy(**at) -> float:
        _, curve = draw(recording=5, **at).axes
        return float(curve.lines[1].get_ydata()[0])

    assert accuracy(beta=1.0, lag=0.0) == 7 / 8  # without a face the EEG decides, and it is wrong
    assert accuracy(beta=0.0, lag=0.0) == 0
    data = opinions()
    data["faces"][:4] = [1, 0, 0, 0]  # says what the EEG says, so that no weight changes anything
    assert face_eeg.fusion(**data).sliders["recording"].value == 9
    data = opinions()
    data["faces"][0] = [1, 0, 0, 0]  # wrong in the first segment of the first recording
    time, _ = face_eeg.fusion(**data).draw(beta=1.0, lag=3.0, recording=5).axes
    # and in the second one too, when the face is moved by a segment (posteriors are calibrated)
    assert (time.lines[0].get_ydata() > 0.5).tolist() == [False, False, True, True]
