"""The shared package of the companion: data, models, training and evaluation of four papers."""
