"""What every reader returns: a cohort of trials whose signals are loaded when asked for."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

SUMMARY = {"n": np.size, "mean": np.mean, "std": np.std}  # of a label with many values


def readable(name) -> str:
    """The name of a file as text that can be printed and written: bytes that are no UTF-8 become
    ``\\xfc``."""
    raw = str(name).encode("utf-8", "surrogatepass")
    with contextlib.suppress(UnicodeEncodeError):
        raw = str(name).encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace")


class BadFile(ValueError):
    """A data file is not what its format promises.

    Parameters
    ----------
    file : path-like
        The file at fault.
    expected, found : str
        What the format says and what is there.
    fix : str
        What the user can do next.
    """
    def __init__(self, file, expected: str, found: str, fix: str):
        self.file, self.expected, self.found, self.fix = map(readable, (file, expected, found, fix))
        super().__init__(f"{self.file}: expected {self.expected}, found {self.found}. {self.fix}")

    def __reduce__(self):
        return type(self), (self.file, self.expected, self.found, self.fix)


@dataclass(frozen=True)
class Signal:
    """One recorded or computed signal of one trial, in the owner's unit.

    Attributes
    ----------
    data : array
        ``(n_channels, n_times)`` for sampled signals, ``(n_times, height, width, 3)`` for video
        (uint8, RGB).
    rate : float
        Samples (frames) per second.
    channels : tuple of str
        One name per channel; empty for video.
    unit : str
        Physical unit, for example ``"uV"``.
    start : float
        Time of the first sample in seconds after stimulus onset (negative: before it).
    """

    data: np.ndarray
    rate: float
    channels: tuple[str, ...] = ()
    unit: str = ""
    start: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One subject watching one stimulus once.

    ``labels`` maps a label's name to its value: a scalar rating or a trace ``(n_times,)``.
    ``loaders`` maps a modality (``eeg``, ``ecg``, ``eye``, ``video``, ``eeg_features``,
    ``face_features``) to a function that reads it.
    """

    dataset: str
    subject: int
    session: str
    trial: int
    stimulus: str
    labels: Mapping[str, np.ndarray | float]
    loaders: Mapping[str, Callable[[], Signal]] = field(repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self):
        for name in ("session", "stimulus"):
            object.__setattr__(self, name, readable(getattr(self, name)))

    def load(self, modality: str) -> Signal:
        """Read one modality now; nothing is kept in memory by the trial itself."""
        if modality not in self.loaders:
            raise KeyError(f"{self.name} has no {modality!r}; it has {sorted(self.loaders)}")
        return self.loaders[modality]()

    @property
    def name(self) -> str:
        """A short name for messages and manifests."""
        return f"{self.dataset} subject {self.subject} trial {self.trial}"


@dataclass(frozen=True)
class Cohort:
    """An ordered collection of trials from one source.

    Attributes
    ----------
    name : str
        Dataset name in the registry.
    tier : str
        ``"simulated"``, ``"public"`` or ``"licensed"``; ``"stand-in"``: open recordings in place
        of a paper's own.
    trials : tuple of Trial
    caption : str
        What every figure drawn from this cohort must say.
    dropped : mapping
        Trial or file name -> why it was left out.
    """

    name: str
    tier: str
    trials: tuple[Trial, ...]
    caption: str
    dropped: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        said = {readable(name): readable(why) for name, why in self.dropped.items()}
        object.__setattr__(self, "dropped", said)
        object.__setattr__(self, "caption", readable(self.caption))

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __getitem__(self, index: int) -> Trial:
        return self.trials[index]

    def table(self) -> pd.DataFrame:
        """One row per trial: identifiers, and for each label its value or its length, mean and
        spread."""
        rows = []
        for trial in self.trials:
            named = ("subject", "session", "trial", "stimulus")
            row = {name: getattr(trial, name) for name in named}
            for label, value in trial.labels.items():
                if np.ndim(value):
                    row |= {f"{label}_{name}": of(value) for name, of in SUMMARY.items()}
                else:
                    row[label] = value
            rows.append(row)
        return pd.DataFrame(rows)
