"""House style: colours with a meaning, sizes for a notebook, room for the caption."""

import sys

import matplotlib as mpl
import matplotlib.style
import seaborn as sns
from matplotlib.figure import Figure

from lib.evaluation.metrics import METRICS, higher_is_better
from lib.evaluation.printed import facts

FOOTER = 0.3  # inches
WIDTH = 9.0  # inches, the width of a notebook
# Okabe and Ito's palette, told apart with any common colour blindness
COLOURS = {
    "face": "#D55E00", "EEG": "#0072B2", "ECG": "#CC79A7", "eye": "#E69F00", "both": "#009E73",
    "control": "#7F7F7F"
}
LINES = ("-", "--", ":", "-.")
DIRECTION = {m: f"{m} ({'higher' if higher_is_better(m) else 'lower'} is better)" for m in METRICS}


def use_style() -> None:
    """Set the house style for all figures made afterwards, and let a notebook draw a Figure that a
    cell returns. Call once, first."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel"):
        shell.enable_matplotlib("inline")
    mpl.style.use("default")  # the user's own settings end here
    sns.set_theme(
        context="notebook", style="ticks", palette="colorblind", rc={
            "font.size": 10, "axes.titlesize": 11, "axes.labelsize": 10, "xtick.labelsize": 9,
            "ytick.labelsize": 9, "legend.fontsize": 9, "axes.spines.top": False,
            "axes.spines.right": False, "axes.titleweight": "normal", "axes.titlelocation": "left",
            "legend.frameon": False, "lines.linewidth": 1.5, "figure.dpi": 110, "savefig.dpi": 200,
            "mathtext.fontset": "dejavusans", "font.sans-serif": ["DejaVu Sans"],
            "svg.hashsalt": "figure", "figure.max_open_warning": 20
        })


def modality(row: str) -> str:
    """Which modalities a model named ``row`` predicts from, a key of :data:`COLOURS`; ``control``
    for any other name."""
    first, last = row.split(" ")[0], row.rsplit(" ", 1)[-1]
    known = {name: kind for (_, kind), names in facts("rows").items() for name in names}
    return known.get(first, last if "[" in row and last in COLOURS else "control")


def colour(row: str) -> str:
    """Colour of a model by its :func:`modality`."""
    return COLOURS[modality(row)]


def blank(height: float, width: float = WIDTH) -> Figure:
    """A figure that no global state knows, with the footer kept free. ``height`` is that of the
    content."""
    figure = Figure(figsize=(width, height + FOOTER), layout="constrained")
    share = FOOTER / (height + FOOTER)
    figure.get_layout_engine().set(rect=(0, share, 1, 1 - share), w_pad=0.06, h_pad=0.05)
    return figure
