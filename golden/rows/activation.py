"""Cases of the family `activation`."""

from keras import layers

from rows import MASK

ROWS = [
    # Dense and the activations.
    ("ReLU", "max_value2", lambda: layers.ReLU(max_value=2.0), [(4, 7)]),
    ("ReLU", "negative_slope0.2", lambda: layers.ReLU(negative_slope=0.2), [(4, 7)]),
    ("ReLU", "threshold0.3", lambda: layers.ReLU(threshold=0.3), [(4, 7)]),
    ("Softmax", "axis2_rank4", lambda: layers.Softmax(axis=2), [(2, 3, 4, 5)]),
    ("Softmax", "axis-2_rank3", lambda: layers.Softmax(axis=-2), [(2, 4, 3)]),
    ("LeakyReLU", "default", lambda: layers.LeakyReLU(), [(4, 7)]),
    ("LeakyReLU", "zeros", lambda: layers.LeakyReLU(0.1), [(4, 7)], {}, "coarse"),
    ("ELU", "default_rank3", lambda: layers.ELU(), [(2, 3, 5)]),
    ("ELU", "alpha1.5_large", lambda: layers.ELU(1.5), [(4, 7)], {}, "large"),
    ("PReLU", "default_rank3", lambda: layers.PReLU(), [(3, 4, 5)]),
    ("PReLU", "shared2_rank4", lambda: layers.PReLU(shared_axes=[2]), [(2, 3, 4, 5)]),
    ("PReLU", "zeros", lambda: layers.PReLU(), [(4, 7)], {}, "coarse"),
    ("Softmax", "axes1_2_rank4", lambda: layers.Softmax(axis=[1, 2]), [(2, 3, 4, 5)]),
    ("Softmax", "mask", lambda: layers.Softmax(), [(4, 6)], {"mask": MASK}),
    ("Softmax", "mask_axes1_-1", lambda: layers.Softmax(axis=[1, -1]), [(3, 5, 4)], {"mask": MASK}),
    ("Softmax", "large", lambda: layers.Softmax(), [(3, 6)], {}, "large"),
]
