"""The face network of paper 4 on RAF-DB: splits, features of the frozen backbone, and training what
sits on top of them.

The backbone is frozen and flips are the only augmentation that is kept, so its maps are computed
once for each face and its mirror image; training then costs a few percent of what it would with the
backbone in the loop.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lib.models.backbones import Backbone
from lib.models.face_attention import PatchAttention
from lib.store import Store, digest
from lib.training.splits import Split

__all__ = [
    "FACE_SPLITS", "Recipe", "backbone_features", "class_weights", "face_fold", "feature_maps",
    "splits"
]

FACE_SPLITS = ("official", "pooled")


@dataclass(frozen=True)
class Recipe:
    """How the face network is trained.

    Sec 5.2: at most 30 epochs, early stopping on validation accuracy, learning rate from 1e-3 down
    to 1e-6 where there is no improvement. The paper gives no more; assumed, from the code of its
    reference [11] (PAtt-Lite): Adam, clipping, balanced class weights, both kinds of patience, the
    smallest improvement, the best weights kept. choice: of its augmentations the flip, not the
    contrast.

    Parameters
    ----------
    epochs, batch : int
        At most 30 (Sec 5.2). choice: 32 faces; PAtt-Lite has 8, which is slower.
    lr, min_lr : float
        Of Adam.
    decay, plateau : float, int
        The learning rate is multiplied by ``decay`` after more than ``plateau`` epochs without a
        better validation.
    patience : int
        Epochs without a better validation after which training stops; the weights of the best epoch
        are kept.
    min_delta : float
        A smaller gain of validation accuracy is none.
    clip : float
        Largest norm of the gradient over all weights.
    balanced : bool
        Weigh classes by the inverse of their frequency in the training part (fear to happiness is 1
        to 17).
    flip : bool
        Show the mirror image of a face every other time.
    device : str
    """

    epochs: int = 30
    batch: int = 32
    lr: float = 1e-3
    min_lr: float = 1e-6
    decay: float = 0.1
    plateau: int = 3
    patience: int = 5
    min_delta: float = 0.003
    clip: float = 3.0
    balanced: bool = True
    flip: bool = True
    device: str = "cpu"


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
        One, with sorted indices.

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


def feature_maps(images: np.ndarray, backbone: Backbone, flip: bool = True,
                 batch: int = 32) -> dict[str, np.ndarray]:
    """The backbone's maps of each face and, with ``flip``, of its mirror image: ``{"maps": (n, 2 or
    1, 160, 4, 4)}`` float16.

    The last batch is filled up with its last face, so that a processor's rounding is the same for a
    face wherever it stands.
    """
    copies = [images, images[:, :, ::-1]] if flip else [images]
    maps = np.empty((len(images), len(copies), 160, 4, 4), np.float16)
    for i, faces in enumerate(copies):
        for start in range(0, len(faces), batch):
            part = np.ascontiguousarray(faces[start:start + batch])
            full = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
            maps[start:start + batch, i] = backbone(full)[:len(part)].numpy()
    return {"maps": maps}


def backbone_features(images: np.ndarray, backbone: Backbone, *, flip: bool = True,
                      store: Store | None = None) -> np.ndarray:
    """`feature_maps`, remembered.

    Parameters
    ----------
    images : array ``(n, height, width, 3)``
        uint8, RGB.
    backbone : Backbone
        Of `lib.models.face_attention.truncated_mobilenet`; it computes channels last.
    flip : bool
    store : Store, optional
        Default: ``build/memo``.

    Returns
    -------
    array
        ``(n, 2 or 1, 160, 4, 4)`` float16; 10 kB a face.
    """
    given = (digest(images), backbone.name, backbone.fingerprint, backbone.size,
             str(backbone.dtype), flip)
    return (store or Store()).memoise(feature_maps, images, backbone, flip, given=given)["maps"]


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
        raise ValueError(
            f"every class needs training images; of classes 0 to {n_classes - 1} there are {count.tolist()}"
        )
    return (len(labels) / (n_classes * count)).astype(np.float32)


@torch.no_grad()
def _probabilities(net: nn.Module, maps: Tensor, batch: int) -> Tensor:
    """Of the faces as they are, the first copy; in the order and the batches that attention over a
    batch depends on."""
    net.eval()
    return torch.cat([net(part).softmax(dim=-1) for part in maps[:, 0].float().split(batch)])


def _epoch(net: nn.Module, optimiser: torch.optim.Optimizer, maps: Tensor, y: Tensor,
           weight: Tensor, recipe: Recipe, rng: np.random.Generator) -> float:
    """One pass over the training faces, each itself or mirrored; the mean loss."""
    net.train()
    mirrored = torch.from_numpy(rng.integers(maps.shape[1] if recipe.flip else 1, size=len(maps)))
    order = np.array_split(rng.permutation(len(maps)), -(-len(maps) // recipe.batch))
    losses = []
    for rows in map(torch.from_numpy, order):
        loss = cross_entropy(net(maps[rows, mirrored[rows]].float()), y[rows], weight)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimiser.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


def face_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: Mapping,
              recipe: Mapping) -> dict[str, np.ndarray]:
    """Train on one fold.

    Parameters
    ----------
    data : mapping
        ``maps`` ``(n, copies, 160, 4, 4)`` of `backbone_features` and ``emotion`` ``(n,)`` int, 0
        to 3.
    split : mapping
        ``train``, ``val``, ``test``: image indices. Predictions come in their order, computed in
        batches of ``recipe["batch"]``, which matters for ``attention="batch"`` alone.
    seed : int
    model : mapping
        Arguments of :class:`lib.models.face_attention.PatchAttention`.
    recipe : mapping
        Fields of :class:`Recipe`.

    Returns
    -------
    dict
        ``val``, ``test``: probabilities ``(n_val, 4)``, ``(n_test, 4)`` float32, of faces as they
        are, not mirrored, by the weights of the best epoch; ``history`` ``(epochs, 4)``: training
        loss, validation loss, validation accuracy, learning rate; ``best``: that epoch, from 0;
        ``seconds``; ``weights/<name>``: the network's state.
    """
    begin, settings = time.perf_counter(), Recipe(**recipe)
    torch.manual_seed(seed)
    rng, net = np.random.default_rng(seed), PatchAttention(**model).to(settings.device)
    emotion = np.asarray(data["emotion"], np.int64)
    maps, y = ({
        part: torch.from_numpy(x[np.asarray(split[part])]).to(settings.device)
        for part in ("train", "val", "test")
    } for x in (data["maps"], emotion))
    weight = torch.from_numpy(
        class_weights(emotion[np.asarray(split["train"])]) if settings.balanced else np.
        ones(4, np.float32))
    weight = weight.to(settings.device)
    optimiser = torch.optim.Adam(net.parameters(), lr=settings.lr)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "max", settings.decay,
                                                          settings.plateau, settings.min_delta,
                                                          "abs", min_lr=settings.min_lr)
    history, best, state = [], 0, {}
    for epoch in range(settings.epochs):
        rate, loss = optimiser.param_groups[0]["lr"], _epoch(net, optimiser, maps["train"],
                                                             y["train"], weight, settings, rng)
        p = _probabilities(net, maps["val"], settings.batch)
        accuracy = float((p.argmax(dim=1) == y["val"]).float().mean())
        val_loss = float(cross_entropy(p.clamp_min(1e-12).log(), y["val"], weight))
        history.append((loss, val_loss, accuracy, rate))
        if epoch == 0 or accuracy > history[best][2] + settings.min_delta:
            best, state = epoch, copy.deepcopy(net.state_dict())
        elif epoch - best >= settings.patience:
            break
        schedule.step(accuracy)
    if not np.isfinite(history).all():
        raise FloatingPointError(
            f"the loss is not a number: lower the learning rate ({settings.lr})")
    net.load_state_dict(state)
    found = {
        part: _probabilities(net, maps[part], settings.batch).cpu().numpy()
        for part in ("val", "test")
    }
    return {
        **found, "history": np.array(history), "best": np.array(best),
        "seconds": np.array(time.perf_counter() - begin),
        **{f"weights/{name}": value.cpu().numpy() for name, value in state.items()}
    }
