"""The raw MAHNOB-HCI database: ``Sessions/<id>/`` and the continuous valence labels of 239 of its
trials.

Soleymani, Lichtenauer, Pun & Pantic, "A multimodal database for affect recognition and implicit
tagging", IEEE Trans. Affective Computing 3(1), 2012; labels: Soleymani, Asghari-Esfeden, Fu &
Pantic, "Analysis of EEG signals and facial expressions for continuous emotion detection", ibid.
7(1), 2016. Simulated cohorts in the same layout carry a ``truth.json`` and are read by the same
code.
"""

from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from lib.datasets.base import Cohort, Signal, Trial
from lib.datasets.checks import check, check_there, finish, left_out, origin
from lib.datasets.mahnob_files import (Session, check_bdf, read_labels, read_physiology,
                                       read_session, stimulus_times)
from lib.datasets.mahnob_format import (EEG_CHANNELS, LABEL_RATE, LABELS_FILE, MARGIN, bdf_name,
                                        gaze_name, session_id)
from lib.datasets.mahnob_media import media_start, read_eye, read_gaze, video_clock, video_frames
from lib.paths import spelled

# of the ECG: upper right and upper left corner of the chest, left side of the abdomen
CHANNELS = {"eeg": tuple(EEG_CHANNELS), "ecg": ("EXG1", "EXG2", "EXG3")}


def files(root: str | Path) -> list[str]:
    """What a complete copy holds for each labelled trial."""
    sessions = [session_id(subject, section) for subject, section, _ in read_labels(root)]
    return [f"Sessions/{session}/session.xml" for session in sessions]


def read(root: str | Path, need: tuple[str, ...] = ("eeg", "video", "eye")) -> Cohort:
    """Read the labelled trials of MAHNOB-HCI, or of a simulated cohort in its layout.

    Parameters
    ----------
    root : path-like
        Folder with ``Sessions/`` and ``lable_continous_Mahnob.mat``.
    need : tuple of str
        Modalities whose files must exist for a trial to be kept. The video needs the gaze table
        too: it holds the clock. A copy of the database without videos is read with
        ``need=("eeg",)``.

    Returns
    -------
    Cohort
        One trial per row of the label file, in its order; ``labels["valence"]`` is ``(n_times,)``
        at 4 Hz, the subject's own ratings are scalars. Signals are read when asked for: ``eeg`` and
        ``ecg`` (uV, from 2 s before the stimulus), ``eye`` (60 Hz) and ``video`` (one RGB frame per
        label). Left-out trials are in ``dropped``, each with the reason.

    Raises
    ------
    BadFile
        The label file is unusable, or no trial at all can be read.
    """
    root = Path(root)
    cohort = origin(root, "mahnob", "MAHNOB-HCI")
    trials, dropped, rows = dict[str, Trial](), dict[str, str](), read_labels(root)
    for subject, section, valence in rows:
        name = str(session_id(subject, section))
        with left_out(dropped, f"Sessions/{name}" + " (repeated)" * (name in trials)):
            check(root, name not in trials, "each trial once in the label file",
                  f"subject {subject}, section {section} again", "Get the original.")
            trials[name] = _trial(root, subject, section, valence, need)
    return finish(cohort, root, trials.values(), dropped, "at least one readable trial",
                  f"none of {len(rows)}; the first",
                  "Check that this is the folder that holds Sessions/.")


def _trial(root: Path, subject: int, section: int, valence: np.ndarray, need: tuple[str,
                                                                                    ...]) -> Trial:
    number = session_id(subject, section)
    folder = root / "Sessions" / str(number)
    check(root / LABELS_FILE, valence.size and not np.isnan(valence).any(),
          "a label for every quarter of a second",
          f"{np.isnan(valence).sum()} NaN of {valence.size}", "Get the original label file.")
    described = folder / "session.xml"
    session = read_session(described)
    check(described, session.subject == subject, f"subject {subject}, as in the label file",
          f"subject {session.subject}", "Check that the folder has not been renamed.")
    files = {
        "eeg": spelled(folder / (session.physiology or bdf_name(subject, section))),
        "eye": spelled(folder / (session.gaze or gaze_name(subject, section)))
    }
    if session.video:
        files["video"] = spelled(folder / session.video)
    check(described, session.video or "video" not in need,
          'a track with color="1" (the colour camera) and a file name', "none", "Leave video out.")
    for modality in need:
        if modality == "eeg":
            check_bdf(files["eeg"])
        # the gaze table holds the clock of the video
        for part in {"eeg": (), "video": ("video", "eye")}.get(modality, (modality,)):
            check_there(files[part], f"the {part} file that session.xml names",
                        f"Download it, or leave {modality} out.")
    physiology = partial(read_physiology, files["eeg"], seconds=valence.size / LABEL_RATE)
    loaders = {part: partial(physiology, channels) for part, channels in CHANNELS.items()}
    loaders["eye"] = partial(read_eye, files["eye"])
    if session.video:
        loaders["video"] = partial(_read_video, files["video"], files["eye"], session,
                                   label_times(valence.size))
    paths = {key: str(path) for key, path in files.items()} | {"session": str(described)}
    return Trial("mahnob", subject, str(number), section // 2, session.stimulus,
                 {"valence": valence, **session.felt}, loaders, paths)


def label_times(n_times: int) -> np.ndarray:
    """Times ``(n_times,)`` in seconds of the frame that stands for each label.

    choice: the middle of the quarter of a second that label i covers, (i + 0.5) / 4 s. Zhang's
    published code draws one of the 16 frames of that quarter at random; its middle frame is the
    fixed counterpart.
    """
    return (np.arange(n_times) + 0.5) / LABEL_RATE


def _read_video(video: Path, gaze: Path, session: Session, times: np.ndarray) -> Signal:
    frames = video_frames(video, gaze, session, times)
    first = next(frames)
    # filled in place: a list of frames and its stack would need twice the memory
    kind = np.dtype((np.uint8, first.shape))
    data = np.fromiter(chain([first], frames), kind, len(times))
    return Signal(data, LABEL_RATE, start=float(times[0]))


def sync_report(cohort: Cohort) -> pd.DataFrame:
    """Compare the clocks of every trial; nothing is corrected here.

    Returns
    -------
    pandas.DataFrame
        One row per trial, lengths in seconds: ``eeg_s`` between the pulses, ``label_s``,
        ``video_s`` of the whole file, ``media_s`` from MovieStart to MovieEnd, ``onset_minus_30_s``
        (pulse minus the 30 s that other code takes for granted), ``media_start_in_video_s``,
        ``onset_source``, and ``problem`` for what could not be read.
    """
    columns = ("subject session trial label_s eeg_s onset_minus_30_s onset_source media_s video_s "
               "media_start_in_video_s problem").split()
    rows = []
    for trial in cohort:
        row, files, problems = {name: getattr(trial, name) for name in columns[:3]}, trial.files, {}
        row["label_s"] = np.size(trial.labels["valence"]) / LABEL_RATE
        with left_out(problems, "eeg"):
            ran = stimulus_times(files["eeg"])
            row |= {"eeg_s": ran.offset - ran.onset, "onset_source": ran.source}
            row["onset_minus_30_s"] = ran.onset - MARGIN
        if "video" in files:
            with left_out(problems, "eye"):
                _, start, end = read_gaze(files["eye"])
                begins = media_start(files["eye"], read_session(files["session"]))
                row |= {"media_s": (end - start) / 1000, "media_start_in_video_s": begins}
            with left_out(problems, "video"):
                rate = read_session(files["session"]).video_rate
                row["video_s"] = video_clock(files["video"], rate).length
        rows.append(row | {"problem": "; ".join(problems.values())})
    return pd.DataFrame(rows, columns=columns)
