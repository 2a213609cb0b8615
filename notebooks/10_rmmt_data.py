# ---
# jupyter:
#   companion:
#     paper: rmmt
#     produces: [labels, features, scalp, trials]
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
# # The data of paper 1: what is in a trial?
#
# RMMT predicts **valence**, how pleasant somebody feels, four times a second, from a
# video of the face and from the EEG while the person watches film clips. Before any
# model: what do the recordings and the labels look like, and what can be got right
# without looking at a person at all?
#
# **You will learn**
# - how a trial lies on disk and how its streams are put on one clock,
# - what the continuous labels look like, and how much of their variance lies between
#   trials,
# - what the feature arrays are that every model of the next notebooks is given.
#
# **Reproduces** the facts of Sec 4.1 and 4.2 of the paper (`labels`, `trials`,
# `features`), and asks the sentences on its scalp maps (Table 2) of all people
# (`scalp`).
#
# **Needs** nothing in the demo profile: it writes a simulated cohort in the format of
# MAHNOB-HCI (about a minute, once).

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, public, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures

# %%
from lib.companion.run import start

run = start(
    "10_rmmt_data", profile=profile, seed=seed, device=device, data=data, out=out
)

# %% [markdown]
# ## A cohort of trials
#
# One trial is one subject watching one clip once. `rmmt.cohort` returns all trials of
# the profile in the order of the label file. A trial that cannot be read does not take
# the others down: it is left out, with the reason. On disk a raw trial is a folder
# `Sessions/<id>` with a BDF file (EEG, ECG, Status), an AVI, a gaze table and
# `session.xml`; the labels of all trials stand in one MATLAB file.

# %% tags=["nbval-check-output"]
from lib.papers.rmmt import protocol as rmmt

cohort = rmmt.cohort(profile, data, seed=seed)
table = cohort.table()
print(
    f"{cohort.caption}: {len(cohort)} trials, {table.subject.nunique()} subjects, "
    f"left out: {dict(cohort.dropped) or 'none'}"
)

# %%
run.table(
    "trials",
    table.groupby("subject").agg(
        trials=("trial", "size"),
        steps=("valence_n", "sum"),
        valence=("valence_mean", "mean"),
        spread=("valence_std", "mean"),
    ),
    caption=cohort.caption,
    tier=cohort.tier,
)

# %% [markdown]
# ## The labels
#
# Five people watched the videos of the faces and moved a joystick; the file holds their
# mean at 4 Hz. The paper gives a range of -0.5 to 0.5. Look at the right panel: **most
# of the variance lies between trials**, not inside one. A model that only knew the mean
# level of each trial would already be good. The printed RMSE and CCC fit scores over
# all trials of a fold one after another, so that level counts.

# %%
from lib.plots import signals as plots

labels = [trial.labels["valence"] for trial in cohort]
run.figure(
    "labels",
    plots.label_overview(labels),
    table,
    caption=cohort.caption,
    tier=cohort.tier,
)

# %% tags=["nbval-check-output"]
import numpy as np

values = np.concatenate(labels)
between = sum(len(trace) * (trace.mean() - values.mean()) ** 2 for trace in labels) / (
    values.size * values.var()
)
print(
    f"{values.size} steps, range {values.min():.2f} to {values.max():.2f}, spread "
    f"{values.std():.3f}, "
    f"{between:.0%} of the variance between trials"
)

# %% [markdown]
# ## One clock
#
# The recordings of a trial come from different devices. The EEG amplifier marks the
# start and the end of the clip with two pulses on its Status channel; camera, gaze
# tracker and microphone share the sample counter of the audio. The report below holds
# what the reader found: where the clip starts in the EEG (`onset_minus_30_s`: the pulse
# minus the 30 s that other code takes for granted) and in the video, and whether each
# stream covers the labels. `subject` and `trial` are names, no measurements.

# %% tags=["nbval-check-output"]
from lib.datasets import mahnob

raw = "eeg" in cohort[0].loaders
if raw:
    report = mahnob.sync_report(cohort)
    print(report.describe().loc[["min", "50%", "max"]].round(1).T.to_string())
else:
    print("This profile has no raw recordings: its features are ready, at 4 Hz.")

# %% [markdown]
# ## From signals to features
#
# The EEG is band-passed to 0.3-45 Hz and re-referenced to the average; Welch's method
# gives the power of six frequency bands in each of 32 channels, relative to the total,
# in windows of 2 s that step with the labels: 192 numbers per step (notebook 11 takes
# that apart). The face is found in one video frame per label, cut out, and described by
# a network trained on photographs. Everything is remembered, so this takes time only
# once.

# %% tags=["nbval-check-output"]
features = rmmt.features(cohort)
for name in ("eeg", "face", "valence", "lengths", "subject"):
    print(f"{name:8s} {features[name].shape!s:14s} {features[name].dtype}")
print(features["about"]["caption"])

# %% [markdown]
# One trial: time runs to the right, every line is a feature, the label is on top. The
# features are standardised over the cohort here; a model gets them standardised by its
# training trials, and the face relative to the first 2 s of its trial (notebook 12).
#
# Look at the first two seconds: the label starts near 0, where the joysticks rest.
#
# The public features have a history. Their owner resampled the face from 60 frames a
# second to 4 with a filter that starts from zeros, so that in the file every trial
# begins at half of its level and rings for eight steps: a mark of the beginning, where
# labels are near 0. What such a filter makes of a constant is known
# (`scipy.signal.resample_poly` of ones); the reader divides by it. The EEG comes as
# logarithms of band power in four bands; Eq (7) makes shares of them.

# %%
from lib.training.windows import trial_slices

slices = trial_slices(features["lengths"])
moves = [np.ptp(features["valence"][one]) for one in slices]
where = slices[int(np.argmax(moves))]  # the trial whose label moves most
maps = {name: features[name][where] for name in ("face", "eeg")}
scaled = {
    name: (x - features[name].mean(0)) / (features[name].std(0) + 1e-6)
    for name, x in maps.items()
}
run.figure(
    "features",
    plots.feature_maps(features["valence"][where], scaled),
    **features["about"],
)

# %% [markdown]
# ## Where on the scalp
#
# The paper reads from its maps that beta and gamma are strong on both sides of the
# head, delta at the front, theta and alpha over the parietal lobe. Here is the mean
# share of each band over all people, each counted once. Notebook 11 draws single people
# from raw recordings. In the public features the electrodes have no names: they follow
# from which columns go together (`docs/data-cards/mahnob-public-features.md`).

# %%
import pandas as pd

from lib.datasets.mahnob_features import BANDS as PUBLIC_BANDS
from lib.datasets.mahnob_format import EEG_CHANNELS
from lib.preprocessing.eeg import BANDS

bands = list(BANDS["rmmt"] if raw else PUBLIC_BANDS)
person = np.repeat(features["subject"], features["lengths"])
share = np.mean([features["eeg"][person == p].mean(0) for p in set(person)], axis=0)
maps = share.reshape(len(bands), len(EEG_CHANNELS))
tidy = [
    (band, channel, maps[b, c])
    for b, band in enumerate(bands)
    for c, channel in enumerate(EEG_CHANNELS)
]
figure = plots.topomaps(
    maps[None], EEG_CHANNELS, [f"mean of {len(set(person))}\npeople"], bands
)
scalp = pd.DataFrame(tidy, columns=["band", "channel", "share"])
said = "" if raw else "; electrodes in the order that their columns suggest"
about = {**features["about"], "caption": cohort.caption + said}
run.figure("scalp", figure, scalp, **about)

# %% tags=["nbval-check-output"]
for band, row in zip(bands, maps, strict=True):
    first = [EEG_CHANNELS[c] for c in np.argsort(-row)[:4]]
    print(f"{band:6s} largest at {', '.join(first)}")

# %% [markdown]
# In the 24 real people gamma is largest at the temples (T7, T8), as the paper says, and
# alpha at the back of the head (PO4, P3) and, on the midline, in front of it (Fz);
# **theta is largest at Fp1 and Fp2**, above the eyes, which contradicts it and is
# probably eye movement. Beta is strong on the right side more than on the left. The
# public features have no delta. In the simulated cohort the maps were put in.

# %% [markdown]
# ## Published versus reproduced
#
# | fact | paper | here |
# |---|---|---|
# | trials, subjects | 239 of 24 | the line above the table `trials` |
# | clip length | 35 to 117 s | middle panel of `labels` |
# | label range | -0.5 to 0.5 | printed above |
#
# On the public profile the counts agree exactly. The simulated cohort is smaller, and
# calibrated to the statistics of the real labels (see
# `docs/data-cards/mahnob-simulated.md`), so agreement there is no finding.
#
# ## What could go wrong
#
# - The paper says that five annotators labelled the trials; only their mean is
#   published, so the agreement between annotators, the ceiling of any model, cannot be
#   computed.
# - Labels were given by people who watched the **face**. A model of the face has an
#   advantage that has nothing to do with feeling.
# - In the files of the public features, `target` is exactly twice the label. Mixing
#   both doubles the RMSE.
#
# ## Exercises
#
# 1. *Easy.* Which clip has the highest mean valence? Group `table` by `stimulus`.
# 2. *Medium.* Predict each trial by the mean trace of the other subjects who watched
#    the same clip. What is its CCC? (`lib.papers.rmmt.training.stimulus_fold` does it
#    fold by fold.)
# 3. *Open.* Labels lag behind the face by the reaction time of the annotators. Estimate
#    the lag from the features.
# 4. *With a check.* Make the label of a trial from the traces of several annotators:
#    below, or without the solution in
#    [exercises/10_rmmt_data](exercises/10_rmmt_data.ipynb).

# %% [markdown] tags=["exercise"]
# ### Exercise: from joysticks to a label
#
# Several people move a joystick while they watch a face. Write
# `label_trace(joysticks, rate)`: the valence label at 4 Hz.
#
# - **In:** `joysticks`, array `(n_people, n_times)`, NaN where somebody has not begun
#   yet; `rate`, samples per second, a multiple of 4.
# - **Out:** array `(n_steps,)`, four labels per second: the mean over people, then over
#   the samples of each quarter of a second. What is left over at the end is not used.
#
# <details><summary>Hint 1</summary>
#
# A quarter of a second holds `rate // 4` samples. How many whole quarters are there in
# `n_times` samples?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Average over people first: one trace is left. Cut it to whole quarters, `reshape` it
# to one row per quarter, average each row.
#
# </details>
# <details><summary>Hint 3</summary>
#
# A mean with one NaN in it is NaN. NumPy has a mean that leaves NaN out.
#
# </details>

# %% tags=["solution", "hide-input"]
import numpy as np


def label_trace(joysticks, rate):
    """Labels (n_steps,) at 4 Hz from joysticks (n_people, n_times) at rate Hz."""
    # your code
    step = rate // 4
    n_steps = joysticks.shape[1] // step
    mean = np.nanmean(joysticks, axis=0)
    return mean[: n_steps * step].reshape(n_steps, step).mean(axis=1)
    # end


# %% tags=["check", "nbval-check-output"]
people = np.array([[0.1], [0.2], [0.6]]) * np.ones((3, 310))  # 3.1 s at 100 Hz
label = label_trace(people, 100)
assert np.shape(label) == (12,), (
    "3.1 s hold 12 whole quarters of a second, but your result has the shape "
    f"{np.shape(label)} (hint 1)"
)
assert np.allclose(label, 0.3), (
    "three people who say 0.1, 0.2 and 0.6 make a label of 0.3: average over people "
    "(hint 2)"
)
ramp = np.tile(np.arange(100.0), (2, 1))
label = label_trace(ramp, 100)
assert not np.allclose(label, [0, 25, 50, 75]), (
    "you take one sample of each quarter of a second; average all of them (hint 2)"
)
assert np.allclose(label, [12, 37, 62, 87]), (
    "each label is the mean of the samples of its own quarter of a second (hint 2)"
)
late = people.copy()
late[2, :100] = np.nan
label = label_trace(late, 100)
assert np.isfinite(label).all(), (
    "one person who has not begun yet turns the whole label into NaN: leave NaN out "
    "of the mean (hint 3)"
)
assert np.allclose(label[:4], 0.15), (
    "before the third person begins, the label is the mean of the other two: NaN is "
    "not 0 (hint 3)"
)
print("accepted: 12 labels from 3.1 s, and nobody who is late takes the others away")

# %% [markdown]
# ## Recap
#
# - A trial: EEG, video, gaze and a valence trace on one clock, read when asked for.
# - More than half of the variance of valence lies between trials.
# - Every model gets the same arrays: features at 4 Hz, trial after trial.

# %%
run.finish()
