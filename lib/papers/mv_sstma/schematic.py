"""Figure 1 of paper 3 drawn anew: three stages, with sizes read from built networks. Coordinates
are inches."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.figure import Figure

from lib.models.multimodal_fusion import Attention
from lib.models.mv_sstma import MVSSTMA, n_visible
from lib.plots.sheet import Box, Sheet

__all__ = ["three_stages"]


def _depth(model: MVSSTMA, part: str) -> int:
    return len(getattr(model, part)) - 1  # the last one is the normalisation


def _join(sheet: Sheet, a: Box, b: Box, y: float, kind: str, dashed: bool = False) -> None:
    """A level arrow at height ``y``, also to and from stacks, whose middles lie higher."""
    sheet.arrow((a.side("right")[0], y), (b.side("left")[0], y), kind=kind, dashed=dashed)


def three_stages(eeg: MVSSTMA, eye: MVSSTMA, fusion: Attention, n_times: int = 10,
                 ratio: float = 0.3) -> Figure:
    """Figure 1: pre-training of an autoencoder per modality, fine-tuning of both encoders, test on
    later trials.

    Parameters
    ----------
    eeg, eye : MVSSTMA
    fusion : Attention
        Their sizes are drawn.
    n_times : int
        T.
    ratio : float
        Share of channels that is masked in pre-training.
    """
    sheet = Sheet(9.4, 6.0)
    rows = {"EEG": eeg, "eye": eye}
    for (kind, model), y in zip(rows.items(), (5.25, 4.35), strict=True):
        channels, width = model.n_channels, model.embed.out_features
        seen, bands = n_visible(channels, ratio), model.embed.in_features
        source = sheet.box(0.85, y, f"{kind}, no labels\n{n_times} × {channels} × {bands}", kind,
                           w=1.45)
        mask = sheet.box(2.75, y, f"embed, hide {ratio:.0%}:\n{seen} of {channels} stay", kind,
                         w=1.5)
        encoder = sheet.stack(4.65, y, f"encoder\n{_depth(model, 'encoder')} blocks × {width}",
                              kind, w=1.3, n=_depth(model, "encoder"))
        decoder = sheet.stack(6.55, y, f"decoder\n{_depth(model, 'decoder')} blocks", "control",
                              w=1.3, n=_depth(model, "decoder"))
        out = sheet.box(8.4, y, "hidden channels\nsquared error", kind, w=1.4)
        for a, b in pairwise((source, mask, encoder, decoder, out)):
            _join(sheet, a, b, y, kind)
    places = {"fine-tuning": (3.15, 2.35), "test": (1.3, 0.5)}
    for stage, ys in places.items():
        dashed = stage == "test"
        middle = sum(ys) / 2
        join = sheet.box(6.1, middle, "attention\nor concatenation", "both", w=1.35)
        classify = sheet.box(
            7.75, middle, f"linear\n{fusion.classify.in_features} → {fusion.classify.out_features}",
            "both", w=0.95)
        for (kind, model), y in zip(rows.items(), ys, strict=True):
            what = "training trials,\nwith labels" if stage == "fine-tuning" else "later trials,\nsame session"
            source = sheet.box(0.85, y, what, kind, w=1.45)
            depth = _depth(model, "encoder")
            encoder = sheet.stack(2.95, y, f"encoder\n{depth} blocks", kind, w=1.3, n=depth)
            mean = sheet.box(4.55, y, f"mean\n{model.embed.out_features}", kind, w=0.75)
            _join(sheet, source, encoder, y, kind, dashed)
            _join(sheet, encoder, mean, y, kind, dashed)
            sheet.elbow(
                [mean.side("right"), (join.x, y),
                 join.side("top" if kind == "EEG" else "bottom")], kind=kind, dashed=dashed)
        sheet.arrow(join.side("right"), classify.side("left"), kind="both", dashed=dashed)
        sheet.arrow(classify.side("right"), (8.5, middle), kind="both", dashed=dashed)
        sheet.note(8.55, middle,
                   "cross-entropy\n+ DCCA loss" if stage == "fine-tuning" else "emotion,\naccuracy",
                   ha="left")
        if stage == "fine-tuning":
            sheet.arrow((4.55, ys[0] - 0.29), (4.55, ys[1] + 0.29), head=False, dashed=True)
            sheet.note(4.63, middle, "DCCA", ha="left")
    for y, text in (
        (5.85,
         "1  pre-training: everyone's training trials, without labels; one autoencoder per modality"
         ),
        (3.75,
         "2  fine-tuning: one network per subject and session, from the weights of the encoders above"
         ), (1.85, "3  test: weights fixed, later trials of the same session")):
        sheet.note(0.12, y, text, size=9, ha="left")
    return sheet.figure
