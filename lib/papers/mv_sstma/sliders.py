"""Paper 3 with sliders: how many channels are hidden."""

import mne
import numpy as np
import torch
from ipywidgets import IntSlider, ToggleButtons
from matplotlib.figure import Figure

from lib.companion.sliders import View, electrodes, wide
from lib.datasets.seed_format import BANDS, CHANNELS
from lib.models.mv_sstma import MVSSTMA, draw_visible
from lib.papers.mv_sstma.figures import ON_MAP, info
from lib.papers.mv_sstma.filling import errors
from lib.plots.shapes import blanks


def mask_ratio(network: MVSSTMA, x: np.ndarray, seed: int = 0) -> View:
    """What a pre-trained network makes of a window when more or fewer channels are hidden, and how
    far off it is.

    Parameters
    ----------
    network : MVSSTMA
        In evaluation mode.
    x : array ``(n_windows, n_times, 62, 5)``
        Scaled windows; the first is drawn, all count in the errors.
    """
    xy = mne.channels.make_eeg_layout(info()).pos[:, :2]
    xy = xy - xy[info().ch_names.index("Cz")]

    def draw(hidden: int, band: str) -> Figure:
        visible = draw_visible(len(x), len(CHANNELS), hidden / 100,
                               torch.Generator().manual_seed(seed))
        with torch.no_grad():
            guess, masked = (part.numpy()
                             for part in network.forward_mae(torch.as_tensor(x), visible))
        k, crosses = list(BANDS).index(band), masked[0][ON_MAP]
        true, filled = (part[0].mean(axis=0)[ON_MAP, k] for part in (x, guess))
        figure, (*maps, right) = blanks(2.6, 4, width_ratios=[1, 1, 1, 1.2])
        reach = float(np.abs(true).max())
        shown = {
            "recorded": true, "visible": np.where(crosses, 0, true),
            "filled in": np.where(crosses, filled, true)
        }
        for ax, (title, values) in zip(maps, shown.items(), strict=True):
            dots = electrodes(ax, xy, values, (-reach, reach), "vlag", crosses)
            ax.set_title(f"{title}, {band}", loc="center")
        figure.colorbar(dots, ax=maps, label="standard deviations", shrink=0.8)
        off = errors(x, masked, guess)
        right.barh(range(4), list(off.values()), color=["#9CC3DD", "0.65", "0.75", "0.85"])
        for y, (name, value) in enumerate(off.items()):
            right.text(0.03, y, f"{name}: {value:.2f}", va="center", fontsize=8)
        right.set(xlabel="error on hidden channels", xlim=(0, 2), yticks=[],
                  title=f"{masked[0].sum()} of {len(CHANNELS)} hidden")
        right.invert_yaxis()
        return figure

    sliders = {
        "hidden": wide(IntSlider, min=5, max=95, step=5, value=50,
                       description="hidden channels (%)"),
        "band": ToggleButtons(options=list(BANDS), value="alpha", description="band")
    }
    return View(draw, sliders)
