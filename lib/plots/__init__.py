"""The figures: every function takes results or arrays and returns a matplotlib Figure; nothing is
shown or kept.

Colours mean a modality everywhere: face, EEG, both, and grey for controls
(:func:`lib.plots.style.colour`). The bottom :data:`lib.plots.style.FOOTER` inches of a figure stay
empty for the caption that says where its data come from.
"""
