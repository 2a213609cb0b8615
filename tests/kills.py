"""Kill `make reproduce` at random moments, again and again, and see what is lost.

``python -m tests.kills --kills 20 --seed 0`` runs a few small notebooks in a project of its own (a
copy of the code in a temporary folder): cohorts, features, folds and pre-training in worker
processes. Each run is killed with SIGKILL, its whole process group at once, at a moment drawn
evenly over the time an undisturbed run takes. After each kill: which entries of the memo are whole,
which processes stay. Then one entry is damaged. A run that ends before its kill is compared with
the undisturbed one, and the next starts from nothing. Exit status 1 where anything is lost, stays,
or differs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil

from lib import paths
from lib.store import Store
from tests.conftest import HEADER

PARAMETERS = '''
# %% tags=["parameters"]
profile: str = "demo"  # profile
seed: int = 0  # base seed
device: str = "cpu"  # device
data: str = ""  # data
out: str = ""  # figures

# %%
from lib.companion.run import start

run = start("NAME", profile=profile, seed=seed, device=device, data=data, out=out)
'''
COHORT = '''
# %%
import pandas as pd

from lib.datasets import amigos
from lib.preprocessing import physio
from lib.simulation import amigos as simulation
from lib.store import Store

cohort = amigos.read(simulation.make(subjects=6, short=(20, 24), long=(30, 34), seed=seed))
data = physio.segments(cohort, store=Store())
power = (data["eeg"] ** 2).mean((1, 2)).astype(str)
run.table("cohort", pd.DataFrame({"power": power}), caption="simulated")
'''
FOLDS = '''
# %%
import numpy as np
import pandas as pd

from lib.papers.rmmt.training import fit_fold
from lib.training.folds import Call, cross_validate
from lib.training.splits import contiguous_trials

rng = np.random.default_rng(seed)
data = {"eeg": rng.normal(size=(4800, 32)).astype("f4"), "valence": rng.normal(size=4800),
        "face": rng.normal(size=(4800, 16)).astype("f4"), "lengths": np.full(40, 120),
        "subject": np.repeat(np.arange(10), 4)}
recipe = {"epochs": 12, "window": 32, "hop": 16, "train_hop": 32}
settings = {"model": "RMMT", "options": {"widths": (16, 16), "layers": 1}, "recipe": recipe}
calls = [Call("RMMT", fold, seed, settings) for fold in contiguous_trials(data["subject"])]
results = cross_validate(fit_fold, data, calls, jobs=2)
means = [str(result["test"].mean(dtype=float)) for result in results]
run.table("folds", pd.DataFrame({"test": means}), caption="simulated")
'''
FORESTS = '''
# %%
import numpy as np
import pandas as pd

from lib.papers.leakage.models import simple_fold
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split

rng, rows = np.random.default_rng(seed), np.arange(900)
data = {"x": rng.normal(size=(900, 64)).astype("f4"), "y": rng.normal(size=900)}
calls = [Call("", Split("blocks", k, tuple(rows[rows % 9 != k]), (), tuple(rows[rows % 9 == k])),
              seed, {"models": ("random forest",)}) for k in range(9)]
results = cross_validate(simple_fold, data, calls, jobs=2)
means = [str(result["random forest"].mean()) for result in results]
run.table("forests", pd.DataFrame({"test": means}), caption="simulated")
'''
PRETRAINING = '''
# %%
import numpy as np
import pandas as pd

from lib.papers.amigos.training import pretrain_fold
from lib.training.folds import Call, cross_validate
from lib.training.splits import Split

x = np.random.default_rng(seed).normal(size=(64, 1, 256)).astype("f4")
model = {"in_channels": 1, "channels": (8, 8), "kernels": (9, 3), "strides": (4, 2),
         "layers": 1, "feedforward": 16, "mask_hidden": 16}
how = {"model": model, "recipe": {"epochs": 6}}
calls = [Call("", Split("all", k, (), (), ()), seed, how | {"checkpoint": f"kills/{k}.pt"})
         for k in range(4)]
results = cross_validate(pretrain_fold, {"corpus": x, "own": x[:0]}, calls, jobs=2)
losses = [str(result["history"][-1]) for result in results]
run.table("pretraining", pd.DataFrame({"loss": losses}), caption="simulated")
'''
# seconds after a kill in which all processes must have ended; what stays, stays for minutes
WAIT = 30.0
MARK = "KILLS_MARK"


def project(folder: Path, short: bool) -> Path:
    """A copy of the code with small notebooks."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(paths.ROOT / "lib", folder / "lib", ignore=skip)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-weights.txt"):
        shutil.copy(paths.ROOT / name, folder)
        os.utime(folder / name, (0, 0))  # nothing is to be installed
    (folder / "notebooks" / "profiles").mkdir(parents=True)
    for profile in ("demo", "public", "paper"):
        (folder / "notebooks" / "profiles" / f"{profile}.yaml").write_text(f"profile: {profile}\n")
    longer = {"10_cohort": COHORT, "12_folds": FOLDS, "20_pretraining": PRETRAINING}
    for name, text in ({"30_forests": FORESTS} if short else longer).items():
        parts = [
            HEADER.replace("PRODUCES", name[3:]), f"# %% [markdown]\n# # {name}",
            PARAMETERS.replace("NAME", name), text, "# %%\nrun.finish()"
        ]
        (folder / "notebooks" / f"{name}.py").write_text("\n".join(parts) + "\n")
    if not short:
        shutil.copy(paths.NOTEBOOKS / "00_start_here.py", folder / "notebooks")
    return folder


def reproduce(folder: Path, mark: str) -> subprocess.Popen:
    """`make reproduce` in a session of its own; its processes can be told by a mark in their
    environment."""
    ours = ("MAKE", "MFLAGS", "BUILD", "NOTEBOOKS", "DATA", "PYTHONPATH")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    environment |= {MARK: mark, "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(["make", "reproduce", f"VENV={sys.prefix}"], cwd=folder, stdout=log,
                                stderr=log, env=environment, start_new_session=True)


def belonging(mark: str) -> list[psutil.Process]:
    """Living processes of one run, whoever their parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


def tables(folder: Path) -> dict[str, bytes]:
    """Every table and figure's data, by place."""
    return {
        str(file.relative_to(folder)): file.read_bytes() for part in ("figures", "build/figures")
        for file in (folder / part).rglob("*.csv")
    }


def entries(folder: Path) -> dict[str, tuple[int, int]]:
    """The whole entries of the memo: which file it is, and from when. Damaged ones stay where they
    are."""
    found = {}
    for file in (folder / "build" / "memo").rglob("*.npz"):
        copy = folder / "probe" / "x.npz"  # a store removes what is damaged
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)
        if Store(copy.parent).load("x") is not None:
            found[str(file)] = (file.stat().st_ino, file.stat().st_mtime_ns)
    return found


def damage(file: Path, rng: random.Random) -> None:
    """Damage one entry as a disk, a power cut or a careless hand would."""
    content = bytearray(file.read_bytes())
    how, place = rng.choice(["cut", "zeroed", "bit", "empty",
                             "member"]), rng.randrange(len(content))
    if how == "cut":
        content = content[:place]
    elif how == "zeroed":
        content[place:place + 4096] = bytes(len(content[place:place + 4096]))
        if content == file.read_bytes():
            content[place] ^= 1
    elif how == "bit":
        content[place] ^= 1 << rng.randrange(8)
    elif how == "empty":
        content = bytearray()
    else:
        with np.load(file) as archive:
            some = {name: archive[name] for name in archive.files[1:]}
        np.savez(file, **some)
        return
    file.write_bytes(content)


def main(argv: list[str] | None = None) -> int:
    """Print a line for each kill and a table of faults; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=main.__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="one notebook only")
    options = parser.parse_args(argv)
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        return _kill(Path(scratch), options, rng)


def _kill(scratch: Path, options: argparse.Namespace, rng: random.Random) -> int:
    calm, shaken = (project(scratch / name, options.short) for name in ("calm", "shaken"))
    start = time.monotonic()
    if reproduce(calm, "calm").wait():
        print((calm / "log").read_text())
        return 1
    whole, expected = time.monotonic() - start, tables(calm)
    print(
        f"undisturbed: {whole:.1f} s, {len(entries(calm))} entries, {len(expected)} tables\n"
        "kill      at s  entries  damaged  processes  ended after s", flush=True)
    faults = dict.fromkeys([
        "finished folds lost", "damaged entries accepted", "processes left", "parts left",
        "tables that differ"
    ], 0)
    known: dict[str, tuple[int, int]] = {}
    broken: dict[str, bytes] = {}

    def settle() -> None:
        """Count what differs after a complete run that has asked for every entry."""
        now = entries(shaken)
        faults["finished folds lost"] += len(known.items() - now.items())
        faults["finished folds lost"] += len(broken.keys() - now.keys())
        faults["damaged entries accepted"] += sum(
            Path(file).read_bytes() == content for file, content in broken.items())
        faults["tables that differ"] += len(dict(tables(shaken).items() ^ expected.items()))
        faults["parts left"] += len([*shaken.rglob("*.part"), *shaken.rglob(".partial")])

    def complete() -> None:
        for stamp in (shaken / "build").glob("*.stamp.json"):
            stamp.unlink()
        if reproduce(shaken, "complete").wait():
            print((shaken / "log").read_text()[-4000:])
            faults["tables that differ"] += 1
        settle()

    kills = 0
    while kills < options.kills:
        mark, moment = uuid4().hex, rng.uniform(0.5 * whole if options.short else 0, whole)
        run = reproduce(shaken, mark)
        try:
            run.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
        else:  # all was done before
            complete()
            for name in ("build", "figures"):
                shutil.rmtree(shaken / name, ignore_errors=True)
            known, broken = {}, {}
            continue
        kills, killed = kills + 1, time.monotonic()
        while (left := belonging(mark)) and time.monotonic() - killed < WAIT:
            time.sleep(0.1)
        ended = time.monotonic() - killed
        for process in left:
            print("left:", process)
            process.kill()
        now = entries(shaken)
        files = {str(file) for file in (shaken / "build" / "memo").rglob("*.npz")}
        bad = files - now.keys() - broken.keys()
        faults["processes left"] += len(left)
        faults["finished folds lost"] += len(known.items() - now.items())
        known = now
        print(f"{kills:4}{moment:10.1f}{len(now):9}{len(bad):9}{len(left):11}{ended:15.1f}",
              flush=True)
        if known:
            file = rng.choice(sorted(known))
            damage(Path(file), rng)
            broken[file] = Path(file).read_bytes()
            del known[file]
    complete()
    print("\n".join(f"{name:26}{number:4}" for name, number in faults.items()))
    return int(any(faults.values()))


if __name__ == "__main__":
    sys.exit(main())
