"""Figures 1, 2, 3, 4 and 6 of paper 1 drawn anew (``drawings.yaml``), with sizes read from a built
model."""

from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from torch import nn

from lib.plots.sheet import drawing

_draw = partial(drawing, Path(__file__).with_name("drawings.yaml"))


def sizes(model: nn.Module) -> dict[str, int]:
    """Sizes that the drawings show, read from a built RMMT.

    Returns
    -------
    dict
        ``eeg``, ``face`` (features per step), ``H`` (width of X_F and X_E), ``blocks`` and
        ``kernel`` (of a TCN), ``N`` (layers of the Transformer), ``heads``, ``d_K``, ``inner``
        (width inside the feed-forward network), ``cat`` (into the regressor).
    """
    streams = dict(getattr(model, "extractors", {}))
    if set(streams) != {"eeg", "face"} or not model.residual:
        raise ValueError("the drawings need an RMMT with both streams and its residual connection: "
                         "build('RMMT', n_eeg, n_face)")
    first = {name: tcn.blocks[0][0] for name, tcn in streams.items()}
    read = {name: conv.weight.shape[1] // conv.kernel for name, conv in first.items()}
    block, face = model.blocks[0], streams["face"]
    return read | {
        "H": face.width, "blocks": len(face.blocks), "kernel": first["face"].kernel,
        "heads": block.heads, "d_K": face.width // block.heads, "N": len(model.blocks),
        "inner": block.feed_forward[0].out_features, "cat": model.regressor.in_features
    }


def fusion_schemes() -> Figure:
    """Figure 1: feature, decision and hybrid fusion."""
    return _draw("fusion_schemes")


def overview(model: nn.Module, n_times: int = 96, backbone: str = "ResNet-50") -> Figure:
    """Figure 2: RMMT from frames and EEG to valence.

    Parameters
    ----------
    model : Module
        An RMMT of :func:`lib.models.rmmt.build`; its sizes are drawn.
    n_times : int
        Label steps of a window (T).
    backbone : str
        Name of the image network that made the face features.
    """
    return _draw("overview", T=n_times, backbone=backbone, **sizes(model))


def fusion_block(model: nn.Module, n_times: int = 96) -> Figure:
    """Figure 3: one layer of the multimodal Transformer with its equations, and the residual
    connection around all.

    Parameters
    ----------
    model : Module
        An RMMT of :func:`lib.models.rmmt.build`; its attention and residual options are drawn.
    n_times : int
        Label steps of a window (T).
    """
    s, block, weights = sizes(model), model.blocks[0], r"$(Q_F K_E^\top / \sqrt{d_K})$"
    name = {"relu": "ReLU{}", "scaled_relu": "ReLU{} / T", "softmax": "softmax{}"}[block.attention]
    heads = f"{s['heads']} head{'s' * (s['heads'] > 1)}, $d_K$ = {s['d_K']}"
    query = block.residual == "query"
    layers = f"layer $i$ = 1 … {s['N']} (its output is the next query)" if s[
        "N"] > 1 else "one layer"
    return _draw("fusion_block", T=n_times, attention=name.format(weights), heads_of=heads,
                 layers=layers, query=query, input=not query, **s)


def distillation(model: nn.Module, n_times: int = 96) -> Figure:
    """Figure 4: cross-modal distillation as usual (teacher, then student), and as RMMT uses it (one
    joint training)."""
    figure = _draw("distillation", T=n_times, **sizes(model))
    figure.axes[0].plot([4.4, 4.4], [0.45, 2.65], color="0.85", lw=1)
    return figure


def compared_models(model: nn.Module) -> Figure:
    """Figure 6: F-Fusion, D-Fusion (weights mu and eta of Eq 26) and RMMT on the same features."""
    s = sizes(model)
    return _draw("compared_models", both=2 * s["H"], **s)
