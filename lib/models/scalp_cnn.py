"""The network on 7 x 5 scalp maps of spectrogram features (paper 4, Sec 4.4)."""

from torch import Tensor, nn


class ScalpCNN(nn.Module):
    """Three convolutions, max-pooling, two fully connected layers: Thanh and Thinh (2025), Sec 4.4.

    ::

        (n, d, 7, 5) -> conv 3x3 -> conv 2x2 -> conv 1x1 -> max-pool 2 -> flatten (3*2*64) -> FC 128
        -> FC 4

    Parameters
    ----------
    n_features : int
        d. Sec 4.3: 2048.
    n_classes : int
        Sec 4.4: 4.
    widths : (int, int, int)
        Channels of the convolutions with kernels 3, 2 and 1 (Sec 4.4). choice: 256, 128, 64; the
        paper prints none. 4.91 million parameters with 2048 features.
    hidden : int
        choice: 128.
    dropout : float
        Before the last layer. choice: 0.5.

    Notes
    -----
    choice: ReLU; "same" padding, because without it the 7 x 5 map shrinks to 4 x 2 before the
    pooling that is to save computation. The 2 x 2 kernel is padded after the last row and column,
    as Keras does.
    """
    def __init__(self, n_features: int = 2048, n_classes: int = 4, *,
                 widths: tuple[int, int,
                               int] = (256, 128, 64), hidden: int = 128, dropout: float = 0.5):
        super().__init__()
        first, second, third = widths
        self.convolutions = nn.Sequential(nn.Conv2d(n_features, first, 3, padding=1), nn.ReLU(),
                                          nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(first, second, 2),
                                          nn.ReLU(), nn.Conv2d(second, third, 1), nn.ReLU(),
                                          nn.MaxPool2d(2), nn.Flatten())
        self.classifier = nn.Sequential(nn.Linear(3 * 2 * third, hidden), nn.ReLU(),
                                        nn.Dropout(dropout), nn.Linear(hidden, n_classes))

    def forward(self, maps: Tensor) -> Tensor:
        """Logits ``(n, n_classes)`` of maps ``(n, d, 7, 5)``."""
        return self.classifier(self.convolutions(maps))
