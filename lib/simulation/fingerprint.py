"""A small world of features: people watch clips, and every segment carries traces of emotion,
person, clip, recording and moment.

The smallest model in which the splits differ. Nothing is written to disk.
"""

from dataclasses import dataclass

import numpy as np

from lib.simulation.valence import stream


@dataclass(frozen=True)
class World:
    """How large each trace is, in standard deviations of a feature; the noise of single segments is
    1.

    Attributes
    ----------
    emotion : float
        What is common to all segments of one emotion, in all people. 0: a null world.
    person : float
        What is common to all segments of one person: head, cap size, habits.
    clip : float
        What is common to all segments of one clip, in all people: its light, its sound, its cuts.
    recording : float
        What is common to all segments of one recording: how the electrodes sit on that day. The
        *fingerprint*.
    drift : float
        What neighbouring segments share: a process with the memory of `memory` from one segment to
        the next.
    memory : float
    subjects, emotions, clips, segments, features : int
        ``clips`` of each emotion; every person watches all; ``segments`` in each recording. choice:
        7 people as in paper 4, and 84 features, its three bands of 28 electrodes.
    """

    emotion: float = 0.0
    person: float = 0.0
    clip: float = 0.0
    recording: float = 0.0
    drift: float = 0.0
    memory: float = 0.9
    subjects: int = 7
    emotions: int = 4
    clips: int = 2
    segments: int = 15
    features: int = 84


def make(world: World, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw a world. Each trace has a random stream of its own: changing one size leaves the other
    traces as they were.

    Returns
    -------
    dict
        ``x`` ``(N, features)`` float32; ``y`` (the emotion), ``subject``, ``clip``, ``recording``
        and ``position`` (in the recording) ``(N,)`` int, recordings one after another.
    """
    shape = (world.subjects, world.emotions, world.clips, world.segments, world.features)
    s, e, c, t, d = shape

    def draw(name: str, *size: int) -> np.ndarray:
        return stream(seed, name).standard_normal((*size, d))

    moments = draw("moments", s, e, c, t)
    for k in range(1, t):  # stationary: every segment's trace has variance 1
        moments[..., k, :] = world.memory * moments[..., k - 1, :] + np.sqrt(
            1 - world.memory**2) * moments[..., k, :]
    x = (world.emotion * draw("emotion", 1, e, 1, 1) + world.person * draw("person", s, 1, 1, 1) +
         world.clip * draw("clip", 1, e, c, 1) + world.recording * draw("recording", s, e, c, 1) +
         world.drift * moments + draw("segment", *shape[:-1]))
    subject, emotion, clip, position = np.indices(shape[:-1]).reshape(4, -1)
    return {
        "x": x.reshape(-1, d).astype(np.float32), "y": emotion, "subject": subject,
        "clip": emotion * c + clip, "recording": (subject * e + emotion) * c + clip,
        "position": position
    }
