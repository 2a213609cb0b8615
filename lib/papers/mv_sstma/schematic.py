"""Figure 1 of paper 3 drawn anew (``drawings.yaml``): three stages, with sizes read from built
networks."""

from matplotlib.figure import Figure

from lib.models.multimodal_fusion import Attention
from lib.models.mv_sstma import MVSSTMA, n_visible
from lib.plots.sheet import drawing


def three_stages(eeg: MVSSTMA, eye: MVSSTMA, fusion: Attention, n_times: int = 10,
                 ratio: float = 0.3) -> Figure:
    """Figure 1: pre-training of an autoencoder per modality, fine-tuning of both encoders, test on
    later trials.

    Parameters
    ----------
    eeg, eye : MVSSTMA
    fusion : Attention
        Their sizes are drawn.
    n_times : int
        T.
    ratio : float
        Share of channels that is masked in pre-training.
    """
    models, facts = {"EEG": eeg, "eye": eye}, {}
    for kind, model in models.items():
        facts[f"{kind}_seen"] = n_visible(model.n_channels, ratio)
        # the last block is the normalisation
        facts[f"{kind}_encoder"] = len(model.encoder) - 1
        facts[f"{kind}_decoder"] = len(model.decoder) - 1
    return drawing(__file__, "three_stages", T=n_times, ratio=ratio, last=fusion.classify, **models,
                   **facts)
