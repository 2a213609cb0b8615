"""Figures 1 and 2 of paper 2 drawn anew (``drawings.yaml``), sizes read from built networks."""

from collections.abc import Iterable

from matplotlib.figure import Figure
from torch import nn

from lib.models.physio_transformer import FullyConnected, Recogniser
from lib.plots.sheet import drawing


def _widths(layers: Iterable[nn.Linear]) -> str:
    return " → ".join(str(layer.out_features) for layer in layers)


def _layers(head: FullyConnected) -> str:
    """Widths of a fully connected network, such as ``64 → 1``."""
    return _widths([*head.hidden[::3], head.output])


def single_modality(model: Recogniser, n_times: int = 1280) -> Figure:
    """Figure 1: EEG of ``n_times`` points, first with a part of it hidden (path A), then with its
    label (path B)."""
    encoder, convolutions = model.encoder, model.encoder.cnn[::2]
    return drawing(__file__, "single_modality", channels=convolutions[0].in_channels,
                   n_times=n_times, kernels=" · ".join(str(c.kernel_size[0]) for c in convolutions),
                   widths=" · ".join(str(c.out_channels)
                                     for c in convolutions), tokens=n_times // encoder.points,
                   layers=len(encoder.layers), heads=encoder.layers[0].heads,
                   mask_head=_widths(encoder.mask_head[::2]), head=_layers(model.head))


def late_fusion(ecg: Recogniser, eeg: Recogniser, head: FullyConnected) -> Figure:
    """Figure 2: the last hidden layers of two frozen recognisers, concatenated, and a network on
    top."""
    hidden = {
        f"{kind}_hidden": _widths(model.head.hidden[::3])
        for kind, model in (("ECG", ecg), ("EEG", eeg))
    }
    return drawing(__file__, "late_fusion", ECG=ecg, EEG=eeg, both=head.hidden[0].in_features,
                   head=_layers(head), **hidden)
