"""Figure 4 of paper 4 drawn anew: what is recorded from whom, and where it goes. Coordinates are
inches."""

from __future__ import annotations

from matplotlib.figure import Figure

from lib.plots.sheet import Sheet


def setup() -> Figure:
    """The set-up: a person watches clips, a camera and a headset record, both are cut into the same
    3 s and decided on together."""
    sheet, top, middle, low = Sheet(9.0, 2.5), 1.95, 1.2, 0.45
    clip = sheet.box(0.75, middle, "clips of\n4 emotions", "control", w=1.05)
    person = sheet.box(2.2, middle, "person", "label", w=0.85)
    camera = sheet.box(3.75, top, "camera", "face", w=1.0)
    headset = sheet.box(3.75, low, "FLEX 2 headset\n32 electrodes", "EEG", w=1.25)
    frames = sheet.box(5.45, top, "frames", "face", w=0.8, h=0.42, n=3)
    pieces = sheet.box(5.45, low, "28 x 600\nsamples", "EEG", w=0.85, h=0.5, n=3)
    face = sheet.box(6.95, top, "face model", "face", w=1.05)
    maps = sheet.box(6.95, low, "scalp maps", "EEG", w=1.05)
    fuse = sheet.box(8.2, middle, "fuse", "both", w=0.75, h=0.45)
    sheet.arrow(clip, person)
    for kind, y, path in (("face", top, (camera, frames, face)), ("EEG", low, (headset, pieces,
                                                                               maps))):
        sheet.elbow(person, (person.x, y), path[0], kind=kind)
        sheet.flow(*path, y=y, kind=kind)
        sheet.elbow(path[-1], fuse, kind=kind)
    sheet.arrow((5.45, top - 0.35), (5.45, low + 0.42), dashed=True, head=False)
    sheet.note(5.55, middle, "one clock: the EEG is 2 s late,\nboth are cut into the same 3 s",
               ha="left")
    return sheet.figure
