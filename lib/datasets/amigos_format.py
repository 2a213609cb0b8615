"""The on-disk format of AMIGOS (``Data_Preprocessed_PXX.mat``), shared by its reader and by the
simulator that writes it. Only constants and names.

Miranda-Correa, Abadi, Sebe & Patras, "AMIGOS: a dataset for affect, personality and mood research
on individuals and groups", IEEE Trans. Affective Computing 12(2), 2021.
"""

# Emotiv EPOC, in the order of the columns
HEADSET = tuple("AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split())
ECG_CHANNELS = ("ECG right", "ECG left")
ECG_LEFT = ECG_CHANNELS[1]  # the lead paper 2 uses
GSR_CHANNELS = ("GSR",)
ALL_CHANNELS = (*HEADSET, *ECG_CHANNELS, *GSR_CHANNELS)  # the 17 columns of joined_data
COLUMNS = {"eeg": slice(0, 14), "ecg": slice(14, 16), "gsr": slice(16, 17)}
# Sec 4 of paper 2: the input, in its order
EEG_CHANNELS = tuple("F7 F3 T7 P7 O1 O2 P8 T8 F4 F8".split())
ECG_UNIT = "mV"  # assumed: the owner does not say; paper 2 standardises, so nothing rests on it
RATE = 128.0  # Hz, every column
BASELINE = 640  # samples (5 s) before the video starts
CELLS, N_SHORT = 20, 16  # cells of each variable; the first 16 are the short videos
SUBJECTS = range(1, 41)
RATINGS = ("arousal", "valence", "dominance", "liking", "familiarity")  # 1 to 9; arousal first
# the last seven 0 or 1
SELF_REPORTS = (*RATINGS, "neutral", "disgust", "happiness", "surprise", "anger", "fear", "sadness")
# columns of labels_ext_annotation, one row per 20 s; valence first
ANNOTATION = ("segment", "valence", "arousal")
# strings; their order differs between files
SHORT_VIDEOS = tuple("4 5 9 10 13 18 19 20 23 30 31 34 36 58 80 138".split())
LONG_VIDEOS = ("N1", "P1", "B1", "U1")
# each a cell array (1, 20); labels_ext_annotation may be missing
VARIABLES = ("joined_data", "labels_selfassessment", "VideoIDs")


def file_name(subject: int) -> str:
    """Name of one subject's file, ``Data_Preprocessed_P01.mat``; as unpacked it lies in a folder of
    that name without ``.mat``."""
    return f"Data_Preprocessed_P{subject:02d}.mat"
