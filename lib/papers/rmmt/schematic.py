"""Figures 1, 2, 3, 4 and 6 of paper 1 drawn anew: boxes and arrows whose sizes are read from a
built model.

Colours are those of :mod:`lib.plots`: face, EEG, both. Coordinates are inches.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from torch import nn

from lib.plots.sheet import Sheet


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
    block, face = model.blocks[0], streams["face"]
    return {
        **{
            name: conv.weight.shape[1] // conv.kernel for name, conv in first.items()
        }, "H": face.width, "blocks": len(face.blocks), "kernel": first["face"].kernel,
        "N": len(model.blocks), "heads": block.heads, "d_K": face.width // block.heads,
        "inner": block.feed_forward[0].out_features, "cat": model.regressor.in_features
    }


def fusion_schemes() -> Figure:
    """Figure 1: feature, decision and hybrid fusion."""
    sheet, rows, middle = Sheet(9.0, 2.45), {"face": 1.75, "EEG": 0.35}, 1.05
    for column, title in enumerate(("feature fusion", "decision fusion", "hybrid fusion")):
        left = 0.08 + 3.02 * column
        sheet.note(left + 1.35, 2.3, f"({'abc'[column]}) {title}", size=10)
        inputs = {
            m: sheet.box(left + 0.42, y, f"{m}\nfeatures", m, w=0.82) for m, y in rows.items()
        }
        word = "weigh" if column else "model"
        output = sheet.box(left + 2.25, middle, word, "both", w=0.62, h=0.5)
        sheet.arrow(output, (left + 2.88, middle))
        sheet.note(left + 2.6, middle - 0.36, "prediction")
        if column == 0:
            joined = sheet.box(left + 1.3, middle, "concatenate", "both", w=0.92, h=0.5)
            for m, source in inputs.items():
                sheet.elbow(source, joined, kind=m)
            sheet.arrow(joined, output, kind="both")
            continue
        for m, source in inputs.items():
            model = sheet.box(left + 1.32, rows[m], "model", m, w=0.66, h=0.5)
            sheet.arrow(source, model, kind=m)
            # the EEG path turns in further left, clear of the word below the output
            sheet.elbow(model, (output.x - 0.15 * (m == "EEG"), rows[m]), output, kind=m)
        if column == 2:
            model = sheet.box(left + 1.32, middle, "model", "both", w=0.66, h=0.5)
            joined = sheet.box(left + 0.42, middle, "concatenate", "both", w=0.82, h=0.36, size=8)
            for m, source in inputs.items():
                sheet.arrow(source, joined, kind=m)
            sheet.flow(joined, model, output, y=middle, kind="both")
    return sheet.figure


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
    s, T, sheet = sizes(model), n_times, Sheet(9.0, 2.8)
    top, middle, low, turn = 2.3, 1.5, 0.7, 5.12
    streams = {
        "face": ("frames", f"image network\n({backbone})", top),
        "EEG": ("EEG", "relative\nband power", low)
    }
    ends = {}
    for kind, (source, made, y) in streams.items():
        first = sheet.box(0.55, y, source, kind, w=0.8, n=3)
        second = sheet.box(2.0, y, made, kind, w=1.25)
        ends[kind] = sheet.box(4.0, y, f"TCN\n{s['blocks']} blocks, kernel {s['kernel']}", kind)
        sheet.flow(first, second, y=y, kind=kind)
        sheet.arrow(second, ends[kind], f"{T} × {s[kind.lower()]}", kind)
    face, brain = ends["face"], ends["EEG"]
    fuse = sheet.box(6.3, middle, f"cross-modal\nblock × {s['N']}", "both", w=1.1, h=0.75, n=s["N"])
    cat = sheet.box(7.45, top, "concatenate", "both", w=0.9, h=0.4)
    out = sheet.box(8.5, middle, "linear", "both", w=0.7, h=0.42)
    sheet.note(2.0, low - 0.42, "Eqs (1)–(7)")
    sheet.arrow(face, cat, "residual", "face", shift=(0.55, 0.12))
    sheet.note(turn + 0.05, top + 0.13, f"$X_F$  {T} × {s['H']}")
    sheet.elbow((turn, top), (turn, middle + 0.18), fuse, kind="face")
    sheet.note(turn + 0.32, middle + 0.3, "query")
    sheet.elbow(brain, (turn, low), (turn, middle - 0.15), fuse, kind="EEG")
    sheet.note(turn + 0.32, middle - 0.36, "keys,\nvalues")
    sheet.note(turn + 0.1, low, f"$X_E$  {T} × {s['H']}", ha="left")
    sheet.arrow(face, brain, dashed=True)
    sheet.arrow(brain, face, dashed=True)
    sheet.note(face.x - 0.4, middle, "KD loss\nEq (20)")
    sheet.elbow(fuse, (cat.x, middle), cat, kind="both")
    sheet.note(cat.x + 0.08, middle + 0.15, r"$X_{E\rightarrow F}^{[N]}$", ha="left")
    sheet.elbow(cat, out, kind="both")
    sheet.note(8.5, top + 0.22, f"{T} × {s['cat']}\nEq (17)")
    sheet.arrow(out, (out.x, low + 0.12))
    sheet.note(out.x, low - 0.02, f"valence  {T} × 1")
    return sheet.figure


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
    s, T, block = sizes(model), n_times, model.blocks[0]
    weights = r"$(Q_F K_E^\top / \sqrt{d_K})$"
    weights = {
        "relu": f"ReLU{weights}", "scaled_relu": f"ReLU{weights} / T",
        "softmax": f"softmax{weights}"
    }[block.attention]
    sheet = Sheet(9.0, 3.75)
    up, middle, down, top = 2.55, 1.5, 0.5, 3.4
    sheet.frame(1.22, 0.1, 6.08, 2.95)
    heads = f"{s['heads']} head{'s' * (s['heads'] > 1)}, $d_K$ = {s['d_K']}"
    sheet.note(1.35, 2.92, f"layer $i$ = 1 … {s['N']} (its output is the next query), {heads}",
               ha="left", size=9)
    face = sheet.box(0.58, up, f"$X_F$\n{T} × {s['H']}", "face", w=0.9)
    eeg = sheet.box(0.58, down, f"$X_E$\n{T} × {s['H']}", "EEG", w=0.9)
    query = sheet.box(2.05, up, "$Q_F$  Eq (9)", "face", w=1.05, h=0.42)
    key = sheet.box(2.05, 1.25, "$K_E$  Eq (10)", "EEG", w=1.05, h=0.42)
    value = sheet.box(2.05, down, "$V_E$  Eq (11)", "EEG", w=1.05, h=0.42)
    scores = sheet.box(3.75, middle, f"{weights}\nAtt, Eq (12)  {T} × {T}", "both", w=1.75, h=0.75)
    cross = sheet.box(5.05, down, "Att $V_E$\nEq (13)", "both", w=0.95)
    norm = sheet.box(5.05, up, "add, layer norm\nEq (14)", "both", w=1.15)
    feed = sheet.box(6.55, middle, f"feed-forward\n{s['H']} → {s['inner']} → {s['H']}\nEq (15)",
                     "both", w=1.2, h=0.75, size=8.5)
    add = sheet.box(6.55, up, "add\nEq (16)", "both", w=0.75)
    out = sheet.box(8.2, up, f"concatenate\nEq (17)  {T} × {s['cat']}", "both", w=1.4)
    sheet.arrow(face, query, kind="face")
    sheet.elbow(eeg, (1.3, down), (1.3, key.y), key, kind="EEG")
    sheet.arrow((1.3, down), value, kind="EEG")
    sheet.elbow(query, (query.x, 1.75), scores, kind="face")
    sheet.flow(key, scores, y=key.y, kind="EEG")
    sheet.arrow(value, cross, kind="EEG")
    sheet.elbow(scores, cross, kind="both")
    if block.residual == "query":
        sheet.arrow(query, norm, "$Q_F$", "face")
    else:
        sheet.elbow((1.3, up), (1.3, 2.13), (norm.x - 0.3, 2.13), norm,
                    text="the input of the layer", kind="face")
    sheet.elbow(cross, (5.7, down), (5.7, 2.05), (norm.x + 0.25, 2.05), norm, kind="both")
    sheet.flow(norm, add, out, y=up, kind="both")
    sheet.elbow((5.84, up), (5.84, middle), feed, kind="both")
    sheet.arrow(feed, add, kind="both")
    sheet.elbow(face, (face.x, top), (out.x, top), out, text="$X_F$ again: the residual connection",
                kind="face")
    return sheet.figure


def distillation(model: nn.Module, n_times: int = 96) -> Figure:
    """Figure 4: cross-modal distillation as usual (teacher, then student), and as RMMT uses it (one
    joint training)."""
    shape = f"{n_times} × {sizes(model)['H']}"
    sheet, rows, middle = Sheet(9.0, 2.75), {"face": 1.95, "EEG": 0.75}, 1.35
    for left, joint, names, title, note in ((0.0, False, ("teacher: face TCN", "student: EEG TCN"),
                                             "(a) teacher and student, one after the other",
                                             "the teacher is trained first, then frozen"),
                                            (4.45, True, ("face TCN", "EEG TCN"),
                                             "(b) as a term of one loss, Eq (21)",
                                             "each changes the other")):
        sheet.note(left + 0.2, 2.58, title, size=10, ha="left")
        x = left + 3.15
        for (m, y), name in zip(rows.items(), names, strict=True):
            source = sheet.box(left + 0.5, y, m, m, w=0.6, h=0.45)
            network = sheet.box(left + 1.75, y, name, m, w=1.4, h=0.5)
            feature = sheet.box(x, y, f"$X_{m[0].upper()}$\n{shape}", m, w=0.85, h=0.5)
            sheet.flow(source, network, feature, y=y, kind=m)
        sheet.arrow((x, middle - 0.17), (x, rows["EEG"] + 0.25), dashed=True)
        sheet.arrow((x, middle + 0.17), (x, rows["face"] - 0.25), dashed=True, head=joint)
        loss = sheet.box(x, middle, "$L_1$  Eq (20)", "label", w=0.95, h=0.34)
        sheet.note(left + 0.2, middle, note, ha="left")
        if joint:
            total = sheet.box(left + 4.1, middle, "$L_{CCC}$\n+ α $L_1$", "label", w=0.62, h=0.5)
            sheet.arrow(loss, total)
    sheet.note(0.2, 0.25,
               "dashed: the loss between features; its arrow heads show what its gradient changes",
               ha="left")
    sheet.ax.plot([4.4, 4.4], [0.45, 2.65], color="0.85", lw=1)
    return sheet.figure


def compared_models(model: nn.Module) -> Figure:
    """Figure 6: F-Fusion, D-Fusion (weights mu and eta of Eq 26) and RMMT on the same features."""
    s, sheet, rows, middle = sizes(model), Sheet(9.0, 2.2), {"face": 1.5, "EEG": 0.4}, 0.95
    lefts = [0.1 + 3.02 * column for column in range(3)]
    sources = []
    for left, title in zip(lefts, ("(a) F-Fusion", "(b) D-Fusion", "(c) RMMT"), strict=True):
        sheet.note(left + 1.35, 2.05, title, size=10)
        sources.append({
            m: sheet.box(left + 0.35, y, f"$X_{m[0].upper()}$\n{s['H']}", m, w=0.6)
            for m, y in rows.items()
        })

    left = lefts[0]
    end = sheet.box(left + 2.42, middle, f"linear\n{2 * s['H']} → 1", "both", w=0.75)
    cat = sheet.box(left + 1.4, middle, "concatenate\nEq (25)", "both", w=0.95)
    for m, source in sources[0].items():
        sheet.elbow(source, cat, kind=m)
    sheet.arrow(cat, end, kind="both")

    left, weighed = lefts[1], r"$\mu\,\hat{y}_F + \eta\,\hat{y}_E$"
    end = sheet.box(left + 2.25, middle, f"{weighed}\nEq (26)", "both", w=1.05)
    for m, source in sources[1].items():
        linear = sheet.box(left + 1.2, rows[m], f"linear\n{s['H']} → 1", m, w=0.75)
        sheet.arrow(source, linear, kind=m)
        sheet.elbow(linear, end, kind=m)

    left, face, eeg = lefts[2], *sources[2].values()
    end = sheet.box(left + 2.42, middle, f"linear\n{s['cat']} → 1", "both", w=0.75)
    cat = sheet.box(left + 1.4, rows["face"], "concatenate\nEq (17)", "both", w=0.95)
    fuse = sheet.box(left + 1.37, 0.5, f"cross-modal\nblock × {s['N']}", "both", w=0.95, n=s["N"])
    sheet.arrow(face, cat, kind="face")
    sheet.elbow(face, (face.x, 0.87), (left + 0.75, 0.87), (left + 0.75, 0.6), fuse, kind="face")
    sheet.flow(eeg, fuse, y=rows["EEG"], kind="EEG")
    sheet.arrow((cat.x, fuse.y + fuse.h / 2), cat, kind="both")
    sheet.elbow(cat, end, kind="both")
    return sheet.figure
