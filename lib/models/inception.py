"""InceptionV3 as a frozen extractor of 2048 features (paper 4, Sec 4.3), and what stands in for it
where its weights are not there.

References
----------
Szegedy et al. (2016), Rethinking the Inception architecture for computer vision. Thanh and Thinh
(2025), Sec 4.3: "a pretrained InceptionV3 model as a feature extractor"; which weights is not said.
assumed: ImageNet's, which no Python package ships.
"""

from pathlib import Path

from lib.models.backbones import Backbone, build, mobilenet_v2

SIZE = 229  # Sec 4.1; the network was made for 299 and needs 75 or more


def inception_v3(weights: str | Path, *, size: int = SIZE, seed: int = 0) -> Backbone:
    """InceptionV3 without its classifiers, 2048 features: the last feature map averaged over space.

    Parameters
    ----------
    weights : path-like or "random"
        A state dict with torchvision's key names, for example its
        ``inception_v3_google-0cc3c7bd.pth``; its heads are left out. These weights want values from
        -1 to 1, to which the network brings the images itself.
    size : int
        Pixels the network sees, 75 or more; other images are resized (bilinear).
    seed
        See :func:`lib.models.backbones.mobilenet_v2`.

    Returns
    -------
    Backbone
        Images ``(n, height, width, 3)``, RGB from 0 to 255, to ``(n, 2048)`` float32.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`lib.models.backbones.mobilenet_v2`; ``ValueError`` also for a ``size`` under 75.
    """
    if size < 75:
        raise ValueError(
            f"expected images of 75 pixels or more, found {size}. InceptionV3 halves them five "
            "times without padding; "
            "use mobilenet_v2 for small images.")
    return build("inception_v3", "fc", "InceptionV3", weights, size, seed, headless=True,
                 transform_input=True, aux_logits=False, init_weights=False)


def spectrogram_backbone(weights: str | Path | None = None, *, size: int = SIZE) -> Backbone:
    """What describes the spectrogram images: InceptionV3 with the user's weights, or without any
    MobileNetV2 with ImageNet's.

    ``choice:`` MobileNetV2 (1280 features), because a Python package ships its weights. ``name``
    says which it is and belongs on every figure.

    Parameters
    ----------
    weights : path-like, "random" or None
        See `inception_v3`; None: MobileNetV2.
    size
        See `inception_v3`.
    """
    if weights is None:
        return mobilenet_v2(size=size)
    return inception_v3(weights, size=size)
