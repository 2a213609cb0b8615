"""Detectors: agreement on a photograph, decoding of YOLOv8's output, and what is said about files
and videos that will not do."""

from __future__ import annotations

import struct

import cv2
import matplotlib
import numpy as np
import pytest

from lib.datasets.base import BadFile
from lib.preprocessing import detectors, faces
from lib.preprocessing.detectors import detect, letterbox, overlap, yolo_boxes


@pytest.fixture(scope="module")
def photograph():
    """Portrait of Grace Hopper that ships with matplotlib, 300 x 256."""
    image = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")
    return cv2.cvtColor(cv2.resize(image, (256, 300), interpolation=cv2.INTER_AREA),
                        cv2.COLOR_BGR2RGB)


def _varint(n: int) -> bytes:
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + _varint(n >> 7)


def _field(number: int, content) -> bytes:
    """A field of a protocol buffer: a number, or text, bytes or a message."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    content = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _tensor(name: str, array: np.ndarray) -> bytes:
    kind = {"f": 1, "i": 7}[array.dtype.kind]
    return b"".join(_field(1, n) for n in array.shape) + _field(2, kind) + _field(8, name) + _field(
        9, array.tobytes())


def _value(name: str, shape) -> bytes:
    dims = b"".join(_field(1, _field(1, n)) for n in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def _node(kind: str, given: str, made: str) -> bytes:
    return b"".join(_field(1, name) for name in given.split()) + _field(2, made) + _field(4, kind)


def write_onnx(path, output: np.ndarray):
    """An ONNX network that answers ``output`` plus the picture's mean times zero, whatever picture
    (1, 3, 640, 640) it sees."""
    weights = {
        "w": np.zeros((3, output.size), np.float32), "b": output.astype(np.float32).ravel(),
        "shape": np.array(output.shape)
    }
    nodes = [("GlobalAveragePool", "x", "mean"), ("Flatten", "mean", "flat"),
             ("MatMul", "flat w", "zero"), ("Add", "zero b", "all"), ("Reshape", "all shape", "y")]
    graph = b"".join(_field(1, _node(*node)) for node in nodes) + _field(2, "fixed")
    graph += b"".join(_field(5, _tensor(name, array)) for name, array in weights.items())
    graph += _field(11, _value("x", (1, 3, 640, 640))) + _field(12, _value("y", output.shape))
    path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13)))
    return path


def candidates(*rows, n_rows: int = 5) -> np.ndarray:
    """Output (1, n_rows, n) of YOLOv8 for rows of (centre x, centre y, width, height, score)."""
    output = np.zeros((1, n_rows, len(rows)), np.float32)
    output[0, :5] = np.array(rows).T
    return output


def test_overlap_of_boxes():
    square = [0, 0, 10, 10]
    assert overlap(square, [square, [5, 0, 10, 10], [10, 10, 5, 5], [2, 2, 5, 5]]) == pytest.approx(
        [1, 1 / 3, 0, 0.25])


def test_haar_is_the_cascade_of_faces_and_another_cascade_agrees(photograph):
    found = detect(photograph[None])
    np.testing.assert_array_equal(found.boxes, faces.detect(photograph[None]).boxes)
    other = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
    boxes = other.detectMultiScale(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY), 1.1, 5,
                                   minSize=(50, 50))
    assert max(overlap(found.boxes[0], box) for box in boxes) > 0.6


def test_yolo_output_is_decoded():
    output = candidates((100, 80, 40, 60, 0.9), (102, 81, 40, 60, 0.8), (300, 200, 20, 20, 0.7),
                        (10, 10, 8, 8, 0.3), n_rows=20)
    output[0, 5:] = 1e3  # landmarks are not boxes
    # of two that overlap the better; none below the threshold
    expected = [[80, 50, 40, 60, 0.9], [290, 190, 20, 20, 0.7]]
    np.testing.assert_allclose(yolo_boxes(output), expected, rtol=1e-6)
    in_frame = yolo_boxes(output, scale=0.5, corner=(0, 40))
    np.testing.assert_allclose(in_frame[0], [160, 20, 80, 120, 0.9], rtol=1e-6)
    assert len(yolo_boxes(output, suppress=0.99)) == 3 and len(yolo_boxes(output,
                                                                          threshold=0.25)) == 3
    assert yolo_boxes(output, threshold=0.95).shape == (0, 5)


@pytest.mark.parametrize("shape", [(200, 400), (1280, 300), (640, 640)])
def test_letterbox_keeps_proportions_and_can_be_undone(shape):
    frame = np.zeros((*shape, 3), np.uint8)
    frame[shape[0] // 4:shape[0] // 2, shape[1] // 4:shape[1] // 2] = 255
    image, scale, corner = letterbox(frame)
    assert image.shape == (640, 640, 3) and (image[0, 0] == 114).all() == (shape[0] != shape[1])
    ys, xs = np.nonzero((image > 200).all(axis=2))
    box = (xs.min() + xs.max() + 1) / 2, (ys.min() + ys.max() +
                                          1) / 2, np.ptp(xs) + 1, np.ptp(ys) + 1
    found = yolo_boxes(candidates((*box, 1.0)), scale, corner)[0, :4]
    np.testing.assert_allclose(found,
                               np.array([shape[1], shape[0], shape[1], shape[0]]) / 4,
                               atol=3 / scale)


def test_a_yolo_file_is_run_and_the_largest_face_taken(tmp_path, photograph):
    haar = detect(photograph[None]).boxes[0]
    _, scale, corner = letterbox(photograph)
    left, top, width, height = haar * scale + (*corner, 0, 0)
    there = (left + width / 2, top + height / 2, width, height, 0.8)
    file = write_onnx(tmp_path / "face.onnx", candidates((50, 50, 20, 20, 0.9), there))
    frames = np.stack([photograph] * 2)
    found = detect(frames, "yolov8-face", file)
    assert found.quality.tolist() == ["detected"] * 2 and found.boxes.dtype == np.float32
    assert overlap(found.boxes, haar) == pytest.approx([1, 1], abs=1e-3)
    wide = detect(cv2.resize(photograph, None, fx=4, fy=4)[None], "yolov8-face", file).boxes[0]
    assert overlap(wide, 4 * haar) > 0.95
    with pytest.raises(
            BadFile,
            match=r"film\.avi: expected a face in at least one frame, found none in 2 frames"):
        detect(frames, "yolov8-face", file, threshold=0.95, file="film.avi")


def test_frames_without_a_face_are_filled_in(monkeypatch, tmp_path):
    answers = iter([
        np.empty((0, 5)),
        np.array([[10.0, 10, 20, 20, 0.9]]),
        np.empty((0, 5)),
        np.array([[30.0, 20, 20, 20, 0.9]])
    ])
    monkeypatch.setattr(detectors, "_yolo", lambda *_: lambda frame: next(answers))
    file = tmp_path / "any.onnx"
    file.touch()
    found = detect(np.zeros((4, 60, 80, 3), np.uint8), "yolov8-face", file)
    assert found.quality.tolist() == ["missing", "detected", "missing", "detected"]
    assert found.boxes[:, 0].tolist() == [10, 10, 20, 30]


@pytest.mark.parametrize(("detector", "where", "source"),
                         [("yunet", "face_detection_yunet_2023mar.onnx", "opencv_zoo"),
                          ("yolov8-face", "model of yolov8-face", "yolo export")])
def test_missing_and_damaged_model_files(tmp_path, monkeypatch, detector, where, source):
    monkeypatch.setenv("DATA", str(tmp_path))
    frames = np.zeros((1, 60, 80, 3), np.uint8)
    with pytest.raises(
            BadFile, match=rf"{where}: expected an ONNX file, found none. "
            rf".*{source}.*detector='haar' needs no"):
        detect(frames, detector)
    with pytest.raises(BadFile, match=r"nowhere.onnx: expected an ONNX file"):
        detect(frames, detector, tmp_path / "nowhere.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(struct.pack("<40q", *range(40)))
    with pytest.raises(
            BadFile,
            match=rf"damaged.onnx: expected YuNet|damaged.onnx: expected YOLOv8.*{source}"):
        detect(frames, detector, damaged)


def test_other_networks_and_names_are_refused(tmp_path):
    frames = np.zeros((1, 60, 80, 3), np.uint8)
    everything = write_onnx(tmp_path / "yolov8n.onnx", candidates((10, 10, 5, 5, 0.9), n_rows=84))
    with pytest.raises(BadFile, match=r"with the one class face, found \(1, 84, 1\)"):
        detect(frames, "yolov8-face", everything)
    with pytest.raises(ValueError, match="no detector 'mtcnn'; there are haar, yunet, yolov8-face"):
        detect(frames, "mtcnn")
    with pytest.raises(BadFile, match="found none in 3 frames"):
        detect(np.zeros((3, 60, 80, 3), np.uint8))
