"""What the four papers claim, asked of simulated cohorts that hold the effect and of null twins,
with the networks of several profiles."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib import paths
from lib.papers.amigos import pretraining
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos import settings as amigos_settings
from lib.papers.face_eeg import protocol as face_eeg
from lib.papers.face_eeg import settings as face_eeg_settings
from lib.papers.mv_sstma import filling
from lib.papers.mv_sstma import protocol as mv_sstma
from lib.papers.mv_sstma import settings as mv_sstma_settings
from lib.papers.rmmt import protocol as rmmt
from lib.papers.rmmt import settings as rmmt_settings
from lib.plots.shapes import blanks, legend
from lib.plots.style import COLOURS
from lib.store import digest
from lib.training.folds import weights
from lib.training.scaling import standardise

CLAIMS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
WORLDS: dict[str, dict[str,
                       float]] = {"with the effect": {"effect": 1.0}, "null twin": {"effect": 0.0}}
NULL_ONLY = {"face_eeg"}  # its claim is a fault of the split, which needs no effect
NEW = "by_subject"
FEW = (1, 3, 10)  # labelled windows of each class


def _rows(paper: str, metric: str) -> list[str]:
    """All rows that the claims of a paper compare by a metric."""
    asked = [line for line in CLAIMS if (line["paper"], line["metric"]) == (paper, metric)]
    pairs = [pair for line in asked for pair in (line["network"], line.get("control", ()))]
    return [*dict.fromkeys(row for pair in pairs for row in pair)]


def _rmmt(profile: str, seed: int, device: str, world: Mapping) -> list[pd.DataFrame]:
    preset, trials = rmmt_settings.Preset.of(profile), rmmt.cohort(profile, seed=seed, **world)
    data = rmmt.features(trials)
    records = rmmt.run(data, _rows("rmmt", "CCC"), "contiguous_trials", preset, seeds=(seed,),
                       device=device)
    return [rmmt.score(data, records, experiment="", tier="")]


def _amigos(profile: str, seed: int, device: str, world: Mapping) -> list[pd.DataFrame]:
    preset, trials = amigos_settings.Preset.of(profile), amigos.cohort(profile, seed=seed, **world)
    data, how = amigos.segments(trials), dict[str, Any](seed=seed, device=device)
    unlabelled = {
        m: pretraining.corpus(profile, m, limit=preset.corpus, seed=seed)
        for m in amigos_settings.MODALITIES
    }
    records = amigos.run(data, unlabelled, _rows("amigos", "arousal F1"), NEW, preset,
                         targets=("arousal",), **how)
    frames, fold = [amigos.score(data, records, experiment="",
                                 tier="")], amigos.splits(data, NEW, preset)[0]
    held = list(fold.test)  # nobody of these was pre-trained on, whatever the profile
    for m, known in unlabelled.items():
        start = pretraining.pretrain(data, known, m, [fold], preset, **how)[0]
        x = standardise(data[m], (), data["subject"], "subject")[held]
        errors = pretraining.people(x, data["subject"][held], start, m, preset, known, seed=seed)
        frames.append(
            _tidy(errors.drop(columns=["modality", "subject"]).mean(), f"{m.upper()} error"))
    return frames


def _seed(profile: str, seed: int, device: str, world: Mapping) -> list[pd.DataFrame]:
    preset, name = mv_sstma_settings.Preset.of(profile), "seed-iv"
    data = mv_sstma.features(mv_sstma.cohort(profile, name, seed=seed, **world))
    how, frames = dict[str, Any](seed=seed, device=device), []
    few = {
        f"accuracy, {n} labelled": {
            "labelled": "first10_per_class", "n_labelled": n, "freeze": True
        } for n in FEW
    }
    for metric, recipe in {"accuracy": {}, **few}.items():
        records = mv_sstma.run(data, name, _rows("seed", metric), preset, recipe=recipe, **how)
        scores = mv_sstma.score({name: data}, records, experiment="", tier="")
        frames.append(scores.assign(metric=metric))
    folds = mv_sstma.splits(data, mv_sstma_settings.SPLIT[name], preset.hop)
    start = mv_sstma.pretrain(data, "eeg", folds, preset, **how)[0]
    errors = filling.errors(*filling.fill(data, "eeg", folds, preset, weights(start), seed=seed))
    return [*frames, _tidy(pd.Series(errors), "error, 30 % hidden")]


def _face_eeg(profile: str, seed: int, device: str, world: Mapping) -> list[pd.DataFrame]:
    preset, twin = face_eeg_settings.Preset.of(profile), face_eeg_settings.NULL_TWIN
    trials = face_eeg.cohort(profile, seed=seed, **{**twin, **world})
    data, frames = face_eeg.features(trials, preset), []
    for split in ("random_segments", "by_clip"):
        records = face_eeg.run(data, ["Scalp maps", "nearest neighbour"], split, preset, seed=seed,
                               device=device)
        scores = face_eeg.score(data, records, experiment="", tier="")
        frames.append(scores.assign(row=scores["row"] + ", " + split.replace("_", " ")))
    return frames


PAPERS: dict[str, Callable[..., list[pd.DataFrame]]] = {
    "rmmt": _rmmt, "amigos": _amigos, "seed": _seed, "face_eeg": _face_eeg
}


def _tidy(values: pd.Series, metric: str) -> pd.DataFrame:
    return values.rename_axis("row").rename("value").reset_index().assign(metric=metric)


def run(paper: str, profiles: Sequence[str], seeds: Sequence[int],
        device: str = "cpu") -> pd.DataFrame:
    """Mean scores of each row of a paper: ``paper``, ``profile``, ``cohort`` (:data:`WORLDS`),
    ``seed`` of cohort and trainings, ``metric``, ``row``, ``value``."""
    tables = []
    worlds = [name for name in WORLDS if not (paper in NULL_ONLY and WORLDS[name]["effect"])]
    for profile, seed, cohort in product(profiles, seeds, worlds):
        scores = pd.concat(PAPERS[paper](profile, seed, device, WORLDS[cohort]))
        scores = scores[scores["metric"].isin([line["metric"] for line in CLAIMS])]
        means = scores.groupby(["metric", "row"], sort=False)["value"].mean().reset_index()
        about: dict[str, Any] = {"paper": paper, "profile": profile, "cohort": cohort, "seed": seed}
        tables.append(means.assign(**about)[[*about, "metric", "row", "value"]])
    return pd.concat(tables, ignore_index=True)


def gains(scores: pd.DataFrame) -> pd.DataFrame:
    """By how much the first row of each pair of ``effects.yaml`` is above the second: ``claim``,
    ``who`` (whose networks, or the control of the first profile), ``cohort``, ``seed``, ``gain``.
    """
    keys, lines, first = ["profile", "cohort", "seed"], [], scores["profile"].iloc[0]
    for line, asked in product(CLAIMS, ("network", "control")):
        own = scores[(scores["paper"] == line["paper"]) & (scores["metric"] == line["metric"])]
        if asked == "control":
            own = own[own["profile"] == first]
        if asked in line and len(own):
            wide = own.pivot_table(index=keys, columns="row", values="value", sort=False)
            gain = (wide[line[asked][0]] - wide[line[asked][1]]).rename("gain").reset_index()
            who = "control" if asked == "control" else "network, " + gain["profile"]
            lines.append(gain.assign(claim=line["claim"], who=who))
    return pd.concat(lines, ignore_index=True)[["claim", "who", "cohort", "seed", "gain"]]


def table(gains: pd.DataFrame) -> pd.DataFrame:
    """Gains of each claim over the seeds, ``mean (lowest to highest)``: a column for each of those
    asked, on cohorts with the effect and on null twins."""
    keys = ["claim", "cohort", "who"]
    over = gains.groupby(keys, sort=False)["gain"].agg(["mean", "min", "max"]).reset_index()
    said = over.apply(lambda line: "{mean:+.2f} ({min:+.2f} to {max:+.2f})".format(**line), axis=1)
    return over.assign(said=said).pivot_table("said", "claim", keys[1:], "first", sort=False)


def results(paper: str, profiles: Sequence[str], seeds: Sequence[int],
            device: str = "cpu") -> tuple[pd.DataFrame, dict[str, Any]]:
    """:func:`run` of a paper and what a figure must say; without seeds, what ships with the
    project."""
    caption = "null twins" if paper in NULL_ONLY else "cohorts with the effect, and null twins"
    if not seeds:
        caption += ", the results that ship with the project"
        scores = pd.read_csv(paths.FIGURES / "across" / "full" / f"effects_{paper}.csv")
    else:
        scores = run(paper, profiles, seeds, device)
    return scores, {"caption": f"simulated {caption}", "source": digest(scores)}


def draw(gains: pd.DataFrame) -> Figure:
    """Gains of each claim: the networks of each profile and the control below each other, a mark
    for each seed, filled where the cohort holds the effect, hollow on the null twin."""
    claims = [*dict.fromkeys(gains["claim"])]
    who = [*dict.fromkeys(gains["who"])]
    figure, (ax,) = blanks(max(1.3, 0.5 + 0.2 * len(claims) * (len(who) + 1)))
    shades = {one: COLOURS["control"] if one == "control" else f"C{i}" for i, one in enumerate(who)}
    step = 1 / (len(who) + 1)
    for (claim, one, world), own in gains.groupby(["claim", "who", "cohort"], sort=False):
        y = claims.index(claim) + step * (who.index(one) - (len(who) - 1) / 2)
        real = world == next(iter(WORLDS))
        ax.plot(own["gain"], np.full(len(own), y + (-0.03 if real else 0.03)), "o", ms=6, mew=1.2,
                color=shades[one], mfc=shades[one] if real else "none")
    ax.axvline(0, color="0.6", lw=1, ls="--", zorder=0)
    for y in range(1, len(claims)):
        ax.axhline(y - 0.5, color="0.9", lw=0.8, zorder=0)
    ax.set(yticks=range(len(claims)), yticklabels=[textwrap.fill(c, 34) for c in claims],
           ylim=(len(claims) - 0.5, -0.5),
           xlabel="gain: the first row minus the second, in the metric of the claim")
    ax.tick_params(axis="y", length=0)
    handles = [
        Line2D([], [], marker="o", ls="", color=shade, label=name)
        for name, shade in shades.items()
    ]
    handles.append(Line2D([], [], marker="o", ls="", color="0.3", mfc="none", label="null twin"))
    legend(figure, handles)
    return figure
