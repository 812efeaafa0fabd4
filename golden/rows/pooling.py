"""Cases of the family `pooling`."""

import tensorflow as tf
import torch
from keras import layers

from rows import MASK


class MaxPoolingWithArgmax2D(layers.MaxPooling2D):
    """TensorFlow's pooling with the place of each maximum, counted in its window (valid padding)."""

    def call(self, x):
        if self.data_format == "channels_first":
            last = MaxPoolingWithArgmax2D(self.pool_size, self.strides)
            return tuple(tf.transpose(y, (0, 3, 1, 2)) for y in last.call(tf.transpose(x, (0, 2, 3, 1))))
        (kh, kw), (sh, sw) = self.pool_size, self.strides
        y, flat = tf.nn.max_pool_with_argmax(x, (kh, kw), (sh, sw), self.padding.upper())
        width, channels = x.shape[2], x.shape[3]
        rows, columns = flat // (width * channels), flat // channels % width
        rows -= tf.range(y.shape[1], dtype=flat.dtype)[:, None, None] * sh
        columns -= tf.range(y.shape[2], dtype=flat.dtype)[:, None] * sw
        return y, tf.cast(rows * kw + columns, tf.float32)


class MaxUnpooling2D(layers.Layer):
    """PyTorch's, given places that count in the window."""

    def __init__(self, pool_size=2, strides=None, output_size=None, **kwargs):
        super().__init__(**kwargs)
        self.pool_size, self.strides, self.output_size = pool_size, strides or pool_size, output_size

    def get_config(self):
        own = {"pool_size": self.pool_size, "strides": self.strides, "output_size": self.output_size}
        return {**super().get_config(), **own}

    def call(self, inputs):
        (kh, kw), (sh, sw) = self.pool_size, self.strides
        height, width = self.output_size or [(n - 1) * s + k for n, s, k in zip(inputs[0].shape[1:3], (sh, sw), (kh, kw))]

        @tf.custom_gradient
        def unpool(x, places):
            places = torch.tensor(places.numpy()).long().clamp(0, kh * kw - 1)
            rows = torch.arange(places.shape[1])[:, None, None] * sh + places // kw
            columns = torch.arange(places.shape[2])[:, None] * sw + places % kw
            flat = (rows * width + columns).permute(0, 3, 1, 2)
            leaf = torch.tensor(x.numpy()).permute(0, 3, 1, 2).requires_grad_()
            y = torch.nn.functional.max_unpool2d(leaf, flat, (kh, kw), (sh, sw), output_size=(height, width))

            def gradient(dy):
                (dx,) = torch.autograd.grad(y, leaf, torch.tensor(dy.numpy()).permute(0, 3, 1, 2), retain_graph=True)
                return tf.constant(dx.permute(0, 2, 3, 1).numpy()), None

            return tf.constant(y.detach().permute(0, 2, 3, 1).numpy()), gradient

        return unpool(*inputs)


def row(kind, name, shape, *args, style=None, call=None, **kwargs):
    return (kind, name, lambda: getattr(layers, kind)(*args, **kwargs), [shape], call or {}, style)


ROWS = [
    # Pooling: stride other than size, odd sizes, windows over the edge, ties.
    *[
        (kind, f"p{p[0]}x{p[1]}_s{s[0]}x{s[1]}_{padding}_{h}x{w}", build, [(2, h, w, 3)])
        for kind in ("MaxPooling2D", "AveragePooling2D")
        for (p, s, h, w) in [
            ((2, 2), (2, 2), 7, 9),
            ((3, 3), (2, 2), 8, 7),
            ((2, 3), (3, 2), 7, 8),
            ((3, 2), (1, 3), 5, 7),
            ((2, 2), (3, 3), 9, 8),
        ]
        for padding in ("valid", "same")
        for build in [
            lambda kind=kind, p=p, s=s, padding=padding: getattr(layers, kind)(p, strides=s, padding=padding)
        ]
    ],
    ("MaxPooling2D", "p2_ties_6x7", lambda: layers.MaxPooling2D(2), [(2, 6, 7, 3)], {}, "coarse"),
    ("MaxPooling2D", "p3_s2_same_ties_7x6", lambda: layers.MaxPooling2D(3, strides=2, padding="same"), [(2, 7, 6, 2)], {}, "coarse"),
    ("MaxPooling2D", "p3_s2_same_negative_5x5", lambda: layers.MaxPooling2D(3, strides=2, padding="same"), [(2, 5, 5, 2)], {}, "negative"),
    ("GlobalMaxPooling2D", "ties_4x5", lambda: layers.GlobalMaxPooling2D(), [(3, 4, 5, 4)], {}, "coarse"),
    ("GlobalMaxPooling2D", "negative_3x7", lambda: layers.GlobalMaxPooling2D(), [(2, 3, 7, 3)], {}, "negative"),
    ("GlobalAveragePooling2D", "5x3", lambda: layers.GlobalAveragePooling2D(), [(3, 5, 3, 4)]),
    # Along one axis and along three: ties, windows over the edge, strides that do not divide.
    row("MaxPooling1D", "p3_s2_same_8", (2, 8, 3), 3, strides=2, padding="same"),
    row("MaxPooling1D", "p3_s2_valid_ties_10", (2, 10, 3), 3, strides=2, style="coarse"),
    row("MaxPooling1D", "p2_s3_same_negative_9", (2, 9, 2), 2, strides=3, padding="same", style="negative"),
    row("AveragePooling1D", "p4_s3_same_10", (2, 10, 2), 4, strides=3, padding="same"),
    row("AveragePooling1D", "p2_7", (2, 7, 3), 2),
    row("MaxPooling3D", "p3x2x3_s2x1x2_same_4x3x5", (1, 4, 3, 5, 2), (3, 2, 3), strides=(2, 1, 2), padding="same"),
    row("MaxPooling3D", "p2x3x2_s1_valid_4x4x3", (1, 4, 4, 3, 2), (2, 3, 2), strides=1),
    row("AveragePooling3D", "p3x2x2_s1x2x3_same_4x3x5", (1, 4, 3, 5, 2), (3, 2, 2), strides=(1, 2, 3), padding="same"),
    row("GlobalMaxPooling1D", "ties_7", (2, 7, 3), style="coarse"),
    row("GlobalAveragePooling1D", "mask_keepdims_6", (2, 6, 3), keepdims=True, call={"mask": MASK}),
    row("GlobalMaxPooling3D", "default_2x3x4", (2, 2, 3, 4, 2)),
    row("GlobalAveragePooling3D", "keepdims_2x3x2", (2, 2, 3, 2, 3), keepdims=True),
    row("GlobalAveragePooling1D", "channels_first_6", (2, 3, 6), data_format="channels_first"),
    row("GlobalMaxPooling2D", "channels_first_keepdims_3x4", (2, 2, 3, 4), data_format="channels_first", keepdims=True),
    row("GlobalAveragePooling3D", "channels_first_2x3x2", (2, 3, 2, 3, 2), data_format="channels_first"),
    row("AdaptiveAveragePooling1D", "out4_10", (2, 10, 3), 4),
    row("AdaptiveAveragePooling2D", "out5x2_7x6", (2, 7, 6, 2), (5, 2)),
    row("AdaptiveAveragePooling2D", "channels_first_out3_7x5", (2, 2, 7, 5), 3, data_format="channels_first"),
    row("AdaptiveAveragePooling3D", "out2x1x3_3x4x5", (1, 3, 4, 5, 2), (2, 1, 3)),
    row("AdaptiveMaxPooling1D", "out4_ties_10", (2, 10, 3), 4, style="coarse"),
    row("AdaptiveMaxPooling2D", "out3x4_ties_7x9", (2, 7, 9, 2), (3, 4), style="coarse"),
    row("AdaptiveMaxPooling3D", "out2_5x4x3", (1, 5, 4, 3, 2), 2),
    # Channels first.
    row("MaxPooling1D", "first_p3_s2_same_8", (2, 3, 8), 3, strides=2, padding="same", data_format="channels_first"),
    row("MaxPooling2D", "first_p3x2_s2x3_ties_7x6", (2, 3, 7, 6), (3, 2), strides=(2, 3), data_format="channels_first", style="coarse"),
    row("MaxPooling3D", "first_p2_s1x2x1_same_3x4x3", (1, 2, 3, 4, 3), 2, strides=(1, 2, 1), padding="same", data_format="channels_first"),
    row("AveragePooling1D", "first_p3_s2_same_8", (2, 3, 8), 3, strides=2, padding="same", data_format="channels_first"),
    row("AveragePooling2D", "first_p2x3_s1x2_same_5x6", (2, 3, 5, 6), (2, 3), strides=(1, 2), padding="same", data_format="channels_first"),
    row("AveragePooling3D", "first_p2_4x3x5", (1, 2, 4, 3, 5), 2, data_format="channels_first"),
    row("GlobalMaxPooling1D", "first_keepdims_6", (2, 3, 6), data_format="channels_first", keepdims=True),
    row("GlobalMaxPooling3D", "first_keepdims_2x3x2", (2, 3, 2, 3, 2), data_format="channels_first", keepdims=True),
    row("GlobalAveragePooling2D", "first_3x4", (2, 2, 3, 4), data_format="channels_first"),
    row("AdaptiveAveragePooling1D", "first_out3_7", (2, 2, 7), 3, data_format="channels_first"),
    row("AdaptiveAveragePooling3D", "first_out2x3x1_5x4x3", (1, 2, 5, 4, 3), (2, 3, 1), data_format="channels_first"),
    row("AdaptiveMaxPooling1D", "first_out3_7", (2, 2, 7), 3, data_format="channels_first"),
    row("AdaptiveMaxPooling2D", "first_out2x3_5x7", (2, 2, 5, 7), (2, 3), data_format="channels_first"),
    row("AdaptiveMaxPooling3D", "first_out2x1x3_3x4x5", (1, 2, 3, 4, 5), (2, 1, 3), data_format="channels_first"),
    # Places of maxima, and back: TensorFlow's and PyTorch's.
    ("MaxPoolingWithArgmax2D", "p2_7x6", lambda: MaxPoolingWithArgmax2D(2), [(2, 7, 6, 3)]),
    ("MaxPoolingWithArgmax2D", "p3x2_s2x1_ties_7x5", lambda: MaxPoolingWithArgmax2D((3, 2), strides=(2, 1)), [(2, 7, 5, 2)], {}, "coarse"),
    ("MaxPoolingWithArgmax2D", "first_p2_6x5", lambda: MaxPoolingWithArgmax2D(2, data_format="channels_first"), [(2, 3, 6, 5)]),
    ("MaxUnpooling2D", "p2_3x4", lambda: MaxUnpooling2D([2, 2]), [(2, 3, 4, 2)] * 2, {}, "whole floats"),
    (
        "MaxUnpooling2D",
        "p2x3_s3x4_out8x11_3x3",
        lambda: MaxUnpooling2D([2, 3], [3, 4], [8, 11]),
        [(2, 3, 3, 2)] * 2,
        {},
        "whole floats",
    ),
]

OWN = {"MaxPoolingWithArgmax2D": MaxPoolingWithArgmax2D, "MaxUnpooling2D": MaxUnpooling2D}
