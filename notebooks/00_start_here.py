# ---
# jupyter:
#   companion:
#     paper: rmmt
#     produces: []
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
# # Start here: four papers on emotion recognition, run again
#
# Can a computer read how somebody feels from brain, face, heart and eyes? Four papers
# say how well it can. This companion implements their systems, runs them, and puts
# every printed number beside a reproduced one, with its uncertainty, the simple
# controls it must beat, and a verdict.
#
# **You will learn**
# - what the notebooks answer and in which order to read them,
# - which kinds of data they run on, and how to bring your own,
# - what a verdict means, and why a simulated result is never called a reproduction.
#
# **Reproduces** nothing yet: it is the map.
#
# **Needs** no data, a few seconds.

# %% tags=["parameters"]
profile: str = "demo"  # which data and how much training: demo, public, paper
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures

# %%
from lib.companion.run import start

run = start(
    "00_start_here", profile=profile, seed=seed, device=device, data=data, out=out
)

# %% [markdown]
# ## The notebooks
#
# Each is a lesson that reads from top to bottom and leaves its figures and tables in
# `figures/`. The papers stand on their own; within one, read from the lowest number up:
# later notebooks take trained folds from earlier ones.
#
# | notebook | question | paper |
# |---|---|---|
# | [10_rmmt_data](10_rmmt_data.ipynb) | What is in a trial, and what do the labels look like? | RMMT |
# | [11_rmmt_psd_topomaps](11_rmmt_psd_topomaps.ipynb) | How does EEG become band power, and where on the scalp? | Tables 1-2, Fig 5 |
# | [12_rmmt_training](12_rmmt_training.ipynb) | What is the model, and does it beat one modality? | Figs 1-4, 8, Table 4 |
# | [13_rmmt_fusion](13_rmmt_fusion.ipynb) | Is a Transformer a better way to fuse? | Figs 6-7, Table 3 |
# | [14_rmmt_ablation](14_rmmt_ablation.ipynb) | Which of its parts matter? | Table 6 |
# | [15_rmmt_alpha_sweep](15_rmmt_alpha_sweep.ipynb) | How much does the distillation weight matter? | Table 7, Fig 9 |
# | [16_rmmt_leave_one_subject_out](16_rmmt_leave_one_subject_out.ipynb) | Does it work for a person it has never seen? | Table 5 |
# | [17_rmmt_tuning](17_rmmt_tuning.ipynb) | How much of a score is the recipe? | none printed |
# | [20_amigos_data](20_amigos_data.ipynb) | What do 20 videos leave in heart and brain, and how far do textbook features go? | Sec 4.1 |
# | [21_amigos_pretraining](21_amigos_pretraining.ipynb) | What does a network learn from guessing hidden pieces of a signal? | Fig 1 |
# | [22_amigos_recognition](22_amigos_recognition.ipynb) | High or low arousal: one signal, two signals, three splits | Fig 2, Tables 1-4 |
# | [23_amigos_complementarity](23_amigos_complementarity.ipynb) | Does the fusion listen to the right signal? | Figs 3-4 |
# | [24_amigos_real_people](24_amigos_real_people.ipynb) | The claims, asked of real hearts and brains | none printed |
# | [30_seed_data](30_seed_data.ipynb) | What are differential entropy and eye features, and how far do they go? | Sec 3.1 |
# | [31_seed_pretraining](31_seed_pretraining.ipynb) | Can a network fill in hidden electrodes, and does it help? | Fig 1, Table 1 |
# | [32_seed_fusion](32_seed_fusion.ipynb) | Do brain and eyes know more together? | Table 2 |
# | [33_seed_few_labels](33_seed_few_labels.ipynb) | What do ten labels mean, and what are they worth? | Table 3 |
# | [34_seed_missing_channels](34_seed_missing_channels.ipynb) | How many channels may be missing? | Table 4 |
# | [35_seed_real_people](35_seed_real_people.ipynb) | The claims, asked of real brains and faces | none printed |
# | [36_seed_electrodes](36_seed_electrodes.ipynb) | Hidden electrodes and few labels of real people | none printed |
# | [40_face_expression](40_face_expression.ipynb) | Four emotions from one picture of a face | Figs 1, 2, 5, Table 1 |
# | [41_eeg_scalp_maps](41_eeg_scalp_maps.ipynb) | How does EEG become pictures on the scalp? | Figs 3-4 |
# | [42_eeg_recognition](42_eeg_recognition.ipynb) | 98.7 percent: of what? | Fig 6, Tables 2-3 |
# | [43_face_eeg_fusion](43_face_eeg_fusion.ipynb) | Two opinions about one moment | Fig 7 |
# | [44_face_real_people](44_face_real_people.ipynb) | The claims, asked of photographs of real faces | none printed |
# | [45_eeg_real_people](45_eeg_real_people.ipynb) | Three networks on the maps of real scalps | none printed |
# | [90_leakage](90_leakage.ipynb) | What can a split claim? | all four papers |
# | [91_published_claims](91_published_claims.ipynb) | Do the printed numbers agree with each other? | all four papers |
# | [92_scoreboard](92_scoreboard.ipynb) | Everything in one table | all four papers |
# | [93_effects](93_effects.ipynb) | Does a claim hold on three cohorts, and not on null twins? | none printed |
#
# RMMT is the residual multimodal Transformer of Jin et al. (2024),
# doi:10.1049/cit2.12346: face video and EEG in, continuous valence out, on the
# MAHNOB-HCI database. Notebooks 20 to 24 are about the pre-trained Transformers on ECG
# and EEG of Vazquez-Rodriguez et al. (2022), hal-03897400, on the AMIGOS database; 30
# to 36 about the masked autoencoders on EEG and eye movements of Gao et al. (2024), on
# SEED-IV and SEED-V; 40 to 45 about the face and the EEG scalp maps of Thanh and Thinh
# (2025), doi:10.25073/2588-1086/vnucsce.4566.
#
# ## Exercises
#
# Each lesson ends with questions, and one of them has a check: a function of a few
# lines, about the lesson's own idea. Open it in the folder `exercises` (for example
# [exercises/12_rmmt_training](exercises/12_rmmt_training.ipynb)), write the body, run
# the check below it. It prints *accepted*, or names the mistake and the hint that
# helps; `make check EX=12` says the same in a terminal. It needs no training and no
# data. One possible solution is folded at the end of the lesson.

# %% [markdown]
# ## Tiers of data, one code path
#
# The data sets of this field are given to researchers under a licence. So every reader
# reads the owner's files as they lie on disk, and what differs is who wrote them:
#
# 1. **simulated** (what you see when you run nothing special): a cohort written by
#    `lib.simulation` in the owner's format, with a known truth. It shows that the code
#    works. It says nothing about the paper.
# 2. **public**: the openly published features and labels of all 239 annotated trials of
#    MAHNOB-HCI, and EEG recordings without labels for pre-training. `make data` fetches
#    them. Open recordings of other people at another task stand in for the databases of
#    papers 2 to 4 (24, 35, 36, 44, 45, 90): they can answer a paper's claims, never
#    its numbers.
# 3. **licensed**: the full databases, from a folder that you name.
#
# `make data-status` prints this table for your folder. Here it is without the places on
# this computer:

# %% tags=["nbval-ignore-output"]
from lib.datasets import registry

import pandas as pd
from IPython.display import HTML

status = registry.status(data or None)[["dataset", "tier", "found", "ask"]]
with pd.option_context("display.max_colwidth", None):
    there = HTML(status.to_html(index=False, justify="left", render_links=True))
there

# %% [markdown]
# And the same command line for each tier:
#
#     make reproduce                                      # simulated, minutes
#     make reproduce PROFILE=public DATA=<folder>         # 239 real trials, hours the first time
#     make reproduce PROFILE=paper DATA=<folder>          # the full database
#     make reproduce PROFILE=mine NAMES=12_rmmt_training  # one notebook, one thing changed
#
# The last one reads `notebooks/profiles/mine.yaml`, two lines that you write
# (`notebooks/README.md`, "Change one thing").
#
# What has been computed is remembered by content in `build/memo`: a second run takes
# seconds, and a run that was killed goes on where it was.

# %% [markdown]
# ## A taste: one simulated trial
#
# A reader gives the trials of a folder; here one trial is simulated and read. It knows
# its labels; its signals are read from disk when asked for. In the caption, *effect*
# says how closely the signals follow the labels; with 0 a cohort is a *null twin*, in
# which they do not.

# %% tags=["nbval-check-output"]
from lib.datasets import mahnob
from lib.simulation import mahnob as simulation

tiny = mahnob.read(simulation.make(subjects=1, clips=1, seed=seed))
trial = tiny[0]
print(
    f"{trial.name}: {trial.labels['valence'].size} valence labels at 4 Hz, signals "
    f"{', '.join(sorted(trial.loaders))}"
)
print(tiny.caption)

# %% tags=["nbval-check-output"]
eeg = trial.load("eeg")
print(
    f"EEG {eeg.data.shape[0]} channels at {eeg.rate:g} Hz in {eeg.unit}, the first is "
    f"{eeg.channels[0]}"
)

# %% [markdown]
# ## What a verdict means
#
# Every table has the columns *published* and *reproduced*, both with their spread over
# folds, the number of folds, the name of the split, the tier of the data and a verdict.
# The margin, fixed beforehand, is 0.05 of a correlation or share and 0.005 of an RMSE.
# The verdicts and the rule behind each:

# %% tags=["nbval-check-output"]
from lib.evaluation.verdicts import CLAIMS, VERDICTS

for verdict, rule in VERDICTS.items():
    print(f"{verdict:16s} {rule}")
print("\nThat one model beats another is said on the same folds, and answered:")
for verdict, rule in CLAIMS.items():
    print(f"{verdict:16s} {rule}")

# %% [markdown]
# A **split** says what is kept apart between training and test. It decides what a score
# can claim:
#
# | split | kept apart | question it answers |
# |---|---|---|
# | `random_segments` | nothing but the segment itself | Does it recognise a recording that it knows? |
# | `by_clip` | whole clips | Does it work for a clip that it has not seen? |
# | `by_trial` | whole trials, at random | Does it recognise people and clips it knows? |
# | `contiguous_trials` | blocks of the list sorted by subject; a block's first and last person may be on both sides | Between: partly people it knows, partly new ones |
# | `by_subject` | one subject at a time | Does it work for a person it has never seen? |

# %% [markdown]
# ## What could go wrong
#
# - **No data in your folder.** The demo profile never needs any; the others stop with a
#   message that says where to ask.
# - **Another computer, other digits.** Runs on one machine repeat bit for bit. Between
#   processors the last digits differ; the tests allow for that.
#
# ## Recap
#
# - The tens, twenties, thirties and forties are one paper each; start with the one you
#   care about.
# - Simulated, public, licensed: one code path, and the tier stands on every figure.
# - A number counts with its spread, its split and its controls beside it.

# %%
run.finish()
