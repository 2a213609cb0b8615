# ---
# jupyter:
#   companion:
#     paper: face_eeg
#     produces: [lag, fig7, fusion, rules, weight, delay]
#     profiles: [demo, paper]
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Two opinions about one moment: fusing face and EEG
#
# The paper's last step combines the answers of its face model and its EEG model. It
# prints neither rule nor score, only four examples. Which rules fit them, does any of
# them help, and how long does a decision take?
#
# **You will learn**
# - how to bring a video and an EEG with a lag onto one clock,
# - six rules of decision fusion, and what each needs to be fitted on,
# - what a decision costs, stage by stage.
#
# **Reproduces** Fig 7 (with segments chosen by rule) and the latency of Sec 5.4.
#
# **Needs** notebooks 40 and 42; about a minute in the demo profile.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures
lag: float = 2.0  # seconds by which the EEG is late (Sec 5.4); negative: early
weights: str = ""  # file of InceptionV3 weights; empty: MobileNetV2, as installed

# %%
from lib.companion.run import show_source, start

run = start(
    "43_face_eeg_fusion",
    profile=profile,
    seed=seed,
    device=device,
    data=data,
    out=out,
    lag=lag,
    weights=weights,
)

# %%
from lib.papers.face_eeg import fusion
from lib.papers.face_eeg import protocol as face_eeg
from lib.papers.face_eeg.settings import Preset
from lib.papers.face_eeg.video import SIDE, frames_of

preset = Preset.of(profile)
cohort = face_eeg.cohort(profile, data, seed=seed)
features = face_eeg.features(cohort, preset, weights=weights, lag=lag)
about = features["about"]

# %% [markdown]
# ## The face model goes to the laboratory
#
# The face model of notebook 40 was trained on single pictures. Here it looks at every
# frame of the recordings' videos: find the face, cut it out, ask. The answers within 3
# s are averaged; frames without a face are skipped.

# %%
learned = fusion.trained_face(profile, data, seed=seed)
faces = fusion.faces_of_segments(cohort, features, learned, preset)

# %% tags=["nbval-check-output"]
import numpy as np

seen = ~np.isnan(faces).any(axis=1)
print(
    f"{len(faces)} segments; posteriors of the face: {faces.shape[1]} classes, each "
    f"row sums to 1: {np.allclose(faces[seen].sum(1), 1)}"
)

# %% [markdown]
# ## One clock
#
# A smile moves muscles, and muscles are seen by electrodes at the temples. So the lag
# between video and EEG can be estimated: by how much must one be shifted for the two to
# agree best?

# %%
import pandas as pd

from lib.datasets.base import BadFile, Signal
from lib.preprocessing.scalp_lag import estimate_lag


def lag_of(trial):
    """Lag of the EEG behind the smile in s; NaN where that hardly changes."""
    seen = fusion.watched(trial, learned, preset)
    happy = seen["p"][:, 0]
    if not np.isfinite(happy).sum() > len(happy) / 2:
        return np.nan
    smile = pd.Series(happy).interpolate(limit_direction="both").to_numpy()
    rate = 1 / np.median(np.diff(seen["times"]))
    if smile.std() <= 0.05:  # choice
        return np.nan
    smile = Signal(smile, rate, start=float(seen["times"][0]))
    try:
        return estimate_lag(trial.load("eeg"), smile)
    except BadFile:  # too short for every lag to be tried
        return np.nan


# %%
from lib.datasets.flex_format import EMOTIONS

names = [EMOTIONS[int(trial.labels["emotion"])] for trial in cohort]
lags = pd.Series([lag_of(trial) for trial in cohort]).groupby(names, sort=False)
table = lags.agg(recordings="size", used="count", median="median")
table["lower quartile"], table["upper quartile"] = (
    lags.quantile(0.25),
    lags.quantile(0.75),
)
run.table("lag", table.rename_axis("emotion"), **about, decimals=2)

# %% [markdown]
# Compare the medians with the lag of 2 s that the simulator put in: from one frame per
# second and a posterior as the only sign of a smile, the estimates scatter over the
# whole range that was tried, and the table says nothing. With a frame rate near that of
# a camera and a measured movement of the mouth the same function finds a known shift
# (tested). The paper took its constant from a screen; a wrong sign would shift the EEG
# by twice the lag.
#
# ## Six rules
#
# Both models' posteriors are first calibrated (one temperature each), then joined.
# Everything that is fitted is fitted on the validation segments of the fold.

# %%
from lib.evaluation import fusion as rules

show_source(rules.fuse)

# %% tags=["nbval-check-output"]
print(f"{len(rules.RULES)} rules: {', '.join(rules.RULES)}")

# %%
records = [
    r
    for split in ("random_segments", "by_clip", "by_subject")
    for r in face_eeg.run(
        features, ["Scalp maps"], split, preset, seed=seed, device=device
    )
]
table = fusion.fusion_accuracies(features, records, faces)
run.table("fusion", table, **about)

# %%
from lib.papers.face_eeg import figures as plots

names = [*fusion.SINGLE, *fusion.STACKED, *rules.RULES]
splits = ["random_segments", "by_clip", "by_subject"]
run.figure("rules", plots.rules(table, names, splits), **about)

# %%
means = table.pivot_table("mean", "split", "row", sort=False)[names]
best = means[list(rules.RULES)].idxmax(axis=1)
print(
    means[[*fusion.SINGLE, *fusion.STACKED]]
    .assign(rule=best, fused=means[list(rules.RULES)].max(axis=1))
    .round(2)
    .to_string()
)

# %% [markdown]
# The face alone is ahead of the EEG under every split. The EEG gains most from random
# segments, where knowing the recording helps it (notebook 42); the face changes less.
# Of the six rules only *stacking* leads the face by more than a few hundredths, and
# only under random segments. But look at *face alone, stacked*: the same regression on
# the face and nothing else gains as much. What it adds is no second opinion. It learns,
# on labelled segments of this laboratory, what the face model, trained on other
# pictures, says there. So nothing here shows that the EEG helps; and the best rule is
# the best of six on these very test segments, so its lead is too large besides.
# (Intervals: bootstrap over recordings, or people where they are kept apart.)
#
# ## A weight and a shift
#
# The simplest rule has one number: the weight $\beta$ of the face. The recording that
# depends most on it, over time (people kept apart), and the accuracy of every weight
# over all test segments:

# %%
from lib.papers.face_eeg.sliders import fusion as weighed

apart = [r for r in records if r.split.name == "by_subject"]
view = weighed(features, apart, faces)
run.figure("weight", view.figure(), **about)

# %% tags=["nbval-ignore-output"]
view.controls(**about)

# %% [markdown]
# Run the cell, then move the weight, and then the face in time. Reading the best weight
# from this curve is choosing it on test data. And a shift of several seconds changes
# little: a recording has one emotion from its first segment to its last, so the labels
# cannot tell a lag.
#
# ## Fig 7: four moments
#
# One test segment per emotion, from the folds that keep people apart. Only segments
# that the fusion calls right are eligible. Of them the one of which it is most sure is
# shown; for sadness, as in the paper, one that the face alone gets wrong and the EEG
# right, if there is one. They are examples, no evidence: over all test segments of this
# split the EEG is right in little more than a third. Bars are calibrated posteriors;
# the fusion is their mean (*sum*).

# %%
chosen = fusion.examples(features, apart, faces)
chosen[["emotion", "segment", "face_right", "EEG_right", "sure"]].round(2)

# %%
videos = [frames_of(cohort[int(n)], np.inf) for n in chosen["recording"]]
middles = chosen["start"] + 1.5
frames = [
    video[np.abs(times - middle).argmin()]
    for (video, times), middle in zip(videos, middles, strict=True)
]
maps = [fusion.beta_map(features, int(row.segment)) for row in chosen.itertuples()]
said = [
    {name: row[name] for name in ("face", "EEG", "fused")}
    for _, row in chosen.iterrows()
]
true = [EMOTIONS[int(e)] for e in chosen["emotion"]]
tidy = chosen.drop(columns=["face", "EEG", "fused"])
run.figure("fig7", plots.decisions(frames, maps, said, true, EMOTIONS), tidy, **about)

# %% [markdown]
# ## What a decision costs
#
# The paper states 1.5 s of computation per segment of 3 s and calls the system
# unsuitable for real time in one place and suitable for embedded use in another. The
# next cell measures it on this machine with one thread, in the demo with 58 pixels and
# MobileNetV2. The paper has 229 pixels and InceptionV3, many times the work, so the
# sums are not comparable; what can be read is which stages cost most here:

# %%
import torch

from lib.models.face_attention import PatchAttention, truncated_mobilenet
from lib.models.inception import spectrogram_backbone
from lib.models.scalp_cnn import ScalpCNN
from lib.preprocessing import scalp_maps
from lib.preprocessing.detectors import detect
from lib.preprocessing.faces import crop

trial = next(t for t in cohort if "video" in t.loaders)
signal, size = trial.load("eeg"), preset.size
cut = scalp_maps.segments(trial)["segments"][:1]
images = 255 * np.moveaxis(scalp_maps.spectrograms(cut, size)[0], 1, -1)
describe = spectrogram_backbone(size=size)
one = torch.as_tensor(scalp_maps.scalp_map(np.float32(describe(images))[None]))
cnn, face = ScalpCNN(one.shape[1]).eval(), PatchAttention().eval()
seconds_3 = frames_of(trial, preset.video_rate)[0]
seconds_3 = seconds_3[: max(1, round(3 * preset.video_rate))]
crops, backbone = (
    crop(seconds_3, detect(seconds_3).boxes, SIDE),
    truncated_mobilenet(),
)

# %%
from timeit import repeat

stages = {
    "filter and resample the recording": lambda: scalp_maps.band_signals(signal),
    f"84 spectrograms of {size} pixels": lambda: scalp_maps.spectrograms(cut, size),
    f"features of 28 images ({describe.name})": lambda: describe(images),
    "network on the scalp map": lambda: cnn(one),
    f"find the face in {len(seconds_3)} frames": lambda: detect(seconds_3),
    "face network": lambda: face(torch.as_tensor(np.float32(backbone(crops)))),
}
with torch.no_grad():  # the best of three, after one to warm up
    times = [min(repeat(stage, number=1, repeat=4)[1:]) for stage in stages.values()]
cost = pd.DataFrame({"stage": list(stages), "seconds": times})
print(cost.round(4).to_string(index=False))
print(f"\ntogether {cost['seconds'].sum():.2f} s; published: 1.5 s")

# %%
parts = [
    ("window", 3.0),
    ("lag", abs(lag)),
    ("computation as published", 1.5),
    ("delay", rules.decision_delay(1.5, 3.0, lag)),
]
run.table(
    "delay",
    pd.DataFrame(parts, columns=["part", "seconds"]),
    caption="from the durations that the paper prints",
    tier="published",
)

# %% tags=["nbval-check-output"]
print(
    "from the first moment of a segment to the decision about it: "
    f"{rules.decision_delay(1.5, 3.0, lag):.1f} s"
)

# %% [markdown]
# To keep up with the signal is not to answer at once: by the paper's own durations the
# window and the lag cost more than the computation.
#
# ## Published versus reproduced
#
# The paper claims an improvement by fusion and prints no score for it. The table above
# is on simulated pairs of face and EEG; the claim itself is not testable without
# paired, labelled recordings.
#
# ## What could go wrong
#
# - **Fitting the weight of a rule on test segments** makes every rule look good.
# - **A face model from photographs, used on laboratory videos,** meets other light and
#   other cameras; nobody has measured that here.
# - **Confident and wrong**: without calibration the louder model wins.
#
# ## Exercises
#
# 1. *Easy.* Which rule profits most when the face is missing in half of the segments?
# 2. *Medium.* Set `lag = -2.0`. What happens to the estimated lag, and to the fusion?
# 3. *Open.* Fuse over time as well: average posteriors over neighbouring segments. When
#    does that stop being fair?
# 4. *With a check.* Choose a weight on validation data: below, or without the solution
#    in [exercises/43_face_eeg_fusion](exercises/43_face_eeg_fusion.ipynb).

# %% [markdown] tags=["exercise"]
# ### Exercise: a weight from the validation data
#
# Write `fuse(face_val, eeg_val, y_val, face, eeg)`: choose the weight $\beta$ of the
# face on validation segments, then fuse the test segments with it.
#
# - **In:** posteriors of validation segments `(n_val, K)` and their classes `(n_val,)`;
#   posteriors of test segments `(n, K)`. A row of NaN in `face`: no face was seen.
# - **Out:** $\beta$, one of 0.0, 0.1, ..., 1.0: the one with the best validation
#   accuracy, the smallest where several are equally good; and
#   $\beta\,$`face`$\,+ (1 - \beta)\,$`eeg` `(n, K)`, where the EEG decides alone if
#   there is no face.
#
# <details><summary>Hint 1</summary>
#
# For every weight: fuse the validation posteriors, `argmax` over classes, compare with
# `y_val`. `np.argmax` of the accuracies takes the first of equal ones.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The face is multiplied by $\beta$. At $\beta = 1$ the EEG says nothing.
#
# </details>
# <details><summary>Hint 3</summary>
#
# NaN times anything is NaN: put the EEG's row back where the fused row is NaN
# (`np.where`).
#
# </details>

# %% tags=["solution", "hide-input"]
import numpy as np


def fuse(face_val, eeg_val, y_val, face, eeg):
    """The face's weight by validation segments, and fused test posteriors (n, K)."""
    # your code
    betas = np.linspace(0, 1, 11)
    right = [
        np.mean((beta * face_val + (1 - beta) * eeg_val).argmax(axis=1) == y_val)
        for beta in betas
    ]
    beta = betas[np.argmax(right)]
    fused = beta * face + (1 - beta) * eeg
    return beta, np.where(np.isnan(fused), eeg, fused)
    # end


# %% tags=["check", "nbval-check-output"]
y_val = np.array([0, 1, 0, 1])
sure = np.array([[0.9, 0.1], [0.1, 0.9]] * 2)
coin = np.array([[0.2, 0.8], [0.6, 0.4]] * 2)
face, eeg = np.array([[0.8, 0.2], [np.nan, np.nan]]), np.array([[0.4, 0.6], [0.3, 0.7]])
beta, fused = fuse(sure, coin, y_val, face, eeg)
assert np.shape(fused) == (2, 2), (
    f"the fused posteriors of 2 segments are asked for, not {np.shape(fused)} (hint 2)"
)
assert beta > 0.3, (
    f"the face is always right here, but its weight is {beta:.1f}: is beta on the "
    "EEG? (hint 2)"
)
assert beta < 0.7, (
    f"every weight from 0.5 on is equally good: take the smallest, not {beta:.1f} "
    "(hint 1)"
)
assert np.isclose(beta, 0.5), (
    "the smallest weight that is right in all four segments is 0.5, yours is "
    f"{beta:.2f} (hint 1)"
)
assert fuse(coin, sure, y_val, face, eeg)[0] == 0, (
    "where the EEG alone is always right, the smallest best weight is 0 (hint 1)"
)
assert np.isfinite(fused).all(), (
    "no face was seen in the second segment, and the answer became NaN: the EEG "
    "decides alone (hint 3)"
)
assert np.allclose(fused[1], eeg[1]), (
    "without a face the answer is the EEG's posterior, unchanged (hint 3)"
)
assert np.allclose(fused[0], [0.6, 0.4]), (
    "0.5 times the face and 0.5 times the EEG are 0.6 and 0.4, not "
    f"{np.round(fused[0], 2)} (hint 2)"
)
print(
    "accepted: the weight comes from the validation segments, and a missing face is "
    "no answer"
)

# %% [markdown]
# ## Recap
#
# - Calibrate, then combine; fit on validation.
# - A rule that learns needs each modality alone, learned the same way, beside it.
# - Say which split a fused score is from, and how long the decision takes.

# %%
run.finish()
