"""Fine-tune one fold of paper 3: one or two encoders, fusion, classifier, with few or all labels
(Sec 2.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lib.models.multimodal_fusion import Attention, Concat
from lib.models.mv_sstma import MVSSTMA, draw_visible
from lib.papers.mv_sstma.pretraining import build, scale, sessions
from lib.training import loop
from lib.training.losses import cca_loss

INPUTS = {"eeg": ("eeg",), "eye": ("eye",), "concat": ("eeg", "eye"), "attention": ("eeg", "eye")}
FUSION: dict[str, Callable[..., nn.Module]] = {"concat": Concat, "attention": Attention}
MONITOR = {"last": "", "val": "accuracy", "test_best": "test accuracy"}


@dataclass(frozen=True, kw_only=True)
class Recipe(loop.Recipe):
    """How a classifier is fine-tuned. 0.001 (Sec 3.2, "other stages"); ``choice:`` AdamW with 0.01,
    epochs and batch. The batch must exceed the width D for the correlation loss to act.

    Parameters
    ----------
    dcca : float
        Weight of the correlation loss: 0.1 (Sec 3.2).
    ratio : float
        Share of missing channels, in training and test windows alike (Sec 4.3). ``choice:`` each
        window lacks its own channels, drawn once: a channel that is missing stays missing.
    labelled, n_labelled : str, int
        Which training windows have a label, see :func:`choose_labelled`. All of them serve the
        scaling.
    pool : {"channels", "mean"}
        What becomes of the tokens, see :meth:`lib.models.mv_sstma.MVSSTMA.encode`.
    freeze : bool
        Train the classifier alone. ``choice:`` False; the paper says that the features are
        fine-tuned.
    selection : {"last", "val", "test_best"}
        Epoch whose predictions count: the last; the one of best validation accuracy; the one of
        best *test* accuracy. ``test_best`` is not a valid result: it is here to show by how much it
        inflates one.
    """

    batch: int = 64
    optimiser: str = "adamw"
    weight_decay: float = 0.01
    dcca: float = 0.1
    ratio: float = 0.0
    labelled: str = "all"
    n_labelled: int = 10
    pool: str = "channels"
    freeze: bool = False
    selection: str = "last"


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


def draw(n_windows: int, n_channels: int, modality: str, ratio: float, seed: int) -> Tensor:
    """The channels that each window keeps; what one model misses, every model misses."""
    generator = torch.Generator().manual_seed(seed + (modality == "eye"))
    return draw_visible(n_windows, n_channels, ratio, generator)


class _Network(nn.Module):
    """Encoders and what joins and classifies their features."""
    def __init__(self, encoders: Mapping[str, MVSSTMA], fusion: str, pool: str, n_classes: int):
        super().__init__()
        self.encoders, self.pool = nn.ModuleDict(encoders), pool
        d = min(encoder.embed.out_features for encoder in encoders.values())
        widths = [
            encoder.embed.out_features * (1 if pool == "mean" else encoder.n_channels)
            for encoder in encoders.values()
        ]
        self.head = FUSION[fusion](*widths, d, n_classes) if fusion in FUSION else nn.Linear(
            *widths, n_classes)

    def features(self, x: Mapping[str, Tensor], visible: Mapping[str, Tensor],
                 rows: Tensor) -> list[Tensor]:
        """One vector of each window, ``(batch, width)``, for each modality."""
        return [
            encoder.encode(x[m][rows], visible[m][rows] if m in visible else None,
                           self.pool).float() for m, encoder in self.encoders.items()
        ]


class EmotionTask(loop.Task):
    """Cross-entropy of the labelled windows, for two modalities plus the correlation loss."""
    def __init__(self, data, split, seed: int, modality: str, models: Mapping, weights: Mapping,
                 recipe: Recipe, n_classes: int):
        sizes = [len(split[part]) for part in ("train", "val", "test")]
        rows = np.concatenate([np.asarray(split[part], int) for part in ("train", "val", "test")])
        parts = torch.arange(len(rows)).split(sizes)
        self.parts = dict(zip(("train", "val", "test"), parts, strict=True))
        chosen = choose_labelled(data, split["train"], recipe.labelled, recipe.n_labelled)
        self.labelled = torch.as_tensor(np.flatnonzero(np.isin(split["train"], chosen)))
        self.steps, self.recipe = loop.n_batches(len(self.labelled), recipe), recipe
        group = sessions(data)[rows]
        self.x = {
            m: torch.as_tensor(scale(data[m][rows], np.arange(sizes[0]), m, group),
                               device=recipe.device) for m in INPUTS[modality]
        }
        self.y = torch.as_tensor(data["emotion"][rows], dtype=torch.long, device=recipe.device)
        encoders = {m: build(x.shape, models[m], weights[m]) for m, x in self.x.items()}
        self.network = _Network(encoders, modality, recipe.pool, n_classes).to(recipe.device)
        self.visible = {}
        for m, x in self.x.items() if recipe.ratio else ():
            self.visible[m] = draw(len(x), x.shape[2], m, recipe.ratio, seed).to(recipe.device)
        self.frozen: list[Tensor] | None = None
        if recipe.freeze:  # windows and their missing channels never change: encode them once
            self.network.encoders.requires_grad_(False)
            # choice: standardised by the training windows, so that one classifier fits all encoders
            encoded, train = self.encode(torch.arange(len(rows))), self.parts["train"]
            self.frozen = [(f - f[train].mean(0)) / (f[train].std(0) + 1e-3) for f in encoded]

    def features(self, rows: Tensor) -> list[Tensor]:
        if self.frozen is not None:
            return [feature[rows] for feature in self.frozen]
        with loop.autocast(self.recipe):
            return self.network.features(self.x, self.visible, rows)

    @torch.no_grad()
    def encode(self, rows: Tensor) -> list[Tensor]:
        """Features of ``rows`` without dropout and batch statistics, in pieces that fit the
        memory."""
        self.network.eval()
        pieces = [self.features(part) for part in rows.split(256)]
        return [torch.cat(parts) for parts in zip(*pieces, strict=True)]

    @torch.no_grad()
    def predict(self, part: str) -> np.ndarray:
        """Class probabilities ``(n_windows, n_classes)``."""
        return self.network.head(*self.encode(self.parts[part])).softmax(dim=-1).cpu().numpy()

    def accuracy(self, part: str) -> float | None:
        y = self.y[self.parts[part]].cpu().numpy()
        return float(np.mean(self.predict(part).argmax(1) == y)) if len(y) else None

    def batches(self) -> Sequence[Tensor]:
        order = self.labelled[torch.randperm(len(self.labelled))]
        return order.tensor_split(self.steps)

    def loss(self, batch: Tensor) -> tuple[Tensor, ...]:
        features = self.features(batch)
        loss = cross_entropy(self.network.head(*features), self.y[batch])
        shared = cca_loss(*self.network.head.views(
            *features)) if len(features) == 2 else torch.zeros(())
        return loss + self.recipe.dcca * shared, loss, -shared

    def score(self) -> dict[str, float | None]:
        test = self.accuracy("test") if self.recipe.selection == "test_best" else None
        return {"accuracy": self.accuracy("val"), "test accuracy": test}


def emotion_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
                 model_eeg: Mapping, model_eye: Mapping, recipe: Mapping, n_classes: int,
                 weights_eeg: Mapping[str, np.ndarray] | None = None,
                 weights_eye: Mapping[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Fine-tune one fold and predict its validation and test windows.

    The loss is cross-entropy, for two modalities plus ``recipe.dcca`` times
    :func:`lib.training.losses.cca_loss` (Sec 2.2).

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
        ``val``, ``test``: probabilities ``(n_windows, n_classes)``; ``history`` ``(n_epochs, 5)``:
        training cross-entropy, total canonical correlation (0 where the loss is off), validation
        accuracy, test accuracy (NaN unless selection is ``test_best``), learning rate; ``alpha``
        ``(n_windows, 2)``: attention of the test windows to EEG and eye, for ``attention``.
    """
    settings = Recipe(**recipe)
    if modality not in INPUTS:
        raise ValueError(f"modality is one of {', '.join(INPUTS)}, not {modality!r}")
    if settings.selection not in MONITOR or (settings.selection == "val" and not len(split["val"])):
        raise ValueError(f"selection {settings.selection!r} with {len(split['val'])} validation "
                         "windows is not possible")
    settings = replace(settings, monitor=MONITOR[settings.selection])
    torch.manual_seed(seed)
    task = EmotionTask(data, split, seed, modality, {"eeg": model_eeg, "eye": model_eye},
                       {"eeg": weights_eeg, "eye": weights_eye}, settings, n_classes)
    result = {"history": loop.fit(task, settings), "val": np.empty((0, n_classes), np.float32)}
    result["validation"] = np.array(task.validation)
    result |= {part: task.predict(part) for part in ("val", "test") if len(split[part])}
    if modality == "attention":
        with torch.no_grad():
            alpha = task.network.head.weights(*task.encode(task.parts["test"]))
        result["alpha"] = alpha.cpu().numpy()
    return result
