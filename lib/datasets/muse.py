"""EEG of four people who relax, do nothing in particular or concentrate: two recordings of about a
minute each, Muse headband.

Bird, github.com/jordan-bird/eeg-feature-generation, folder ``dataset/original_data``: one CSV per
recording, with the time of each sample.
"""

import logging
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import (alone, check, check_finite, copies, finish, left_out, microvolts,
                                 origin)
from lib.datasets.muse_format import CHANNELS, CLOCK, FOLDER, RATE, STATES
from lib.datasets.table import read_csv
from lib.paths import glob

GAP = 1.5 / RATE  # s; regular steps are 3 or 4 ms: further apart, and the recording is broken there
# s of samples. choice: four segments of 3 s; with fewer, a recording has no time course
LEAST = 12.0
MARK = "subject[a-z]-*-[0-9].csv"
NAME = re.compile(rf"subject([a-z])-({'|'.join(STATES)})-(\d)")
AGAIN = f"Fetch it again: python -m lib.datasets fetch {FOLDER}"


def read(root: str | Path) -> Cohort:
    """Read the recordings. Each file is checked once now and read again when asked for.

    Parameters
    ----------
    root : path-like
        Folder with ``subjecta-relaxed-1.csv`` and its like, or the folder above
        ``muse-mental-states/``.

    Returns
    -------
    Cohort
        One trial per recording, by subject, state and number. ``labels``: ``state`` (0 relaxed, 1
        neutral, 2 concentrating), ``seconds`` of samples, and ``stretches``: 1, or more where the
        recording is broken (:data:`GAP`). ``load("eeg")``: ``(4, n_times)`` float32 in uV at 256
        Hz, all stretches one after another; ``load("clock")``: ``(1, n_times)`` float64, seconds
        since the first sample, with the gaps. Whoever cuts segments must cut at them, as
        :func:`lib.preprocessing.muse.segments` does. ``session`` is the number of the recording.
        Recordings of less than :data:`LEAST` seconds, and files that are not as promised, are in
        ``dropped`` with the reason.

    Raises
    ------
    BadFile
        No usable recording.
    """
    root = Path(root)
    root = root if glob(root, MARK) else root / FOLDER
    trials, dropped = [], dict[str, str]()
    names = {path: name for path in glob(root, MARK) if (name := NAME.fullmatch(path.stem))}
    found = sorted((ord(name[1]) - ord("a") + 1, STATES.index(name[2]), int(name[3]), path)
                   for path, name in names.items())
    twins = copies(names)
    for subject, state, number, path in found:
        with left_out(dropped, path.name):
            alone(path, twins, AGAIN)
            clock = _table(path)[CLOCK].to_numpy()
            seconds, breaks = len(clock) / RATE, (np.diff(clock) > GAP).sum()
            check(path, seconds >= LEAST, f"{LEAST:g} s of samples", f"{seconds:.1f} s",
                  "Nothing needs to be done: the others are used.")
            labels = {"state": state, "seconds": round(seconds, 1), "stretches": 1 + int(breaks)}
            loaders = {"eeg": partial(_load, path), "clock": partial(_load_clock, path)}
            trials.append(
                Trial("muse", subject, str(number), 10 * state + number, STATES[state], labels,
                      loaders, {"eeg": str(path)}))
    cohort = origin(root, FOLDER, "Muse recordings of three mental states, 4 people", "public")
    return finish(replace(cohort, name=FOLDER), root, trials, dropped,
                  "at least one recording such as subjecta-relaxed-1.csv", f"none of {len(found)}",
                  AGAIN, logging.INFO)


def _table(path: Path) -> pd.DataFrame:
    """The clock and the channels of one file, checked."""
    must = partial(check, path, fix=AGAIN)
    table = read_csv(path, AGAIN, columns := [CLOCK, *CHANNELS])[columns]
    check_finite(path, table.to_numpy(), "", AGAIN)
    microvolts(path, table[list(CHANNELS)].to_numpy().T, AGAIN)
    steps = np.diff(table[CLOCK])
    back = np.append(steps <= 0, True).argmax()
    must(back == len(steps), "timestamps that increase", f"a step back or none after sample {back}")
    step = np.median(steps) if len(steps) else 1 / RATE
    must(0.75 < step * RATE < 1.5, f"{RATE:g} samples a second, the time in seconds",
         f"a step of {step:g}")
    return table


def _load(path: Path) -> Signal:
    return Signal(np.ascontiguousarray(_table(path)[list(CHANNELS)].to_numpy().T, dtype=np.float32),
                  RATE, CHANNELS, "uV")


def _load_clock(path: Path) -> Signal:
    clock = _table(path)[CLOCK].to_numpy(float)
    return Signal((clock - clock[0])[None], RATE, (CLOCK,), "s")
