"""What stands beside the EEG model of paper 4 on the same folds: the two networks of its Table 3,
and three controls.

Each fold function takes ``(data, split, seed, ...)`` and returns ``val`` and ``test``, the
probabilities ``(n, 4)`` float32 of the emotions. ``data`` holds per segment ``emotion`` ``(N,)``
int, ``subject`` ``(N,)``, and what the model reads: ``eeg`` ``(N, 28, 600)`` float32, band-passed 1
to 51 Hz and not scaled; ``de`` of :func:`differential_entropy`; or ``spectral`` and ``temporal`` of
:func:`de_maps`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.signal import periodogram
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lib.models.eeg_itnet import EEGITNet
from lib.models.sst_emotionnet import SSTEmotionNet
from lib.training.binary import scale
from lib.training.binary_controls import INVERSE_PENALTIES

__all__ = [
    "BANDS", "ITNET_DEMO", "SST", "SST_DEMO", "Recipe", "band_power_fold", "de_maps",
    "differential_entropy", "interpolation", "itnet_fold", "majority_fold", "neighbour_fold",
    "sst_fold"
]

BANDS = ((1, 4), (4, 8), (8, 14), (14, 31), (31, 51))
"""Hz. choice: five bands within the paper's 1 to 51 Hz (Sec 4.1), as SST-EmotionNet cannot work
with three maps."""
BIN = 24  # choice: samples, so that 600 give the 25 temporal maps of SST-EmotionNet, [17]
CHUNK = 256  # segments at a time
Result = dict[str, np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are those of EEG-ITNet here, :data:`SST` holds what
    SST-EmotionNet changes.

    The paper prints none for the two models it compares with. choice: its own 100 epochs, plateau,
    early stopping and best weights (Sec 5.3), all judged by the loss on the validation segments.

    Parameters
    ----------
    epochs, batch : int
    lr, min_lr : float
        Of Adam. choice: 1e-3 for the 4,106 weights of EEG-ITNet, ten times that of the paper's
        model. Sec 5.3: 1e-6.
    decay, plateau : float, int
        The learning rate is multiplied by ``decay`` after more than ``plateau`` epochs without a
        better validation.
    patience : int
        Epochs without a better validation after which training stops.
    downsample : int
        So many neighbouring samples of the signal are averaged first. Only of EEG-ITNet.
    device : str
    """

    epochs: int = 100
    batch: int = 16
    lr: float = 1e-3
    min_lr: float = 1e-6
    decay: float = 0.5
    plateau: int = 5
    patience: int = 15
    downsample: int = 1
    device: str = "cpu"


# assumed: the authors' configuration for SEED
SST: dict[str, Any] = {"epochs": 50, "batch": 64, "lr": 1e-4, "patience": 20}
ITNET_DEMO: dict[str, Any] = {"epochs": 8, "lr": 1e-2, "plateau": 2, "patience": 4, "downsample": 2}
SST_DEMO: dict[str, Any] = {"epochs": 8, "batch": 32, "lr": 3e-3, "plateau": 2, "patience": 4}


def differential_entropy(x: np.ndarray, rate: float = 200.0) -> np.ndarray:
    """Entropy of each band as if its samples were normal, ``log(2 pi e variance) / 2``: log band
    power but for a factor and a constant.

    Parameters
    ----------
    x : array ``(N, n_channels, n_times)``
        Segments; any unit.
    rate : float
        Hz.

    Returns
    -------
    array ``(N, n_channels, 5)``
        float32, nats. The variance is the sum of the Hann-windowed periodogram over the band, the
        mean removed; at least 1e-12.
    """
    frequency = np.fft.rfftfreq(x.shape[-1], 1 / rate)
    inside = np.array([(frequency >= low) & (frequency < high) for low, high in BANDS], float)
    parts = [
        periodogram(x[i:i + CHUNK], rate, "hann")[1] @ inside.T for i in range(0, len(x), CHUNK)
    ]
    variance = np.concatenate(parts) * frequency[1]
    return (np.log(2 * np.pi * np.e * np.maximum(variance, 1e-12)) / 2).astype(np.float32)


def interpolation(positions: np.ndarray, side: int = 16) -> np.ndarray:
    """Weights ``(side * side, n_channels)`` that turn values at electrodes into a square map; each
    row sums to 1.

    Parameters
    ----------
    positions : array ``(n_channels, 2)``
        Row and column of each electrode, such as its cell in the 7 x 5 map. The map reaches from
        the first to the last of each.
    side : int

    Notes
    -----
    Linear between electrodes (Delaunay triangles). choice: outside of the outermost ones, the value
    of the nearest.
    """
    positions = np.asarray(positions, float)
    low, high = positions.min(axis=0), positions.max(axis=0)
    cells = np.stack(np.meshgrid(*np.linspace(low, high, side).T, indexing="ij"),
                     axis=-1).reshape(-1, 2)
    unit = np.eye(len(positions))
    inside = LinearNDInterpolator(positions, unit)(cells)
    return np.where(np.isnan(inside), NearestNDInterpolator(positions, unit)(cells), inside)


def de_maps(x: np.ndarray, positions: np.ndarray, rate: float = 200.0,
            side: int = 16) -> dict[str, np.ndarray]:
    """The two inputs of SST-EmotionNet.

    Parameters
    ----------
    x : array ``(N, n_channels, n_times)``
        Segments; 600 samples give 25 temporal maps.
    positions : array ``(n_channels, 2)``
        See :func:`interpolation`.
    rate : float
        Hz.
    side : int
        Of the maps. [17] (SST-EmotionNet): 32; choice: 16.

    Returns
    -------
    dict
        ``spectral`` ``(N, 5, side, side)``, :func:`differential_entropy`; ``temporal`` ``(N, 25,
        side, side)``, the mean of 24 samples each (the code of [17] takes single samples). float32.
    """
    weights = interpolation(positions, side).astype(np.float32).T
    n = x.shape[-1] // BIN
    means = x[..., :n * BIN].reshape(*x.shape[:2], n, BIN).mean(axis=-1, dtype=np.float32)
    return {
        name: (values.swapaxes(1, 2) @ weights).reshape(len(x), -1, side, side)
        for name, values in (("spectral", differential_entropy(x, rate)), ("temporal", means))
    }


@torch.no_grad()
def _logits(net: nn.Module, inputs: Sequence[Tensor], rows: Tensor, batch: int) -> Tensor:
    net.eval()
    return torch.cat([net(*(x[part] for x in inputs)) for part in rows.split(batch)])


def _fit(make: Callable[[], nn.Module], arrays: Sequence[np.ndarray],
         data: Mapping[str, np.ndarray], split: Mapping, seed: int, recipe: Recipe) -> Result:
    """Scale by the training segments (each channel, or each map), train, and predict with the
    weights of the best epoch."""
    begin = time.perf_counter()
    torch.manual_seed(seed)
    net, rng = make().to(recipe.device), np.random.default_rng(seed)
    scaled = [
        scale(x.reshape(*x.shape[:2], -1), data["subject"], split["train"],
              "train").reshape(x.shape) for x in arrays
    ]
    inputs = [torch.from_numpy(x).to(recipe.device) for x in scaled]
    y = torch.from_numpy(np.asarray(data["emotion"], np.int64)).to(recipe.device)
    train, val, test = (torch.tensor(split[part], device=recipe.device)
                        for part in ("train", "val", "test"))
    optimiser = torch.optim.Adam(net.parameters(), lr=recipe.lr)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "min", recipe.decay,
                                                          recipe.plateau, min_lr=recipe.min_lr)
    history, best, state = [], 0, {}
    for epoch in range(recipe.epochs):
        net.train()
        losses = []
        for rows in np.array_split(rng.permutation(len(train)), -(-len(train) // recipe.batch)):
            part = train[torch.from_numpy(rows).to(recipe.device)]
            loss = cross_entropy(net(*(x[part] for x in inputs)), y[part])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        logits = _logits(net, inputs, val, recipe.batch)
        right = (logits.argmax(dim=1) == y[val]).float().mean()
        history.append(
            torch.stack([torch.stack(losses).mean(),
                         cross_entropy(logits, y[val]), right]).tolist())
        if epoch == 0 or history[epoch][1] < history[best][1]:
            best, state = epoch, copy.deepcopy(net.state_dict())
        elif epoch - best >= recipe.patience:
            break
        schedule.step(history[epoch][1])
    if not np.isfinite(history).all():
        raise FloatingPointError(
            f"the loss is not a number: lower the learning rate ({recipe.lr}) or look for gaps in the data"
        )
    net.load_state_dict(state)
    found = {
        part: _logits(net, inputs, rows, recipe.batch).softmax(dim=1).cpu().numpy()
        for part, rows in (("val", val), ("test", test))
    }
    return {
        **found, "history": np.array(history), "best": np.array(best),
        "seconds": np.array(time.perf_counter() - begin)
    }


def itnet_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, recipe: Mapping,
               model: Mapping | None = None) -> Result:
    """EEG-ITNet on ``eeg``.

    Parameters
    ----------
    data : mapping
        See the module; each channel is standardised with its mean and spread over the training
        segments.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    recipe : mapping
        Fields of :class:`Recipe`; :data:`ITNET_DEMO` takes seconds.
    model : mapping, optional
        Arguments of :class:`lib.models.eeg_itnet.EEGITNet` other than the sizes of the data.

    Returns
    -------
    dict
        ``val``, ``test``; ``history`` ``(epochs, 3)``: training loss, validation loss and accuracy;
        ``best``: the epoch that is used, from 0; ``seconds``.
    """
    settings, x = Recipe(**recipe), data["eeg"]
    k = settings.downsample
    n_times = x.shape[2] // k
    x = x[..., :n_times * k].reshape(*x.shape[:2], n_times, k).mean(axis=-1)
    return _fit(lambda: EEGITNet(x.shape[1], n_times, **(model or {})), [x], data, split, seed,
                settings)


def sst_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, recipe: Mapping,
             model: Mapping | None = None) -> Result:
    """SST-EmotionNet on ``spectral`` and ``temporal``; each map is standardised with its mean and
    spread over the training segments.

    Parameters and result as :func:`itnet_fold`. ``recipe`` comes on top of :data:`SST`;
    :data:`SST_DEMO` with :data:`lib.models.sst_emotionnet.SMALL` takes seconds. ``model``:
    arguments of :class:`lib.models.sst_emotionnet.SSTEmotionNet`.
    """
    maps = [data["spectral"], data["temporal"]]
    sizes = maps[0].shape[1], maps[1].shape[1], maps[0].shape[-1]
    return _fit(lambda: SSTEmotionNet(*sizes, **(model or {})), maps, data, split, seed,
                Recipe(**{**SST, **recipe}))


def _results(split: Mapping, probability: Callable[[np.ndarray], np.ndarray]) -> Result:
    return {
        part: np.asarray(probability(np.asarray(split[part])), np.float32)
        for part in ("val", "test")
    }


def _known(data: Mapping[str, np.ndarray],
           split: Mapping) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Standardised features of all segments, training segments, all emotions, and how many emotions
    there are."""
    de = data["de"].reshape(len(data["de"]), -1)
    x = scale(de[:, :, None], data["subject"], split["train"], "train")[:, :, 0]
    y = np.asarray(data["emotion"], int)
    return x, np.asarray(split["train"]), y, int(y.max()) + 1


def band_power_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """Logistic regression on log band power, ``de``; the penalty is the one with the lowest
    cross-entropy on the validation segments."""
    x, train, y, n = _known(data, split)
    val, found = np.asarray(split["val"]), []
    for c in INVERSE_PENALTIES:
        fit = LogisticRegression(C=c, max_iter=1000).fit(x[train], y[train])
        p = np.zeros((len(y), n))
        p[:, fit.classes_] = fit.predict_proba(x)
        found.append((-np.log(np.maximum(p[val, y[val]], 1e-12)).mean(), p))
    best = min(found, key=lambda pair: pair[0])[1]
    return _results(split, lambda rows: best[rows])


def neighbour_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """The emotion of the most similar training segment by ``de``. It learns nothing about emotion:
    it recognises the recording."""
    x, train, y, n = _known(data, split)
    model = KNeighborsClassifier(n_neighbors=1).fit(x[train], y[train])
    return _results(split, lambda rows: np.eye(n)[model.predict(x[rows])])


def majority_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int) -> Result:
    """The shares of the emotions among the training segments, everywhere."""
    y = np.asarray(data["emotion"], int)
    share = np.bincount(y[list(split["train"])], minlength=y.max() + 1) / len(split["train"])
    return _results(split, lambda rows: np.tile(share, (len(rows), 1)))
