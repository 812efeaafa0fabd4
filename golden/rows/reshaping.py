"""Cases of the family `reshaping`."""

import tensorflow as tf
import torch
from keras import layers


class Blocks(layers.Layer):
    """A function of PyTorch's on images, and its inverse for the gradient."""

    def __init__(self, argument, factor, data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.argument, self.factor, self.data_format = argument, factor, data_format

    def get_config(self):
        return {**super().get_config(), self.argument: self.factor, "data_format": self.data_format}

    def call(self, x):
        there, back = torch.nn.functional.pixel_shuffle, torch.nn.functional.pixel_unshuffle
        if self.argument == "downscale_factor":
            there, back = back, there

        def through(function, x):
            y = torch.tensor(x.numpy())
            if self.data_format == "channels_last":
                return tf.constant(function(y.permute(0, 3, 1, 2), self.factor).permute(0, 2, 3, 1).numpy())
            return tf.constant(function(y, self.factor).numpy())

        return tf.custom_gradient(lambda x: (through(there, x), lambda dy: through(back, dy)))(x)


class PixelShuffle(Blocks):
    """PyTorch's."""

    def __init__(self, upscale_factor, **kwargs):
        super().__init__("upscale_factor", upscale_factor, **kwargs)


class PixelUnshuffle(Blocks):
    """PyTorch's."""

    def __init__(self, downscale_factor, **kwargs):
        super().__init__("downscale_factor", downscale_factor, **kwargs)


def row(kind, name, shape, *args, **kwargs):
    return (kind, name, lambda: getattr(layers, kind)(*args, **kwargs), [shape])


ROWS = [
    # Local response normalization: windows larger than the channels, strong enough to show; frames of zeros.
    ("ZeroPadding2D", "default_3x4", lambda: layers.ZeroPadding2D(), [(2, 3, 4, 2)]),
    ("ZeroPadding2D", "2x1_3x5", lambda: layers.ZeroPadding2D((2, 1)), [(2, 3, 5, 3)]),
    ("ZeroPadding2D", "0_3_2_1_1x3", lambda: layers.ZeroPadding2D(((0, 3), (2, 1))), [(2, 1, 3, 3)]),
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("Flatten", "default_rank4", lambda: layers.Flatten(), [(2, 3, 4, 5)]),
    ("Flatten", "default_rank5", lambda: layers.Flatten(), [(2, 3, 2, 4, 3)]),
    ("Flatten", "default_rank2", lambda: layers.Flatten(), [(2, 7)]),
    ("Permute", "2_1", lambda: layers.Permute((2, 1)), [(2, 3, 5)]),
    ("Permute", "2_4_1_3", lambda: layers.Permute((2, 4, 1, 3)), [(2, 3, 2, 4, 5)]),
    ("RepeatVector", "1", lambda: layers.RepeatVector(1), [(3, 5)]),
    ("Reshape", "-1x4", lambda: layers.Reshape((-1, 4)), [(2, 3, 8)]),
    ("Reshape", "2x-1x3", lambda: layers.Reshape((2, -1, 3)), [(3, 4, 6)]),
    ("Reshape", "-1", lambda: layers.Reshape((-1,)), [(2, 3, 4)]),
    # Margins, and pixels between pixels: uneven factors, kernels that reach over both edges.
    row("ZeroPadding1D", "0_3_4", (2, 4, 2), (0, 3)),
    row("ZeroPadding2D", "channels_first_2x1_3x4", (2, 2, 3, 4), (2, 1), data_format="channels_first"),
    row("ZeroPadding3D", "uneven_2x3x2", (2, 2, 3, 2, 2), ((1, 0), (0, 2), (3, 1))),
    row("ZeroPadding3D", "channels_first_1x0x2", (1, 2, 2, 3, 2), (1, 0, 2), data_format="channels_first"),
    row("Cropping1D", "0_2_5", (2, 5, 2), (0, 2)),
    row("Cropping2D", "2x1_6x5", (2, 6, 5, 2), (2, 1)),
    row("Cropping2D", "channels_first_1_0__0_2", (2, 2, 4, 5), ((1, 0), (0, 2)), data_format="channels_first"),
    row("Cropping3D", "uneven_4x5x4", (1, 4, 5, 4, 2), ((1, 0), (2, 1), (0, 3))),
    row("Cropping3D", "channels_first_1_5x4x3", (1, 2, 5, 4, 3), 1, data_format="channels_first"),
    row("UpSampling1D", "2_5", (2, 5, 3), 2),
    row("UpSampling2D", "3x1_nearest_2x3", (2, 2, 3, 2), (3, 1)),
    row("UpSampling2D", "channels_first_2_nearest_3x2", (2, 2, 3, 2), 2, data_format="channels_first"),
    row("UpSampling2D", "3x4_bilinear_3x2", (2, 3, 2, 2), (3, 4), interpolation="bilinear"),
    row("UpSampling2D", "channels_first_2x3_bilinear_2x3", (2, 2, 2, 3), (2, 3), interpolation="bilinear", data_format="channels_first"),
    row("UpSampling2D", "3x2_bicubic_5x4", (1, 5, 4, 2), (3, 2), interpolation="bicubic"),
    row("UpSampling2D", "2x3_lanczos3_4x5", (1, 4, 5, 2), (2, 3), interpolation="lanczos3"),
    row("UpSampling2D", "3x2_lanczos5_6x3", (1, 6, 3, 2), (3, 2), interpolation="lanczos5"),
    row("UpSampling3D", "channels_first_1x2x3", (1, 2, 2, 3, 2), (1, 2, 3), data_format="channels_first"),
    row("Flatten", "channels_first_rank5", (2, 3, 2, 4, 2), data_format="channels_first"),
    row("Flatten", "channels_first_rank3", (2, 3, 5), data_format="channels_first"),
    row("ZeroPadding1D", "first_2_4", (2, 2, 4), 2, data_format="channels_first"),
    row("Cropping1D", "2_7", (2, 7, 2), 2),
    row("UpSampling1D", "3_4", (2, 4, 2), 3),
    row("UpSampling3D", "2x1x3_2x3x2", (1, 2, 3, 2, 2), (2, 1, 3)),
    row("RepeatVector", "3", (2, 4), 3),
    # Channels as pixels: PyTorch's.
    ("PixelShuffle", "2_3x2", lambda: PixelShuffle(2), [(2, 3, 2, 8)]),
    ("PixelShuffle", "3_channels_first_2x1", lambda: PixelShuffle(3, data_format="channels_first"), [(2, 9, 2, 1)]),
    ("PixelUnshuffle", "2_4x6", lambda: PixelUnshuffle(2), [(2, 4, 6, 3)]),
    ("PixelUnshuffle", "3_channels_first_3x6", lambda: PixelUnshuffle(3, data_format="channels_first"), [(2, 2, 3, 6)]),
]

OWN = {"PixelShuffle": PixelShuffle, "PixelUnshuffle": PixelUnshuffle}
