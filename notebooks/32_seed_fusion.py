# ---
# jupyter:
#   companion:
#     paper: seed
#     produces: [table2, confusion, alignment, attention, inflation, nulltwin]
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
# # Brain and eyes together
#
# Two modalities can be joined by putting their features side by side, or by weighing
# them. The paper does both, aligns them with canonical correlation analysis, and
# reports its best numbers. What does each part do, and how much of a number can be owed
# to the way an epoch is picked?
#
# **You will learn**
# - what attention over two modalities can and cannot do, and what its printed formula
#   says,
# - how simple fusions of two linear machines compare,
# - how a result changes when the best epoch is chosen on the test trials.
#
# **Reproduces** Table 2 with its copied baselines run again, and a null cohort.
#
# **Needs** notebook 31; a few minutes in the demo profile.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures

# %%
from lib.companion.run import show_source, start

run = start(
    "32_seed_fusion", profile=profile, seed=seed, device=device, data=data, out=out
)

# %%
from lib.papers.mv_sstma import analysis, protocol
from lib.papers.mv_sstma.settings import (
    COLUMNS,
    CONTROLS,
    DATASETS,
    GUESS,
    NULL_TWIN,
    Preset,
    SPLIT,
    TABLES,
    TITLES,
)

preset = Preset.of(profile)
cohorts = {name: protocol.cohort(profile, name, data, seed=seed) for name in DATASETS}
features = {name: protocol.features(cohort) for name, cohort in cohorts.items()}
about = features["seed-iv"]["about"]

# %% [markdown]
# ## Two ways to join
#
# The features of EEG and eyes differ in width, as Sec 2.2 allows. Concatenation (Eq 5)
# leaves all weighing to the classifier. Attention (Eqs 6-8) gives
# each window two weights that sum to 1. Printed as it is, $F$ is one long vector,
# $w^T\tanh(F)$ one number, and its softmax always 1: the formula does nothing. It comes
# from a paper where $F$ is a matrix, so here $F$ has two
# columns: $X^1$ and $X^2$, each brought to $d = 16$ by a linear layer.

# %%
from lib.models.multimodal_fusion import Attention, printed_attention

show_source(Attention.weights)
show_source(Attention.forward)

# %% tags=["nbval-check-output"]
import torch

x1, x2, w = torch.randn(4, 16), torch.randn(4, 16), torch.randn(32)
same = torch.equal(printed_attention(x1, x2, w), torch.cat([x1, x2], dim=1))
print("Eqs (6)-(8) to the letter give back the concatenation:", same)

# %% [markdown]
# ## The correlation loss
#
# Deep canonical correlation analysis pulls the two feature vectors together: the loss
# is minus the sum of canonical correlations, times 0.1. It needs clearly more windows
# in a batch than features; otherwise any two views correlate.

# %%
from lib.training.losses import correlation

show_source(correlation)

# %% tags=["nbval-check-output"]
for n in (25, 64, 640):
    noise = torch.Generator().manual_seed(0)
    found = correlation(
        torch.randn(n, 16, generator=noise), torch.randn(n, 16, generator=noise)
    )
    print(f"two unrelated views of 16 features, {n} windows: {float(found):.0f} of 16")

# %% [markdown]
# ## Table 2
#
# One network for each subject and session, all weights trained, all labels used. MAX,
# fuzzy integral and BDAE were *copied* by the paper from another one, in part with
# another split; here they run on the same folds. They choose their penalty inside
# training.

# %% tags=["nbval-check-output"]
for name in DATASETS:
    folds = protocol.splits(features[name], SPLIT[name], preset.hop)
    sizes = [len(fold.train) for fold in folds], [len(fold.test) for fold in folds]
    print(
        f"{TITLES[name]}: {len(folds)} folds, training windows {min(sizes[0])} to "
        f"{max(sizes[0])}, test windows {min(sizes[1])} to "
        f"{max(sizes[1])}"
    )

# %%
names = [*dict.fromkeys([*TABLES["2"], "Eye", *CONTROLS])]
records = [
    r
    for name in DATASETS
    for r in protocol.run(features[name], name, names, preset, seed=seed, device=device)
]
results = protocol.score(
    features, records, experiment="table 2", tier=cohorts["seed-iv"].tier
)
table = protocol.answer(results, 2)
run.table("table2", table[COLUMNS], scores=results, **about)

# %%
from lib.plots.results import published_vs_reproduced

run.figure("table2", published_vs_reproduced(table.assign(split=""), results), **about)

# %%
per_session = protocol.score(
    features,
    records,
    experiment="table 2",
    tier=cohorts["seed-iv"].tier,
    unit="session",
)
print(
    per_session.groupby(["metric", "row"], sort=False)["value"]
    .agg(["mean", "std", "size"])
    .round(3)
    .to_string()
)

# %% [markdown]
# The print counts each session by itself. Three things to see: the majority scores
# below one in the number of emotions (notebook 30); one encoder on the EEG, all weights
# trained, comes near a linear SVM on the same windows, nine points below it on SEED-IV
# and level with it on SEED-V; and on SEED-IV concatenation is ahead of either signal
# alone, as the paper claims, on SEED-V by little. Attention is behind it on both sets.
# The baselines that we run in place of the printed ones reach from fifty points below
# concatenation (BDAE on SEED-IV) to more than ten above it (MAX on SEED-V). BDAE is not
# tuned: these folds have no validation windows to choose its size by, so it has the
# smallest of its grid, and on these cohorts others did far better when tried. Its rank
# here says nothing of the method.
#
# ## Which emotions?

# %%
import pandas as pd

from lib.papers.mv_sstma import figures as plots
from lib.plots.classification import confusion_matrices

tables = analysis.confusions(features, records, ["EEG", "Concat"])
flat = pd.concat(
    {
        name: t.reset_index().set_axis(
            ["true", *(" ".join(c) for c in t.columns)], axis=1
        )
        for name, t in tables.items()
    }
)
run.figure(
    "confusion",
    confusion_matrices(tables, columns=2),
    flat.rename_axis(["table", None]).reset_index(level=0),
    **about,
)

# %% [markdown]
# ## What the correlation loss does

# %%
from lib.papers.mv_sstma.training import Recipe
from lib.training.loop import n_batches

correlations = {
    name: {"Concat": [h[:, 1:] for h in folds]}
    for name, folds in analysis.alignment(records).items()
}
noise = torch.Generator().manual_seed(seed)
unrelated = []
for name in DATASETS:
    n = len(protocol.splits(features[name], SPLIT[name], preset.hop)[0].train)
    size = n // n_batches(n, Recipe(**preset.finetuning))
    draws = torch.randn(200, 2, size, 16, generator=noise)
    unrelated.append(sum(float(correlation(*views)) for views in draws) / len(draws))
    print(f"{name}: {unrelated[-1]:.1f} of 16 in a batch of {size} unrelated windows")
figure = plots.training_curves(
    correlations,
    ["training windows"],
    "canonical correlation (of 16)",
    unrelated,
    "two unrelated views",
)
run.figure("alignment", figure, **about)

# %% [markdown]
# The loss pulls the correlation of two linear views of the features up, as asked. The
# grey line is what two *unrelated* views reach in batches of that size, the mean of 200
# draws: about 12 of 16 with the 25 windows of SEED-IV, and about 10.7 with the 30 of
# SEED-V, which all fit into one batch. The curves rise above that on the windows that
# are trained on; whether the two views agree on others is not shown. With ten labels a
# batch of SEED-IV has about 18 windows, and chance is 15 of 16. At the published size a
# batch has 64.
#
# ## Where does attention look?

# %%
weights = analysis.attention(features, records)
run.figure("attention", plots.attention_weights(weights), weights, **about)

# %% [markdown]
# The weight of EEG is above one half in most windows, although the eyes alone are right
# more often (Table 2). An attention weight also makes up for the size of the
# features that it multiplies, and is no measure of use.
#
# ## The best epoch, picked on the test trials
#
# The paper does not say which epoch counts. Here it is the last. Code from the same
# field often keeps the epoch that is best on the *test* trials. The same trainings,
# read both ways:

# %%
peeked = protocol.run(
    features["seed-iv"],
    "seed-iv",
    ["EEG", "Eye"],
    preset,
    recipe={"selection": "test_best"},
    seed=seed,
    device=device,
)
run.table("inflation", analysis.inflation(peeked), **about)

# %% [markdown]
# On SEED-IV it is worth about four points for the eyes and seven for the EEG. How much
# of that is the largest of many noisy numbers, and how much a last epoch that is worse
# than an earlier one, this table cannot tell. Only trials kept apart for the choice
# could. Neither belongs in a result.
#
# ## The null twin
#
# The same people, trials and noise, but the emotion that drives brain and eyes has
# nothing to do with the label (`effect = 0`). The level to expect is not one in four
# but the guess at training frequencies.

# %% tags=["nbval-check-output"]
null = protocol.cohort("demo", "seed-iv", seed=seed, **NULL_TWIN)
empty = {"seed-iv": protocol.features(null)}
print(
    f"{null.caption}: {len(null)} trials of {null.table()['subject'].nunique()} "
    "subjects"
)

# %%
from lib.evaluation.statistics import summary

few = ["majority", GUESS, "SVM EEG", "SVM eye", "EEG", "Concat"]
on_null = protocol.run(
    empty["seed-iv"], "seed-iv", few, Preset.of("demo"), seed=seed, device=device
)
scored = pd.concat(
    [
        summary(
            protocol.score(
                empty, on_null, experiment="null", tier="simulated", unit=unit
            )
        ).assign(unit=unit)
        for unit in ("subject", "session")
    ]
)
run.table(
    "nulltwin",
    scored[["row", "role", "split", "metric", "unit", "n", "mean", "std"]],
    **empty["seed-iv"]["about"],
)

# %% [markdown]
# The SVM on EEG has .33 where .20 is to be expected: so much can three people and eight
# test trials a session make of nothing. Keep it in mind before you believe a difference
# of ten points above. The networks are at .19 and .24.
#
# ## Published versus reproduced
#
# The published differences between EEG alone and both modalities are 0.6 to 2.4 points,
# with spreads of 5 to 10 points over 15 or 16 subjects. A paired test needs the numbers
# of the subjects, which are not printed. With the data in `DATA`, the profile `paper`
# runs the same cells at the published size.
#
# ## What could go wrong
#
# - **Scales of two scores.** MAX on raw decision values follows the louder machine;
#   they go through a softmax first.
# - **A fuzzy measure fitted on test scores**, as public code does: then the fusion has
#   seen the answers.
# - **DCCA in half precision or with small batches** is unstable or trivial.
#
# ## Exercises
#
# 1. *Easy.* Which emotion profits most from the eyes?
# 2. *Medium.* Set `recipe={"dcca": 0.0}`. Is any difference larger than the spread?
# 3. *Open.* Average the probabilities of EEG and Eye instead of training a fusion. How
#    far is it from Concat?
# 4. *With a check.* Weigh two modalities: below, or without the solution in
#    [exercises/32_seed_fusion](exercises/32_seed_fusion.ipynb).

# %% [markdown] tags=["exercise"]
# ### Exercise: two modalities, two weights
#
# Write `fuse(x1, x2, w)`: the attention fusion of Eqs (6)-(8), read as a choice between
# two columns.
#
# - **In:** `x1`, `x2`, arrays `(n_windows, d)`: features of EEG and eye; `w`, array
#   `(d,)`: what attention looks for.
# - **Out:** array `(n_windows, d)`: $\alpha_1 x_1 + \alpha_2 x_2$, where
#   $(\alpha_1, \alpha_2)$ is, for each window, the softmax of $w^T\tanh(x_1)$ and
#   $w^T\tanh(x_2)$.
#
# <details><summary>Hint 1</summary>
#
# `np.tanh(x1) @ w` has one number for each window. Put the two side by side:
# `(n_windows, 2)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The softmax runs over the two modalities of a window (`axis=1`), not over the windows
# of the batch.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `alpha[:, :1] * x1` keeps a column, so that every window is multiplied by its own
# weight.
#
# </details>

# %% tags=["solution", "hide-input"]
import numpy as np
from scipy.special import softmax


def fuse(x1, x2, w):
    """Features (n_windows, d) of two modalities, weighted window by window."""
    # your code
    alpha = softmax(np.stack([np.tanh(x1) @ w, np.tanh(x2) @ w], axis=1), axis=1)
    return alpha[:, :1] * x1 + alpha[:, 1:] * x2
    # end


# %% tags=["check", "nbval-check-output"]
import torch

from lib.models.multimodal_fusion import Attention

rng = np.random.default_rng(0)
x1, x2, w = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.normal(size=3)
fused = fuse(x1, x2, w)
assert np.shape(fused) != (6, 6), (
    "that is a concatenation; attention adds the two, weighted (hint 3)"
)
assert np.shape(fused) == (6, 3), (
    f"6 windows of 3 features are asked for, not {np.shape(fused)} (hint 3)"
)
assert np.allclose(fuse(x1, x1, w), x1), (
    "two equal modalities give back the same: the two weights of a window must add up "
    "to 1 (hint 2)"
)
alone = fuse(x1[:1], x2[:1], w)
assert np.allclose(alone, fused[:1]), (
    "a window's answer changes with its neighbours: the softmax runs over the batch "
    "(hint 2)"
)
network = Attention(3, 3, 3, 4)
network.w.weight.data = torch.tensor(w[None])
alpha = network._alpha(torch.stack([torch.tensor(x1), torch.tensor(x2)], 1))
alpha = alpha.detach().numpy()
assert np.allclose(fused, alpha[:, :1] * x1 + alpha[:, 1:] * x2), (
    "the weights differ from lib's: tanh first, then w, then softmax (hint 1)"
)
print("accepted: the weights agree with lib.models.multimodal_fusion.Attention")

# %% [markdown]
# ## Recap
#
# - Read the formula before the result: one of the two fusions is printed as a no-op.
# - Choose epochs without the test trials, and know what chance is.

# %%
run.finish()
