"""Figure 4 of paper 4 drawn anew: what is recorded from whom, and where it goes. Coordinates are
inches."""

from __future__ import annotations

from matplotlib.figure import Figure

from lib.plots.sheet import Sheet

__all__ = ["setup"]


def setup() -> Figure:
    """The set-up: a person watches clips, a camera and a headset record, both are cut into the same
    3 s and decided on together."""
    sheet = Sheet(9.0, 2.5)
    top, middle, low = 1.95, 1.2, 0.45
    clip = sheet.box(0.75, middle, "clips of\n4 emotions", "control", w=1.05)
    person = sheet.box(2.2, middle, "person", "label", w=0.85)
    camera = sheet.box(3.75, top, "camera", "face", w=1.0)
    headset = sheet.box(3.75, low, "FLEX 2 headset\n32 electrodes", "EEG", w=1.25)
    frames = sheet.stack(5.45, top, "frames", "face", w=0.8, h=0.42)
    pieces = sheet.stack(5.45, low, "28 x 600\nsamples", "EEG", w=0.85, h=0.5)
    face = sheet.box(6.95, top, "face model", "face", w=1.05)
    maps = sheet.box(6.95, low, "scalp maps", "EEG", w=1.05)
    fuse = sheet.box(8.2, middle, "fuse", "both", w=0.75, h=0.45)
    sheet.arrow(clip.side("right"), person.side("left"))
    sheet.elbow([person.side("top"), (person.x, top), camera.side("left")], kind="face")
    sheet.elbow([person.side("bottom"), (person.x, low), headset.side("left")], kind="EEG")
    sheet.arrow(camera.side("right"), (frames.x - frames.w / 2, camera.y), kind="face")
    sheet.arrow(headset.side("right"), (pieces.x - pieces.w / 2, headset.y), kind="EEG")
    sheet.arrow((frames.side("right")[0], face.y), face.side("left"), kind="face")
    sheet.arrow((pieces.side("right")[0], maps.y), maps.side("left"), kind="EEG")
    sheet.elbow([face.side("right"), (fuse.x, top), fuse.side("top")], kind="face")
    sheet.elbow([maps.side("right"), (fuse.x, low), fuse.side("bottom")], kind="EEG")
    sheet.arrow((5.45, top - 0.35), (5.45, low + 0.42), dashed=True, head=False)
    sheet.note(5.55, middle, "one clock: the EEG is 2 s late,\nboth are cut into the same 3 s",
               ha="left")
    return sheet.figure
