"""What every test gets: one thread, no windows; and a small project of its own for the tests of
notebooks."""

from __future__ import annotations

import os

# before torch or numpy is imported: the machine's cores belong to the test workers
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1",
                  TQDM_DISABLE="1", MPLBACKEND="Agg")

import textwrap

import pytest

HEADER = """\
# ---
# jupyter:
#   companion:
#     paper: toy
#     produces: [PRODUCES]
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
"""
GOOD = """
# %% [markdown]
# # A toy: does the mean survive?
#
# **You will learn** how a notebook is made.
#
# **Reproduces** table1 and fig1. **Needs** nothing.

# %% tags=["parameters"]
profile: str = "demo"  # which parameters were chosen
seed: int = 0  # base seed
device: str = "cpu"  # cpu or cuda
data: str = ""  # folder of your data
out: str = ""  # folder of the figures
size: int = 20  # draws

# %%
from lib.companion.run import start

run = start("10_toy", profile=profile, seed=seed, device=device, data=data, out=out,
            size=size)

# %% [markdown]
# ## Draw some numbers

# %% tags=["nbval-check-output"]
import numpy as np

draws = np.random.default_rng(seed).normal(size=size)
print(f"{draws.size} draws")

# %% tags=["nbval-check-output"]
import pandas as pd

table = pd.DataFrame({"mean": [draws.mean()]})
scores = pd.DataFrame({"draw": draws})
run.table("table1", table, caption="simulated draws, seed = 0", scores=scores)

# %% [markdown]
# ## Look at them

# %%
import matplotlib.pyplot as plt

fig, axes = plt.subplots(figsize=(3, 2))
axes.plot(draws)
run.figure("fig1", fig, pd.DataFrame({"draw": draws}), caption="seed = 0")

# %% tags=["nbval-ignore-output"]
from ipywidgets import IntSlider
from matplotlib.figure import Figure

from lib.companion.sliders import View, wide

slider = wide(IntSlider, min=1, max=3)
view = View(lambda size: Figure(figsize=(1, size)), {"size": slider})
view.controls(caption="toy")

# %% [markdown] tags=["exercise"]
# ### Exercise: the mean
#
# Write `mean_of(x)`.
#
# <details><summary>Hint 1</summary>
#
# Add up.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Divide.
#
# </details>

# %% tags=["solution", "hide-input"]
def mean_of(x):
    # your code
    return sum(x) / len(x)
    # end


# %% tags=["check"]
assert mean_of([1, 2, 6]) != 6, "yours is the largest (hint 2)"
assert mean_of([1, 2, 6]) == 3, "add up, then divide (hint 1)"
print("accepted: the mean of 1, 2, 6 is 3")

# %% tags=["nbval-check-output"]
run.finish()
"""


@pytest.fixture(scope="session")
def toy_text():
    """Text of a small notebook that keeps every rule."""
    return HEADER.replace("PRODUCES", "table1, fig1") + GOOD


@pytest.fixture(scope="session")
def text_of():
    """Text of a notebook with a parameters cell and the given code cells, for a paper called
    toy."""
    def make(*cells: str, produces: str = "") -> str:
        first = ('\n# %% [markdown]\n# # Toy\n\n# %% tags=["parameters"]\n'
                 'profile: str = "demo"  # profile\nout: str = ""  # out\n')
        return HEADER.replace("PRODUCES", produces) + first + "".join(
            f"\n{textwrap.dedent(cell).strip()}\n" for cell in cells)

    return make


def _project(folder, monkeypatch):
    notebooks = folder / "notebooks"
    (notebooks / "profiles").mkdir(parents=True)
    for profile in ("demo", "public", "paper"):
        (notebooks / "profiles" / f"{profile}.yaml").write_text(f"profile: {profile}\n")
    monkeypatch.setenv("NOTEBOOKS", str(notebooks))
    monkeypatch.setenv("BUILD", str(folder / "build"))
    monkeypatch.setenv("DATA", str(folder / "data"))
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project: notebooks/ with profiles, build/, data/ and figures/ of its own."""
    return _project(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, toy_text):
    """The toy notebook, run once for a whole test module; tests must put back what they change."""
    from lib.companion import runner

    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = _project(tmp_path_factory.mktemp("ran"), monkeypatch)
        (folder / "notebooks" / "10_toy.py").write_text(toy_text)
        assert runner.main(["10_toy", "--out", str(folder / "figures")]) == 0
        yield folder
