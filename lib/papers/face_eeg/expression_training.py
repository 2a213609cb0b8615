"""The face network of paper 4 on RAF-DB: splits, maps of the frozen backbone, and training what
sits on top of them.

The backbone is frozen and flips are the only augmentation that is kept, so its maps are computed
once for each face and its mirror image; training then costs a few percent of what it would with the
backbone in the loop.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from lib.models.backbones import Backbone
from lib.models.face_attention import PatchAttention
from lib.store import Store, digest
from lib.training import loop
from lib.training.checkpoint import state
from lib.training.controls import classify
from lib.training.recognition import Recognition, recognise
from lib.training.splits import Split

FACE_SPLITS = ("official", "pooled")


@dataclass(frozen=True, kw_only=True)
class Recipe(loop.Recipe):
    """How the face network is trained.

    Sec 5.2: at most 30 epochs, early stopping on validation accuracy, learning rate from 1e-3 down
    to 1e-6 where there is no improvement. The paper gives no more; assumed, from the code of its
    reference [11] (PAtt-Lite): Adam, clipping, balanced class weights, both kinds of patience
    (torch's plateau acts one epoch later than that of Keras), the smallest improvement, the best
    weights kept. choice: of its augmentations the flip, not the
    contrast; 32 faces in a batch, where PAtt-Lite has 8, which is slower.

    Parameters
    ----------
    balanced : bool
        Weigh classes by the inverse of their frequency in the training part (fear to happiness is 1
        to 17).
    flip : bool
        Show the mirror image of a face every other time.
    """

    clip: float = 3.0
    schedule: str = "plateau"
    min_lr: float = 1e-6
    monitor: str = "accuracy"
    patience: int = 5
    min_delta: float = 0.003
    balanced: bool = True
    flip: bool = True


def splits(labels, official, how: str = "official", seed: int = 0) -> list[Split]:
    """Training, validation and test images, each with the same shares of the classes where that is
    ours to choose.

    Parameters
    ----------
    labels : sequence of int
        Class of each image, ``(n,)``.
    official : sequence of str
        ``"train"`` or ``"test"``, the owner's split, ``(n,)``.
    how : {"official", "pooled"}
        ``official``: the owner's test part, and a tenth of the training part to validate.
        ``pooled``: all images are mixed, a fifth tests and a tenth of the rest validates; Sec 5.2
        can be read this way ("80/20").
    seed : int

    Returns
    -------
    list of Split
        One.

    Raises
    ------
    ValueError
        For an unknown split, or too few images of a class.
    """
    if how not in FACE_SPLITS:
        raise ValueError(f"no split {how!r} of faces; there are {', '.join(FACE_SPLITS)}")
    labels, official = np.asarray(labels), np.asarray(official)
    everyone = np.arange(len(labels))
    rest, test = (np.flatnonzero(official == part) for part in ("train", "test"))
    if not len(test):
        raise ValueError("the official split needs images marked 'test'")
    if how == "pooled":
        rest, test = train_test_split(everyone, test_size=0.2, stratify=labels, random_state=seed)
    train, val = train_test_split(rest, test_size=0.1, stratify=labels[rest], random_state=seed)
    return [Split(how, 0, *(tuple(np.sort(part).tolist()) for part in (train, val, test)))]


def feature_maps(images: np.ndarray, backbone: Backbone, batch: int = 32) -> dict[str, np.ndarray]:
    """The backbone's maps of each face and of its mirror image: ``{"maps": (n, 2, 160, 4, 4)}``
    float16.

    The last batch is filled up with its last face, so that a processor's rounding is the same for a
    face wherever it stands.
    """
    maps = np.empty((len(images), 2, 160, 4, 4), np.float16)
    for i, faces in enumerate((images, images[:, :, ::-1])):
        for start in range(0, len(faces), batch):
            part = np.ascontiguousarray(faces[start:start + batch])
            full = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
            maps[start:start + batch, i] = backbone(full)[:len(part)].numpy()
    return {"maps": maps}


def backbone_features(images: np.ndarray, backbone: Backbone,
                      store: Store | None = None) -> np.ndarray:
    """`feature_maps`, remembered.

    Parameters
    ----------
    images : array ``(n, height, width, 3)``
        uint8, RGB.
    backbone : Backbone
        Of `lib.models.face_attention.truncated_mobilenet`; it computes channels last.
    store : Store, optional
        Default: ``build/memo``.

    Returns
    -------
    array
        ``(n, 2, 160, 4, 4)`` float16; 10 kB a face.
    """
    given = digest(images), backbone.name, backbone.fingerprint, backbone.size
    return (store or Store()).memoise(feature_maps, images, backbone, given=given)["maps"]


def class_weights(labels: np.ndarray, n_classes: int = 4) -> np.ndarray:
    """Weights ``(n_classes,)`` float32 under which every class counts the same, and the mean weight
    of an image is one.

    Raises
    ------
    ValueError
        If a class has no image.
    """
    count = np.bincount(labels, minlength=n_classes)
    if not count.all():
        raise ValueError(f"every class needs training images; of classes 0 to {n_classes - 1} "
                         f"there are {count.tolist()}")
    return (len(labels) / (n_classes * count)).astype(np.float32)


class FaceTask(Recognition):
    """Faces, each itself or mirrored at random in training; as they are, the first copy,
    elsewhere."""

    recipe: Recipe

    def batches(self) -> list[np.ndarray]:
        train, copies = self.rows["train"], self.inputs[0].shape[1] if self.recipe.flip else 1
        self.copy = np.zeros(len(self.y), int)
        self.copy[train] = self.rng.integers(copies, size=len(train))
        return super().batches()

    def logits(self, rows: np.ndarray) -> Tensor:
        copy = self.copy[rows] if self.network.training else 0
        return self.network(self.inputs[0][rows, copy].float())

    def score(self) -> dict[str, float | None]:
        loss = self.cross_entropy(
            self.apply(lambda rows: self.logits(rows).softmax(dim=-1),
                       self.rows["val"]).clamp_min(1e-12).log(), self.y[self.rows["val"]])
        return super().score() | {"loss": float(loss)}


def face_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: Mapping,
              recipe: Mapping, maps: str = "maps") -> dict[str, np.ndarray]:
    """Train on one fold.

    Parameters
    ----------
    data : mapping
        ``maps`` ``(n, copies, 160, 4, 4)`` of `backbone_features` and ``emotion`` ``(n,)`` int,
        classes from 0.
    split : mapping
        ``train``, ``val``, ``test``: image indices. Predictions come in their order, computed in
        batches of ``recipe["batch"]``, which matters for ``attention="batch"`` alone.
    seed : int
    model : mapping
        Arguments of :class:`lib.models.face_attention.PatchAttention`.
    recipe : mapping
        Fields of :class:`Recipe`.
    maps : str
        Name of the maps in ``data``.

    Returns
    -------
    dict
        ``val``, ``test``: probabilities ``(n, n_classes)`` float32, of faces as they
        are, not mirrored, by the weights of the best epoch; ``history`` ``(epochs, 4)``: training
        loss, validation loss, validation accuracy, learning rate; ``best``: that epoch, from
        0; ``weights/<name>``: the network's state.
    """
    settings = Recipe(**recipe)
    torch.manual_seed(seed)
    emotion, train = np.asarray(data["emotion"], np.int64), np.asarray(split["train"])
    n = int(emotion.max()) + 1
    weight = class_weights(emotion[train], n) if settings.balanced else np.ones(n, np.float32)
    task = FaceTask(PatchAttention(n_classes=n, **model), [torch.from_numpy(data[maps])], emotion,
                    split, settings, np.random.default_rng(seed),
                    torch.from_numpy(weight).to(settings.device))
    return recognise(task) | state(task.network)


def control_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: str,
                 parts: int = 1) -> dict[str, np.ndarray]:
    """``val`` and ``test``, probabilities ``(n, n_classes)``, by a control of
    :data:`lib.training.controls.CLASSIFIERS` on the maps averaged over ``parts`` by ``parts``
    regions of the face, 160 numbers each."""
    maps = data["maps"][:, 0]
    cut = maps.reshape(*maps.shape[:2], parts, maps.shape[2] // parts, parts, -1)
    x = cut.mean(axis=(3, 5), dtype=np.float32).reshape(len(maps), -1)
    return classify(model, x, data["emotion"], split, int(data["emotion"].max()) + 1)
