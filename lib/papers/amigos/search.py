"""Hyper-parameter search of paper 2 with Ray Tune, on the inner validation segments of each fold
(Sec 4.3).

``make tune`` searches and writes the best configuration of every fold as YAML; :func:`found` reads
them back for :func:`lib.papers.amigos.protocol.run` (notebook 22: ``tuned = True``). The test
segments of a fold take no part. A search that was stopped is continued.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from lib import paths, profiles
from lib.datasets.base import BadFile
from lib.evaluation.classification import classification
from lib.papers.amigos import pretraining as amigos_pretraining
from lib.papers.amigos import protocol as amigos
from lib.papers.amigos.settings import MODALITIES, SPACE, TARGETS, Preset
from lib.papers.amigos.training import finetune_fold, high_labels
from lib.training.folds import weights
from lib.training.splits import Split


def folder_of(profile: str) -> Path:
    """Where the searches of a profile are kept: ``build/tune/<profile>``."""
    return paths.build() / "tune" / profile


def _file(folder: Path, split: Split, modality: str, target: str) -> Path:
    return folder / f"{split.name}-{split.fold}-{modality}-{target}.yaml"


def _objective(config: Mapping, arrays: Mapping[str, np.ndarray], split: Mapping,
               settings: Mapping) -> dict[str, float]:
    """Macro-F1 on the validation segments of one configuration."""
    torch.set_num_threads(1)
    result = finetune_fold(arrays, split=split, **amigos.configured(settings, config))
    y = high_labels(arrays[settings["target"]], arrays["trial"], split["train"])[list(split["val"])]
    return classification(y.astype(int), result["val"] > 0.5)


def _tuner(tune, trainable, file: Path, samples: int, seed: int):
    """A search of Ray Tune, kept beside its file: a new one, or what is left of one that was
    stopped."""
    place = str(file.with_suffix(""))
    if tune.Tuner.can_restore(place):
        return tune.Tuner.restore(place, trainable, resume_unfinished=True, restart_errored=True)
    space = {name: getattr(tune, kind)(*bounds) for name, (kind, *bounds) in SPACE.items()}
    drawn = tune.search.BasicVariantGenerator(random_state=seed)
    how = tune.TuneConfig(metric="F1", mode="max", num_samples=samples, search_alg=drawn)
    kept = tune.RunConfig(name=file.stem, storage_path=str(file.parent), verbose=0)
    return tune.Tuner(trainable, param_space=space, tune_config=how, run_config=kept)


def search(data: Mapping[str, Any], unlabelled: Mapping[str, np.ndarray], split: Split,
           modality: str, target: str, preset: Preset, folder: Path, *, samples: int = 8,
           seed: int = 0, device: str = "cpu", jobs: int = 2) -> dict[str, float]:
    """Search one network of one fold; found or continued where an earlier search left off.

    Parameters
    ----------
    data, unlabelled, preset
        As for :func:`lib.papers.amigos.protocol.run`.
    split : Split
        Only ``train`` and ``val`` are used.
    folder : Path
        Where the search is kept, see :func:`folder_of`. It holds searches of one cohort and preset:
        remove it when these change.
    samples : int
        Configurations that are tried.

    Returns
    -------
    dict
        The configuration with the best validation macro-F1 (also written to
        ``<folder>/<split>-<fold>-<modality>-<target>.yaml``).
    """
    try:
        import ray
        from ray import tune
    except ImportError as error:
        raise ImportError("the search needs the extra: pip install -e '.[ray]'") from error
    file = _file(folder.resolve(), split, modality, target)
    if file.exists():
        return best(split, modality, target, file.parent)
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # the one that keeps quiet when told so
    if not ray.is_initialized():
        ray.init(num_cpus=jobs, include_dashboard=False, logging_level="error", log_to_driver=False)
    start = amigos_pretraining.pretrain(data, unlabelled[modality], modality, [split], preset,
                                        seed=seed, device=device)[0]
    settings = amigos.finetuning(modality, target, preset, device)
    settings |= {"seed": seed, "weights": weights(start)}
    arrays = {name: np.asarray(data[name]) for name in ("eeg", "ecg", *TARGETS, "trial", "subject")}
    # the fold's test segments take no part
    inner = {"train": split.train, "val": split.val, "test": split.val}
    trainable = tune.with_parameters(_objective, arrays=arrays, split=inner, settings=settings)
    winner = _tuner(tune, trainable, file, samples, seed).fit().get_best_result()
    config = {name: np.asarray(value).item() for name, value in winner.config.items()}
    score = {"validation F1": float(winner.metrics["F1"]), "samples": samples, "seed": seed}
    file.write_text(yaml.safe_dump({"config": config, **score}))
    return config


def found(folds: Sequence[Split], folder: Path) -> dict[tuple[int, str, str], dict[str, float]]:
    """Every configuration that searches have left for these folds, as
    :func:`lib.papers.amigos.protocol.run` takes them."""
    return {(fold.fold, m, target): best(fold, m, target, folder)
            for fold, m, target in product(folds, MODALITIES, TARGETS)
            if _file(folder, fold, m, target).exists()}


def best(split: Split, modality: str, target: str, folder: Path) -> dict[str, float]:
    """The configuration that a search has written for one network of one fold.

    Raises
    ------
    FileNotFoundError
        Where no search was run for it.
    BadFile
        Where the file holds names that the search space does not have.
    """
    file = _file(folder, split, modality, target)
    if not file.exists():
        raise FileNotFoundError(f"{file}: no search was run for this fold. Type `make tune`.")
    config = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("config", {})
    if set(config) != set(SPACE):
        raise BadFile(file, f"values for {', '.join(SPACE)}", ", ".join(map(str, config))
                      or "nothing", "Delete it and type `make tune`.")
    return config


def main(argv: list[str] | None = None) -> int:
    """``python -m lib.papers.amigos.search``: search every modality and target of the chosen
    folds; print what was best."""
    parser = argparse.ArgumentParser(prog="python -m lib.papers.amigos.search",
                                     description=main.__doc__)
    parser.add_argument("--profile", default="demo", choices=profiles.names())
    parser.add_argument("--data", default="")
    parser.add_argument("--split", default="by_subject")
    parser.add_argument("--folds", type=int, default=1, help="how many folds, from the first")
    parser.add_argument("--samples", type=int, default=8,
                        help="configurations tried per fold, modality and target")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    preset, folder = Preset.of(args.profile), folder_of(args.profile)
    data = amigos.segments(amigos.cohort(args.profile, args.data))
    unlabelled = {
        m: amigos_pretraining.corpus(args.profile, m, args.data, limit=preset.corpus)
        for m in MODALITIES
    }
    folds = amigos.splits(data, args.split, preset)[:args.folds]
    for fold, modality, target in product(folds, MODALITIES, TARGETS):
        config = search(data, unlabelled, fold, modality, target, preset, folder,
                        samples=args.samples, device=args.device)
        print(f"{fold.name}, fold {fold.fold}, {modality}, {target}: {config}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
