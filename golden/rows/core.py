"""Cases of the family `core`."""

import keras
from keras import layers

ACTIVATIONS = (
    "linear relu relu6 sigmoid tanh softmax elu selu gelu silu leaky_relu softplus softsign exponential hard_sigmoid "
    "hard_silu mish"
).split()


class Activation(layers.Activation):
    """Keras's, which also knows `gelu(x, approximate=True)` by the name that KerasHub gives it."""

    def __init__(self, activation, **kwargs):
        self.tanh_gelu = activation == "gelu_approximate"
        super().__init__((lambda x: keras.activations.gelu(x, approximate=True)) if self.tanh_gelu else activation, **kwargs)

    def get_config(self):
        if not self.tanh_gelu:
            return super().get_config()
        return {**layers.Layer.get_config(self), "activation": "gelu_approximate"}


ROWS = [
    # Dense and the activations.
    *[
        ("Dense", f"units5_{a}_rank2", lambda a=a: layers.Dense(5, activation=a), [(4, 3)])
        for a in ACTIVATIONS
    ],
    ("Dense", "units1_in1", lambda: layers.Dense(1), [(1, 1)]),
    ("Dense", "units33_relu_in67", lambda: layers.Dense(33, activation="relu"), [(5, 67)]),
    *[
        ("Activation", a, lambda a=a: layers.Activation(a), [(3, 6)])
        for a in ("linear", "softplus", "exponential", "hard_silu")
    ],
    *[
        ("Activation", f"{a}_large", lambda a=a: layers.Activation(a), [(3, 6)], {}, "large")
        for a in ("sigmoid", "tanh", "softmax", "softplus", "silu", "gelu", "elu", "log_sigmoid")
    ],
    ("Activation", "gelu_approximate", lambda: Activation("gelu_approximate"), [(3, 6)]),
    ("Activation", "gelu_approximate_large", lambda: Activation("gelu_approximate"), [(3, 6)], {}, "large"),
    ("Activation", "relu_zeros", lambda: layers.Activation("relu"), [(4, 7)], {}, "coarse"),
    ("Activation", "softmax_rank4", lambda: layers.Activation("softmax"), [(2, 3, 2, 5)]),
    # Numbers to vectors: odd sizes, one number a sample, whole numbers as floats.
    ("Masking", "zero", lambda: layers.Masking(), [(3, 5, 2)], {}, "whole floats"),
    ("Masking", "half_one_feature", lambda: layers.Masking(0.5), [(3, 7, 1)], {}, "coarse"),
    ("Embedding", "5x3_rank2", lambda: layers.Embedding(5, 3), [(4, 6)], {}, "whole"),
    ("Embedding", "5x33_rank1", lambda: layers.Embedding(5, 33), [(7,)], {}, "whole"),
    ("Embedding", "5x4_rank3_floats", lambda: layers.Embedding(5, 4, embeddings_initializer="glorot_normal"), [(2, 3, 2)], {}, "whole floats"),
]

OWN = {"Activation": Activation}
