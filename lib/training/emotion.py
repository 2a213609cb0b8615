"""Fine-tune one fold of paper 3: one or two encoders, fusion, classifier, with few or all labels
(Sec 2.2)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lib.models.multimodal_fusion import Attention, Concat
from lib.models.mv_sstma import draw_visible
from lib.training.dcca import cca_loss
from lib.training.masked_autoencoder import autocast, build, scale, sessions

__all__ = ["INPUTS", "Recipe", "choose_labelled", "emotion_fold"]

INPUTS = {"eeg": ("eeg",), "eye": ("eye",), "concat": ("eeg", "eye"), "attention": ("eeg", "eye")}
FUSION = {"concat": Concat, "attention": Attention}


@dataclass(frozen=True)
class Recipe:
    """How a classifier is fine-tuned.

    Parameters
    ----------
    epochs, batch : int
        ``choice:`` the paper prints neither. The batch must exceed the width D for the correlation
        loss to act.
    lr, weight_decay : float
        Of AdamW. 0.001 (Sec 3.2, "other stages"); ``choice:`` 0.01.
    dcca : float
        Weight of the correlation loss: 0.1 (Sec 3.2).
    ratio : float
        Share of missing channels, in training and test windows alike (Sec 4.3). ``choice:`` each
        window lacks its own channels, drawn once: a channel that is missing stays missing.
    labelled, n_labelled : str, int
        Which training windows have a label, see :func:`choose_labelled`. All of them serve the
        scaling.
    freeze : bool
        Train the classifier alone. ``choice:`` False; the paper says that the features are
        fine-tuned.
    selection : {"last", "val", "test_best"}
        Epoch whose predictions count: the last; the one of best validation accuracy; the one of
        best *test* accuracy. ``test_best`` is not a valid result: it is here to show by how much it
        inflates one.
    precision, device : str
        See :class:`lib.training.masked_autoencoder.PretrainRecipe`.
    """

    epochs: int = 30
    batch: int = 64
    lr: float = 1e-3
    weight_decay: float = 0.01
    dcca: float = 0.1
    ratio: float = 0.0
    labelled: str = "all"
    n_labelled: int = 10
    freeze: bool = False
    selection: str = "last"
    precision: str = "fp32"
    device: str = "cpu"


def choose_labelled(data: Mapping[str, np.ndarray], train: Sequence[int], how: str = "all",
                    n: int = 10) -> np.ndarray:
    """Training windows whose label may be used ("10 labeled data from the beginning", Sec 4.2, can
    be read in three ways).

    Parameters
    ----------
    data : mapping
        ``emotion``, ``subject``, ``session``, ``trial`` ``(n_windows,)``.
    train : sequence of int
        Training windows; "first" means first in this order.
    how : {"all", "first10_per_class", "first10", "per_trial"}
        All; the first ``n`` of each class; the first ``n``, which are of one class, that of the
        first trial; the first window of each of the first ``n`` trials.
    n : int
        10 (Sec 4.2).
    """
    rows = np.asarray(train)
    if how == "all":
        return rows
    if how == "first10":
        return rows[:n]
    if how == "first10_per_class":
        emotion = data["emotion"][rows]
        return np.sort(np.concatenate([rows[emotion == k][:n] for k in np.unique(emotion)]))
    if how == "per_trial":
        trial = np.stack([data[name][rows] for name in ("subject", "session", "trial")])
        return rows[np.sort(np.unique(trial, axis=1, return_index=True)[1])[:n]]
    raise ValueError(
        f"labelled windows are 'all', 'first10_per_class', 'first10' or 'per_trial', not {how!r}")


class _Network(nn.Module):
    """Encoders and what joins and classifies their features."""
    def __init__(self, encoders: Mapping[str, nn.Module], fusion: str, width: int, n_classes: int):
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.head = FUSION[fusion](width, n_classes) if fusion in FUSION else nn.Linear(
            width, n_classes)

    def features(self, x: Mapping[str, Tensor], visible: Mapping[str, Tensor],
                 rows: Tensor) -> list[Tensor]:
        """One ``(batch, width)`` for each modality."""
        return [
            encoder.encode(x[m][rows], visible[m][rows] if m in visible else None).float()
            for m, encoder in self.encoders.items()
        ]


class _Fold:
    """Tensors of one fold, its network, and its training."""
    def __init__(self, data, split, seed: int, modality: str, models: Mapping, weights: Mapping,
                 recipe: Recipe, n_classes: int):
        sizes = [len(split[part]) for part in ("train", "val", "test")]
        rows = np.concatenate([np.asarray(split[part], int) for part in ("train", "val", "test")])
        self.parts = dict(
            zip(("train", "val", "test"),
                torch.arange(len(rows)).split(sizes), strict=True))
        chosen = choose_labelled(data, split["train"], recipe.labelled, recipe.n_labelled)
        self.labelled = torch.as_tensor(np.flatnonzero(np.isin(split["train"], chosen)))
        group, self.recipe = sessions(data)[rows], recipe
        self.x = {
            m: torch.as_tensor(scale(data[m][rows], np.arange(sizes[0]), m, group),
                               device=recipe.device) for m in INPUTS[modality]
        }
        self.y = torch.as_tensor(data["emotion"][rows], dtype=torch.long, device=recipe.device)
        encoders = {m: build(x.shape, models[m], weights[m]) for m, x in self.x.items()}
        width = {encoder.embed.out_features for encoder in encoders.values()}
        if len(width) > 1:
            raise ValueError(f"fusion needs encoders of one width, not {sorted(width)}")
        self.network = _Network(encoders, modality, width.pop(), n_classes).to(recipe.device)
        self.visible = {}
        for m, x in self.x.items() if recipe.ratio else ():
            # the EEG that one model misses, every model misses
            generator = torch.Generator().manual_seed(seed + (m == "eye"))
            self.visible[m] = draw_visible(len(x), x.shape[2], recipe.ratio,
                                           generator).to(recipe.device)
        self.frozen = None
        if recipe.freeze:  # windows and their missing channels never change: encode them once
            self.network.encoders.requires_grad_(False)
            self.frozen = self.encode(torch.arange(len(rows)))

    def features(self, rows: Tensor) -> list[Tensor]:
        if self.frozen is not None:
            return [feature[rows] for feature in self.frozen]
        with autocast(self.recipe):
            return self.network.features(self.x, self.visible, rows)

    @torch.no_grad()
    def encode(self, rows: Tensor) -> list[Tensor]:
        """Features of ``rows`` without dropout and batch statistics, in pieces that fit the
        memory."""
        self.network.eval()
        return [
            torch.cat(parts)
            for parts in zip(*(self.features(part) for part in rows.split(256)), strict=True)
        ]

    @torch.no_grad()
    def predict(self, part: str) -> np.ndarray:
        """Class probabilities ``(n_windows, n_classes)``."""
        return self.network.head(*self.encode(self.parts[part])).softmax(dim=-1).cpu().numpy()

    def accuracy(self, part: str) -> float:
        rows = self.parts[part]
        return float(np.mean(
            self.predict(part).argmax(1) == self.y[rows].cpu().numpy())) if len(rows) else np.nan

    def epoch(self, optimiser: torch.optim.Optimizer) -> tuple[float, float]:
        """One pass over the labelled windows; mean cross-entropy and mean total correlation."""
        self.network.train()
        order = self.labelled[torch.randperm(len(self.labelled))]
        losses = []
        for rows in order.tensor_split(-(-len(order) // self.recipe.batch)):
            features = self.features(rows)
            loss = cross_entropy(self.network.head(*features), self.y[rows])
            shared = cca_loss(*features) if len(features) == 2 else torch.zeros(())
            optimiser.zero_grad(set_to_none=True)
            (loss + self.recipe.dcca * shared).backward()
            optimiser.step()
            losses.append((float(loss.detach()), -float(shared.detach())))
        return tuple(np.mean(losses, axis=0))

    def fit(self) -> np.ndarray:
        """Train, end with the weights of the selected epoch; return the history ``(n_epochs,
        4)``."""
        recipe, best, weights, history = self.recipe, -np.inf, None, []
        trained = [p for p in self.network.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(trained, lr=recipe.lr, weight_decay=recipe.weight_decay)
        for _ in range(recipe.epochs):
            loss, shared = self.epoch(optimiser)
            val, test = self.accuracy("val"), self.accuracy(
                "test") if recipe.selection == "test_best" else np.nan
            history.append((loss, shared, val, test))
            score = {"last": np.nan, "val": val, "test_best": test}[recipe.selection]
            if score > best:
                best, weights = score, {
                    k: v.detach().clone() for k, v in self.network.state_dict().items()
                }
        if weights is not None:
            self.network.load_state_dict(weights)
        return np.array(history)


def emotion_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
                 model_eeg: Mapping, model_eye: Mapping, recipe: Mapping, n_classes: int,
                 weights_eeg: Mapping[str, np.ndarray] | None = None,
                 weights_eye: Mapping[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Fine-tune one fold and predict its validation and test windows.

    The loss is cross-entropy, for two modalities plus ``recipe.dcca`` times
    :func:`lib.training.dcca.cca_loss` (Sec 2.2).

    Parameters
    ----------
    data : mapping
        ``eeg`` ``(n_windows, n_times, n_channels, n_bands)``, ``eye`` ``(n_windows, n_times,
        n_features)``; ``emotion``, ``subject``, ``session``, ``trial`` ``(n_windows,)`` integers.
    split : mapping
        ``train``, ``val``, ``test``: window indices.
    seed : int
    modality : {"eeg", "eye", "concat", "attention"}
    model_eeg, model_eye : mapping
        Options of :class:`lib.models.mv_sstma.MVSSTMA` beside its number of channels and features.
    recipe : mapping
        Fields of :class:`Recipe`.
    n_classes : int
    weights_eeg, weights_eye : mapping, optional
        Pre-trained weights by name, without ``weights/``; default: random ones.

    Returns
    -------
    dict
        ``val``, ``test``: probabilities ``(n_windows, n_classes)``; ``history`` ``(n_epochs, 4)``:
        training cross-entropy, total canonical correlation (0 where the loss is off), validation
        accuracy, test accuracy (NaN unless selection is ``test_best``); ``alpha`` ``(n_windows,
        2)``: attention of the test windows to EEG and eye, for ``attention``; ``seconds``.
    """
    begin, settings = time.perf_counter(), Recipe(**recipe)
    if modality not in INPUTS:
        raise ValueError(f"modality is one of {', '.join(INPUTS)}, not {modality!r}")
    if settings.selection not in {"last", "val", "test_best"} or (settings.selection == "val"
                                                                  and not len(split["val"])):
        raise ValueError(
            f"selection {settings.selection!r} with {len(split['val'])} validation windows is not possible"
        )
    torch.manual_seed(seed)
    fold = _Fold(data, split, seed, modality, {"eeg": model_eeg, "eye": model_eye},
                 {"eeg": weights_eeg, "eye": weights_eye}, settings, n_classes)
    history = fold.fit()
    result = {part: fold.predict(part)
              for part in ("val", "test") if len(split[part])} | {"history": history}
    result.setdefault("val", np.empty((0, n_classes), np.float32))
    if modality == "attention":
        with torch.no_grad():
            result["alpha"] = fold.network.head.weights(
                *fold.encode(fold.parts["test"])).cpu().numpy()
    return result | {"seconds": np.array(time.perf_counter() - begin)}
