"""The figures: every function takes results or arrays and returns a matplotlib Figure; nothing is
shown or kept.

Colours mean a modality everywhere: face, EEG, both, and grey for controls (:func:`colour`). The
bottom :data:`FOOTER` inches of a figure stay empty for the caption that says where its data come
from.
"""

from lib.plots.results import curve, fold_lines, learning_curves, published_vs_reproduced, traces
from lib.plots.signals import feature_maps, label_overview, montage, spectrum, topomaps
from lib.plots.style import COLOURS, FOOTER, colour, modality, use_style

__all__ = [
    "COLOURS", "FOOTER", "colour", "curve", "feature_maps", "fold_lines", "label_overview",
    "learning_curves", "modality", "montage", "published_vs_reproduced", "spectrum", "topomaps",
    "traces", "use_style"
]
