"""Effects by size of network: gains with known answers; the smallest run of two papers."""

import numpy as np
import pandas as pd
import pytest

from lib.papers import effects
from lib.papers.amigos import pretraining
from lib.papers.face_eeg import settings as face_eeg_settings


def scores(paper: str, **gain: float) -> pd.DataFrame:
    """Every metric of a paper's claims: the first row of a pair is ahead by ``gain`` of the
    cohort, twice that for the control, and by a tenth of the seed."""
    lines = []
    for line in effects.CLAIMS:
        for who in ("network", "control"):
            for (cohort, ahead), seed in ((c, s) for c in gain.items() for s in range(3)):
                values = (ahead * (1 + (who == "control")) + seed / 10, 0)
                for row, value in zip(line.get(who, ()), values, strict=False):
                    lines.append((line["paper"], "demo", cohort.replace("_", " "), seed,
                                  line["metric"], row, value))
    frame = pd.DataFrame(lines,
                         columns=["paper", "profile", "cohort", "seed", "metric", "row", "value"])
    return frame[frame["paper"] == paper].drop_duplicates(
        ["profile", "cohort", "seed", "metric", "row"])


def test_gains_and_their_table():
    made = scores("face_eeg", with_the_effect=0.2, null_twin=0.0)
    found = effects.gains(made)
    assert len(found) == 12  # a claim, network and control, two cohorts, three seeds
    networks = found[found["who"] == "network, demo"]
    assert np.allclose(networks["gain"], [0.2, 0.3, 0.4, 0, 0.1, 0.2])
    table = effects.table(found)
    assert table["with the effect", "network, demo"].item() == "+0.30 (+0.20 to +0.40)"
    assert table["null twin", "control"].item() == "+0.10 (+0.00 to +0.20)"
    figure = effects.draw(found)
    assert len(figure.axes[0].lines) == 4 + 1  # and the line at 0; between claims there is none


TINY = """
like: demo
presets:
  mv_sstma:
    simulated: {subjects: 1, windows: [13, 13]}
    hop: 2
    model: {blocks: 1, heads: 1, head_width: 2, width: 4}
    pretraining: {epochs: 1}
    finetuning: {epochs: 1}
    frozen: {epochs: 1}
  face_eeg:
    size: 20
    projected: 8
    model: {Scalp maps: {widths: [4, 4, 4], hidden: 4}}
    recipe: {Scalp maps: {epochs: 1}}
  rmmt:
    simulated: {subjects: 5, clips: 2, seconds: [14, 15], video_rate: 5}
    n_folds: 2
    options: {layers: 1, widths: [4, 4]}
    recipe: {epochs: 1, batch: 16, window: 32, hop: 16, train_hop: 16}
  amigos:
    simulated: {subjects: 3}
    n_folds: 3
    own: false
    corpus: 8
    model:
      eeg: &small {channels: [4, 4, 4], kernels: [9, 5, 3], strides: [16, 4, 2], layers: 1,
                   feedforward: 4, mask_hidden: 4}
      ecg: *small
    head: {eeg: {hidden: [4]}, ecg: {hidden: [4]}}
    pretraining: {eeg: {epochs: 1}, ecg: {epochs: 1}}
    finetuning: {epochs: 1}
    fusion: {epochs: 1}
"""


@pytest.mark.slow
@pytest.mark.parametrize("paper", effects.PAPERS)
def test_every_claim_is_asked(project, monkeypatch, paper):
    monkeypatch.setitem(pretraining.CORPORA, "subjects", 2)
    monkeypatch.setitem(face_eeg_settings.NULL_TWIN, "seconds", 12)
    (project / "notebooks" / "profiles" / "tiny.yaml").write_text(TINY)
    found = effects.gains(effects.run(paper, ["tiny"], [0]))
    asked = [line for line in effects.CLAIMS if line["paper"] == paper]
    assert set(found["claim"]) == {line["claim"] for line in asked}
    pairs = len(asked) + sum("control" in line for line in asked)
    assert len(found) == pairs * (1 if paper in effects.NULL_ONLY else 2)
    assert np.isfinite(found["gain"]).all()
