"""Figures 1 and 2 of paper 2 drawn anew: boxes and arrows whose sizes are read from built networks.
Coordinates are inches."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.figure import Figure
from torch import nn

from lib.models.physio_transformer import FullyConnected, Recogniser
from lib.plots.sheet import Sheet


def _widths(layers: Iterable[nn.Linear]) -> str:
    return " → ".join(str(layer.out_features) for layer in layers)


def _layers(head: FullyConnected) -> str:
    """Widths of a fully connected network, such as ``64 → 1``."""
    return _widths([*head.hidden[::3], head.output])


def single_modality(model: Recogniser, n_times: int = 1280, kind: str = "EEG") -> Figure:
    """Figure 1: one signal, first with a part of it hidden (path A), then with its label (path B).

    Parameters
    ----------
    model : Recogniser
        Its sizes are drawn.
    n_times : int
        Points of a segment.
    kind : {"EEG", "ECG"}
        For words and colour.
    """
    encoder = model.encoder
    convolutions, tokens, depth = encoder.cnn[::2], n_times // encoder.points, len(encoder.layers)
    sheet, top, middle, low = Sheet(9.0, 3.3), 2.55, 1.6, 0.65
    channels = convolutions[0].in_channels
    whole = sheet.box(0.75, low, f"labelled {kind}\n{channels} × {n_times}", kind, w=1.15)
    hidden = sheet.box(0.75, top, f"unlabelled {kind},\nspans hidden", kind, w=1.15)
    widths = " · ".join(str(c.out_channels) for c in convolutions)
    kernels = " · ".join(str(c.kernel_size[0]) for c in convolutions)
    cnn = sheet.box(2.6, middle, f"1D-CNN\nkernels {kernels}\nwidths {widths}", w=1.55, h=0.8)
    cls = sheet.box(4.25, middle + 0.3, "CLS", "both", w=0.9, h=0.34)
    features = sheet.box(4.25, middle - 0.28, f"{tokens} tokens", w=0.9, h=0.34, n=3)
    heads = encoder.layers[0].heads
    transformer = sheet.box(5.65, middle, f"Transformer\n{depth} layers,\n{heads} heads", w=1.1,
                            h=0.85, n=depth)
    points = sheet.box(7.35, top, f"predict points\n{_widths(encoder.mask_head[::2])}", kind,
                       w=1.25)
    emotion = sheet.box(7.35, low, f"recognise\n{_layers(model.head)}", "both", w=1.25)
    sheet.elbow(hidden, (cnn.x - 0.2, top), cnn, kind=kind)
    sheet.elbow(whole, (cnn.x - 0.2, low), cnn, kind=kind, dashed=True)
    sheet.arrow((cnn.x + cnn.w / 2, features.y), (4.25 - 0.45, features.y))
    sheet.flow(cls, transformer, y=middle + 0.3)
    sheet.flow(features, transformer, y=middle - 0.25)
    sheet.elbow(transformer, (transformer.x, top), points, text="all tokens", kind=kind)
    sheet.elbow(transformer, (transformer.x, low), emotion, text="$CLS_e$", kind="both",
                dashed=True)
    for box, shade, result in ((points, kind, "hidden\nvalues"), (emotion, "both", "high\nor low")):
        sheet.arrow(box, (8.15, box.y), kind=shade, dashed=box is emotion)
        sheet.note(8.2, box.y, result, ha="left")
    sheet.note(0.15, 3.15, "A  pre-training (solid): guess what was hidden, no label needed",
               size=9, ha="left")
    sheet.note(
        0.15, 0.15, "B  fine-tuning (dashed): one network for arousal, one for valence; all "
        "weights are trained", size=9, ha="left")
    return sheet.figure


def late_fusion(ecg: Recogniser, eeg: Recogniser, head: FullyConnected) -> Figure:
    """Figure 2: the last hidden layers of two frozen recognisers, concatenated, and a network on
    top."""
    sheet, middle = Sheet(9.0, 2.3), 1.1
    cat = sheet.box(6.1, middle, f"concatenate\n{head.hidden[0].in_features}", "both", w=1.0)
    for kind, y, model in (("ECG", 1.7, ecg), ("EEG", 0.5, eeg)):
        source = sheet.box(0.6, y, f"{kind}\n10 s", kind, w=0.7)
        body = sheet.box(2.3, y, f"1D-CNN and\nTransformer ({model.encoder.width} wide)", kind,
                         w=1.75)
        last = sheet.box(4.3, y, f"hidden layers\n{_widths(model.head.hidden[::3])}", kind, w=1.2)
        sheet.arrow(source, body, kind=kind)
        sheet.arrow(body, last, "$CLS_e$", kind)
        sheet.elbow(last, cat, kind=kind)
    sheet.frame(1.3, 0.1, 3.75, 2.0)
    sheet.note(3.18, middle, "frozen after fine-tuning")
    out = sheet.box(7.65, middle, f"recognise\n{_layers(head)}", "both", w=1.15)
    sheet.arrow(cat, out, kind="both")
    sheet.arrow(out, (8.4, middle), kind="both")
    sheet.note(8.43, middle, "high\nor low", ha="left")
    return sheet.figure
