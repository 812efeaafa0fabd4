"""Cases of the family `activation`."""

from keras import layers

ROWS = [
    # Dense and the activations.
    ("ReLU", "max_value2", lambda: layers.ReLU(max_value=2.0), [(4, 7)]),
    ("ReLU", "negative_slope0.2", lambda: layers.ReLU(negative_slope=0.2), [(4, 7)]),
    ("ReLU", "threshold0.3", lambda: layers.ReLU(threshold=0.3), [(4, 7)]),
    ("Softmax", "axis2_rank4", lambda: layers.Softmax(axis=2), [(2, 3, 4, 5)]),
    ("Softmax", "axis-2_rank3", lambda: layers.Softmax(axis=-2), [(2, 4, 3)]),
    ("Softmax", "large", lambda: layers.Softmax(), [(3, 6)], {}, "large"),
]
