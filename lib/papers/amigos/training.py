"""One fold of paper 2: pre-train the Transformer of one signal by masked value prediction (Sec
3.2.1, 4.3), fine-tune its recogniser, train the classifier that fuses two frozen ones (Sec 4.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from lib import paths
from lib.models.physio_transformer import FusionHead, PhysioTransformer, Recogniser
from lib.store import code_digest, digest
from lib.training import loop
from lib.training.checkpoint import Checkpoint, restore, state
from lib.training.losses import masked_mse, span_mask
from lib.training.recognition import Recognition, recognise
from lib.training.scaling import standardise

Result = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class PretrainRecipe(loop.Recipe):
    """How the signal's Transformer is pre-trained. Sec 4.3: 500 epochs, 30 of them to warm up, then
    down to zero on a straight line (``choice:`` with every step), L2 of 5e-3, 5e-4 for EEG.
    ``assumed:`` 1e-3 for ECG, from [15]. ``choice:`` batches of 128; the paper gives none.

    Parameters
    ----------
    p, span : float, int
        See :func:`lib.training.losses.span_mask`.
    held_out : float
        ``choice:`` share of the segments kept for the validation loss, at least one; it selects
        nothing.
    """

    epochs: int = 500
    batch: int = 128
    lr: float = 5e-4
    weight_decay: float = 5e-3
    schedule: str = "linear"
    warmup: float = 0.06
    p: float = 0.0325
    span: int = 20
    held_out: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Recipe(loop.Recipe):
    """How the recogniser of one signal is trained. Sec 4.3: 100 epochs, 1e-4, times 0.65 every 45
    epochs, L2 of 1e-5. ``choice:`` batches of 128, and the weights after the last epoch: the paper
    prints no early stopping.

    Parameters
    ----------
    scaling : {"subject", "train"}
        See :func:`lib.training.scaling.standardise`. Sec 4.1.2: "subject".
    """

    epochs: int = 100
    batch: int = 128
    lr: float = 1e-4
    weight_decay: float = 1e-5
    schedule: str = "step"
    decay: float = 0.65
    decay_every: int = 45
    scaling: str = "subject"


@dataclass(frozen=True, kw_only=True)
class FusionRecipe(Recipe):
    """How the fusing classifier is trained (Sec 4.4); the rest as for one signal."""

    epochs: int = 52
    lr: float = 1e-5
    decay_every: int = 20


def mean_rating(ratings: np.ndarray, trial: np.ndarray, train: Sequence[int]) -> float:
    """Mean rating of the training trials, each counted once however many segments it has.

    ``ratings`` and ``trial`` ``(n_segments,)``; ``trial`` has one number per subject and video;
    ``train``: segment indices.
    """
    rows = np.asarray(train)
    return float(ratings[rows[np.unique(trial[rows], return_index=True)[1]]].mean())


def high_labels(ratings: np.ndarray, trial: np.ndarray, train: Sequence[int]) -> np.ndarray:
    """1 where the rating is above :func:`mean_rating`, else 0: ``(n_segments,)`` float32.

    Sec 4.1: the average is the threshold. ``choice:`` that of the training trials alone.
    """
    return (ratings > mean_rating(ratings, trial, train)).astype(np.float32)


class HighLowTask(Recognition):
    """High or low, in batches of nearly equal length also where nothing is trained."""
    def pieces(self, rows: np.ndarray) -> list[np.ndarray]:
        return np.array_split(rows, loop.n_batches(len(rows), self.recipe))


def finetune_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
                  target: str, model: Mapping, head: Mapping, recipe: Mapping,
                  weights: Mapping[str, np.ndarray] | None = None) -> Result:
    """Fine-tune the recogniser of one signal on one fold; all its weights are trained (Sec 3.2.2).

    Parameters
    ----------
    data : mapping
        ``eeg`` ``(n, 10, n_times)`` and ``ecg`` ``(n, 1, n_times)`` float32, not scaled;
        ``arousal`` and ``valence`` ``(n,)``, ratings 1 to 9; ``trial`` (one number per subject and
        video) and ``subject`` ``(n,)`` int.
    split : mapping
        ``train``, ``val``, ``test``: segment indices.
    seed : int
    modality : {"eeg", "ecg"}
    target : {"arousal", "valence"}
    model, head : mapping
        Arguments of :class:`lib.models.physio_transformer.PhysioTransformer` and, without the
        encoder, of its ``Recogniser``.
    recipe : mapping
        Fields of :class:`Recipe`.
    weights : mapping, optional
        Of :func:`pretrain_fold`; None: no pre-training.

    Returns
    -------
    dict
        ``val``, ``test``: probability of "high" ``(n_val,)``, ``(n_test,)``; ``hidden`` ``(n, h)``
        float32, last hidden layer of all segments, for :func:`fusion_fold`; ``attention``
        ``(n_test, n_tokens)`` float16, weights of CLS in the last layer, mean over heads;
        ``history`` ``(epochs, 4)``: training and validation cross-entropy, validation accuracy,
        learning rate; ``threshold``: the rating above which a trial is high.
    """
    settings = Recipe(**recipe)
    torch.manual_seed(seed)
    net = Recogniser(PhysioTransformer(**model), **head)
    if weights is not None:
        restore(net.encoder, weights)
    x = torch.from_numpy(
        standardise(data[modality], split["train"], data["subject"], settings.scaling))
    y = high_labels(data[target], data["trial"], split["train"])
    task = HighLowTask(net, [x], y, split, settings, np.random.default_rng(seed))
    result = recognise(task)
    x = task.inputs[0]
    hidden = task.apply(lambda rows: net.last_hidden(x[rows]), np.arange(len(x)))
    attention = task.apply(lambda rows: net.encoder.cls_attention(x[rows]).mean(dim=1),
                           task.rows["test"])
    return result | {
        "hidden": hidden.cpu().numpy(), "attention": attention.cpu().numpy().astype(np.float16),
        "threshold": np.array(mean_rating(data[target], data["trial"], split["train"]))
    }


def fusion_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, target: str,
                hidden: np.ndarray, recipe: Mapping, head: Mapping) -> Result:
    """Train the classifier on top of frozen recognisers on one fold (Sec 3.4, 4.4).

    The branches are frozen and in evaluation mode, so all that is needed of them is their last
    hidden layers, computed once. ``choice:`` these are taken as they are, not standardised.

    Parameters
    ----------
    data, split, seed, target
        As for :func:`finetune_fold`; of ``data`` only the ratings and ``trial`` are used.
    hidden : array
        ``(n, h)``: ``hidden`` of the recognisers of the same fold and target, side by side.
    recipe, head : mapping
        Fields of :class:`FusionRecipe`; arguments of
        :class:`lib.models.physio_transformer.FusionHead`.

    Returns
    -------
    dict
        ``val``, ``test``, ``history`` as :func:`finetune_fold`.
    """
    torch.manual_seed(seed)
    x = torch.from_numpy(np.array(hidden, np.float32))
    task = HighLowTask(FusionHead(x.shape[1], **head), [x],
                       high_labels(data[target], data["trial"], split["train"]), split,
                       FusionRecipe(**recipe), np.random.default_rng(seed))
    return recognise(task)


class ReconstructionTask(loop.Task):
    """Masked value prediction on unlabelled segments ``(n, n_channels, n_times)``: all of the
    corpora, then the training segments of the labelled cohort."""
    def __init__(self, network: PhysioTransformer, corpus: np.ndarray, own: np.ndarray,
                 recipe: PretrainRecipe, seed: int, rng: np.random.Generator):
        self.network, self.corpus, self.own = network.to(recipe.device), corpus, own
        self.recipe, self.seed, self.rng = recipe, seed, rng
        n = len(corpus) + len(own)
        self.held, self.train = np.split(rng.permutation(n), [max(1, round(recipe.held_out * n))])
        self.steps = loop.n_batches(len(self.train), recipe)

    def batches(self) -> list[np.ndarray]:
        return np.array_split(self.rng.permutation(self.train), self.steps)

    def error(self, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        n = len(self.corpus)
        x = np.concatenate([self.corpus[rows[rows < n]], self.own[rows[rows >= n] - n]])
        mask = span_mask(len(x), x.shape[-1], self.recipe.p, self.recipe.span, rng=rng)
        signal, hidden = (torch.from_numpy(part).to(self.recipe.device) for part in (x, mask))
        # choice: masked points are zeroed
        predicted = self.network.reconstruct(signal.masked_fill(hidden[:, None], 0))
        return masked_mse(predicted.float(), signal, hidden)

    def loss(self, batch: np.ndarray) -> tuple[Tensor, ...]:
        return (self.error(batch, self.rng),)

    def score(self) -> dict[str, float | None]:
        """Over the segments held out, under the same masks in every epoch."""
        rng = np.random.default_rng((self.seed, 1))
        pieces = np.array_split(self.held, loop.n_batches(len(self.held), self.recipe))
        return {"loss": float(torch.stack([self.error(rows, rng) for rows in pieces]).mean())}


def pretrain_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: Mapping,
                  recipe: Mapping, checkpoint: str = "") -> Result:
    """Pre-train one network on the corpora and on the training segments of one fold.

    Parameters
    ----------
    data : mapping
        ``corpus`` ``(m, n_channels, n_times)`` and ``own`` ``(n, n_channels, n_times)``, float32,
        scaled: segments of unlabelled corpora, and of the labelled cohort.
    split : mapping
        ``train``: the segments of ``own`` to use (Sec 4.1.1: never those of the evaluation); may be
        empty.
    seed : int
    model : mapping
        Arguments of :class:`lib.models.physio_transformer.PhysioTransformer`.
    recipe : mapping
        Fields of :class:`PretrainRecipe`.
    checkpoint : str
        File that is written after each epoch, relative to ``build/checkpoints`` (so that the memo's
        key does not depend on where that is); a run that was killed goes on from it, and on one
        machine's CPU ends with the same bytes. Empty: none. One made by other data, settings or
        code is not used.

    Returns
    -------
    dict
        ``weights/<parameter>``: for :func:`lib.training.checkpoint.restore`; ``history`` ``(epochs,
        3)``: training and validation mean squared error on masked points, learning rate.
    """
    settings, rng = PretrainRecipe(**recipe), np.random.default_rng(seed)
    corpus, own = np.asarray(data["corpus"]), np.asarray(data["own"])
    own = own[np.asarray(split["train"], int)]
    if len(corpus) + len(own) < 2:
        raise ValueError(
            f"pre-training needs at least two segments, not {len(corpus) + len(own)}: name a "
            "corpus, or training segments")
    torch.manual_seed(seed)
    network = PhysioTransformer(**model)
    task = ReconstructionTask(network, corpus, own, settings, seed, rng)
    given = digest((corpus, own, seed, dict(model), asdict(settings),
                    code_digest(__file__))) if checkpoint else ""
    kept = Checkpoint(paths.build() / "checkpoints" / checkpoint, given, rng)
    history = loop.fit(task, settings, kept if checkpoint else None)
    return state(network) | {"history": history, "validation": np.array(history[-1, 1])}
