"""Files as other programs write them: same content, same bytes."""

import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import scipy.io

JPEG_QUALITY = 80


def matlab(content: dict, title: str = "simulated") -> bytes:
    """A MATLAB 5 file. The header SciPy writes holds the time of day: it is replaced."""
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, content)
    return f"MATLAB 5.0 MAT-file, {title}".encode().ljust(116) + buffer.getvalue()[116:]


def cells(items: Sequence) -> np.ndarray:
    """A MATLAB cell array, one column."""
    column = np.empty((len(items), 1), object)
    column[:, 0] = items
    return column


def motion_jpeg(frames: Iterable[np.ndarray], rate: float, size: tuple[int, int]) -> bytes:
    """Motion JPEG in AVI; the frames are RGB arrays of ``size`` (height, width)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "video.avi"
        writer = cv2.VideoWriter(str(file), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"),
                                 rate, size[::-1])
        if not writer.isOpened():
            raise OSError(f"{file}: OpenCV cannot open it for writing (Motion JPEG). Check free "
                          "space and the OpenCV installation.")
        writer.set(cv2.VIDEOWRITER_PROP_QUALITY, JPEG_QUALITY)
        for frame in frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
        return file.read_bytes()
