"""Figures 1 and 2 of paper 2 drawn anew: boxes and arrows whose sizes are read from built networks.
Coordinates are inches."""

from __future__ import annotations

from matplotlib.figure import Figure

from lib.models.physio_transformer import FullyConnected, Recogniser
from lib.plots.sheet import Sheet

__all__ = ["late_fusion", "single_modality"]


def _layers(head: FullyConnected) -> str:
    """Widths of a fully connected network, such as ``64 → 1``."""
    return " → ".join(str(layer.out_features) for layer in [*head.hidden[::3], head.output])


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
    convolutions, tokens = encoder.cnn[::2], n_times // encoder.points
    sheet = Sheet(9.0, 3.3)
    top, middle, low = 2.55, 1.6, 0.65
    whole = sheet.box(0.75, low, f"labelled {kind}\n{convolutions[0].in_channels} × {n_times}",
                      kind, w=1.15)
    hidden = sheet.box(0.75, top, f"unlabelled {kind},\nspans hidden", kind, w=1.15)
    widths = " · ".join(str(c.out_channels) for c in convolutions)
    kernels = " · ".join(str(c.kernel_size[0]) for c in convolutions)
    cnn = sheet.box(2.6, middle, f"1D-CNN\nkernels {kernels}\nwidths {widths}", "control", w=1.55,
                    h=0.8)
    cls = sheet.box(4.25, middle + 0.3, "CLS", "both", w=0.9, h=0.34)
    features = sheet.stack(4.25, middle - 0.28, f"{tokens} tokens", w=0.9, h=0.34)
    depth, widths = len(encoder.layers), [layer.out_features for layer in encoder.mask_head[::2]]
    transformer = sheet.stack(5.65, middle,
                              f"Transformer\n{depth} layers,\n{encoder.layers[0].heads} heads",
                              w=1.1, h=0.85, n=depth)
    points = sheet.box(7.35, top, f"predict points\n{widths[0]} → {widths[1]}", kind, w=1.25)
    emotion = sheet.box(7.35, low, f"recognise\n{_layers(model.head)}", "both", w=1.25)
    sheet.elbow([hidden.side("right"), (cnn.x - 0.2, top), cnn.side("top", -0.2)], kind=kind)
    sheet.elbow(
        [whole.side("right"),
         (cnn.x - 0.2, low), cnn.side("bottom", -0.2)], kind=kind, dashed=True)
    sheet.arrow((cnn.side("right")[0], features.y), (4.25 - 0.45, features.y))
    for box, shift in ((cls, 0.3), (features, -0.25)):
        sheet.arrow((box.side("right")[0], middle + shift),
                    (transformer.side("left")[0], middle + shift))
    sheet.elbow(
        [transformer.side("top"),
         (transformer.x, top), points.side("left")], "all tokens", kind)
    sheet.elbow([transformer.side("bottom"), (transformer.x, low),
                 emotion.side("left")], "$CLS_e$", "both", dashed=True)
    sheet.arrow(points.side("right"), (8.15, top), kind=kind)
    sheet.note(8.2, top, "hidden\nvalues", ha="left")
    sheet.arrow(emotion.side("right"), (8.15, low), kind="both", dashed=True)
    sheet.note(8.2, low, "high\nor low", ha="left")
    sheet.note(0.15, 3.15, "A  pre-training (solid): guess what was hidden, no label needed",
               size=9, ha="left")
    sheet.note(
        0.15, 0.15,
        "B  fine-tuning (dashed): one network for arousal, one for valence; all weights are trained",
        size=9, ha="left")
    return sheet.figure


def late_fusion(ecg: Recogniser, eeg: Recogniser, head: FullyConnected) -> Figure:
    """Figure 2: the last hidden layers of two frozen recognisers, concatenated, and a network on
    top."""
    sheet = Sheet(9.0, 2.3)
    rows, middle = {"ECG": 1.7, "EEG": 0.5}, 1.1
    cat = sheet.box(6.1, middle, "concatenate\n" + str(head.hidden[0].in_features), "both", w=1.0)
    for (kind, y), model in zip(rows.items(), (ecg, eeg), strict=True):
        source = sheet.box(0.6, y, f"{kind}\n10 s", kind, w=0.7)
        body = sheet.box(2.3, y, f"1D-CNN and\nTransformer ({model.encoder.width} wide)", kind,
                         w=1.75)
        last = sheet.box(
            4.3, y,
            f"hidden layers\n{' → '.join(str(layer.out_features) for layer in model.head.hidden[::3])}",
            kind, w=1.2)
        sheet.arrow(source.side("right"), body.side("left"), kind=kind)
        sheet.arrow(body.side("right"), last.side("left"), "$CLS_e$", kind)
        sheet.elbow(
            [last.side("right"), (cat.x, y),
             cat.side("top" if kind == "ECG" else "bottom")], kind=kind)
    sheet.frame(1.3, 0.1, 3.75, 2.0)
    sheet.note(3.18, middle, "frozen after fine-tuning")
    out = sheet.box(7.65, middle, f"recognise\n{_layers(head)}", "both", w=1.15)
    sheet.arrow(cat.side("right"), out.side("left"), kind="both")
    sheet.arrow(out.side("right"), (8.4, middle), kind="both")
    sheet.note(8.43, middle, "high\nor low", ha="left")
    return sheet.figure
