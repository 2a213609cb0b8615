"""Face detectors to choose from: the Haar cascade that ships with OpenCV, or YuNet or a YOLOv8 of
faces from a file of the user's.

References
----------
Thanh and Thinh (2025), Sec 3: YOLOv8, without saying which weights; those that are published with
it know no faces, and its code and weights are under AGPL-3.0. choice: the cascade by default, which
needs no file. RAF-DB's images are aligned and need no detector.
Wu, Peng, Yu (2023), YuNet: a tiny millisecond-level face detector.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from lib import paths
from lib.datasets.base import BadFile
from lib.preprocessing import faces
from lib.preprocessing.faces import Faces

NETWORKS = {"yunet": "YuNet", "yolov8-face": "YOLOv8"}
DETECTORS = ("haar", *NETWORKS)
SOURCES = {
    "yunet": "Fetch it (make weights), or get face_detection_yunet_2023mar.onnx from "
    "https://github.com/opencv/opencv_zoo (models/face_detection_yunet) and name it",
    "yolov8-face": "Export a YOLOv8 trained on faces (`yolo export model=yolov8n-face.pt "
    "format=onnx imgsz=640`) and name the file",
}
YOLO_ROWS = (5, 15, 20)  # box and score; with five landmarks of (x, y); of (x, y, visibility)
WIDTH = 640  # pixels to which wider frames are reduced, and the side of YOLOv8's input
# frame (height, width, 3), RGB -> (n, 5): left, top, width, height, score
Finder = Callable[[np.ndarray], np.ndarray]


def detect(frames, detector: str = "haar", model_file: str | Path = "", *, threshold: float = 0.5,
           file: str = "video") -> Faces:
    """Find the largest face in each frame.

    Parameters
    ----------
    frames : array ``(n, height, width, 3)`` or iterable of frames
        uint8, RGB, in order of time.
    detector : {"haar", "yunet", "yolov8-face"}
        ``haar``: `lib.preprocessing.faces.detect` with its defaults, which also tracks.
    model_file : path-like
        ONNX file of the other two; ``yunet`` takes that of ``make weights`` by default.
    threshold : float
        Lowest score (0 to 1) of a face, for the other two.
    file : str
        Name of the video for messages.

    Returns
    -------
    Faces
        Boxes ``(n, 4)`` and quality flags. Boxes of frames without a face are interpolated in time.

    Raises
    ------
    ValueError
        For an unknown detector.
    BadFile
        If the model file is missing or of another kind, or no frame holds a face.
    """
    if detector not in DETECTORS:
        raise ValueError(f"no detector {detector!r}; there are {', '.join(DETECTORS)}")
    if detector == "haar":
        return faces.detect(frames, file=file)
    if detector == "yunet":
        model_file = model_file or paths.weights("face_detection_yunet_2023mar.onnx")
    if not model_file or not Path(model_file).is_file():
        raise BadFile(model_file or f"model of {detector}", "an ONNX file", "none",
                      f"{SOURCES[detector]}; detector='haar' needs no file.")
    try:
        find = {"yunet": _yunet, "yolov8-face": _yolo}[detector](Path(model_file), threshold)
    except cv2.error as error:
        raise BadFile(model_file, f"{NETWORKS[detector]} as an ONNX file", str(error.err),
                      SOURCES[detector] + ".") from error
    boxes = np.array([_largest(find, frame) for frame in frames]).reshape(-1, 4)
    quality = np.where(np.isfinite(boxes[:, 0]), "detected", "missing")
    return Faces(faces.fill_missing(boxes, file).astype(np.float32), quality)


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes ``(..., 4)``: left, top, width, height."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.prod(np.clip(high - np.maximum(a[..., :2], b[..., :2]), 0, None), axis=-1)
    return shared / (np.prod(a[..., 2:], axis=-1) + np.prod(b[..., 2:], axis=-1) - shared)


def _largest(find: Finder, frame: np.ndarray) -> np.ndarray:
    """Largest face of a frame in its pixels, NaN where there is none; searched at ``WIDTH`` pixels
    at most."""
    scale = min(1.0, WIDTH / frame.shape[1])
    found = find(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    none = np.full(4, np.nan)
    return max(found, key=lambda box: box[2] * box[3])[:4] / scale if len(found) else none


def _yunet(model_file: Path, threshold: float) -> Finder:
    net = cv2.FaceDetectorYN.create(str(model_file), "", (WIDTH, WIDTH), threshold)

    def find(frame: np.ndarray) -> np.ndarray:
        net.setInputSize(frame.shape[1::-1])
        found = net.detect(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1]
        return np.empty((0, 5)) if found is None else found[:, [0, 1, 2, 3, 14]]

    return find


def _yolo(model_file: Path, threshold: float) -> Finder:
    net = cv2.dnn.readNetFromONNX(str(model_file))

    def find(frame: np.ndarray) -> np.ndarray:
        image, scale, corner = letterbox(frame)
        net.setInput(cv2.dnn.blobFromImage(image, 1 / 255))
        output = net.forward()
        if output.ndim != 3 or output.shape[1] not in YOLO_ROWS:
            raise BadFile(
                model_file,
                f"an output (1, {' or '.join(map(str, YOLO_ROWS))}, n) of a YOLOv8 with the one "
                "class face", f"{output.shape}", SOURCES["yolov8-face"] + ".")
        return yolo_boxes(output, scale, corner, threshold)

    return find


def letterbox(frame: np.ndarray, side: int = WIDTH) -> tuple[np.ndarray, float, tuple[int, int]]:
    """Fit a frame into a square, as YOLOv8 was trained: the picture, the scale, and where the
    frame's corner (left, top) now lies."""
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    new = max(1, round(width * scale)), max(1, round(height * scale))
    corner = (side - new[0]) // 2, (side - new[1]) // 2
    image = np.full((side, side, 3), 114, np.uint8)
    image[corner[1]:corner[1] + new[1], corner[0]:corner[0] + new[0]] = cv2.resize(frame, new)
    return image, scale, corner


def yolo_boxes(output: np.ndarray, scale: float = 1.0, corner: tuple[float, float] = (0, 0),
               threshold: float = 0.5, suppress: float = 0.45) -> np.ndarray:
    """Faces in the output of a YOLOv8 with one class.

    Parameters
    ----------
    output : array ``(1, 5 or more, n)``
        For each of ``n`` candidates: centre x and y, width, height in pixels of the letterboxed
        picture, score, and perhaps landmarks.
    scale, corner
        Of `letterbox`.
    threshold : float
        Lowest score.
    suppress : float
        Of two candidates that overlap more than this, the one with the lower score is dropped
        (non-maximum suppression).

    Returns
    -------
    array ``(n_faces, 5)``
        Left, top, width, height in pixels of the frame, and the score; the highest first.
    """
    candidates = np.asarray(output, float)[0, :5].T
    candidates = candidates[candidates[:, 4] >= threshold]
    candidates[:, :2] -= candidates[:, 2:4] / 2
    keep = cv2.dnn.NMSBoxes(candidates[:, :4].tolist(), candidates[:, 4].tolist(), threshold,
                            suppress)
    found = candidates[np.asarray(keep, int).ravel()]
    found[:, :2] -= corner
    found[:, :4] /= scale
    return found
