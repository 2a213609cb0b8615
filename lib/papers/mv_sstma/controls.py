"""What stands beside the networks of paper 3 on the same folds: majority, linear SVM, and the three
fusions of Table 2.

Table 2 copies its values of MAX, Fuzzy Integral and BDAE from Liu et al. (2021), the paper's [19];
here they are run. All see the windows averaged over time and scaled by training windows; every
choice is made on training or validation windows.
"""

from collections.abc import Mapping

import numpy as np
import torch
from scipy.special import softmax
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import BernoulliRBM
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from lib.papers.mv_sstma.pretraining import scale, sessions
from lib.papers.mv_sstma.training import choose_labelled, draw
from lib.preprocessing.seed import fill_nearest
from lib.training.controls import classify

Parts = dict[str, np.ndarray]
# choice: C of the SVM; the first where none is better than another
PENALTIES = (0.01, 0.0001, 0.001, 0.1, 1.0, 10.0)
# choice: small; assumed: 20 and 100, as public code by an author of [19]
HIDDEN, EPOCHS, RBM_EPOCHS, BATCH = (50, 100), 50, 20, 100


def _parts(data: Mapping[str, np.ndarray], split: Mapping, modality: str, ratio: float = 0.0,
           seed: int = 0) -> Parts:
    """Features of the training, validation and test windows, ``(n_windows, n_features)``: scaled,
    missing channels filled in, then averaged over time. ``choice:`` the three nearest electrodes
    speak for a missing one, the training mean for a missing eye feature, which has no place.
    ``modality``: "eeg", "eye", or "both" side by side."""
    if modality == "both":
        both = [_parts(data, split, m, ratio, seed) for m in ("eeg", "eye")]
        return {part: np.hstack([x[part] for x in both]) for part in both[0]}
    sizes = [len(split[part]) for part in ("train", "val", "test")]
    rows = np.concatenate([np.asarray(split[part], int) for part in ("train", "val", "test")])
    x = scale(data[modality][rows], np.arange(sizes[0]), modality, sessions(data)[rows])
    if ratio:
        missing = np.ones(x.shape[::2][:2], bool)
        np.put_along_axis(missing,
                          draw(len(x), x.shape[2], modality, ratio, seed).numpy(), False, 1)
        x = fill_nearest(x, missing) if modality == "eeg" else np.where(
            missing[:, None, :, None], 0, x)
    mean = np.split(x.mean(1).reshape(len(rows), -1), np.cumsum(sizes)[:-1])
    return dict(zip(("train", "val", "test"), mean, strict=True))


def _labels(data: Mapping[str, np.ndarray], split: Mapping, part: str) -> np.ndarray:
    return data["emotion"][np.asarray(split[part], int)]


def _train_svm(x: np.ndarray, y: np.ndarray, penalty: float) -> LinearSVC:
    return LinearSVC(C=penalty, dual=False, tol=1e-3, max_iter=20000).fit(x, y)


def _scores(svm: LinearSVC, x: np.ndarray, n_classes: int) -> np.ndarray:
    """Softmax of the one-versus-rest decision values, ``(n_windows, n_classes)``; 0 for a class
    without training windows."""
    decision = svm.decision_function(x)
    full = np.full((len(x), n_classes), -np.inf)
    full[:,
         svm.classes_] = decision if decision.ndim == 2 else np.stack([-decision, decision], axis=1)
    return softmax(full, axis=1)


def _groups(data: Mapping[str, np.ndarray], split: Mapping) -> list[tuple[np.ndarray, np.ndarray]]:
    """Up to four groups of training trials: (positions of the others, positions of the group),
    where the others hold two classes."""
    y, rows = _labels(data, split, "train"), np.asarray(split["train"], int)
    trial = np.unique(np.stack([data[name][rows] for name in ("subject", "session", "trial")]),
                      axis=1, return_inverse=True)[1].ravel()
    groups = GroupKFold(min(4, trial.max() + 1)).split(rows, groups=trial) if trial.max() else ()
    return [(known, new) for known, new in groups if len(np.unique(y[known])) > 1]


def _tuned_svm(data, split, x: Parts) -> tuple[LinearSVC, float]:
    """The SVM whose penalty is best on the validation windows, and its accuracy there.

    Without validation windows: best on groups of training trials that were held out in turn; where
    there are none either, C = 0.01.
    """
    y, n = np.concatenate([_labels(data, split, part)
                           for part in ("train", "val")]), len(x["train"])
    both, train = np.concatenate([x["train"], x["val"]]), slice(n)
    pairs = [(train, slice(n, None))] if len(y) > n else _groups(data, split)
    if not pairs:
        return _train_svm(x["train"], y, PENALTIES[0]), np.nan
    accuracy = [
        float(
            np.mean([
                _train_svm(both[known], y[known], penalty).score(both[new], y[new])
                for known, new in pairs
            ])) for penalty in PENALTIES
    ]
    return _train_svm(x["train"], y[train], PENALTIES[int(np.argmax(accuracy))]), max(accuracy)


def _both_scores(svm: LinearSVC, x: Parts, n_classes: int) -> Parts:
    """:func:`_scores` of the validation windows, which may be none, and of the test windows."""
    return {
        part: _scores(svm, x[part], n_classes) if len(x[part]) else np.empty((0, n_classes))
        for part in ("val", "test")
    }


def _svm_scores(data, split, modality: str, n_classes: int, *, labelled: str = "all",
                n_labelled: int = 10, ratio: float = 0.0,
                seed: int = 0) -> tuple[Parts, LinearSVC, Parts]:
    x = _parts(data, split, modality, ratio, seed)
    kept = np.isin(split["train"], choose_labelled(data, split["train"], labelled, n_labelled))
    split, x["train"] = {**split, "train": np.asarray(split["train"])[kept]}, x["train"][kept]
    svm, _ = _tuned_svm(data, split, x)
    return x, svm, _both_scores(svm, x, n_classes)


def majority_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *,
                  n_classes: int) -> Parts:
    """Give every window the class frequencies of the training windows. Takes and returns, as the
    others here, what :func:`lib.papers.mv_sstma.training.emotion_fold` does: ``val`` and ``test``,
    scores ``(n_windows, n_classes)`` whose rows sum to 1."""
    return classify("majority", data["emotion"][:, None], data["emotion"], split, n_classes)


def svm_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
             n_classes: int, **few) -> Parts:
    """Linear SVM on one modality; its penalty C is chosen on validation windows or inside training.
    ``modality``: "eeg", "eye" or "both". ``few``: ``labelled``, ``n_labelled`` and ``ratio`` of
    :class:`lib.papers.mv_sstma.training.Recipe`; it then has the networks' labels and channels."""
    return _svm_scores(data, split, modality, n_classes, seed=seed, **few)[2]


def neighbour_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, modality: str,
                   n_classes: int) -> Parts:
    """The class of the nearest training window, standardised: it learns nothing about emotion, what
    it scores is recognition of the recording. ``modality``: any array ``(n_windows, n_times,
    ...)``."""
    x = data[modality].mean(axis=1).reshape(len(data[modality]), -1)
    x = StandardScaler().fit(x[np.asarray(split["train"])]).transform(x)
    return classify("nearest neighbour", x, data["emotion"], split, n_classes)


def max_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *, n_classes: int) -> Parts:
    """MAX (Table 2): one linear SVM per modality, the larger score of each class counts.

    ``choice:`` scores go through a softmax first, so that both modalities speak on one scale.
    """
    eeg, eye = (_svm_scores(data, split, m, n_classes)[2] for m in ("eeg", "eye"))
    largest = {part: np.maximum(eeg[part], eye[part]) for part in eeg}
    return {part: p / p.sum(1, keepdims=True) for part, p in largest.items()}


def choquet(p1: np.ndarray, p2: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Choquet integral of two sources by class: the smaller score, plus what the source of the
    larger one is trusted with.

    Parameters
    ----------
    p1, p2 : array
        Scores ``(n_windows, n_classes)``.
    mu : array
        ``(2, n_classes)``, from 0 to 1: measure of each source alone; both together measure 1.
    """
    gap = p2 - p1
    return np.minimum(p1, p2) + np.where(gap > 0, mu[1], mu[0]) * np.abs(gap)


def fit_measure(p1: np.ndarray, p2: np.ndarray, y: np.ndarray, ridge: float = 0.01) -> np.ndarray:
    """The measure ``mu`` ``(2, n_classes)`` that brings :func:`choquet` closest to the one-hot
    labels, in closed form.

    A window informs only the source of its larger score, so the quadratic programme with ``0 <= mu
    <= 1`` falls apart into one number per source and class, and clipping the free minimum is exact.
    ``assumed:`` ridge 0.01.
    """
    target = (y[:, None] == np.arange(p1.shape[1])) - np.minimum(p1, p2)
    rise = np.stack([np.clip(p1 - p2, 0, None), np.clip(p2 - p1, 0, None)])
    return np.clip((rise * target).sum(1) / ((rise**2).sum(1) + ridge), 0, 1)


def fuzzy_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *,
               n_classes: int) -> Parts:
    """Fuzzy integral (Table 2): Choquet integral of the two SVMs' scores, its measure fitted on the
    training windows.

    ``choice:`` it is fitted on scores that an SVM gives to training trials it was not trained on
    (up to 4 groups of trials). A group that leaves no two classes to train on gives no scores;
    where none is left, both modalities are trusted alike (``mu`` = 1/2, the mean).
    """
    y, folds = _labels(data, split, "train"), _groups(data, split)
    scored = np.sort(np.concatenate([new for _, new in folds])) if folds else np.array([], int)
    inner, outer = [], []
    for modality in ("eeg", "eye"):
        x, svm, scores = _svm_scores(data, split, modality, n_classes)
        held_out = np.empty((len(y), n_classes))
        for known, new in folds:
            held_out[new] = _scores(_train_svm(x["train"][known], y[known], svm.C), x["train"][new],
                                    n_classes)
        inner.append(held_out[scored])
        outer.append(scores)
    mu = fit_measure(inner[0], inner[1], y[scored]) if len(scored) else np.full((2, n_classes), 0.5)
    fused = {part: choquet(outer[0][part], outer[1][part], mu) for part in ("val", "test")}
    return {part: p / p.sum(1, keepdims=True) for part, p in fused.items()}


class _Unrolled(nn.Module):
    """The auto-encoder that three restricted Boltzmann machines unroll to; sigmoid units
    throughout."""
    def __init__(self, views: list[np.ndarray], hidden: int, seed: int):
        super().__init__()
        machine = {
            "n_components": hidden, "batch_size": BATCH, "n_iter": RBM_EPOCHS,
            "learning_rate": 0.01, "random_state": seed
        }
        machines = [BernoulliRBM(**machine).fit(view) for view in views]
        joint = BernoulliRBM(**machine).fit(
            np.hstack([m.transform(v) for m, v in zip(machines, views, strict=True)]))
        self.up, self.down = (nn.ModuleList(layers)
                              for layers in zip(*(self._layers(m)
                                                  for m in [*machines, joint]), strict=True))

    @staticmethod
    def _layers(machine: BernoulliRBM) -> tuple[nn.Linear, nn.Linear]:
        hidden, visible = machine.components_.shape
        up, down = nn.Linear(visible, hidden), nn.Linear(hidden, visible)
        for layer, weight, bias in ((up, machine.components_, machine.intercept_hidden_),
                                    (down, machine.components_.T, machine.intercept_visible_)):
            layer.load_state_dict(
                {"weight": torch.as_tensor(weight), "bias": torch.as_tensor(bias)})
        return up, down

    def shared(self, views: list[Tensor]) -> Tensor:
        hidden = [layer(view).sigmoid() for layer, view in zip(self.up[:2], views, strict=True)]
        return self.up[2](torch.cat(hidden, dim=1)).sigmoid()

    def forward(self, views: list[Tensor]) -> list[Tensor]:
        hidden = self.down[2](self.shared(views)).sigmoid().chunk(2, dim=1)
        return [layer(h).sigmoid() for layer, h in zip(self.down[:2], hidden, strict=True)]


def _shared_features(views: list[Parts], hidden: int, seed: int) -> Parts:
    """Train the auto-encoder on the training windows; its shared layer for all parts."""
    torch.manual_seed(seed)
    network = _Unrolled([view["train"] for view in views], hidden, seed)
    x = [torch.as_tensor(view["train"], dtype=torch.float32) for view in views]
    optimiser = torch.optim.RMSprop(network.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x[0])).split(BATCH):
            batch = [view[rows] for view in x]
            loss = sum(
                nn.functional.mse_loss(out, view)
                for out, view in zip(network(batch), batch, strict=True))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        shared = {
            part: network.shared(
                [torch.as_tensor(view[part], dtype=torch.float32) for view in views]).numpy()
            for part in views[0]
        }
    spread = shared["train"].std(0) + 1e-6
    return {part: (h - shared["train"].mean(0)) / spread for part, h in shared.items()}


def bdae_fold(data: Mapping[str, np.ndarray], split: Mapping, seed: int, *,
              n_classes: int) -> Parts:
    """BDAE (Table 2): bimodal deep auto-encoder, whose shared layer feeds a linear SVM.

    In order: features to [0, 1] by the training windows; a restricted Boltzmann machine per
    modality and one on their hidden units (``sklearn.neural_network.BernoulliRBM``); the stack
    unrolled to an auto-encoder and trained on the squared error of both modalities with RMSprop;
    SVM. ``choice:`` the number of hidden units is chosen with C on the validation windows; without
    them it is the first of `HIDDEN`.
    """
    views = []
    for x in (_parts(data, split, modality) for modality in ("eeg", "eye")):
        low, high = x["train"].min(0), x["train"].max(0)
        views.append(
            {part: np.clip((v - low) / (high - low + 1e-6), 0, 1) for part, v in x.items()})
    found = []
    for hidden in HIDDEN if len(split["val"]) else HIDDEN[:1]:
        x = _shared_features(views, hidden, seed)
        found.append((*_tuned_svm(data, split, x), x))
    svm, _, x = max(found, key=lambda tried: tried[1])
    return _both_scores(svm, x, n_classes)
