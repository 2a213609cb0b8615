"""The on-disk format of EMOTIV FLEX 2 recordings (paper 4), shared by the reader and by the
simulator. Only constants and names.

The names inside the files are EMOTIV's (EmotivPRO exports). The folder around them is ours, because
the owner releases no data: a listing ``recordings.csv`` with the columns :data:`LISTING`, and the
files it names, by habit in ``recordings/S<subject>/``.
"""

EMOTIONS = ("happiness", "sadness", "fear", "neutral")  # label 0, 1, 2, 3
# assumed: the two layouts of the 32-channel caps seen in public code; two electrodes differ
_CAP = ("Cz Fz Fp1 F7 F3 FC1 C3 FC5 FT9 T7 CP5 CP1 P3 P7 {}9 O1 Pz Oz O2 {}10 "
        "P8 P4 CP2 CP6 T8 FT10 FC6 C4 FC2 F4 F8 Fp2")
CAPS = {"A": tuple(_CAP.format("PO", "PO").split()), "B": tuple(_CAP.format("TP", "TP").split())}
# Sec 5.1: 28 of 32. choice: what both layouts share without the low rim (FT9, FT10); these 28 and
# no others fill the 7 x 5 map row by row
CHANNELS = tuple(name for name in CAPS["A"] if name in CAPS["B"] and name not in ("FT9", "FT10"))
# Sec 4.3: a 7 x 5 map seen from above; choice: rows Fp, F, FC, C, CP, P, O, and "" where there is
# no electrode
GRID = (("", "Fp1", "", "Fp2", ""), ("F7", "F3", "Fz", "F4", "F8"),
        ("FC5", "FC1", "", "FC2", "FC6"), ("T7", "C3", "Cz", "C4", "T8"),
        ("CP5", "CP1", "", "CP2", "CP6"), ("P7", "P3", "Pz", "P4", "P8"), ("", "O1", "Oz", "O2",
                                                                           ""))
RATES = (128.0, 256.0)  # Hz the headset records at; never the 200 Hz of Sec 4.1, which is resampled
SUBJECTS = 7  # Sec 5.1
LEAST_QUALITY = 80.0  # Sec 5.1: per cent

PREFIX = "EEG."  # of an electrode's column in CSV; in EDF it is named bare
# what is beside the electrodes, by our name: (label in EDF, column in CSV)
TABLES = {
    "counter": ("COUNTER", "EEG.Counter"), "interpolated": ("INTERPOLATED", "EEG.Interpolated"),
    "clock": ("TIME_STAMP_s", "Timestamp"), "milliseconds": ("TIME_STAMP_ms", ""),
    "contact": ("CQ_OVERALL", "CQ.Overall"), "eeg": ("EQ_OVERALL", "EQ.OVERALL")
}
LISTING_FILE = "recordings.csv"
LISTING = ("file", "subject", "emotion", "clip", "video")
MARKERS = "_intervalMarker.csv"  # added to the recording's name without ending and stream tags
# tags of motion, mental command, performance, face, band power: X.md.pm.bp.csv
STREAMS = ("md", "mc", "pm", "fe", "bp")
# latency: s from the recording's start
MARKER_COLUMNS = ("latency", "duration", "type", "marker_value", "key", "timestamp", "marker_id")
