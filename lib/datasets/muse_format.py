"""Names and numbers of the Muse recordings of mental states, shared by their reader and by the
simulator."""

FOLDER = "muse-mental-states"
STATES = ("relaxed", "neutral", "concentrating")  # the order of their codes, 0 to 2
# seconds since 1970; an input of the headband to which nothing was connected
CLOCK, UNUSED = "timestamps", "Right AUX"
CHANNELS = ("TP9", "AF7", "AF8", "TP10")  # behind the ears and on the forehead
RATE = 256.0  # Hz


def file_name(subject: int, state: str, recording: int) -> str:
    """Name of one recording: ``subjecta-relaxed-1.csv`` for subject 1."""
    return f"subject{'abcdefghijklmnopqrstuvwxyz'[subject - 1]}-{state}-{recording}.csv"
