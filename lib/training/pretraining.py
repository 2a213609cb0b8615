"""Pre-train one signal's Transformer by masked value prediction (paper 2, Sec 3.2.1 and 4.3); a
killed run goes on where it was."""

from __future__ import annotations

import io
import logging
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lib import paths
from lib.models.physio_transformer import PhysioTransformer
from lib.store import code_digest, digest
from lib.training.masking import masked_mse, span_mask
from lib.whole import writing

__all__ = ["PretrainRecipe", "load_weights", "pretrain_fold"]

log = logging.getLogger(__name__)
PREFIX = "weights/"


@dataclass(frozen=True)
class PretrainRecipe:
    """How the signal's Transformer is pre-trained.

    Parameters
    ----------
    epochs : int
        Sec 4.3: 500.
    warmup : int
        Epochs over which the learning rate rises to ``lr``; then it falls to zero on a straight
        line. Sec 4.3: 30. ``choice:`` both move with every step.
    lr : float
        Sec 4.3: 5e-4 for EEG. ``assumed:`` 1e-3 for ECG, from [15].
    betas, weight_decay : tuple, float
        Of Adam with L2. Sec 4.3: (0.9, 0.999) and 5e-3.
    batch : int
        ``choice:`` 128; the paper gives none.
    p, span : float, int
        See :func:`lib.training.masking.span_mask`.
    held_out : float
        ``choice:`` share of the segments kept for the validation loss, at least one; it selects
        nothing.
    device : str
    precision : {"fp32", "bf16"}
        ``bf16``: mixed precision, for a GPU.
    """

    epochs: int = 500
    warmup: int = 30
    lr: float = 5e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 5e-3
    batch: int = 128
    p: float = 0.0325
    span: int = 20
    held_out: float = 0.05
    device: str = "cpu"
    precision: str = "fp32"


def load_weights(model: nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
    """Put the result of :func:`pretrain_fold`, or its weights alone (with or without ``weights/``),
    into a module.

    Raises
    ------
    RuntimeError
        Where names or shapes differ from the module's: both must come from the same settings.
    """
    weights = {
        name.removeprefix(PREFIX): array for name, array in arrays.items()
        if name not in {"history", "seconds"}
    }
    model.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})


class _Pool:
    """Unlabelled segments ``(n, n_channels, n_times)``: all of the corpora, then the training
    segments of the labelled cohort."""
    def __init__(self, corpus: np.ndarray, own: np.ndarray, recipe: PretrainRecipe):
        self.corpus, self.own, self.recipe = corpus, own, recipe

    def __len__(self) -> int:
        return len(self.corpus) + len(self.own)

    def batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Segments and their mask ``(batch, n_times)``."""
        n = len(self.corpus)
        x = np.concatenate([self.corpus[rows[rows < n]], self.own[rows[rows >= n] - n]])
        mask = span_mask(len(x), x.shape[-1], self.recipe.p, self.recipe.span, rng=rng)
        return torch.from_numpy(x).to(self.recipe.device), torch.from_numpy(mask).to(
            self.recipe.device)

    def loss(self, net: PhysioTransformer, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        x, mask = self.batch(rows, rng)
        with torch.autocast(
                torch.device(self.recipe.device).type, torch.bfloat16,
                enabled=self.recipe.precision == "bf16"):
            # choice: masked points are zeroed
            predicted = net.reconstruct(x.masked_fill(mask[:, None], 0))
        return masked_mse(predicted.float(), x, mask)


class _Run:
    """Everything that changes while a run goes on, to be put on disk and taken back."""
    def __init__(self, net: PhysioTransformer, recipe: PretrainRecipe, steps: int,
                 rng: np.random.Generator):
        self.net, self.recipe, self.rng = net, recipe, rng
        self.optimiser = torch.optim.Adam(net.parameters(), lr=recipe.lr, betas=recipe.betas,
                                          weight_decay=recipe.weight_decay)
        corners = (0, recipe.warmup * steps, recipe.epochs * steps + 1)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: float(np.interp(step + 1, corners, (0, 1, 0))))
        self.history: list[list[float]] = []
        self.seconds = 0.0

    @property
    def _parts(self) -> dict:
        return {"net": self.net, "optimiser": self.optimiser, "schedule": self.schedule}

    def save(self, file: Path, given: str) -> None:
        """Write atomically; where it cannot be written, say so and go on."""
        state = {name: part.state_dict() for name, part in self._parts.items()} | {
            "given": given, "history": self.history, "seconds": self.seconds,
            "numpy": self.rng.bit_generator.state, "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if "cuda" in self.recipe.device else []
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        try:
            with writing(file) as handle:
                handle.write(buffer.getbuffer())
        except OSError as error:
            log.warning(
                "%s: expected room for a checkpoint, found %r. The run goes on, but could not be resumed from here; free some "
                "disk space.", file, error)

    def load(self, file: Path, given: str) -> None:
        """Go on from a checkpoint of the same run. Any other one is named and left alone: the run
        starts from zero."""
        if not file.exists():
            return
        try:
            with zipfile.ZipFile(file) as archive:  # torch does not compare checksums
                damaged = archive.testzip()
            if damaged:
                raise ValueError(f"wrong checksum of {damaged}")
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file can raise anything
            log.warning(
                "%s: expected a checkpoint, found a damaged file (%s). Pre-training starts from zero.",
                file, error)
            return
        if state.get("given") != given:
            log.warning(
                "%s: expected a checkpoint of this run, found one of other data, settings or code. Pre-training starts from zero; "
                "name another file to keep the old one.", file)
            return
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        self.history, self.seconds = state["history"], state["seconds"]
        self.rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"])
        if state["cuda"]:
            torch.cuda.set_rng_state_all(state["cuda"])

    def epoch(self, pool: _Pool, train: np.ndarray) -> float:
        """One pass over the training segments; their mean loss."""
        self.net.train()
        losses = []
        for rows in _batches(self.rng.permutation(train), self.recipe.batch):
            loss = pool.loss(self.net, rows, self.rng)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
            losses.append(loss.detach())
        return float(torch.stack(losses).mean())

    @torch.no_grad()
    def validate(self, pool: _Pool, held: np.ndarray, seed: int) -> float:
        """Mean loss over the segments held out, under the same masks in every epoch."""
        self.net.eval()
        rng = np.random.default_rng((seed, 1))
        return float(
            torch.stack([
                pool.loss(self.net, rows, rng) for rows in _batches(held, self.recipe.batch)
            ]).mean())


def _batches(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Parts of nearly equal length, at most ``size``."""
    return np.array_split(rows, -(-len(rows) // size))


def pretrain_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, model: Mapping,
                  recipe: Mapping, checkpoint: str = "") -> dict[str, np.ndarray]:
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
        ``weights/<parameter>``: for :func:`load_weights`; ``history`` ``(epochs, 2)``: training and
        validation mean squared error on masked points; ``seconds``, with those before a restart.
    """
    begin = time.perf_counter()
    settings = PretrainRecipe(**recipe)
    pool = _Pool(np.asarray(data["corpus"]),
                 np.asarray(data["own"])[np.asarray(split["train"], int)], settings)
    if len(pool) < 2:
        raise ValueError(
            f"pre-training needs at least two segments, not {len(pool)}: name a corpus, or training segments"
        )
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    held, train = np.split(rng.permutation(len(pool)),
                           [max(1, round(settings.held_out * len(pool)))])
    run = _Run(
        PhysioTransformer(**model).to(settings.device), settings,
        len(_batches(train, settings.batch)), rng)
    file, given = paths.build() / "checkpoints" / checkpoint, ""
    if checkpoint:
        given = digest(
            (pool.corpus, pool.own, seed, dict(model), asdict(settings), code_digest(__file__)))
        run.load(file, given)
    begin -= run.seconds
    while len(run.history) < settings.epochs:
        run.history.append([run.epoch(pool, train), run.validate(pool, held, seed)])
        if not np.isfinite(run.history[-1]).all():
            raise FloatingPointError(
                f"the loss is {run.history[-1]} in epoch {len(run.history)}: lower the learning rate ({settings.lr})"
            )
        run.seconds = time.perf_counter() - begin
        if checkpoint:
            run.save(file, given)
    weights = {PREFIX + name: value.cpu().numpy() for name, value in run.net.state_dict().items()}
    return {**weights, "history": np.array(run.history), "seconds": np.array(run.seconds)}
