"""The on-disk format of MAHNOB-HCI, shared by its reader and by the simulator that writes it. Only
constants and names."""

EEG_CHANNELS = (
    "Fp1 AF3 F3 F7 FC5 FC1 C3 T7 CP5 CP1 P3 P7 PO3 O1 Oz Pz Fp2 AF4 Fz F4 F8 FC6 FC2 Cz C4 T8 "
    "CP6 CP2 P4 P8 PO4 O2").split()
ALL_CHANNELS = (*EEG_CHANNELS, *(f"EXG{i}" for i in range(1, 9)), "GSR1", "GSR2", "Erg1", "Erg2",
                "Resp", "Temp", "Status")
BDF_RATE = 256.0  # Hz, every channel
MARGIN = 30.0  # seconds recorded before and after the stimulus
LABEL_RATE = 4.0  # Hz
# sic; keys trials_included uint8 (n, 2) = (subject, section), labels object (n, 1)
LABELS_FILE = "lable_continous_Mahnob.mat"
GAZE_RATE = 60.0  # Hz
GAZE_PREAMBLE = 23  # lines before the column names of the All-Data file
GAZE_COLUMNS = ("Timestamp", "AudioSampleNumber", "Number", "GazePointXLeft", "GazePointYLeft",
                "DistanceLeft", "PupilLeft", "ValidityLeft", "GazePointXRight", "GazePointYRight",
                "DistanceRight", "PupilRight", "ValidityRight", "Event", "StimuliName")
# codes of session.xml's feltEmo
FELT = dict(
    enumerate(
        "neutral anger disgust fear joy sadness surprise scream bored sleepy unknown amusement "
        "anxiety".split()))


def session_id(subject: int, section: int) -> int:
    """Folder number below ``Sessions/``: 130 sections per subject."""
    return (subject - 1) * 130 + section


def bdf_name(subject: int, section: int) -> str:
    """Physiology of an emotion session; its trial number is half its (even) section."""
    return f"Part_{subject}_S_Trial{section // 2}_emotion.bdf"


def video_name(subject: int, section: int, stamp: str = "2009.07.09.17.53.46") -> str:
    """Colour frontal camera; the space before ``_C_`` is the owner's."""
    return f"P{subject}-Rec1-{stamp}_C1 trigger _C_Section_{section}.avi"


def gaze_name(subject: int, section: int) -> str:
    """Gaze and events."""
    return f"P{subject}-Rec1-All-Data-New_Section_{section}.tsv"
