# ---
# jupyter:
#   companion:
#     paper: amigos
#     produces: [fig3, fig4, cases, attention]
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
# # When the heart is right and the brain is wrong
#
# Late fusion can only help where the two modalities err on different segments. The
# paper shows two such segments (Figs 3, 4). How often does that happen, and does the
# fusion then listen to the right one?
#
# **You will learn**
# - to choose examples by a rule instead of by taste,
# - to count who is right where, and what an ideal fusion could reach,
# - what the attention of the CLS token shows, and what it does not.
#
# **Reproduces** Figs 3 and 4 (with segments chosen by rule) and the argument of Sec 5.
#
# **Needs** notebook 22; a few seconds.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures
split: str = "random_segments"  # whose test segments are shown; most likely the paper's
target: str = "arousal"  # arousal or valence

# %%
from lib.companion.run import start

run = start(
    "23_amigos_complementarity",
    profile=profile,
    seed=seed,
    device=device,
    data=data,
    out=out,
    split=split,
    target=target,
)

# %%
from lib.papers.amigos import analysis, pretraining
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
# ## Every test segment, three opinions
#
# Each segment is in the test part of exactly one fold, so there is one answer of each
# network for each of them.

# %%
records = amigos.run(
    features,
    unlabelled,
    ["ECG", "EEG", "Fused"],
    split,
    preset,
    seed=seed,
    device=device,
)

# %% tags=["nbval-check-output"]
table = analysis.complementarity(features, records, target)
print(f"{len(table)} test segments, each once: {table['segment'].is_unique}")

# %%
order = ["both right", "only ECG right", "only EEG right", "both wrong"]
counts = (
    table.groupby("case")
    .agg(n=("segment", "size"), fusion_right=("Fused_right", "sum"))
    .reindex(order, fill_value=0)
    .reset_index()
)
run.table("cases", counts, **about)

# %%
from lib.papers.amigos import figures as plots

run.figure("cases", plots.who_is_right(counts), **about)

# %% tags=["nbval-check-output"]
known = {name: table[f"{name}_right"].mean() for name in ("ECG", "EEG", "Fused")}
ideal = (table["ECG_right"] | table["EEG_right"]).mean()
assert ideal >= max(known["ECG"], known["EEG"])
print(
    "a fusion that always knew whom to believe is at least as good as each modality:",
    ideal >= max(known.values()) or "no",
)

# %%
print(*(f"{name} {value:.3f}" for name, value in known.items()), f"ideal {ideal:.3f}")
one = counts.iloc[[1, 2]]
print(
    f"one of two right in {one['n'].sum()} segments: the fusion is right in "
    f"{one['fusion_right'].sum()}, always believing the ECG in {one['n'].iloc[0]}"
)

# %% [markdown]
# Does the fusion listen to the right one? Where just one is right, compare it with a
# coin (half of them) and with somebody who always believes the heart. And the ideal
# fusion knows the label: two networks of this quality that erred independently would
# reach more than it does here, so part of the errors is shared.

# %% [markdown]
# ## Two examples, chosen by rule
#
# The rule: exactly one modality is wrong, the fusion is right, and among those the
# segment on which the wrong modality was most sure of itself. Fig 3: the ECG is wrong
# and the EEG right. Fig 4: the other way round.

# %%
examples = analysis.examples(table)
shown = {
    name: analysis.look(features, records, table, row, target)
    for name, row in examples.items()
}

# %%
chosen = table.loc[list(examples.values())].assign(figure=list(examples))
run.figure("fig3", plots.complementary(**shown["fig3"]), chosen, **about)

# %%
run.figure("fig4", plots.complementary(**shown["fig4"]), chosen, **about)

# %% [markdown]
# One segment proves nothing: it was chosen because it fits. The counts above are the
# argument.
#
# ## Where does CLS look?
#
# The grey bands are the weights of the CLS token on the others in the last layer,
# averaged over heads. How evenly does it look, over all test segments? *Evenness* is
# the entropy of the weights, divided by the largest possible; *ten strongest* the share
# of the ten tokens with most weight, which is 10 divided by the number of tokens where
# it looks everywhere alike.

# %%
profile_table = analysis.attention_summary(records, target)
run.table("attention", profile_table, **about)

# %% tags=["nbval-check-output"]
print(f"attention summarised for {', '.join(sorted(profile_table['modality']))}")

# %% [markdown]
# An *evenness* of 1 means that CLS looks everywhere alike; close to 0 that it looks at
# few tokens. Whether it follows the heart beat these numbers do not tell. Attention
# says where information is taken from, not what is done with it, and not that it is
# needed there.
#
# ## Published versus reproduced
#
# The paper's Figs 3 and 4 are two examples, and it does not say how they were chosen;
# there is nothing in them that a run could confirm or refute. What can be checked is
# the claim behind them: that the fusion is right more often than each modality. The
# counts above answer it for one simulated cohort and one split, notebook 22 with
# intervals.
#
# ## What could go wrong
#
# - **Picking the prettiest example.** With thousands of segments there is one for every
#   story; write the rule down first.
# - **Reading attention as an explanation.** Two networks with the same predictions can
#   have very different attention.
#
# ## Exercises
#
# 1. *Easy.* Set `target = "valence"`. By how much do ECG and EEG differ now, and is
#    that more than their intervals in notebook 22?
# 2. *Open.* Set `split = "by_subject"`. How often is exactly one modality right, and
#    how often would chance give that?
# 3. *With a check.* Average the two probabilities instead of training a fusing network,
#    and count what an ideal fusion reaches: below, or without the solution in
#    [exercises/23_amigos_complementarity](exercises/23_amigos_complementarity.ipynb).
#    How far is it from the trained fusion of this lesson?

# %% [markdown] tags=["exercise"]
# ### Exercise: the simplest fusion, and the best possible one
#
# Write `two_fusions(p_ecg, p_eeg, y)`: how often the mean of two probabilities is
# right, and how often at least one of the two is.
#
# - **In:** `p_ecg`, `p_eeg`, arrays `(n_segments,)`: probability of *high*; `y`, array
#   `(n_segments,)` of 0 and 1.
# - **Out:** two numbers: accuracy of the mean probability (high above 0.5), accuracy of
#   an ideal fusion that always believes the right one.
#
# <details><summary>Hint 1</summary>
#
# Average the *probabilities* and decide afterwards. Averaging decisions forgets how
# sure each one was.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A network is right where `(p > 0.5) == (y == 1)`. The ideal fusion is right where one
# *or* the other is.
#
# </details>

# %% tags=["solution", "hide-input"]
import numpy as np


def two_fusions(p_ecg, p_eeg, y):
    """Accuracy of the mean probability, and of an ideal fusion of the two."""
    # your code
    ecg, eeg, mean = (
        (p > 0.5) == (y == 1) for p in (p_ecg, p_eeg, (p_ecg + p_eeg) / 2)
    )
    return mean.mean(), (ecg | eeg).mean()
    # end


# %% tags=["check", "nbval-check-output"]
p_ecg, p_eeg = np.array([0.9, 0.6, 0.2, 0.7, 0.45]), np.array([0.4, 0.1, 0.3, 0.8, 0.3])
y = np.array([1, 0, 0, 1, 1])
fused, ideal = two_fusions(p_ecg, p_eeg, y)
assert not np.isclose(ideal, 0.4), (
    "0.4 is the share where *both* are right; the ideal fusion needs only one of them "
    "(hint 2)"
)
assert np.isclose(ideal, 0.8), (
    f"in four of the five segments one of the two is right, yours says {ideal} (hint 2)"
)
assert not np.isclose(fused, 0.6), (
    "0.9 and 0.4 are high together: average probabilities, not decisions (hint 1)"
)
assert np.isclose(fused, 0.8), (
    f"the mean probability is right in four of five segments, yours says {fused} "
    "(hint 1)"
)
rng = np.random.default_rng(0)
y, noise = rng.integers(2, size=2000), rng.random((2, 2000))
fused, ideal = two_fusions(*noise, y)
assert abs(ideal - 0.75) < 0.05 and abs(fused - 0.5) < 0.05, (
    "two coins: the ideal fusion is right in 3 of 4, the mean in 1 of 2 (hint 2)"
)
print(
    f"accepted: and mind that an ideal fusion of two coins is right in {ideal:.0%} of "
    "the segments"
)

# %% [markdown]
# ## Recap
#
# - Fusion lives on errors that are not shared; count them before building one.
# - Examples illustrate a count; they do not replace it.

# %%
run.finish()
