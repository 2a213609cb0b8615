"""EmoEEG-MC: EEG of 60 people watching film clips of seven emotions (OpenNeuro ``ds005540``).

**Never run on the original.** Xu, Shen et al., "EmoEEG-MC: A Multi-Context Emotional EEG Dataset
for Cross-Context Emotion Decoding"; doi:10.18112/openneuro.ds005540. Read are the owner's
derivatives of the last 30 s of each clip: EEG at 200 Hz (0.1 to 47 Hz, without eyes and muscles by
independent components, average reference), and its differential entropy in each second and band: 1
to 4, 4 to 8, 8 to 14, 14 to 30, 30 to 47 Hz. Names, order and shapes are those of the owner's
README and ``fea_de.py``. The half of the experiment that was imagined is left alone.

assumed: ``_reorder.npy`` holds microvolts. assumed: its first two axes are told by their lengths;
the owner's code has channels first, other code has clips first, and the sizes are the same.
"""

import re
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from lib import paths
from lib.datasets import safe_pickle
from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, check_array, check_finite, finish, left_out, refused
from lib.datasets.eeg_corpora import AGAIN, LEAVE
from lib.datasets.seed_format import SEED_V_EMOTIONS

NAME = re.compile(r"sub-(\d+)_ses-vid_task-emotion_(de|reorder)")
MODALITIES = {"de": "eeg_features", "reorder": "eeg"}  # of a file that ends so
# in the owner's order, three clips each; the last two are none of SEED-V's
EMOTIONS = ("sad", "disgust", "fear", "neutral", "happy", "tenderness", "inspiration")
CLIPS = (4, 5, 8)
CHANNELS = tuple(
    ("Fp1 Fpz Fp2 AF7 AF3 AF4 AF8 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8 "
     "T7 C5 C3 C1 Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8 P7 P5 P3 P1 Pz P2 P4 P6 P8 "
     "PO7 PO3 POz PO4 PO8 O1 Oz O2 F9 F10 TP9 TP10").split())
ENTROPY, EEG = (64, 21 * 30, 5), (21, 64, 30 * 200)  # shapes; 1 and 200 Hz


def read(root: str | Path, emotions: tuple[str, ...] = SEED_V_EMOTIONS) -> Cohort:
    """Read the derivatives. Differential entropy is read now to check it, and again when asked for;
    of the EEG the shape is checked now.

    Parameters
    ----------
    root : path-like
        Holds at any depth ``sub-01_ses-vid_task-emotion_de.npy``, ``..._reorder.npy``, or both. Six
        people lack the folder ``eeg/`` around them.
    emotions : tuple of str
        Of :data:`EMOTIONS`; the others are left out. Default: those of SEED-V, in its order.

    Returns
    -------
    Cohort
        A trial per person and clip, numbered clip by clip: 1 to 5 are the first clip of each
        emotion, as in the blocks of SEED-V's split ``3fold``. ``labels["emotion"]``: place in
        ``emotions``. ``load("eeg_features")``: ``(64, 30, 5)`` float64 in nats, channel, second,
        band, one value a second; ``load("eeg")``: ``(64, 6000)`` float64 in uV at 200 Hz, as
        stored. People without all 21 clips (some of 55 to 60) are in ``dropped``, as no file says
        which clips are there.

    Raises
    ------
    BadFile
        No usable file.
    """
    people, trials, dropped = dict[int, dict[str, str]](), list[Trial](), dict[str, str]()
    for path in paths.glob(root, "**/sub-*.npy"):
        if name := NAME.fullmatch(path.stem):
            with left_out(dropped, path.name):
                _clips(path)
                files = people.setdefault(int(name[1]), {})
                first = files.setdefault(MODALITIES[name[2]], str(path))
                check(path, first == str(path), "one file of each person", f"{first} too", LEAVE)
    for subject, files in sorted(people.items()):
        for number, (clip, emotion) in enumerate(product(CLIPS, emotions), 1):
            loaders = {key: partial(_load, Path(files[key]), emotion, clip) for key in files}
            trials.append(
                Trial("emoeeg-mc", subject, "1", number, f"{emotion} {clip}",
                      {"emotion": emotions.index(emotion)}, loaders, files))
    caption = "EmoEEG-MC, people watching clips (real recordings; reader never run on the original)"
    return finish(Cohort("emoeeg-mc", "public", (), caption), Path(root), trials, dropped,
                  "files such as sub-01_ses-vid_task-emotion_de.npy", "none", AGAIN)


def _clips(path: Path) -> np.ndarray:
    """All clips of a file in the owner's order: ``(21, 64, 30, 5)``, or ``(21, 64, 6000)``."""
    if path.stem.endswith("_reorder"):
        with refused(path, "an .npy file of numbers", AGAIN):
            eeg = np.load(path, mmap_mode="r", allow_pickle=False)
            eeg = eeg.swapaxes(0, 1) if len(eeg) == EEG[1] else eeg
        check_array(path, eeg, EEG, f"clips, channels and samples {EEG}", AGAIN)
        return eeg
    with refused(path, "an .npy file of the pickled dictionary {'de': array}", AGAIN):
        pickled = path.read_bytes().partition(b"\n")[2]  # after the header, which is one line
        entropy = np.asarray(np.asarray(safe_pickle.loads(pickled, path)).item()["de"])
    check_array(path, entropy, ENTROPY, f"channels, seconds of 21 clips and bands {ENTROPY}", AGAIN)
    check_finite(path, entropy, "", AGAIN)
    return entropy.reshape(64, 21, 30, 5).swapaxes(0, 1)


def _load(path: Path, emotion: str, clip: int) -> Signal:
    found = _clips(path)[EMOTIONS.index(emotion) * len(CLIPS) + CLIPS.index(clip)]
    rate, unit = (200.0, "uV") if found.ndim == 2 else (1.0, "nats")
    return Signal(np.array(found, np.float64, order="C"), rate, CHANNELS, unit)
