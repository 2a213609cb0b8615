"""What the leakage lesson is run on besides its small world: the four papers' cohorts, the Muse
recordings, paper 1's real trials."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib import paths, profiles
from lib.datasets import eegmat, muse, registry
from lib.datasets.base import Cohort
from lib.datasets.muse_format import FOLDER
from lib.papers import experiment as spine
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos import settings as amigos_presets
from lib.papers.experiment import Row
from lib.papers.face_eeg import protocol as face_eeg
from lib.papers.face_eeg import settings as face_eeg_presets
from lib.papers.face_eeg.signals import entropies
from lib.papers.face_eeg.training import scalp_fold
from lib.papers.leakage.protocol import permuted, run, score, splits, tidy
from lib.papers.leakage.settings import (FOLDS, MODELS, MUSE, MUSE_SPLITS, NETWORK, OWN, PAPERS,
                                         REAL_FOLDS, SPLITS, VALENCE_SPLITS)
from lib.papers.mv_sstma import protocol as mv_sstma
from lib.papers.mv_sstma import settings as seed_presets
from lib.papers.rmmt import protocol as rmmt
from lib.papers.rmmt import settings as rmmt_presets
from lib.preprocessing.muse import segments
from lib.preprocessing.recordings import each, table, usable
from lib.simulation import muse as muse_simulation
from lib.store import Store, digest

STEPS = 8  # choice: label steps in a segment of paper 1, 2 s, the length of one band power window


def paper_data(paper: str, *, null: bool = False, base: int = 0) -> dict[str, Any]:
    """The segments of a paper's simulated cohort, or of its null twin, described by the features of
    its EEG that its own protocol makes.

    Parameters
    ----------
    paper : {"rmmt", "amigos", "seed", "face_eeg"}
    null : bool
    base : int
        Seed of the cohort. Cohorts and features are those of the papers' own notebooks.

    Returns
    -------
    dict
        See :mod:`lib.papers.leakage.protocol`; ``splits``: folds that only this paper has;
        ``about``: caption, tier and source.
    """
    make, twin = {
        "rmmt": (_rmmt, {"effect": 0.0, **rmmt_presets.NULL_TWIN}),
        "amigos": (_amigos, amigos_presets.NULL_TWIN), "seed": (_seed, seed_presets.NULL_TWIN),
        "face_eeg": (_face_eeg, face_eeg_presets.NULL_TWIN),
    }[paper]
    data = make(seed=base, **(twin if null else {}))
    caption, source = data["about"]["caption"].split(";")[0], data["about"]["source"]
    return {**data, "about": {"caption": caption, "tier": "simulated", "source": source}}


def _rmmt(**simulated: Any) -> dict[str, Any]:
    return _windows(rmmt.features(rmmt.cohort("demo", **simulated)), ("eeg",))


def _windows(data: Mapping[str, Any], inputs: Sequence[str]) -> dict[str, Any]:
    """Means over :data:`STEPS` label steps of features and valence; the face relative to the first
    of them in its trial."""
    lengths, clip = data["lengths"], np.unique(data["stimulus"], return_inverse=True)[1]
    counts = lengths // STEPS
    recording = np.repeat(np.arange(len(counts)), counts)
    position = np.concatenate([np.arange(n) for n in counts])
    means = {}
    for name in (*inputs, "valence"):
        trials = np.split(data[name], np.cumsum(lengths)[:-1])
        parts = [trial[:STEPS * n] for trial, n in zip(trials, counts, strict=True)]
        parts = [part.reshape(-1, STEPS, *part.shape[1:]).mean(axis=1) for part in parts]
        means[name] = np.concatenate(parts)
    if "face" in inputs:
        means["face"] = means["face"] - means["face"][np.arange(len(position)) - position]
    return {
        "x": np.hstack([means[name] for name in inputs]).astype(np.float32), "y": means["valence"],
        "subject": data["subject"][recording], "clip": clip[recording], "recording": recording,
        "position": position, "about": data["about"]
    }


def _amigos(**simulated: Any) -> dict[str, Any]:
    data = amigos.segments(amigos.cohort("demo", **simulated))
    first = np.unique(data["trial"], return_index=True)[1]
    # choice: one cut for all folds, so that labels do not depend on the split
    high = data["arousal"] > data["arousal"][first].mean()
    return {
        "x": data["features_eeg"], "y": high.astype(int), "subject": data["subject"],
        "recording": data["trial"], "clip": np.unique(data["stimulus"], return_inverse=True)[1],
        "position": np.round(data["start"] / 10).astype(int), "gap": 0, "about": data["about"]
    }


def _seed(**simulated: Any) -> dict[str, Any]:
    data = mv_sstma.features(mv_sstma.cohort("demo", "seed-iv", **simulated), length=1)
    rows = np.flatnonzero(data["position"] % 2 == 0)  # choice: every other feature of 4 s, for time
    some = {key: values[rows] for key, values in data.items() if isinstance(values, np.ndarray)}
    return {
        "x": some["eeg"].reshape(len(rows), -1), "y": some["emotion"], "subject": some["subject"],
        "recording": some["trial"], "clip": 100 * some["session"] + some["number"],
        "position": some["position"] // 2, "splits": {"16/8": mv_sstma.splits(some, "16/8")},
        "about": data["about"]
    }


def _face_eeg(**simulated: Any) -> dict[str, Any]:
    cohort = face_eeg.cohort("demo", **simulated)
    found = each(cohort.trials, entropies, "eeg", jobs=1, store=Store())
    kept, _ = usable(cohort, found, level=logging.INFO)
    data = table(kept, ("x", "position"), "recording", ("subject", "stimulus"), {"emotion": int})
    source = digest({name: data[name] for name in ("x", "recording", "position")})
    clip = np.unique(data["stimulus"], return_inverse=True)[1]
    about = {"caption": cohort.caption, "source": source}
    return {**data, "y": data["emotion"], "clip": clip, "about": about}


def papers(data: Mapping[tuple[str, str], Mapping[str, Any]], seed: int = 0,
           **how: Any) -> pd.DataFrame:
    """The same models under every split of every paper, people as units; columns of
    :func:`lib.papers.leakage.protocol.tidy`.

    Parameters
    ----------
    data : mapping
        (paper, ``"effect"`` or ``"null twin"``) -> :func:`paper_data`.
    seed, how
        See :func:`lib.papers.leakage.protocol.run`.
    """
    tables = []
    for (paper, kind), own in data.items():
        records = run(own, (*SPLITS, *OWN.get(paper, ())), n_folds=FOLDS, seed=seed, **how)
        results = score(own, records, experiment=paper, tier="simulated", by="subject")
        tables.append(tidy(results, paper=PAPERS[paper][0], cohort=kind))
    return pd.concat(tables, ignore_index=True)


def muse_cohort(profile: str, root: str = "", *, base: int = 0, **simulated: Any) -> Cohort:
    """The Muse recordings (``public``), or a simulated cohort in their layout (``demo``).

    Raises
    ------
    FileNotFoundError
        Where they are not below the data folder; the message says how to get them.
    """
    if profiles.base(profile) == "demo":
        return muse.read(muse_simulation.make(seed=base, **(MUSE | simulated)))
    return registry.stand_in(FOLDER, profile, root)


def states_data(cohort: Cohort) -> dict[str, Any]:
    """Segments of recordings of mental states, :func:`lib.preprocessing.muse.segments`, and what a
    figure must say."""
    data = segments(cohort)
    return {**data, "about": spine.about(cohort, digest(data), cohort.dropped)}


def _own_and_permuted(data: Mapping[str, Any], seeds: Iterable[int]) -> Iterator[tuple]:
    """For each seed, data with their own labels and with labels permuted over recordings: what the
    labels are called, the data, the seed."""
    for seed in seeds:
        yield "own labels", data, seed
        yield "permuted labels", permuted(data, seed), seed


def mental_states(data: Mapping[str, Any], seeds: int, base: int = 0, n_folds: int = 6,
                  **how: Any) -> pd.DataFrame:
    """Accuracy of every person under every split, with their own labels and with labels permuted
    over recordings; tidy results.

    Each seed draws the folds, the forest and the permutation anew. ``experiment`` is ``"own
    labels"`` or ``"permuted labels"``.
    """
    frames, tier = [], data["about"]["tier"]
    for name, own, k in _own_and_permuted(data, range(base, base + seeds)):
        records = run(own, MUSE_SPLITS, MODELS, n_folds=n_folds, seed=k, **how)
        frames.append(score(own, records, experiment=name, tier=tier, by="subject"))
    return pd.concat(frames, ignore_index=True)


def scalp_network(cohort: Cohort, seeds: int, base: int = 0, n_folds: int = 3) -> pd.DataFrame:
    """Paper 4's own network on such a cohort, as its demo profile has it: spectrograms, features of
    an image network, map of the scalp. Results as of :func:`mental_states`, two splits."""
    preset, row = face_eeg_presets.Preset.of("demo"), "Scalp maps"
    trials = [replace(trial, labels={"emotion": trial.labels["state"]}) for trial in cohort]
    data = face_eeg.maps(replace(cohort, trials=tuple(trials)), preset, lag=0.0,
                         channels=cohort[0].load("eeg").channels)
    data["y"] = data["emotion"]
    work = Row(scalp_fold, {"model": preset.model[row], "recipe": preset.recipe[row]},
               ("maps", "emotion"))
    frames, names = [], ("random_segments", "by_subject")
    for name, own, k in _own_and_permuted(data, range(base, base + seeds)):
        folds = [fold for split in names for fold in splits(own, split, n_folds, k)]
        found = spine.run({**own, "emotion": own["y"]}, {NETWORK: work}, folds, seeds=(k,))
        records = [replace(r, result={"test": r.result["test"].argmax(axis=1)}) for r in found]
        frames.append(score(own, records, experiment=name, tier=cohort.tier, by="subject"))
    return pd.concat(frames, ignore_index=True)


def over_people(results: pd.DataFrame) -> pd.DataFrame:
    """Of :func:`mental_states`: means with intervals over people, and the values of single people
    (``person 1``, ...)."""
    kinds = results.groupby("experiment", sort=False)
    means = pd.concat([tidy(own, labels=kind) for kind, own in kinds], ignore_index=True)
    named = results.rename(columns={"experiment": "labels", "row": "model"})
    keys = ["labels", "split", "model"]
    single = named.pivot_table("value", keys, "fold").add_prefix("person ").reset_index()
    return means.merge(single, on=keys)


def arithmetic(profile: str, root: str = "", seeds: int = 3, networks: int = 3,
               base: int = 0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """EEGMAT as :func:`mental_states` and, in ``networks`` draws, :func:`scalp_network` (profile
    ``public``), or the result that ships with the project; and what a figure must say."""
    if profiles.base(profile) == "public":
        cohort = eegmat.equally_long(registry.stand_in(eegmat.FOLDER, profile, root))
        data = states_data(cohort)
        results = [mental_states(data, seeds, base), scalp_network(cohort, networks, base)]
        said = f"{data['about']['caption']}; mean of {seeds} draws, of the network {networks}"
        return over_people(pd.concat(results)), {**data["about"], "caption": said}
    kept = pd.read_csv(paths.FIGURES / "across" / "public" / f"{eegmat.FOLDER}.csv")
    caption = (f"EEGMAT, 36 people, {eegmat.SECONDS} s of each state (real recordings), the result "
               "that ships with the project")
    return kept, {"caption": caption, "tier": "stand-in", "source": digest(kept)}


def valence_data(profile: str, inputs: Sequence[str], root: str = "", *,
                 base: int = 0) -> dict[str, Any]:
    """Paper 1's trials in segments of 2 s: the 239 real ones (``public``), or the simulated cohort
    (``demo``)."""
    return _windows(rmmt.features(rmmt.cohort(profile, root, seed=base)), inputs)


def valence(data: Mapping[str, Any], n_folds: int = REAL_FOLDS, repeats: int = 3, base: int = 0,
            **how: Any) -> pd.DataFrame:
    """CCC of ridge, nearest neighbour and the stimulus mean under every split, with own and with
    permuted labels; tidy results.

    People are left out one by one. ``repeats`` permutations; ``experiment`` is ``"own labels"`` or
    ``"permuted labels"``.
    """
    frames, models = [], ("nearest neighbour", "ridge", "stimulus mean")
    dealt = [("permuted labels", permuted(data, base + k), base + k) for k in range(repeats)]
    for name, own, k in (("own labels", data, base), *dealt):
        for split in VALENCE_SPLITS:
            folds = len(np.unique(data["subject"])) if split == "by_subject" else n_folds
            records = run(own, (split,), models, n_folds=folds, seed=k, **how)
            frames.append(score(own, records, experiment=name, tier=data["about"]["tier"]))
    return pd.concat(frames, ignore_index=True)
