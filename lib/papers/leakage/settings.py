"""The leakage lesson: its settings. What runs them is in :mod:`lib.papers.leakage.protocol`. All
are ours, chosen to run in a minute."""

from dataclasses import replace

from lib.simulation.fingerprint import World

MODELS = ("nearest neighbour", "ridge", "random forest")
SPLITS = ("random_segments", "blocked_segments", "by_trial", "by_clip", "by_subject")
FOLDS = 3  # of the simulated cohorts; people are left out in as many groups
REAL_FOLDS = 10  # of paper 1's real trials, as in the paper
COLUMNS = ["split", "model", "n", "mean", "low", "high"]

# the small world
# of the recording's fingerprint, in standard deviations of single segments
STRENGTHS = (0.1, 0.2, 0.3, 0.5, 1.0)
EFFECT = 0.12  # of emotion in the effect world
# not "null" alone: readers of CSV files take that for a missing value
KINDS = {"null world": 0.0, "effect world": EFFECT}
WORLDS = 4  # draws of each world; intervals are over them
SOURCES = {
    "recording": World(recording=0.5), "neighbours in time": World(drift=1.0),
    "clip": World(clip=0.5), "person": World(person=0.5)
}

# six practices
PRACTICE_WORLDS = 10
# all others: by_subject, where nothing of the test person is known
PRACTICE_SPLIT = {"smoothing across the cut": "blocked_segments"}


def practice_world(practice: str, emotion: float) -> World:
    """People and recordings differ; but for smoothing, whose effect a fingerprint would hide, they
    do not."""
    world = World(emotion=emotion, person=0.5, recording=0.3)
    return replace(world, person=0.0, recording=0.0) if practice in PRACTICE_SPLIT else world


# the four papers: title, what is measured, chance
PAPERS = {
    "rmmt": ("1: simulated MAHNOB-HCI, valence", "CCC", 0.0),
    "amigos": ("2: simulated AMIGOS, arousal", "accuracy", 0.5),
    "seed": ("3: simulated SEED-IV, emotion", "accuracy", 0.25),
    "face_eeg": ("4: simulated recordings, emotion", "accuracy", 0.25)
}
# splits that only this paper has, see lib.papers.rmmt.protocol and seed
OWN = {"rmmt": ("contiguous_trials",), "seed": ("16/8",)}

# real EEG
MUSE = {"subjects": 4, "seconds": 45}  # of the simulated stand-in
NETWORK = "paper 4's network"
# there are no clips
MUSE_SPLITS = ("random_segments", "blocked_segments", "by_trial", "by_subject")
VALENCE_SPLITS = ("random_segments", "by_trial", "contiguous_trials", "by_clip", "by_subject")
INPUTS = {"EEG": ("eeg",), "EEG and face": ("eeg", "face")}
