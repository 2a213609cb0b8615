"""One fold of paper 4's EEG: the network on scalp maps (Sec 5.3), and the two that its Table 3
compares it with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lib.models.eeg_itnet import EEGITNet
from lib.models.scalp_cnn import ScalpCNN
from lib.models.sst_emotionnet import SSTEmotionNet
from lib.training import loop
from lib.training.controls import classify
from lib.training.recognition import Recognition, recognise
from lib.training.scaling import standardise

Result = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Recipe(loop.Recipe):
    """How the network on scalp maps is trained. Sec 5.3: at most 100 epochs, from 1e-4 down to 1e-6
    where validation does not improve, early stopping, best weights. choice: halved after more than
    5 epochs without a higher validation accuracy, which is what the paper prints of validation,
    stopped after 15; L2 of 1e-4. The validation loss is lowest after a few epochs, when the network
    is still far from what it finds."""

    epochs: int = 100
    lr: float = 1e-4
    weight_decay: float = 1e-4
    schedule: str = "plateau"
    decay: float = 0.5
    plateau: int = 5
    min_lr: float = 1e-6
    monitor: str = "accuracy"
    patience: int = 15


@dataclass(frozen=True, kw_only=True)
class ITNetRecipe(Recipe):
    """How EEG-ITNet is trained. The paper prints nothing for the two models it compares with.
    choice: its own epochs, plateau, early stopping and best weights (Sec 5.3); 1e-3 for 4,106
    weights, ten times the rate of the paper's model.

    Parameters
    ----------
    downsample : int
        So many neighbouring samples of the signal are averaged first.
    """

    batch: int = 16
    lr: float = 1e-3
    weight_decay: float = 0.0
    downsample: int = 1


@dataclass(frozen=True, kw_only=True)
class SSTRecipe(Recipe):
    """How SST-EmotionNet is trained. assumed: epochs, batch, rate and patience of the authors'
    configuration for SEED; choice: plateau and accuracy as for the other networks, and no L2, where
    they keep the rate, watch the loss and have an L2 of 1e-4 on some layers."""

    epochs: int = 50
    batch: int = 64
    weight_decay: float = 0.0
    patience: int = 20


def standardise_maps(maps: np.ndarray, train: Sequence[int]) -> np.ndarray:
    """Maps ``(N, d, 7, 5)`` with mean 0 and spread 1 of each feature over the electrodes of the
    training segments.

    ``choice:`` the paper prints no scaling of the features. One mean for all electrodes, so that
    differences between them stay; empty cells, those that are 0 throughout the training segments,
    stay 0. Returns float32.
    """
    known = maps[np.asarray(train)].astype(np.float32)
    occupied = known.any(axis=(0, 1))
    cells = known[:, :, occupied]
    mean, sd = cells.mean(axis=(0, 2)), cells.std(axis=(0, 2))
    # float16 resolves no less
    scaled = (maps - mean[:, None, None]) / np.where(sd > 1e-4, sd, 1)[:, None, None]
    return np.where(occupied, scaled, 0).astype(np.float32)


class ScalpTask(Recognition):
    """Scalp maps, channels last."""
    def pieces(self, rows: np.ndarray) -> list[np.ndarray]:
        return np.split(rows, range(256, len(rows), 256))

    def batches(self) -> list[np.ndarray]:
        return super().pieces(self.rng.permutation(self.rows["train"]))

    def logits(self, rows: np.ndarray) -> Tensor:
        maps = self.inputs[0][rows].contiguous(memory_format=torch.channels_last)
        return self.network(maps).float()


def scalp_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: Mapping,
               recipe: Mapping) -> dict[str, np.ndarray]:
    """Train :class:`lib.models.scalp_cnn.ScalpCNN` on one fold and predict its validation and test
    segments.

    Parameters
    ----------
    data : mapping
        ``maps`` ``(N, d, 7, 5)`` float16 or float32 from
        :func:`lib.preprocessing.scalp_maps.scalp_map`; ``emotion`` ``(N,)``, 0 to 3.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    model : mapping
        Arguments of ``ScalpCNN`` but for ``n_features``.
    recipe : mapping
        Fields of :class:`Recipe`.

    Returns
    -------
    dict
        ``val``, ``test``: probabilities ``(n, 4)`` float32; ``history`` ``(epochs, 4)``: training
        loss, validation loss, validation accuracy, learning rate.
    """
    settings = Recipe(**recipe)
    torch.manual_seed(seed)
    network = ScalpCNN(data["maps"].shape[1], **model).to(memory_format=torch.channels_last)
    maps = torch.from_numpy(standardise_maps(data["maps"], split["train"]))
    task = ScalpTask(network, [maps], np.asarray(data["emotion"]), split, settings,
                     np.random.default_rng(seed))
    return recognise(task)


def _compared(network: nn.Module, arrays: Sequence[np.ndarray], data: Mapping[str, np.ndarray],
              split: Mapping, seed: int, recipe: loop.Recipe) -> Result:
    """Scale by the training segments (each channel, or each map), train, predict."""
    inputs = [torch.from_numpy(standardise(x, split["train"])) for x in arrays]
    task = Recognition(network, inputs, np.asarray(data["emotion"], np.int64), split, recipe,
                       np.random.default_rng(seed))
    return recognise(task)


def itnet_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, recipe: Mapping,
               model: Mapping | None = None) -> Result:
    """EEG-ITNet on ``eeg``; each channel is standardised with its mean and spread over the training
    segments.

    Parameters
    ----------
    data : mapping
        ``eeg`` ``(N, 28, 600)`` float32, band-passed 1 to 51 Hz and not scaled; ``emotion`` and
        ``subject`` ``(N,)`` int.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    recipe : mapping
        Fields of :class:`ITNetRecipe`.
    model : mapping, optional
        Arguments of :class:`lib.models.eeg_itnet.EEGITNet` other than the sizes of the data.

    Returns
    -------
    dict
        As :func:`scalp_fold`.
    """
    settings, x = ITNetRecipe(**recipe), data["eeg"]
    k = settings.downsample
    n_times = x.shape[2] // k
    x = x[..., :n_times * k].reshape(*x.shape[:2], n_times, k).mean(axis=-1)
    torch.manual_seed(seed)
    return _compared(EEGITNet(x.shape[1], n_times, **(model or {})), [x], data, split, seed,
                     settings)


def sst_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, recipe: Mapping,
             model: Mapping | None = None) -> Result:
    """SST-EmotionNet on ``spectral`` and ``temporal`` of
    :func:`lib.preprocessing.de_maps.de_maps`; each map is standardised with its mean and spread
    over the training segments.

    Parameters and result as :func:`itnet_fold`. ``recipe``: fields of :class:`SSTRecipe`;
    ``model``: arguments of :class:`lib.models.sst_emotionnet.SSTEmotionNet`.
    """
    maps = [data["spectral"], data["temporal"]]
    sizes = maps[0].shape[1], maps[1].shape[1], maps[0].shape[-1]
    torch.manual_seed(seed)
    return _compared(SSTEmotionNet(*sizes, **(model or {})), maps, data, split, seed,
                     SSTRecipe(**recipe))


def control_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *,
                 model: str) -> Result:
    """``val`` and ``test``, probabilities ``(n, 4)``, by a control of
    :data:`lib.training.controls.CLASSIFIERS` on log band power, ``de`` ``(N, 28, 5)`` of
    :func:`lib.preprocessing.de_maps.differential_entropy`."""
    x = standardise(data["de"].reshape(len(data["de"]), -1), split["train"])
    return classify(model, x, data["emotion"], split, int(np.max(data["emotion"])) + 1)
