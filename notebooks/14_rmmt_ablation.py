# ---
# jupyter:
#   companion:
#     paper: rmmt
#     produces: [table6, folds]
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
# # Ablation: which parts of RMMT matter?
#
# Take one part away, train again, compare. The paper removes the residual connection (MMT) and the distillation loss. This
# notebook adds what the paper leaves open: ReLU or softmax attention, whether the distillation may move the face features,
# and whether the attention may look ahead.
#
# **You will learn**
# - how to read an ablation table with error bars,
# - why an ablation compares pairs of runs, not means,
# - what a choice that a paper does not mention can cost.
#
# **Reproduces** Table 6, with further rows.
#
# **Needs** notebook 12.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, public, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures
repeats: int = 1  # trainings of each fold with different seeds; their mean is scored
further: list = ["RMMT softmax", "RMMT scaled ReLU", "RMMT KD detached", "RMMT causal"]  # our own ablations

# %%
from lib.notebook import start

run = start("14_rmmt_ablation", profile=profile, seed=seed, device=device, data=data, out=out, repeats=repeats, further=further)

# %%
from lib.protocols import rmmt

preset = rmmt.PRESETS[profile]
cohort = rmmt.cohort(profile, data, seed=seed)
features = rmmt.features(cohort)
about = features["about"]

# %% tags=["nbval-check-output"]
print(about["caption"])
print(f"{len(cohort)} trials of {len(set(features['subject']))} subjects, {features['eeg'].shape[1]} EEG and "
      f"{features['face'].shape[1]} face features, {features['valence'].size} label steps")

# %% [markdown]
# ## What is taken away
#
# | row | change |
# |---|---|
# | MMT | no residual connection: the regressor sees the Transformer's output alone |
# | RMMT without KD | the loss is the CCC loss alone ($\alpha = 0$) |
# | RMMT softmax | attention weights are normalised over time |
# | RMMT scaled ReLU | ReLU as printed, divided by the number of keys |
# | RMMT KD detached | the distillation loss moves only the EEG features, as a teacher would want |
# | RMMT causal | a step attends only to itself and the past: no look-ahead |

# %% tags=["nbval-check-output"]
for name in [*rmmt.TABLES["6"], *further]:
    variant = rmmt.VARIANTS[name]
    print(f"{name:17s} {variant.model:5s} options {dict(variant.options)}, recipe {dict(variant.recipe)}")

# %%
names = [*rmmt.TABLES["6"], *further, *rmmt.CONTROLS]
records = rmmt.run(features, names, "contiguous_trials", preset, seeds=range(seed, seed + repeats), device=device)
results = rmmt.score(features, records, experiment="table 6", tier=cohort.tier)
table = rmmt.answer(results, 6)
run.table("table6", table[rmmt.COLUMNS], **about)

# %%
from lib import plots

run.figure("table6", plots.published_vs_reproduced(table), **about)

# %% [markdown]
# ## Published versus reproduced, in pairs
#
# Folds differ more than models do: a fold with expressive faces is easy for every variant. So each variant is compared with
# RMMT inside each fold. The interval allows for overlapping training sets; Holm's correction for the number of questions.

# %%
import pandas as pd

from lib import published
from lib.evaluation.statistics import holm
from lib.evaluation.verdicts import compare

fold = rmmt.splits(features, "contiguous_trials", preset)[0]
rivals = [name for name in [*rmmt.TABLES["6"], *further] if name != "RMMT"]
claims = pd.DataFrame([compare(results, "RMMT", b, "CCC", published.table("rmmt", 6), len(fold.train), len(fold.test)) for b in rivals])
claims["p_holm"] = holm(claims["p"])
shown = ["a", "b", "difference", "low", "high", "p_holm", "effect", "published", "verdict"]
print(claims[shown].to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.3f}"))

# %%
figure = plots.fold_lines(results[results["metric"].isin(["PCC", "CCC"])], "RMMT", "MMT")
run.figure("folds", figure, **about)

# %% [markdown]
# Lines that cross mean that which model is better depends on the fold.
#
# ## What the text says and the table prints
#
# Two sentences of the paper can be checked against its own tables:

# %% tags=["nbval-check-output"]
from lib.published import checks

claimed = checks.differences("rmmt")
print(claimed[["a", "b", "metric", "kind", "printed", "recomputed", "holds"]].to_string(index=False))

# %% [markdown]
# ## What could go wrong
#
# - An ablation with one seed mixes the effect of the part with the effect of chance. `repeats` trains every fold again.
# - MMT and RMMT differ in the number of inputs of the regressor as well as in what they know.
#
# ## Exercises
#
# 1. *Easy.* Which variant has the smallest spread over folds?
# 2. *Medium.* Add a variant with four heads to `rmmt.VARIANTS` and run it.
# 3. *Open.* Does the causal model lose at the start of a trial or throughout?
#
# ## Recap
#
# - The unit of comparison is the fold, and the comparison is paired.
# - What a paper does not print can be as large as what it does.

# %%
run.finish()
