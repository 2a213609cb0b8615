"""A run of the training loop on disk, so that a killed one goes on where it was."""

import io
import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from lib.training.folds import weights
from lib.whole import writing

log = logging.getLogger(__name__)
Network = TypeVar("Network", bound=nn.Module)


def state(network: nn.Module) -> dict[str, np.ndarray]:
    """All weights of a network, as a result holds them: ``weights/<parameter>``."""
    return {f"weights/{name}": value.cpu().numpy() for name, value in network.state_dict().items()}


def restore(network: Network, arrays: Mapping[str, np.ndarray]) -> Network:
    """A network with the weights of a result, or with weights by parameter name.

    Raises
    ------
    RuntimeError
        Where names or shapes differ from the network's: both must come from the same settings.
    """
    own = weights(arrays) or arrays
    network.load_state_dict({name: torch.tensor(array) for name, array in own.items()})
    return network


class Checkpoint:
    """Weights, the best ones so far, optimiser, learning rate, random generators and history after
    each epoch.

    Parameters
    ----------
    file : Path
    given : str
        Digest of data, settings and code: a checkpoint of another run is kept as ``.old``.
    rng : numpy.random.Generator
        The generator that orders the examples.
    """
    def __init__(self, file: Path, given: str, rng: np.random.Generator):
        self.file, self.given, self.rng = file, given, rng

    def save(self, network, optimiser, schedule, history: list, best: tuple) -> None:
        """Write atomically; where it cannot be written, say so and go on."""
        buffer = io.BytesIO()
        torch.save(
            {
                "network": network.state_dict(), "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "history": [list(map(float, row))
                            for row in history], "best": best, "given": self.given,
                "numpy": self.rng.bit_generator.state, "torch": torch.get_rng_state(),
                "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
            }, buffer)
        try:
            with writing(self.file) as handle:
                handle.write(buffer.getbuffer())
        except OSError as error:
            log.warning(
                "%s: expected room for a checkpoint, found %r. The run goes on, but could not be "
                "resumed from here; free some disk space.", self.file, error)

    def _read(self) -> dict | None:
        if not self.file.exists():
            return None
        try:
            with zipfile.ZipFile(self.file) as archive:  # torch does not compare checksums
                damaged = archive.testzip()
            if damaged:
                raise ValueError(f"wrong checksum of {damaged}")
            state = torch.load(self.file, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file can raise anything
            log.warning(
                "%s: expected a checkpoint, found a damaged file (%s), kept beside it as .old. "
                "Pre-training starts from zero.", self.file, error)
            self.file.replace(self.file.with_suffix(".old"))
            return None
        if state.get("given") != self.given:
            log.warning(
                "%s: expected a checkpoint of this run, found one of other data, settings or code, "
                "kept beside it as .old. Pre-training starts from zero.", self.file)
            self.file.replace(self.file.with_suffix(".old"))
            return None
        return state

    def resume(self, network, optimiser, schedule) -> tuple[list, tuple] | None:
        """Put everything back as it was after the last epoch; the history so far, and the best
        score, its epoch and weights."""
        if (state := self._read()) is None:
            return None
        for name, part in (("network", network), ("optimiser", optimiser), ("schedule", schedule)):
            part.load_state_dict(state[name])
        self.rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"])
        if state["cuda"]:
            torch.cuda.set_rng_state_all(state["cuda"])
        return state["history"], state["best"]
