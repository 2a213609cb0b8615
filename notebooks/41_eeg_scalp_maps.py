# ---
# jupyter:
#   companion:
#     paper: face_eeg
#     produces: [fig3, fig4, grid, images, recordings]
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
# # From electrodes to pictures: EEG scalp maps
#
# Paper 4 turns three seconds of EEG into 28 pictures, one per electrode, lets a network
# that knows photographs describe them, and lays the descriptions out on the scalp. What
# is in such a picture, and what is decided on the way?
#
# **You will learn**
# - how a signal becomes a spectrogram image of an exact size,
# - how 28 electrodes fill a 7 x 5 grid, and why 7 cells stay empty,
# - what a network trained on photographs can say about EEG.
#
# **Reproduces** Figs 3 and 4 (drawn anew), the preprocessing of Sec 4.1 and 4.2, the
# grid of Sec 4.3.
#
# **Needs** nothing in the demo profile; a minute or two, once.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures
weights: str = ""  # file of InceptionV3 weights; empty: MobileNetV2, as installed

# %%
from lib.companion.run import show_source, start

run = start(
    "41_eeg_scalp_maps",
    profile=profile,
    seed=seed,
    device=device,
    data=data,
    out=out,
    weights=weights,
)

# %% [markdown]
# ## Seven people, four emotions, two clips
#
# The paper's recordings were not released. The reader reads what EMOTIV's software
# exports for the FLEX 2 headset, EDF or CSV, with the quality that the device reports;
# the demo writes such files. A recording below 80 % quality is left out, as in Sec 5.1.

# %% tags=["nbval-check-output"]
from lib.papers.face_eeg import protocol as face_eeg
from lib.papers.face_eeg.settings import Preset
from lib.papers.face_eeg.signals import UNSCALED

preset = Preset.of(profile)
cohort = face_eeg.cohort(profile, data, seed=seed)
table = cohort.table()
print(
    f"{cohort.caption}: {len(cohort)} recordings, {table.subject.nunique()} people, "
    f"{table.stimulus.nunique()} clips"
)
print(f"left out: {len(cohort.dropped)}")

# %%
features = face_eeg.features(cohort, preset, weights=weights)
about = features["about"]

# %%
from lib.datasets.flex_format import CHANNELS, EMOTIONS, GRID

named = table.assign(emotion=[EMOTIONS[int(e)] for e in table["emotion"]])
run.table(
    "recordings",
    named.groupby(["subject", "emotion"]).agg(
        recordings=("trial", "size"), clips=("stimulus", "nunique")
    ),
    **about,
)

# %% [markdown]
# ## Fig 4: the set-up

# %%
from lib.papers.face_eeg import schematic as schematics

run.figure(
    "fig4", schematics.setup(), caption="drawn by this project", tier="published"
)

# %% [markdown]
# EEG as shown on the paper's screen lags the video by 2 s, so the first 2 s of EEG are
# dropped (Sec 5.4). Whether that holds for exported files depends on the software:
# `lag` is a parameter, and notebook 43 estimates it from the signals.
#
# ## One electrode, three seconds
#
# Three bands (Butterworth, forwards and backwards), each scaled to 0 to 1 over the
# recording, cut into segments of 3 s at 200 Hz: 600 samples. Only three windows give
# exactly 229 frames from 600 samples without padding: 372 samples with a hop of 1, and
# 144 or 143 with a hop of 2. The even one with a hop above 1 is taken.

# %% tags=["nbval-check-output"]
from lib.preprocessing import scalp_maps
from lib.preprocessing.spectrograms import (
    FULL,
    HOP,
    LENGTH,
    N_FFT,
    RATE,
    WINDOW,
    spectrograms,
)

n_windows = (LENGTH - WINDOW) // HOP + 1
print(f"window {WINDOW}, hop {HOP}, {N_FFT} bins: {N_FFT // 2 + 1} x {n_windows}")

# %%
import numpy as np

happy = next(t for t in cohort if t.labels["emotion"] == EMOTIONS.index("happiness"))
cut = scalp_maps.segments(happy)["segments"]
electrode = CHANNELS.index("T8")
broad = scalp_maps.segments(happy, scaling=UNSCALED)["segments"].sum(axis=2)
spectra = spectrograms(cut[:1], FULL)[0, electrode]
bands = dict(zip(scalp_maps.BANDS, cut[0, electrode], strict=True))
from lib.papers.face_eeg import figures as plots

figure = plots.preparation(broad[0, electrode], bands, spectra, RATE, "T8")
what = {"caption": f"{cohort.caption}; spectrograms {FULL} x {FULL}"}
run.figure("fig3", figure, **(about | what))

# %% [markdown]
# Each band is bright where it was let through and dark elsewhere (but for a faint trace
# in the lowest rows), so the colour image is three stripes: red below 14 Hz, green up
# to 31, blue up to 51. Scaling over the whole recording uses later segments too;
# `scaling="segment"` does not.

# %%
show_source(spectrograms)

# %% [markdown]
# ## Pictures of four emotions
#
# One electrode of one person, one segment from each of two clips of two emotions. Can
# you tell the emotions apart? Or the two recordings of the same emotion?

# %%
rows, pictures = ["happiness", "fear"], []
for emotion in rows:
    one, other = [
        scalp_maps.segments(t)["segments"]
        for t in cohort
        if t.subject == cohort[0].subject
        and EMOTIONS[int(t.labels["emotion"])] == emotion
    ][:2]
    three = np.stack([one[2], other[2], one[6]])
    pictures.append(np.moveaxis(spectrograms(three)[:, electrode], 1, -1))
titles = ["one clip", "another clip", "difference", "difference within\none clip"]
figure = plots.images(np.stack(pictures), rows, titles)
run.figure("images", figure, **(about | what))

# %% [markdown]
# Black: no difference. Most of what is left is grain, which any two segments have, of
# one recording too (last column). What a network can know a recording by is what
# remains of it on average over many segments; one pair of pictures cannot show that.

# %% [markdown]
# ## The grid
#
# The headset has 32 electrodes, the paper uses 28 and a 7 x 5 map, and does not say
# which or where. Without the four lowest rim electrodes, both layouts of the headset
# leave the same 28 names, and these fill seven rows with exactly seven empty cells.

# %%
run.figure(
    "grid",
    plots.electrode_grid(GRID),
    caption="the electrodes of the paper's 7 x 5 map as we place them",
    tier="published",
)

# %% tags=["nbval-check-output"]
cells = [name for line in GRID for name in line]
print(
    f"{len(GRID)} x {len(GRID[0])} cells, {sum(map(bool, cells))} electrodes, "
    f"{cells.count('')} empty"
)
print(
    f"maps of {len(features['emotion'])} segments: {features['maps'].shape[1:]}, "
    f"{features['maps'].dtype}"
)

# %% [markdown]
# ## Published versus reproduced
#
# There is no number to reproduce here, only choices: the window, the hop, the
# electrodes, the places. Those that the paper leaves open are marked `choice:` in the
# code. The describing network of the paper is InceptionV3; its weights ship in no
# package, so the default is MobileNetV2 with ImageNet weights, and every figure says
# so.
#
# ## What could go wrong
#
# - **`torch.stft` with a window shorter than its transform** pads inside the frame and
#   gives 73 frames instead of 229.
# - **The offset.** The headset's 4 mV and the scaling to 0..1 both leave a constant,
#   which would fill the lowest rows of every picture; each segment's mean is taken off.
#   Not each window's: a window that is not flat makes stripes of that.
# - **50 Hz** lies inside the third band. The headset filters it; other devices may not.
#
# ## Exercises
#
# 1. *Easy.* Which electrodes neighbour `Cz` on the grid?
# 2. *Medium.* Make pictures with `scaling="segment"`. What disappears?
# 3. *Open.* Replace the describing network by random weights. How much of notebook 42's
#    accuracy is left, under which split?
# 4. *With a check.* Scale with limits from the training data: below, or without the
#    solution in [exercises/41_eeg_scalp_maps](exercises/41_eeg_scalp_maps.ipynb).

# %% [markdown] tags=["exercise"]
# ### Exercise: limits from the training data
#
# Write `to_unit(x, train)`: scale every channel to 0 to 1, with limits that the test
# segments have no say in.
#
# - **In:** `x`, array `(n_segments, n_channels, n_times)`; `train`, array of the
#   training segments (their places).
# - **Out:** array of the same shape: for each channel, 0 at the smallest and 1 at the
#   largest value in the training segments; what lies outside (in test segments) is
#   clipped to 0 or 1.
#
# <details><summary>Hint 1</summary>
#
# `x[train].min(axis=(0, 2), keepdims=True)` is one lower limit for each channel, over
# segments and time.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `np.clip(..., 0, 1)` at the end. A network that was trained on 0 to 1 should not meet
# a 7.
#
# </details>

# %% tags=["solution", "hide-input"]
import numpy as np


def to_unit(x, train):
    """x (n_segments, n_channels, n_times) from 0 to 1 by the training limits."""
    # your code
    low = x[train].min(axis=(0, 2), keepdims=True)
    high = x[train].max(axis=(0, 2), keepdims=True)
    return np.clip((x - low) / (high - low), 0, 1)
    # end


# %% tags=["check", "nbval-check-output"]
rng = np.random.default_rng(0)
# the second channel is a hundred times as large
x = rng.normal(size=(6, 2, 50)) * [[1], [100]]
train = np.arange(4)
found = to_unit(x, train)
assert np.shape(found) == x.shape, (
    f"the shape should stay {x.shape}, yours is {np.shape(found)} (hint 1)"
)
spread = np.ptp(found[train], axis=(0, 2))
assert spread[0] > 0.5, (
    "the small channel is squeezed into a line: each channel needs limits of its own "
    "(hint 1)"
)
loud = x.copy()
loud[5] *= 50  # a test segment with an artefact
again = to_unit(loud, train)
assert np.allclose(again[train], found[train]), (
    "a loud test segment changes the training segments: its values are in the limits "
    "(hint 1)"
)
assert np.allclose(spread, 1), (
    "each channel of the training segments should reach from 0 to 1 as a whole: one "
    "pair of limits (hint 1)"
)
assert again.min() >= 0 and again.max() <= 1, (
    f"test values reach {again.min():.0f} and {again.max():.0f}: clip them to 0 to 1 "
    "(hint 2)"
)
assert np.allclose(again[:5], found[:5]), "one test segment changes another (hint 1)"
print("accepted: the test segments have no say in the limits")

# %% [markdown]
# ## Recap
#
# - Three bands make one colour image per electrode; 28 descriptions make one map.
# - An exact picture size is a chain of small decisions, and the paper prints only its
#   last link.

# %%
run.finish()
