"""Read damaged copies of a small cohort of each format: ``python -m tests.fuzz [format ...]
[--copies 300] [--replay number]``.

One file of each copy is damaged, with a fixed seed. Each copy is read whole in a process of its
own, with limits of memory and time, and compared with what the undamaged cohort holds. Outcomes:
``equal``; ``refused`` or ``left out``, in the project's words; ``samples`` or ``label``: values of
one trial differ in no more places than bytes were changed, which nothing in a format without
checksums can tell; ``unseen``: a change of structure that is listed with its reason in
``tests/fuzz/formats.py``. Faults: ``structure`` (any other change without a word) and ``other`` (an
exception that is not the project's, a crash, a hang, out of memory).
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1",
                  TQDM_DISABLE="1")

import argparse
import contextlib
import gc
import pickle
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

from lib.datasets.base import BadFile
from tests.fuzz.formats import FORMATS, MARKS, Format
from tests.fuzz.mutations import mutate

SECONDS, MEMORY = 25, 7 << 30
OUTCOMES = ("equal", "refused", "left out", "samples", "label", "unseen", "structure", "other")


def isolated(function, seconds: int = SECONDS):
    """What a function returns or, as text, how the process that ran it came to its end."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            os.close(reading)
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1), os.dup2(null, 2)
            warnings.simplefilter("ignore")
            with contextlib.suppress(ValueError):  # not every system limits memory
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            try:
                result = function()
            except BaseException:
                result = traceback.format_exc()
            with open(writing, "wb") as pipe:
                pickle.dump(result, pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    return pickle.loads(
        content) if content else f"ended by {signal.Signals(status).name if status else 'itself'}"


def contents(form: Format, root: Path) -> dict:
    """Everything that a cohort holds, or the words in which it is refused."""
    try:
        cohort = form.read(root)
    except BadFile as error:
        return {"refused": str(error)}
    trials = {}
    for trial in cohort:
        file = Path(next(iter(trial.files.values()))).relative_to(root).as_posix()
        key = f"{file} {trial.session}-{trial.trial}" if form.shared else file
        signals = {}
        for modality in trial.loaders:
            try:
                signals[modality] = trial.load(modality)
            except BadFile as error:
                signals[modality] = str(error)
        who, labels = (trial.subject, trial.session,
                       trial.trial), {**trial.labels, "stimulus": trial.stimulus}
        trials[key + " again" * (key in trials)] = who, labels, signals
    dropped = {name: str(why).replace(str(root), "") for name, why in cohort.dropped.items()}
    return {
        "cohort": (cohort.name, cohort.tier, cohort.caption), "trials": trials, "dropped": dropped
    }


def changes(one: np.ndarray, other: np.ndarray, per_frame: bool) -> int:
    """In how many samples (frames) two arrays differ; a new NaN says of itself that something is
    missing."""
    differ = (one != other) & (other == other)
    return int(differ.reshape(len(differ), -1).any(axis=1).sum() if per_frame else differ.sum())


def judge(clean: dict, found: dict, touched: int | None) -> tuple[str, str]:
    """Outcome and finding; ``touched`` is how many bytes were changed, None where the file has
    another length."""
    if "refused" in found:
        return "refused", found["refused"]
    told = {
        name: why for name, why in found["dropped"].items() if clean["dropped"].get(name) != why
    }
    wrong = [f"{found['cohort']}"] * (found["cohort"] != clean["cohort"])
    missing, extra = ([key for key in one["trials"] if key not in two["trials"]]
                      for one, two in ((clean, found), (found, clean)))
    wrong += [f"new trials {extra}"] * bool(extra) + [f"missing trials {missing}"] * bool(
        missing and not told)
    refused, samples, labels = [], {}, {}
    for key in clean["trials"].keys() & found["trials"].keys():
        (a_who, a_labels, a_signals), (b_who, b_labels,
                                       b_signals) = clean["trials"][key], found["trials"][key]
        # the reader says that samples are missing there
        if b_labels.get("stretches", 0) > a_labels.get("stretches", 0):
            told[key] = "broken"
            continue
        # a count may go on
        wrong += [f"{key}: {a_who} -> {b_who}"] * (a_who != b_who
                                                   and not (told and a_who[:2] == b_who[:2]))
        lost = (a_labels.keys() - b_labels.keys()) | (a_signals.keys() - b_signals.keys())
        pairs = {
            k: (np.atleast_1d(a_labels[k]), np.atleast_1d(b_labels[k]))
            for k in a_labels.keys() & b_labels.keys()
        }
        if b_labels.keys() - a_labels.keys() or any(a.shape != b.shape for a, b in pairs.values()):
            wrong.append(f"{key}: other labels")
        elif number := {k: n for k, (a, b) in pairs.items() if (n := changes(a, b, False))}:
            labels[key] = number
        wrong += [f"{key}: no {lost}"] * bool(lost and not told)
        for name, b in b_signals.items():
            if isinstance(b, str):
                refused.append(b)
                continue
            # left out of both before, since the other had it too
            if (a := a_signals.get(name)) is None:
                wrong += [f"{key}: new {name}"] * (not told)
                continue
            heads = [(s.data.shape, s.data.dtype, s.rate, s.channels, s.unit, round(s.start, 6))
                     for s in (a, b)]
            if heads[0] != heads[1]:
                wrong.append(f"{key} {name}: " +
                             ", ".join(f"{x} -> {y}"
                                       for x, y in zip(*heads, strict=True) if x != y)[:300])
            elif number := changes(a.data, b.data, a.data.ndim == 4 or not a.channels):
                samples[key] = max(number, samples.get(key, 0))
    changed = {
        key: samples.get(key, 0) + sum(labels.get(key, {}).values()) for key in samples | labels
    }
    if changed and touched is None:
        wrong.append(f"other values {labels or samples} in a file of another length")
    elif len(changed) > 1:
        wrong.append(f"values of {len(changed)} trials")
    elif changed and max(changed.values()) > touched:
        wrong.append(f"{changed} values changed by {touched} bytes")
    if wrong:
        return "structure", "; ".join(wrong)
    if changed:
        return ("label", f"{labels}") if labels else ("samples", f"{samples}")
    return ("left out", f"{told}") if told else ("refused", refused[0]) if refused else ("equal",
                                                                                         "")


def copy_of(root: Path, target: Path, name: str, number: int) -> tuple[str, int | None]:
    """A copy of a cohort, of hard links but for the damaged file; says which damage, and how many
    bytes it touched."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.name not in MARKS)
    # else the many files of one kind would hide the few of another
    suffix = rng.choice(sorted({path.suffix for path in files}))
    alike = [path for path in files if path.suffix == suffix]
    victim = alike[rng.integers(len(alike))]
    data = victim.read_bytes()
    kind, damaged = mutate(data, rng, [path.read_bytes() for path in alike if path != victim])
    for path in root.rglob("*"):
        if path.is_file() and path != victim:
            (target / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target / path.relative_to(root))
    if damaged is not None:
        (target / victim.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
        (target / victim.relative_to(root)).write_bytes(damaged)
    same = damaged is not None and len(damaged) == len(data)
    touched = int(
        (np.frombuffer(data, np.uint8) != np.frombuffer(damaged, np.uint8)).sum()) if same else None
    return f"{victim.relative_to(root)}: {kind}", touched


def run(name: str, numbers, folder: Path,
        keep: bool = False) -> tuple[Counter, list[str], set[str]]:
    """Outcomes of the copies of one format, the faults in words, and why some changes cannot be
    seen."""
    form, outcomes, faults, unseen = FORMATS[name], Counter(), [], set()
    root = folder / "clean"
    if not root.exists() and isinstance(failed := isolated(lambda: form.write(root), 600), str):
        raise RuntimeError(failed)
    clean = isolated(lambda: contents(form, root / form.below))
    if isinstance(clean, str) or "refused" in clean:
        raise RuntimeError(f"{name}: the undamaged cohort: {clean}")
    for number in numbers:
        target = folder / f"{name}-{number}"
        what, touched = copy_of(root / form.below, target, name, number)
        found = isolated(
            lambda: judge(clean, contents(form, target), touched))  # noqa: B023  (called at once)
        outcome, finding = ("other", found) if isinstance(found, str) else found
        file, damage = what.rsplit(": ", 1)
        if outcome == "structure":
            known = [
                b for b in form.blind if re.search(b.file, file) and re.search(b.damage, damage)
                and re.search(b.finding, finding)
            ]
            outcome = "unseen" if known else outcome
            unseen |= {f"{name}: {damage}: {b.why}" for b in known}
        outcomes[outcome] += 1
        if outcome in ("structure", "other") or keep:
            faults.append(f"{name} --replay {number}: {what}: {outcome}: {finding}")
        if keep:
            faults.append(f"left in {target}")
        else:
            shutil.rmtree(target, ignore_errors=True)
    return outcomes, faults, unseen


def main() -> int:
    """Run the formats named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("formats", nargs="*", metavar="format", help=", ".join(FORMATS))
    parser.add_argument("--copies", type=int, default=300)
    parser.add_argument("--replay", type=int,
                        help="one copy by its number; it is kept, and its outcome told")
    options = parser.parse_args()
    if unknown := set(options.formats) - FORMATS.keys():
        parser.error(f"no format {', '.join(sorted(unknown))}; there are: {', '.join(FORMATS)}")
    folder, faults, unseen, written = Path(tempfile.mkdtemp(prefix="fuzz-")), [], set(), {}
    numbers = range(options.copies) if options.replay is None else [options.replay]
    gc.freeze()
    print(f"{'format':24}{'copies':>8}" + "".join(f"{outcome:>10}"
                                                  for outcome in OUTCOMES) + f"{'seconds':>9}")
    for name in options.formats or FORMATS:
        # the corpora are written once
        place = written.setdefault(str(FORMATS[name].write), folder / name.replace(" ", "-"))
        place.mkdir(exist_ok=True)
        begin = time.time()
        outcomes, found, why = run(name, numbers, place, options.replay is not None)
        counts = "".join(f"{outcomes[outcome]:10}" for outcome in OUTCOMES)
        print(f"{name:24}{outcomes.total():8}{counts}{time.time() - begin:9.0f}", flush=True)
        faults, unseen = faults + found, unseen | why
    for why in sorted(unseen):
        print("unseen:", why)
    for fault in faults:
        print("python -m tests.fuzz", fault if options.replay is not None else fault[:400])
    if options.replay is None:
        shutil.rmtree(folder, ignore_errors=True)
    return int(bool(faults) and options.replay is None)


if __name__ == "__main__":
    sys.exit(main())
