"""What a notebook calls first and last: :func:`start` fixes chance and says what runs; the
:class:`Run` keeps what it makes."""

import html
import inspect
import io
import os
import platform
import random
import resource
import textwrap
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import matplotlib.pyplot as plt
import mne
import numpy as np
import pandas as pd
import torch
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from lib import paths, profiles
from lib.companion.provenance import Notebook, peak_mib, read_notebook, record, results, sha256
from lib.datasets.base import readable
from lib.plots.inspection import faults
from lib.plots.style import use_style
from lib.whole import write_file

VERSIONS = ("torch", "mne", "numpy", "scipy", "scikit-learn")


@dataclass
class Run:
    """One run of a notebook: where its figures and tables go, and what the manifest will say of
    them.

    Made by :func:`start`. ``paper``, and the ids that may and must be produced, stand in the
    notebook's header.
    """

    notebook: Notebook
    profile: str
    seed: int
    device: str
    folder: Path
    manifest: Path
    parameters: dict = field(default_factory=dict)
    rows: list[dict] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def figure(self, id: str, fig: Figure, data: pd.DataFrame | None = None, *, caption: str,
               tier: str = "simulated", source: str = "", dropped: Iterable[str] = (),
               claims: pd.DataFrame | None = None) -> None:
        """Save, record and show a figure, with its caption printed on it.

        Parameters
        ----------
        id : str
            Figure id, one of those the notebook declares (``"fig5"``). Write it literally: the
            manifest finds the cell by it.
        fig : matplotlib Figure
            Closed after it is shown.
        data : DataFrame, optional
            What is drawn, one row per point or bar; saved beside the figure as ``<id>.csv``.
        caption : str
            What the picture was drawn from, for example ``"simulated cohort, effect = 1, seed =
            0"``.
        tier : {"simulated", "public", "licensed", "stand-in", "published"}
            Who wrote the data. The caption says "simulated" or "stand-in", see
            :func:`captioned`.
        source : str
            Digest of the input data, for the manifest.
        dropped : iterable of str
            Trials that could not be read and are missing from what is drawn, for the manifest.
        claims : DataFrame, optional
            Tests between rows that are drawn, saved as ``<id>_claims.csv``.

        Raises
        ------
        ValueError
            For empty axes, and marks outside of their axes (:mod:`lib.plots.inspection`).
        """
        caption = captioned(caption, tier)
        fig.draw_without_rendering()
        if found := faults(fig):
            raise ValueError(f"figure {id}: {'; '.join(found)}")
        # inches: the caption goes below whatever is drawn lowest, and the saved picture grows to
        # hold it
        drawn = fig.get_tightbbox()
        width, height = fig.get_size_inches()
        lines = textwrap.fill(caption, int(18 * width))  # about 18 characters to the inch
        fig.text(drawn.x0 / width, (drawn.y0 - 0.08) / height, lines, ha="left", va="top",
                 fontsize=7, color="0.35")
        png = io.BytesIO()
        # no version: the bytes stay the same
        label = {"Software": None, "Title": f"{self.notebook.paper} {id}", "Description": caption}
        fig.savefig(png, format="png", bbox_inches="tight", metadata=label)
        plt.close(fig)
        about = _about(caption, tier, source, dropped)
        self._write(id, "figure", png.getvalue(), about)
        for kind, beside in (("data", data), ("claims", claims)):
            if beside is not None:
                self._write(id, kind, _csv(beside), about)
        display(Image(png.getvalue(), retina=True, alt=f"{id}: {caption}"))

    def table(self, id: str, frame: pd.DataFrame, *, caption: str, tier: str = "simulated",
              source: str = "", dropped: Iterable[str] = (), decimals: int = 3,
              scores: pd.DataFrame | None = None) -> None:
        """Save and record a table as CSV (six significant digits), and show it with fixed
        decimals, as HTML and as plain text.

        Parameters are those of :meth:`figure`; an index with names becomes columns. ``scores``: of
        every fold and seed, on which it rests; saved as ``<id>_scores.csv``, so that anyone can
        test again.
        """
        caption = captioned(caption, tier)
        frame = frame.reset_index() if any(frame.index.names) else frame
        about = _about(caption, tier, source, dropped)
        self._write(id, "table", _csv(frame), about)
        if scores is not None:
            self._write(id, "scores", _csv(scores), about)
        text = frame.to_string(index=False, na_rep="-", float_format=f"{{:.{decimals}f}}".format)
        plain = f"{id}: {caption}\n{text}"
        display({"text/plain": plain, "text/html": _html(id, frame, caption, decimals)}, raw=True)

    def finish(self) -> None:
        """Write the manifest rows and say so in one line.

        Raises
        ------
        RuntimeError
            Where an output that the notebook's header declares was not made.
        """
        name = self.notebook.name
        if missing := self.notebook.missing(self.rows):
            raise RuntimeError(f"{name} declares {', '.join(missing)} in its header, but no cell "
                               "made it")
        common = {key: getattr(self, key) for key in ("profile", "seed", "device", "parameters")}
        common |= {"code": self.notebook.code(self.profile), "lock": sha256(paths.LOCK)}
        common |= {"notebook": name, "seconds": round(time.monotonic() - self.began)}
        common["peak_mib"] = peak_mib(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        record(self.manifest, name, [common | row for row in self.rows])
        made = ", ".join(dict.fromkeys(row["id"] for row in self.rows)) or "nothing"
        print(f"{name}: {made} recorded in the manifest")

    def _write(self, id: str, kind: str, content: bytes, about: dict) -> None:
        if id not in self.notebook.produces:
            declared = ", ".join(self.notebook.produces) or "none"
            raise ValueError(f"{id} is not among the outputs that the header of "
                             f"{self.notebook.name} declares: {declared}")
        name = f"{id}_{kind}" if kind in ("scores", "claims") else id
        target = self.folder / f"{name}.{'png' if kind == 'figure' else 'csv'}"
        write_file(target, content)
        file = target.relative_to(self.manifest.parent).as_posix()
        row = {"id": id, "kind": kind, "file": file, "sha256": sha256(target)} | about
        row |= self.notebook.place(id, kind)
        self.rows = [r for r in self.rows if r["file"] != file] + [row]


def captioned(caption: str, tier: str) -> str:
    """A caption that says "simulated" or "stand-in" where the data are."""
    caption = readable(caption)
    unsaid = tier in ("simulated", "stand-in") and tier not in caption.lower()
    return f"{tier} data: {caption}" if unsaid else caption


def _about(caption: str, tier: str, source: str, dropped: Iterable[str]) -> dict:
    names = sorted(map(readable, dropped))
    return {"caption": caption, "tier": tier, "data": source, "dropped": names}


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=any(frame.index.names), float_format="%.6g",
                        lineterminator="\n").encode("utf-8", "backslashreplace")


# dark words on a light ground of their own: they read on a white and on a black page
VERDICTS = {"reproduced": "#cdeccf", "better": "#cdeccf", "close": "#d5e6f7"}
VERDICTS |= {"inconclusive": "#f6ebc4", "worse": "#f7d3cd"}


def _html(id: str, frame: pd.DataFrame, caption: str, decimals: int) -> str:
    """A table to read: numbers on the right, a header that stays in sight, verdicts coloured."""
    head = "position:sticky;top:0;background:#e8e8e8;color:#111;text-align:right;white-space:normal"
    texts = [i for i, kind in enumerate(frame.dtypes) if not pd.api.types.is_numeric_dtype(kind)]
    props = {"th": head, "td": "text-align:right", "caption": "text-align:left;caption-side:top"}
    props |= {f"{cell}.col{i}": "text-align:left" for cell in ("td", "th") for i in texts}
    styles = [{"selector": cells, "props": own} for cells, own in props.items()]
    look = Styler(frame, uuid=id, cell_ids=False).format(precision=decimals, na_rep="–",
                                                         escape="html").hide(axis="index")
    look = look.format_index(lambda name: html.escape(str(name)).replace("_", " "), axis=1)
    look = look.set_caption(html.escape(f"{id}: {caption}")).set_table_styles(styles)
    if "verdict" in frame:
        ground = {word: f"background:{colour};color:#111" for word, colour in VERDICTS.items()}
        look = look.map(lambda word: ground.get(word, ""), subset=["verdict"])
    scrolls = 'tabindex="0" role="region" style="max-height:36em;overflow:auto"'
    return f'<div {scrolls} aria-label="{id}">{look.to_html()}</div>'


def _fix_chance(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for libraries that still draw from the global generator
    torch.manual_seed(seed)
    # the order of summation, and so the last digits, must not depend on the machine's cores
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def start(name: str, *, profile: str, seed: int, device: str, data: str, out: str, **lesson) -> Run:
    """Begin a notebook: fix seeds and threads, set the figures' style, print
    what runs.

    Parameters
    ----------
    name : str
        The notebook's file name without suffix.
    profile : str
        One of ``notebooks/profiles``; all but ``demo`` write to a folder of their own.
    seed : int
        Base seed.
    device : str
        ``"cpu"`` or a CUDA device.
    data : str
        Folder of the user's data (see :func:`lib.paths.data`); readers are given it, nothing is
        done with it here.
    out : str
        Folder of the figures, relative to the project; empty for ``build/figures``.
    **lesson
        The notebook's own parameters, for the manifest.

    Raises
    ------
    ValueError
        For an unknown or faulty profile, or a device that is not there.
    """
    profiles.load(profile)
    if device.split(":")[0] not in ("cpu", "cuda"):
        raise ValueError(f"device: expected 'cpu' or 'cuda', found {device!r}")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device {device!r}: this installation of torch sees no CUDA device; "
                         "use device = 'cpu'")
    notebook = read_notebook(name)
    # MNE's chatter is silenced, here and in the processes that this one starts
    os.environ["MNE_LOGGING_LEVEL"] = "ERROR"
    mne.set_log_level("ERROR")
    _fix_chance(seed)
    use_style()
    # a build suffix (+cpu, +cu130) tells of the machine, not of the result
    versions = [f"{package} {version(package).split('+')[0]}" for package in VERSIONS]
    print(f"notebook  {name}\nrun       profile {profile}, seed {seed}, device {device}")
    python = platform.python_version().rpartition(".")[0]
    print(f"versions  Python {python}, {', '.join(versions)}")
    print(f"code      {notebook.code(profile)[:12]}, lock {sha256(paths.LOCK)[:12]}")
    folder, manifest = results(out, notebook.paper, profile)
    return Run(notebook, profile, seed, device, folder, manifest, lesson)


def show_source(thing) -> None:
    """Show the source of a function or class as code: the lesson reads what the tests test."""
    thing = inspect.unwrap(thing)  # a decorator's file is not the lesson's
    file = Path(inspect.getsourcefile(thing) or "").resolve()
    ours = file.is_relative_to(paths.ROOT)
    where = file.relative_to(paths.ROOT).as_posix() if ours else file.name
    code = textwrap.dedent(inspect.getsource(thing)).rstrip()
    display(Markdown(f"`{where}`\n\n```python\n{code}\n```"))
