"""Figure 1 of paper 3 drawn anew: three stages, with sizes read from built networks. Coordinates
are inches."""

from __future__ import annotations

from matplotlib.figure import Figure

from lib.models.multimodal_fusion import Attention
from lib.models.mv_sstma import MVSSTMA, n_visible
from lib.plots.sheet import Sheet


def _depth(model: MVSSTMA, part: str) -> int:
    return len(getattr(model, part)) - 1  # the last one is the normalisation


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
    sheet, models = Sheet(9.4, 6.0), {"EEG": eeg, "eye": eye}
    for (kind, model), y in zip(models.items(), (5.25, 4.35), strict=True):
        channels, width = model.n_channels, model.embed.out_features
        seen, bands = n_visible(channels, ratio), model.embed.in_features
        deep, shallow = (_depth(model, part) for part in ("encoder", "decoder"))
        sheet.flow(
            sheet.box(0.85, y, f"{kind}, no labels\n{n_times} × {channels} × {bands}", kind,
                      w=1.45),
            sheet.box(2.75, y, f"embed, hide {ratio:.0%}:\n{seen} of {channels} stay", kind, w=1.5),
            sheet.box(4.65, y, f"encoder\n{deep} blocks × {width}", kind, n=deep),
            sheet.box(6.55, y, f"decoder\n{shallow} blocks", n=shallow),
            sheet.box(8.4, y, "hidden channels\nsquared error", kind, w=1.4), y=y, kind=kind)
    for dashed, ys, trials, aim in ((False, (3.15, 2.35), "training trials,\nwith labels",
                                     "cross-entropy\n+ DCCA loss"),
                                    (True, (1.3, 0.5), "later trials,\nsame session",
                                     "emotion,\naccuracy")):
        middle, last = sum(ys) / 2, fusion.classify
        join = sheet.box(6.1, middle, "attention\nor concatenation", "both", w=1.35)
        classify = sheet.box(7.75, middle, f"linear\n{last.in_features} → {last.out_features}",
                             "both", w=0.95)
        for (kind, model), y in zip(models.items(), ys, strict=True):
            source, depth = sheet.box(0.85, y, trials, kind, w=1.45), _depth(model, "encoder")
            encoder = sheet.box(2.95, y, f"encoder\n{depth} blocks", kind, n=depth)
            mean = sheet.box(4.55, y, f"mean\n{model.n_channels} × {model.embed.out_features}",
                             kind, w=0.75)
            sheet.flow(source, encoder, mean, y=y, kind=kind, dashed=dashed)
            sheet.elbow(mean, join, kind=kind, dashed=dashed)
        sheet.arrow(join, classify, kind="both", dashed=dashed)
        sheet.arrow(classify, (8.5, middle), kind="both", dashed=dashed)
        sheet.note(8.55, middle, aim, ha="left")
    sheet.arrow((4.55, 3.15 - 0.29), (4.55, 2.35 + 0.29), head=False, dashed=True)
    sheet.note(4.63, (3.15 + 2.35) / 2, "DCCA", ha="left")
    for y, stage in ((5.85, "1  pre-training: everyone's training trials, without labels; one "
                      "autoencoder per modality"),
                     (3.75, "2  fine-tuning: one network per subject and session, from the weights "
                      "of the encoders above"),
                     (1.85, "3  test: weights fixed, later trials of the same session")):
        sheet.note(0.12, y, stage, size=9, ha="left")
    return sheet.figure
