"""Cases of the family `normalization`."""

import tensorflow as tf
from keras import layers
from keras.src.applications.convnext import LayerScale


class LocalResponseNormalization(layers.Layer):
    """Keras has none: TensorFlow's op under a layer's arguments."""

    def __init__(self, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        self.arguments = {"depth_radius": depth_radius, "bias": bias, "alpha": alpha, "beta": beta}

    def call(self, x):
        return tf.nn.local_response_normalization(x, **self.arguments)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


class InstanceNormalization(layers.GroupNormalization):
    """Keras has it as groups of one channel; the defaults are PyTorch's."""

    def __init__(self, axis=-1, epsilon=1e-5, center=False, scale=False, **kwargs):
        super().__init__(groups=-1, axis=axis, epsilon=epsilon, center=center, scale=scale, **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["groups"]
        return config


ROWS = [
    # Batch normalization: rank 4, batch of one pixel row, settings other than the defaults.
    ("BatchNormalization", "train_rank4", lambda: layers.BatchNormalization(), [(4, 3, 5, 3)], {"training": True}),
    ("BatchNormalization", "train_rank4_m0.8_eps1e-2", lambda: layers.BatchNormalization(momentum=0.8, epsilon=1e-2), [(3, 4, 3, 5)], {"training": True}),
    ("BatchNormalization", "train_rank3_noscale", lambda: layers.BatchNormalization(scale=False, momentum=0.9), [(4, 6, 3)], {"training": True}),
    ("BatchNormalization", "train_rank2_nocenter", lambda: layers.BatchNormalization(center=False, momentum=0.5), [(7, 4)], {"training": True}),
    ("BatchNormalization", "infer_rank4_eps1e-2", lambda: layers.BatchNormalization(epsilon=1e-2), [(2, 3, 4, 5)], {"training": False}),
    ("BatchNormalization", "infer_axis1", lambda: layers.BatchNormalization(axis=1), [(2, 3, 4, 2)], {"training": False}),
    # Local response normalization: windows larger than the channels, strong enough to show; frames of zeros.
    ("LocalResponseNormalization", "default_ci7", lambda: LocalResponseNormalization(), [(2, 3, 4, 7)]),
    ("LocalResponseNormalization", "r3_b1_a0.5_be0.5_ci19", lambda: LocalResponseNormalization(3, 1.0, 0.5, 0.5), [(2, 3, 2, 19)]),
    ("LocalResponseNormalization", "r5_a1_be1.5_ci4", lambda: LocalResponseNormalization(5, 2.0, 1.0, 1.5), [(1, 2, 5, 4)]),
    ("BatchNormalization", "train_renorm", lambda: layers.BatchNormalization(renorm=True, momentum=0.8, renorm_momentum=0.7), [(4, 3, 5)], {"training": True}),
    ("BatchNormalization", "train_renorm_clipped_noscale", lambda: layers.BatchNormalization(renorm=True, scale=False, renorm_clipping={"rmin": 0.8, "rmax": 1.2, "dmax": 0.3}), [(5, 4)], {"training": True}),
    ("BatchNormalization", "infer_renorm", lambda: layers.BatchNormalization(renorm=True), [(5, 4)], {"training": False}),
    # A layer's kernel divided by its largest singular value.
    ("SpectralNormalization", "Dense4_train", lambda: layers.SpectralNormalization(layers.Dense(4)), [(3, 5)], {"training": True}),
    ("SpectralNormalization", "Conv2D3_train_3", lambda: layers.SpectralNormalization(layers.Conv2D(3, 2), power_iterations=3), [(2, 4, 4, 2)], {"training": True}),
    ("SpectralNormalization", "Embedding_train", lambda: layers.SpectralNormalization(layers.Embedding(5, 3)), [(4, 6)], {"training": True}, "whole floats"),
    # Groups of channels: last, first and between; one channel a group.
    ("GroupNormalization", "g3_rank2", lambda: layers.GroupNormalization(3), [(3, 6)]),
    ("GroupNormalization", "g2_rank4_eps1e-2", lambda: layers.GroupNormalization(2, epsilon=1e-2), [(2, 3, 5, 6)]),
    ("GroupNormalization", "g2_axis1_rank4", lambda: layers.GroupNormalization(2, axis=1), [(2, 4, 3, 5)]),
    ("GroupNormalization", "g2_axis2_nocenter", lambda: layers.GroupNormalization(2, axis=2, center=False), [(2, 3, 4, 5)]),
    ("GroupNormalization", "g1_noscale", lambda: layers.GroupNormalization(1, scale=False), [(3, 5, 4)]),
    ("InstanceNormalization", "default_rank4", lambda: InstanceNormalization(), [(2, 3, 5, 4)]),
    ("InstanceNormalization", "learnt_axis1_eps1e-2", lambda: InstanceNormalization(axis=1, epsilon=1e-2, center=True, scale=True), [(2, 3, 5, 4)]),
    ("InstanceNormalization", "scale_rank3", lambda: InstanceNormalization(scale=True), [(3, 7, 2)]),
    ("UnitNormalization", "default", lambda: layers.UnitNormalization(), [(3, 5)]),
    ("UnitNormalization", "axes1_3", lambda: layers.UnitNormalization(axis=[1, 3]), [(2, 3, 4, 5)]),
    # Normalisation of each sample.
    ("LayerNormalization", "rank3", lambda: layers.LayerNormalization(), [(3, 5, 7)]),
    ("LayerNormalization", "rank2_33_eps1e-5", lambda: layers.LayerNormalization(epsilon=1e-5), [(4, 33)]),
    ("LayerNormalization", "axis1_rank4", lambda: layers.LayerNormalization(axis=1), [(2, 3, 4, 5)]),
    ("LayerNormalization", "axes1_3_rank4", lambda: layers.LayerNormalization(axis=[1, 3]), [(2, 3, 4, 5)]),
    ("LayerNormalization", "noscale", lambda: layers.LayerNormalization(scale=False), [(3, 4, 6)]),
    ("LayerNormalization", "nocenter", lambda: layers.LayerNormalization(center=False), [(3, 17)]),
    ("RMSNormalization", "rank3", lambda: layers.RMSNormalization(), [(3, 5, 7)]),
    ("RMSNormalization", "rank2_19_eps1e-2", lambda: layers.RMSNormalization(epsilon=1e-2), [(4, 19)]),
    ("RMSNormalization", "axes2_3_rank4", lambda: layers.RMSNormalization(axis=[2, 3]), [(2, 3, 4, 5)]),
    ("LayerScale", "ci3_0.1", lambda: LayerScale(0.1, 3), [(4, 3)]),
    ("LayerScale", "ci5", lambda: LayerScale(0.5, 5), [(2, 3, 2, 5)]),
]

OWN = {
    "InstanceNormalization": InstanceNormalization,
    "LayerScale": LayerScale,
    "LocalResponseNormalization": LocalResponseNormalization,
}
