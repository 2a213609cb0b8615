# ---
# jupyter:
#   companion:
#     paper: amigos
#     produces: [fig1, masking, pretraining, reconstruction_eeg, reconstruction_ecg, gaps]
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
# # Pre-training: guess what is hidden
#
# Labels are few, signals are many. The paper's answer: hide pieces of an unlabelled
# signal, let the network guess them, and start the emotion task from what it learned.
# Does the network learn something about EEG and ECG that interpolation does not know,
# and does it hold for people it has never seen?
#
# **You will learn**
# - how a convolutional Transformer turns ten seconds of signal into 1280 tokens and one
#   summary,
# - what masked value prediction asks for, and what a trivial guess scores on it,
# - what the published size costs, and why the demo profile is smaller.
#
# **Reproduces** Fig 1 (drawn anew), the sizes of Sec 4.3, and the pre-training of Sec
# 3.2.1 and 3.3.
#
# **Needs** notebook 20; about two minutes in the demo profile.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures

# %%
from lib.companion.run import show_source, start

run = start(
    "21_amigos_pretraining",
    profile=profile,
    seed=seed,
    device=device,
    data=data,
    out=out,
)

# %%
from lib.papers.amigos import pretraining
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos.settings import MODALITIES, Preset

preset = Preset.of(profile)
cohort = amigos.cohort(profile, data, seed=seed)
features = amigos.segments(cohort)
about = features["about"]
unlabelled = {
    m: pretraining.corpus(profile, m, data, limit=preset.corpus, seed=seed)
    for m in MODALITIES
}

# %% [markdown]
# ## The network
#
# Three convolutions turn the signal into one feature vector per point. A token called
# CLS is put in front; a Transformer lets all tokens look at each other. In path A every
# token is asked for the points it stands for; in path B only CLS is asked.

# %%
from lib.models.physio_transformer import ECG, EEG, PhysioTransformer, Recogniser
from lib.papers.amigos import schematic as schematics

paper = {
    name: Recogniser(PhysioTransformer(**config["model"]), **config["head"])
    for name, config in (("EEG", EEG), ("ECG", ECG))
}
run.figure(
    "fig1",
    schematics.single_modality(paper["EEG"]),
    caption="drawn by this project from the built network",
    tier="published",
)

# %% tags=["nbval-check-output"]
for name, model in paper.items():
    encoder = model.encoder
    parts = {
        "1D-CNN": encoder.cnn,
        "Transformer": encoder.layers,
        "value prediction": encoder.mask_head,
        "recognition": model.head,
    }
    print(
        name,
        {
            part: f"{sum(p.numel() for p in module.parameters()):,}"
            for part, module in parts.items()
        },
    )
kernels = EEG["model"]["kernels"]
field = 1 + sum(k - 1 for k in kernels)
print(
    f"kernels {kernels}: each token sees {field} points, {field / 128:.2f} s (Sec "
    "4.3: 0.88 s)"
)

# %% [markdown]
# Attention compares every token with every other: 1281 x 1281 weights per head. The
# demo profile therefore takes larger strides in the convolutions, so that a token
# stands for several points; everything else is the same class.

# %% tags=["nbval-check-output"]
for m in MODALITIES:
    encoder = PhysioTransformer(**preset.model[m])
    n = sum(p.numel() for p in encoder.parameters())
    tokens = 1280 // encoder.points
    print(
        f"{m.upper()}, {profile}: {tokens} tokens of {encoder.points} points, width "
        f"{encoder.width}, {n:,} parameters"
    )

# %%
show_source(PhysioTransformer.reconstruct)

# %% [markdown]
# ## Masked value prediction
#
# Every point starts, with probability $p$ = 0.0325, a span of 20 points that is set to
# zero (the paper prints neither number; both are taken from its reference [15]), in all
# channels at once: a channel that stayed visible would give its neighbours' answer
# away. The loss is the squared error on the hidden points only.

# %%
import numpy as np

from lib.training.losses import span_mask

rng = np.random.default_rng(seed)
masks = span_mask(2000, 1280, rng=rng)
run.table("masking", pretraining.masked_share(masks), **about)

# %% [markdown]
# Spans overlap, so the hidden share is $1 - (1 - p)^{20}$ and not $20 p$; at the start
# of a segment fewer spans can reach a point.
#
# ## Learning
#
# The signals are scaled to variance 1, so guessing zero everywhere has an error of 1:
# the grey line. The loop is the one that trains all networks of the four papers; what
# is special here is the loss.

# %%
from lib.training.loop import fit

show_source(fit)

# %%
from lib.papers.amigos.training import ReconstructionTask

show_source(ReconstructionTask.error)

# %%
fold = amigos.splits(features, "by_subject", preset)[0]
start_weights = {
    m: pretraining.pretrain(
        features, unlabelled[m], m, [fold], preset, seed=seed, device=device
    )[0]
    for m in MODALITIES
}

# %%
from lib.papers.amigos import figures as plots
from lib.plots.results import learning_curves

histories = {m.upper(): [start_weights[m]["history"]] for m in MODALITIES}
run.figure(
    "pretraining",
    learning_curves(
        histories,
        ["training error", "error on held-out segments"],
        {0: 1.0, 1: 1.0},
        "guessing zero",
    ),
    **about,
)

# %% [markdown]
# ## What it puts into the gaps
#
# Segments of the labelled cohort: people that this network has never seen. Its rival is
# the best guess that is linear in the visible points of the same channel. It knows how
# the corpora's signals resemble themselves from one moment to the next (their
# autocovariance), and nothing else.

# %%
from lib.datasets.amigos_format import EEG_CHANNELS
from lib.training.scaling import standardise

everything = np.arange(len(features["trial"]))
shown = {
    m: standardise(features[m], everything, features["subject"], "subject")
    for m in MODALITIES
}
# where the cohort itself is not pre-trained on, nobody in it has been seen
unseen = list(fold.test) if preset.own else everything
guesses = {
    m: pretraining.fill(shown[m][unseen], start_weights[m], m, preset, seed=seed)
    for m in MODALITIES
}

# %%
x, mask, guess = (part[0] for part in guesses["eeg"])
run.figure(
    "reconstruction_eeg",
    plots.reconstruction(x, mask, guess, EEG_CHANNELS, 128.0, "EEG"),
    **about,
)

# %%
x, mask, guess = (part[0] for part in guesses["ecg"])
run.figure(
    "reconstruction_ecg",
    plots.reconstruction(x, mask, guess, ["ECG left"], 128.0, "ECG"),
    **about,
)

# %%
import pandas as pd

table = pd.concat(
    [
        pretraining.people(
            shown[m][unseen],
            features["subject"][unseen],
            start_weights[m],
            m,
            preset,
            unlabelled[m],
            seed=seed,
        )
        for m in MODALITIES
    ]
)
run.table("gaps", table, **about)

# %%
for m, errors in table.groupby("modality"):
    less = {
        rival: (errors["network"] < errors[rival]).sum()
        for rival in ("zero", "interpolation")
    }
    print(
        f"{m}: error {errors['network'].mean():.2f}; below zero in {less['zero']}, "
        f"below interpolation in {less['interpolation']} of {len(errors)} people"
    )

# %% [markdown]
# Below *zero* a guess knows something about the signal, below *interpolation* more than
# how a signal continues. A heart beat is no linear process: a network that knows its
# shape can put a whole beat into a gap, which interpolation cannot. The simulated EEG
# is made of filtered noise: a linear guess that knew the person's own spectrum and the
# other channels would be the best there is. This interpolation knows the spectrum of
# the corpora and one channel, so that a network can pass it; in most people it does
# not. Look at the channels one by one, too: where the small network draws a flat line
# into each gap, it has learned nothing, which a mean over channels hides.
#
# ## The test segments are left out
#
# The paper also pre-trains on AMIGOS, without the samples that the fold tests on (Sec
# 4.1.1). So does the profile `paper`, one pre-training per fold; the demo profile
# pre-trains on the corpora alone, once for all folds.

# %% tags=["nbval-check-output"]
from lib.papers.amigos.training import pretrain_fold

given = {"corpus": unlabelled["ecg"][:8], "own": shown["ecg"]}
short = {
    "model": preset.model["ecg"],
    "recipe": {**preset.pretraining["ecg"], "epochs": 1, "device": device},
}
once = pretrain_fold(
    given, {"train": fold.train[:8], "val": (), "test": fold.test}, seed, **short
)
spoiled = given | {
    "own": np.where(
        np.isin(everything, fold.test)[:, None, None], 1e6, shown["ecg"]
    ).astype(np.float32)
}
again = pretrain_fold(
    spoiled, {"train": fold.train[:8], "val": (), "test": fold.test}, seed, **short
)
print(
    "test segments replaced by nonsense, same pre-training:",
    np.array_equal(once["history"], again["history"]),
)

# %% [markdown]
# ## What the published size costs
#
# 195 hours of EEG are about 70,200 segments; 500 epochs are 35 million passes. One step
# of the published network on this machine, with one thread:

# %%
cost = pretraining.step_cost(batch=2, device=device)
print(
    f"{cost['segments per second']:.1f} segments/s, so about {cost['days']:.0f} days "
    "for the published pre-training of the EEG"
)

# %% [markdown]
# That is why this step belongs on a GPU (`device = "cuda"`), and why it can be
# interrupted: with a checkpoint, the state after each epoch is kept, and a killed run
# goes on with the same losses as one that was not killed (tested in `tests/training`).
#
# ## What could go wrong
#
# - **Error measured on visible points** looks wonderful: copying them is easy.
# - **Different masks per channel** let the network copy a gap from the neighbouring
#   electrode.
# - **Pre-training on the whole data set** before the folds are made shows the network
#   its test segments, if not their labels.
#
# ## Exercises
#
# 1. *Easy.* How does the hidden share change with spans of 40 points?
# 2. *Medium.* Mask each channel on its own. What happens to the error, and what has the
#    network learned?
# 3. *Open.* Pre-train on the EEG with 4-45 Hz, as AMIGOS' owner filtered it. Is the
#    start for the emotion task a better one?
# 4. *With a check.* Hide half of a signal in spans: below, or without the solution in
#    [exercises/21_amigos_pretraining](exercises/21_amigos_pretraining.ipynb).

# %% [markdown] tags=["exercise"]
# ### Exercise: hide half of a signal
#
# Write `hide(ratio, length, span, rng)`: hide about `ratio` of a signal in spans. Every
# point starts a span with the same probability $p$; spans may overlap.
#
# - **In:** `ratio`, the share of points to be hidden; `length`, points of the signal;
#   `span`, points of a span; `rng`, a NumPy generator.
# - **Out:** array `(length,)` of bool, True where hidden.
#
# <details><summary>Hint 1</summary>
#
# A point is *visible* if none of the last `span` points (itself included) started a
# span: probability $(1 - p)^{span}$. Solve for $p$.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `starts = rng.random(length) < p`. Then every start hides the `span` points from
# itself on.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `np.convolve(starts, np.ones(span))[:length]` counts the spans that lie over each
# point.
#
# </details>

# %% tags=["solution", "hide-input"]
import numpy as np


def hide(ratio, length, span, rng):
    """Hidden points (length,), about ratio of them, in spans."""
    # your code
    p = 1 - (1 - ratio) ** (1 / span)
    starts = rng.random(length) < p
    return np.convolve(starts, np.ones(span))[:length] > 0.5
    # end


# %% tags=["check", "nbval-check-output"]
rng = np.random.default_rng(0)
hidden = np.asarray(hide(0.5, 200_000, 20, rng))
assert hidden.shape == (200_000,) and hidden.dtype == bool, (
    f"not 200,000 times True or False, but {hidden.shape}, {hidden.dtype} (hint 2)"
)
edges = np.flatnonzero(np.diff(hidden.astype(int)))
runs = np.diff(edges)[~hidden[edges[:-1]]]  # lengths of the hidden runs that lie inside
assert len(runs) and runs.min() > 1, (
    "points are hidden one by one: a start hides the whole span from itself on (hint 2)"
)
assert runs.min() == 20, (
    f"the shortest hidden run should be one span of 20 points, yours is {runs.min()} "
    "(hint 3)"
)
naive = 1 - (1 - 0.5 / 20) ** 20
assert abs(hidden.mean() - naive) > 0.02, (
    f"only {hidden.mean():.2f} are hidden: spans overlap, so p = ratio / span is too "
    "small (hint 1)"
)
for ratio in (0.3, 0.5, 0.7):
    share = np.mean(hide(ratio, 200_000, 20, rng))
    assert abs(share - ratio) < 0.02, (
        f"{ratio:.0%} should be hidden, yours hides {share:.0%} (hint 1)"
    )
assert not np.array_equal(hide(0.5, 100, 20, rng), hide(0.5, 100, 20, rng)), (
    "two signals get the same mask: draw from rng (hint 2)"
)
print("accepted: 30, 50 and 70 % are hidden, in spans of 20 points or more")

# %% [markdown]
# ## Recap
#
# - Masked value prediction needs no label, only signals; its error has a mark that
#   guessing nothing reaches (1), and a rival that knows how signals continue.
# - The test segments of a fold stay out of its pre-training, or the comparison is
#   spoiled.

# %%
run.finish()
