# ---
# jupyter:
#   companion:
#     paper: across
#     produces: [world, strength, sources, papers, practices, protocols, literature,
#       recordings, muse, eegmat, valence]
#     profiles: [demo, public]
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
# # Leakage: one lesson, four papers
#
# A model is tested on data that it has not seen. But what exactly has it not seen? This
# notebook runs the same three simple models on the same data under every way of
# splitting them, first where the answer is known, then on the four papers' cohorts,
# then on real EEG.
#
# **You will learn**
# - what random segments, blocks, recordings, clips and people keep apart, and what each
#   split reports when there is nothing to find,
# - which habits outside of the split raise a score, and by how much,
# - what a protocol can say and what it cannot.
#
# **Reproduces** nothing printed: it asks of all four papers' protocols what notebooks
# 22, 32 and 42 ask of one.
#
# **Needs** notebooks 16, 22, 32 and 42, whose cohorts it takes; about three minutes.
# The profile `public` needs `make data`.

# %% tags=["parameters"]
profile: str = "demo"  # which data: demo, public
seed: int = 0  # base seed
device: str = "cpu"  # not used: these models need no GPU
data: str = ""  # folder of your data
out: str = ""  # folder of the figures; empty: build/figures
seeds: int = 3  # draws of folds, forests and permutations on the real recordings
networks: int = 3  # the same for paper 4's network on EEGMAT
repeats: int = 2  # permutations of the valence traces
folds: int = 5  # of paper 1's trials

# %%
from lib.companion.run import show_source, start

run = start(
    "90_leakage",
    profile=profile,
    seed=seed,
    device=device,
    data=data,
    out=out,
    seeds=seeds,
    networks=networks,
    repeats=repeats,
    folds=folds,
)

# %% [markdown]
# ## A world in which everything is known
#
# Seven people watch two clips for each of four emotions. Each recording is cut into 15
# segments, and each segment has 84 features. A feature is a sum of random traces: one
# of the emotion, one of the recording (how the electrodes sit that day), and noise of
# the single segment. The trace of the recording is its **fingerprint**. Where the trace
# of the emotion has size 0, there is nothing to find: a **null** world.

# %%
from lib.simulation import fingerprint
from lib.simulation.fingerprint import World

show_source(fingerprint.make)

# %%
from lib.datasets.flex_format import EMOTIONS
from lib.papers.leakage import figures as plots

worlds = {
    f"fingerprint {size:g}": fingerprint.make(World(recording=size), seed)
    for size in (0.0, 0.3, 1.0)
}
run.figure(
    "world",
    plots.clusters(worlds, EMOTIONS),
    caption="simulated null worlds, one person, two recordings for each emotion",
)

# %% [markdown]
# No emotion is in these features. Still, with a strong fingerprint the segments of a
# recording lie together, in a clump that has one label; the two recordings of an
# emotion need not be near each other. A model that learns "this corner is fear" has
# learned where one recording lies.
#
# ## What does each split keep apart?

# %% tags=["nbval-check-output"]
from lib.papers.leakage import protocol as leakage
from lib.papers.leakage.settings import SPLITS

for split in SPLITS:
    both = leakage.shared(
        worlds["fingerprint 1"], leakage.splits(worlds["fingerprint 1"], split)[0]
    )
    print(
        f"{split:17s}",
        ", ".join(f"{count:2d} {key}s on both sides" for key, count in both.items()),
    )

# %% [markdown]
# Only the last three keep recordings apart. `by_trial` (*by recording* in the figures)
# still has every clip on both sides, `by_clip` every person, `by_subject` every clip.
#
# ## How strong must a fingerprint be?
#
# Two of the models, the nearest neighbour and ridge, from a weak fingerprint to one as
# large as the noise of single segments.

# %%
from lib.papers.leakage.settings import EFFECT

table = leakage.strengths(seed)
caption = (
    f"simulated worlds, 4 draws each; effect worlds: emotion = {EFFECT:g}; bands: 95 "
    "% intervals over draws"
)
run.figure(
    "strength",
    plots.strengths(table, SPLITS, 0.25),
    table,
    caption=caption,
    tier="simulated",
)

# %% [markdown]
# Left, null worlds. As the fingerprint grows, the nearest neighbour recognises more and
# more segments, up to all of them, under random segments *and under blocks in time*
# (the two lines lie on each other): a block keeps neighbours apart, not the recording.
# With recordings, clips or people kept apart nothing is found, as it should be.
#
# Right, with a real effect. Under random segments a strong fingerprint looks like a
# strong effect. Under the strict splits the same fingerprint makes the effect *harder*
# to find. So the two kinds of score drift apart just where the data are poor.
#
# Below chance is no error of the program: who leaves out a recording of one class
# leaves fewer of that class for training.
#
# ## What else do segments share?
#
# One trace at a time, in null worlds: the recording, the moment (neighbours in time),
# the clip (its light, its sound), the person.

# %%
import pandas as pd

from lib.papers.leakage.settings import SOURCES

found = [
    leakage.tidy(leakage.world_accuracy(world, seed=seed), source=source)
    for source, world in SOURCES.items()
]
table = pd.concat(found, ignore_index=True)
nearest = table[table["model"] == "nearest neighbour"]
sizes = "recording 0.5, neighbours 1, clip 0.5, person 0.5 times the noise"
run.figure(
    "sources",
    plots.heatmap(nearest, list(SOURCES), SPLITS, 0.25),
    table,
    caption=f"simulated null worlds, nearest neighbour, mean of 4 draws; {sizes}",
    tier="simulated",
)

# %% [markdown]
# Read a row: which splits does this trace pass through? A clip has one emotion, so
# whoever recognises the clip knows the emotion, even in a new person: **leaving people
# out does not keep clips apart.** The person alone gives nothing away here, because
# everyone has as many recordings of each emotion (by recording it even misleads, for
# the reason above). Where people differ in how often they give a label, knowing the
# person helps as well (see paper 2 below).
#
# ## The four papers, side by side
#
# Now each paper's simulated cohort and its null twin, described by the features of the
# EEG that its own protocol makes: band power (1), log band power (2), differential
# entropy (3, 4). Paper 1's label is continuous; its score is the concordance
# correlation.

# %%
from lib.papers.leakage import data as leakage_data
from lib.papers.leakage.settings import FOLDS, MODELS, OWN, PAPERS

kinds = {"effect": False, "null twin": True}
cohorts = {
    (p, kind): leakage_data.paper_data(p, null=null, base=seed)
    for p in PAPERS
    for kind, null in kinds.items()
}

# %% tags=["nbval-check-output"]
for (paper, kind), own in cohorts.items():
    counts = {key: len(set(own[key])) for key in ("subject", "recording", "clip")}
    print(
        f"paper {PAPERS[paper][0][0]}, {kind:9s} {len(own['y']):4d} segments, "
        f"{own['x'].shape[1]:3d} features;",
        counts,
    )

# %%
from lib.store import digest

table = leakage_data.papers(cohorts, seed)
order = {
    title: (*SPLITS, *OWN.get(paper, ())) for paper, (title, _, _) in PAPERS.items()
}
chance = {title: level for title, _, level in PAPERS.values()}
guess = {"16/8": leakage.guess(cohorts["seed", "effect"], "16/8")}
sources = digest([own["about"]["source"] for own in cohorts.values()])
said = (
    f"simulated cohorts of the four papers and their null twins, {FOLDS} folds, seed "
    f"= {seed}; means, and 95 % intervals where there are five people or more"
)
run.figure(
    "papers",
    plots.papers(table, order, chance, MODELS, guess),
    table,
    caption=said,
    tier="simulated",
    source=sources,
)

# %% [markdown]
# Filled: with an effect. Hollow: the null twin. Where filled and hollow lie together,
# the split has measured something else than emotion. Most twins are smaller cohorts
# (fewer people, for paper 4 also longer recordings), so compare levels, not digits.
#
# - **Random segments and blocks**: in papers 2 to 4 the nearest neighbour scores as
#   high on the null twin as on the cohort with an effect.
# - **By recording, by clip, by subject**: what remains is the effect, where it is found
#   at all, with wide intervals, because people are few.
# - **Paper 1**: the label moves *within* a trial, so that knowing the recording helps
#   less. The null twin of this cohort cannot be told from zero under random segments,
#   and lies near zero or below elsewhere; the real trials at the end of this notebook
#   do not.
# - **Paper 2**: the marks by recording and by clip tend to lie above one half, in the
#   null twin too. A rating has a person's habit in it, and who knows the person knows
#   more than chance (next cell).
# - **Paper 3**: its own split (the first 16 trials, then the last 8) keeps trials and
#   clips apart. Its labels are anti-balanced: a guess at the training frequencies
#   scores less than one in four (dashed), and its null twin is to be read against that.
#
# **Below chance**, by recording: a person's other recordings hold fewer of the label
# that was left out.

# %% tags=["nbval-check-output"]
import numpy as np

null = cohorts["amigos", "null twin"]
share = np.array(
    [
        null["y"][null["subject"] == person].mean()
        for person in np.unique(null["subject"])
    ]
)
print(
    "paper 2, share of high arousal of each person:",
    ", ".join(f"{100 * value:.0f} %" for value in share),
)
print(
    "always the more frequent answer of the person: right in "
    f"{100 * np.maximum(share, 1 - share).mean():.0f} %"
)

# %% [markdown]
# ## Six habits
#
# A leak needs no wrong split. Each habit is compared with the same work done without
# it, on the same folds; people are kept apart, except for smoothing, which is tried on
# blocks of recordings without any fingerprint.

# %%
from lib.papers.leakage import practices

show_source(practices._best)

# %%
table = leakage.practices(seed)
run.figure(
    "practices",
    plots.practices(table),
    table,
    caption="simulated worlds, 10 draws; 95 % intervals over draws",
    tier="simulated",
)

# %% [markdown]
# In a null world (hollow) everything to the right of zero is invented.
#
# - **Scaling** on all data does next to nothing here. It is a leak in principle, and a
#   small one in practice.
# - **Scaling each person** on all of their data invents nothing, but gains in effect
#   worlds (filled): it needs the test person's data before the first answer. Fair, if
#   it is said; a person who has just sat down cannot be scaled so.
# - **Choosing** a penalty or an epoch on the test gives a point or two, each time one
#   chooses; **features** more.
# - **Smoothing** across the cut lets a test segment share its noise with its neighbours
#   in training: the largest of all.
#
# ## What can each paper's protocol say?

# %% tags=["nbval-check-output"]
from lib.papers.leakage import literature as printed

run.table(
    "protocols",
    printed.protocols(),
    caption="read from the four papers",
    tier="published",
)

# %% [markdown]
# These are readings of what is printed, not accusations: papers 1 and 4 name the limits
# of their own tests.
#
# ## What did others measure?

# %%
claims = printed.literature()
caption = (
    "published figures, from the abstracts of their sources; other data, models and "
    "tasks: not comparable with each other"
)
run.figure(
    "literature", plots.literature(claims), claims, caption=caption, tier="published"
)

# %% [markdown]
# Circles are the largest inflation that the authors found, the diamond a span of
# results. A negative value: blocks of neighbours can also *under*estimate. The last two
# lines disagree with each other; both are cited for that.
#
# ## Real EEG: four people, three states
#
# Four people relaxed, did nothing in particular, or concentrated; two recordings of
# about a minute each, with a headband of four electrodes (profile `public`; the demo
# draws a simulated cohort in the same layout). Segments of 3 s, log band power of five
# bands.

# %%
cohort = leakage_data.muse_cohort(profile, data, base=seed)
states = leakage_data.states_data(cohort)
about = states["about"]
read = (
    cohort.table()
    .rename(columns={"session": "number", "stimulus": "name"})
    .drop(columns=["trial", "state"])
)
run.table("recordings", read, **about, decimals=1)
for file, reason in cohort.dropped.items():
    print(f"left out: {file}: expected{reason.split('expected')[1].split('. ')[0]}")

# %% [markdown]
# `stretches` above 1: the recording is broken, and no segment crosses a gap.
#
# The control: exchange the labels of whole recordings within each person. Every
# recording keeps one label, but it means nothing any more.

# %% tags=["nbval-check-output"]
dealt = leakage.permuted(states, seed)["y"]
labels = (
    pd.DataFrame({"recording": states["recording"], "label": dealt})
    .groupby("recording")["label"]
    .nunique()
)
print(
    f"{len(states['y'])} segments of {len(labels)} recordings; labels in one "
    f"recording after permuting: {sorted(set(labels))}"
)

# %%
from lib.papers.leakage.settings import MUSE_SPLITS

results = leakage_data.mental_states(states, seeds, seed)
table = leakage_data.over_people(results)
said = f"{about['caption']}; mean of {seeds} draws; crosses: single people"
figure = plots.people(table, MUSE_SPLITS, MODELS, 1 / 3)
run.figure("muse", figure, table, **{**about, "caption": said})

# %% [markdown]
# Left: the same recordings, from high under random segments to much lower for new
# people. Right: the same with labels that mean nothing. What random segments still
# report there is the part that never was about the state. With whole recordings kept
# apart it is gone; it falls *below* chance, because of a person's two recordings of a
# state one is missing in training when the other is tested.
#
# Four people are few: look at the crosses before believing a mean.
#
# ## Real EEG: 36 people, at rest and calculating
#
# The same on EEGMAT: 19 electrodes, one minute at rest and one of subtracting in the
# head. Each person has *one* recording of each state. (Nothing is simulated here: the
# demo shows the result of the profile `public` that ships with the project.)

# %%
from lib.papers.leakage.settings import NETWORK

table, about = leakage_data.arithmetic(profile, data, seeds, networks, seed)
said = f"{about['caption']}; 95 % intervals over people; crosses: single people"
figure = plots.people(table, MUSE_SPLITS, [*MODELS, NETWORK], 1 / 2)
run.figure("eegmat", figure, table, **{**about, "caption": said})

# %% [markdown]
# Under random segments the nearest neighbour is right nearly always, and *as often*
# with states that mean nothing: all that it reports is which recording a segment is
# from. In new people it is a little above chance, and at chance with exchanged states.
#
# **Paper 4's own network** (spectrograms, features of an image network, a map of the
# scalp, as in notebook 42) does it too: with exchanged states it stays clearly above
# chance under random segments, and at chance in new people. (It was run under these two
# splits only.) With the true states, all four models are right in new people more often
# than chance, less often than random segments report, and none more often than the
# ridge regression. Rest always came first in these recordings (notebook 24): what is
# recognised may be the order or a drift as well as the state.
#
# By recording nothing is found: a person's one recording of the tested state is never
# trained on.
#
# ## Real trials: paper 1
#
# In the profile `public` these are the 239 annotated trials of MAHNOB-HCI, in segments
# of 2 s; in the demo its simulated cohort. Beside ridge and the nearest neighbour
# stands a control that sees no signal at all: the mean trace of the *same clip* in
# other recordings.

# %%
from lib.papers.leakage.settings import INPUTS, VALENCE_SPLITS

tables = []
for name, inputs in INPUTS.items():
    trials = leakage_data.valence_data(profile, inputs, data, base=seed)
    results = leakage_data.valence(trials, folds, repeats, seed)
    tables += [
        leakage.tidy(own, input=name, labels=kind)
        for kind, own in results.groupby("experiment", sort=False)
    ]
table, about = pd.concat(tables, ignore_index=True), trials["about"]
said = about | {
    "caption": (
        f"{about['caption']}; segments of 2 s; {repeats} permutations; means and 95 % "
        "intervals over folds"
    )
}
models = ["nearest neighbour", "ridge", "stimulus mean"]
run.figure("valence", plots.two_labels(table, VALENCE_SPLITS, models), table, **said)

# %% [markdown]
# Hollow: each recording has the valence trace of another one. Under random segments a
# score is left, which cannot be emotion: the neighbours of a segment, in time, know its
# label. With recordings apart it goes to nothing.
#
# The grey diamonds need no EEG and no face: what a *clip* does to people is known as
# soon as someone else has watched it. With clips kept apart they fall to zero, and what
# is left of the others is what the signals add. Of the four papers only paper 3 keeps
# clips apart, and it tests the people it was trained on; none keeps both people and
# clips apart, as far as it is said.
#
# ## What could go wrong
#
# - **A strict split on few recordings** has a wide interval, and its mean may lie below
#   chance. Report the interval, and who is in it.
# - **One label per recording** makes the recording a perfect proxy. Record two of each,
#   better on different days.
# - **A permutation of single segments** is no control: it destroys what segments share,
#   and the leak with it. Permute whole recordings.
# - **A leak is not fraud.** It is the default of most software: `train_test_split`
#   shuffles rows.
#
# ## Exercises
#
# 1. *Easy.* In the world, set `World(recording=0.5, clips=1)`. Which split can no
#    longer be made, and why?
# 2. *Medium.* Let people differ in how often they give each label. Which row of the
#    heat map changes?
# 3. *Open.* Subtract each recording's mean from its segments, then run all splits
#    again. What does that repair, and what does it cost?
# 4. *With a check.* Say what a split keeps apart: below, or without the solution in
#    [exercises/90_leakage](exercises/90_leakage.ipynb).

# %% [markdown] tags=["exercise"]
# ### Exercise: what does a split keep apart?
#
# Write `kept_apart(groups, train, test)`: which groupings have nothing on both sides of
# a split.
#
# - **In:** `groups`, a dictionary from a name (`"recording"`, `"clip"`, `"subject"`) to
#   an array `(n_segments,)`; `train` and `test`, arrays with the numbers of the
#   training and of the test segments.
# - **Out:** a list of names, in the order of `groups`.
#
# <details><summary>Hint 1</summary>
#
# `groups["clip"][train]` are the clips of the training segments. The numbers of the
# *segments* are never on both sides.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `set(a) & set(b)` holds what two collections share. A grouping is kept apart where
# that is empty.
#
# </details>


# %% tags=["solution", "hide-input"]
def kept_apart(groups, train, test):
    """Names of the groupings of which no value is on both sides."""
    # your code
    return [name for name, of in groups.items() if not set(of[train]) & set(of[test])]
    # end


# %% tags=["check", "nbval-check-output"]
from lib.papers.leakage import protocol as leakage
from lib.simulation import fingerprint

tiny = fingerprint.make(fingerprint.World(), 0)
groups = {name: tiny[name] for name in ("recording", "clip", "subject")}
wanted = {
    "random_segments": [],
    "blocked_segments": [],
    "by_trial": ["recording"],
    "by_clip": ["recording", "clip"],
    "by_subject": ["recording", "subject"],
}
folds_of = {split: leakage.splits(tiny, split)[0] for split in wanted}
answers = {
    split: kept_apart(groups, list(fold.train), list(fold.test))
    for split, fold in folds_of.items()
}
assert all(isinstance(found, list) for found in answers.values()), (
    "the answer is a list of names (hint 2)"
)
assert any(len(found) < 3 for found in answers.values()), (
    "you compared the segments, not what they belong to (hint 1)"
)
turned = [
    set(answers[split]) == set(groups) - set(right) for split, right in wanted.items()
]
assert not all(turned), "that is what is on both sides; wanted is what is not (hint 2)"
for split, right in wanted.items():
    assert answers[split] == right, (
        f"{split}: {right} kept apart, yours says {answers[split]} (hint 2)"
    )
print(
    "accepted: random segments and blocks keep nothing apart, by_clip the clips, "
    "by_subject the people"
)

# %% [markdown]
# ## Recap
#
# - Name what a split keeps apart: segments, recordings, clips, people. Claim no more
#   than that.
# - Ask every protocol what it reports with labels permuted over recordings.
# - Choose on validation data, scale on training data, smooth after cutting.

# %%
run.finish()
