"""Cases of the family `augmentation`."""

import tensorflow as tf
from keras import layers

TRAIN, USE = {"training": True}, {"training": False}


def sampled(kind):
    """The layer without its gradient: TensorFlow's for projective transforms samples the gradient the other way, which is not the derivative."""

    class Sampled(kind):
        def call(self, data, training=True):
            return tf.stop_gradient(super().call(data, training=training))

    return Sampled


WARPS = [layers.RandomTranslation, layers.RandomRotation, layers.RandomZoom, layers.RandomShear, layers.RandomPerspective]
OWN = {kind.__name__: sampled(kind) for kind in WARPS}
FIRST = {"data_format": "channels_first"}

ROWS = [
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("RandomFlip", "infer", lambda: layers.RandomFlip("horizontal"), [(2, 5, 4, 3)], USE),
    ("RandomTranslation", "train_constant", lambda: layers.RandomTranslation((0.3, 0.3), (-0.22, -0.22), "constant", fill_value=0.5), [(2, 5, 7, 3)], TRAIN),
    ("RandomTranslation", "train_reflect", lambda: layers.RandomTranslation((-0.9, -0.9), (0.7, 0.7)), [(2, 5, 7, 2)], TRAIN),
    ("RandomTranslation", "train_wrap_nearest", lambda: layers.RandomTranslation((0.55, 0.55), (0.3, 0.3), "wrap", "nearest"), [(1, 5, 7, 2)], TRAIN),
    ("RandomTranslation", "infer", lambda: layers.RandomTranslation(0.5, 0.5), [(1, 3, 4, 2)], USE),
    ("RandomRotation", "train_0.05", lambda: layers.RandomRotation((0.05, 0.05)), [(2, 6, 7, 3)], TRAIN),
    ("RandomRotation", "train_-0.3_constant", lambda: layers.RandomRotation((-0.3, -0.3), "constant", fill_value=-1.0), [(1, 5, 8, 2)], TRAIN),
    ("RandomRotation", "train_0.13_wrap", lambda: layers.RandomRotation((0.13, 0.13), "wrap"), [(1, 7, 5, 1)], TRAIN),
    ("RandomRotation", "train_0.4_nearest", lambda: layers.RandomRotation((0.4, 0.4), "nearest", "nearest"), [(1, 6, 5, 3)], TRAIN),
    ("RandomRotation", "infer", lambda: layers.RandomRotation(0.5), [(1, 3, 4, 2)], USE),
    ("RandomZoom", "train_out", lambda: layers.RandomZoom((0.4, 0.4), (0.9, 0.9)), [(2, 5, 6, 3)], TRAIN),
    ("RandomZoom", "train_in_both", lambda: layers.RandomZoom((-0.35, -0.35), fill_mode="nearest"), [(1, 6, 7, 2)], TRAIN),
    ("RandomZoom", "train_constant_nearest", lambda: layers.RandomZoom((0.6, 0.6), (-0.2, -0.2), "constant", "nearest", fill_value=2.0), [(1, 6, 7, 2)], TRAIN),
    ("RandomZoom", "infer", lambda: layers.RandomZoom(0.5), [(1, 3, 4, 2)], USE),
    ("RandomShear", "train_none", lambda: layers.RandomShear(), [(1, 4, 5, 2)], TRAIN),
    ("RandomShear", "infer", lambda: layers.RandomShear((0.1, 0.5), (0.2, 0.3)), [(1, 3, 4, 2)], USE),
    ("RandomPerspective", "train_straight", lambda: layers.RandomPerspective((1.0, 1.0), 0.0), [(2, 5, 6, 3)], TRAIN),
    ("RandomPerspective", "infer", lambda: layers.RandomPerspective(), [(1, 3, 4, 2)], USE),
    ("RandomCrop", "train_equal", lambda: layers.RandomCrop(4, 5, seed=1), [(2, 4, 5, 3)], TRAIN),
    ("RandomCrop", "train_one_way", lambda: layers.RandomCrop(4, 5, seed=1), [(2, 4, 8, 3)], TRAIN),
    ("RandomCrop", "train_too_small", lambda: layers.RandomCrop(6, 4, seed=1), [(2, 3, 2, 3)], TRAIN),
    ("RandomBrightness", "0.1_train", lambda: layers.RandomBrightness((0.1, 0.1), value_range=(0, 1)), [(2, 5, 7, 3)], TRAIN, "picture"),
    ("RandomBrightness", "-0.3_train_grey", lambda: layers.RandomBrightness((-0.3, -0.3), value_range=(0, 1)), [(3, 3, 5, 1)], TRAIN, "picture"),
    ("RandomBrightness", "infer", lambda: layers.RandomBrightness(0.5), [(2, 3, 4, 3)], USE),
    ("RandomContrast", "1.5_train", lambda: layers.RandomContrast((-0.5, 0.5), value_range=(0, 1)), [(2, 5, 7, 3)], TRAIN, "picture"),
    ("RandomContrast", "1_train_grey", lambda: layers.RandomContrast((0, 0), value_range=(0, 1)), [(3, 3, 5, 1)], TRAIN, "picture"),
    ("RandomContrast", "infer", lambda: layers.RandomContrast(0.5), [(2, 3, 4, 3)], USE),
    ("RandomSaturation", "0.3_train", lambda: layers.RandomSaturation((0.3, 0.3), value_range=(0, 1)), [(2, 5, 7, 3)], TRAIN, "picture"),
    ("RandomSaturation", "0.8_train_clipped", lambda: layers.RandomSaturation((0.8, 0.8), value_range=(0, 1)), [(2, 3, 5, 3)], TRAIN, "picture"),
    ("RandomSaturation", "infer", lambda: layers.RandomSaturation(0.5), [(2, 3, 4, 3)], USE),
    ("RandomHue", "0_train", lambda: layers.RandomHue((0.0, 0.0), value_range=(0, 1)), [(2, 5, 7, 3)], TRAIN, "picture"),
    ("RandomHue", "1_train_half_turn", lambda: layers.RandomHue((1.0, 1.0), value_range=(0, 1)), [(2, 5, 7, 3)], TRAIN, "picture"),
    ("RandomHue", "infer", lambda: layers.RandomHue(0.5), [(2, 3, 4, 3)], USE),
    ("RandomColorDegeneration", "0.4_train", lambda: layers.RandomColorDegeneration((0.4, 0.4), value_range=(0, 1)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("RandomColorDegeneration", "infer", lambda: layers.RandomColorDegeneration(0.5), [(2, 3, 4, 3)], USE),
    ("RandomColorJitter", "train_all", lambda: layers.RandomColorJitter((0, 1), (0.1, 0.1), (-0.2, 0.2), (0.6, 0.6), (1.0, 1.0)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("RandomColorJitter", "train_two", lambda: layers.RandomColorJitter((0, 1), brightness_factor=(-0.2, -0.2), saturation_factor=(0.4, 0.4)), [(2, 3, 4, 3)], TRAIN, "picture"),
    ("RandomColorJitter", "infer", lambda: layers.RandomColorJitter((0, 1), 0.1, 0.2, 0.3, 0.4), [(2, 3, 4, 3)], USE),
    ("RandomGrayscale", "1_train", lambda: layers.RandomGrayscale(1.0), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("RandomGrayscale", "0_train", lambda: layers.RandomGrayscale(0.0), [(2, 3, 4, 3)], TRAIN, "picture"),
    ("RandomInvert", "1_train", lambda: layers.RandomInvert((1.0, 1.0), value_range=(0, 1)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("RandomInvert", "infer", lambda: layers.RandomInvert(), [(2, 3, 4, 3)], USE),
    ("RandomPosterization", "3_train", lambda: layers.RandomPosterization((3, 3), value_range=(0, 1)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("RandomPosterization", "8_train", lambda: layers.RandomPosterization((8, 8), value_range=(0, 1)), [(2, 3, 4, 1)], TRAIN, "picture"),
    ("RandomPosterization", "infer", lambda: layers.RandomPosterization(4), [(2, 3, 4, 3)], USE),
    ("RandomSharpness", "0.9_train", lambda: layers.RandomSharpness((0.9, 0.9), value_range=(-9, 9)), [(2, 5, 4, 3)], TRAIN),
    ("RandomSharpness", "0.1_train_clipped", lambda: layers.RandomSharpness((0.1, 0.1), value_range=(0, 1)), [(2, 4, 6, 2)], TRAIN, "picture"),
    ("RandomSharpness", "infer", lambda: layers.RandomSharpness(0.5), [(2, 3, 4, 3)], USE),
    ("RandomGaussianBlur", "train_3", lambda: layers.RandomGaussianBlur((1.0, 1.0), 3, (0.8, 0.8), value_range=(0, 1)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("RandomGaussianBlur", "train_5", lambda: layers.RandomGaussianBlur((1.0, 1.0), 5, (0.9, 0.9), value_range=(-5, 5)), [(2, 7, 4, 2)], TRAIN),
    ("RandomGaussianBlur", "infer", lambda: layers.RandomGaussianBlur(), [(2, 3, 4, 3)], USE),
    ("RandomElasticTransform", "infer", lambda: layers.RandomElasticTransform(), [(2, 3, 4, 3)], USE),
    ("RandomElasticTransform", "train_none", lambda: layers.RandomElasticTransform((0.0, 0.0)), [(2, 3, 4, 3)], TRAIN),
    ("RandomErasing", "train_all", lambda: layers.RandomErasing((1.0, 1.0), (1.0, 1.0), [0.2, 0.4, 0.6], value_range=(0, 0.5)), [(2, 5, 4, 3)], TRAIN),
    ("RandomErasing", "train_none", lambda: layers.RandomErasing((0.0, 0.0)), [(2, 5, 4, 3)], TRAIN),
    ("RandomErasing", "infer", lambda: layers.RandomErasing(), [(2, 3, 4, 3)], USE),
    ("Solarization", "train_all", lambda: layers.Solarization(value_range=(0, 1)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("Solarization", "infer", lambda: layers.Solarization(0.3, 0.5), [(2, 3, 4, 3)], USE),
    ("AutoContrast", "bytes", lambda: layers.AutoContrast(value_range=(0, 255)), [(2, 5, 4, 3)], TRAIN, "large"),
    ("AutoContrast", "0_1", lambda: layers.AutoContrast(value_range=(0, 1)), [(2, 5, 4, 3)], TRAIN, "picture"),
    ("Equalization", "256_train", lambda: layers.Equalization(value_range=(0, 1)), [(1, 6, 5, 3)], TRAIN, "picture"),
    ("Equalization", "16_train_bytes", lambda: layers.Equalization(bins=16), [(1, 6, 7, 2)], TRAIN, "large"),
    ("Equalization", "infer", lambda: layers.Equalization(), [(2, 3, 4, 3)], USE),
    ("ContrastLimitedAdaptiveHistogramEqualization", "2x3", lambda: layers.ContrastLimitedAdaptiveHistogramEqualization((0, 1), 4.0, (2, 3)), [(2, 7, 8, 3)], TRAIN, "picture"),
    ("ContrastLimitedAdaptiveHistogramEqualization", "4x4_unlimited", lambda: layers.ContrastLimitedAdaptiveHistogramEqualization((0, 1), 0.0, (4, 4)), [(1, 8, 12, 1)], USE, "picture"),
    ("ContrastLimitedAdaptiveHistogramEqualization", "default", lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(), [(1, 9, 10, 2)], USE, "large"),
    # Channels first.
    ("RandomFlip", "first_infer", lambda: layers.RandomFlip("vertical", **FIRST), [(2, 3, 5, 4)], USE),
    ("RandomTranslation", "first_train", lambda: layers.RandomTranslation((0.3, 0.3), (-0.22, -0.22), "constant", fill_value=0.5, **FIRST), [(2, 3, 5, 7)], TRAIN),
    ("RandomRotation", "first_train_0.1", lambda: layers.RandomRotation((0.1, 0.1), **FIRST), [(2, 3, 6, 7)], TRAIN),
    ("RandomZoom", "first_train_out", lambda: layers.RandomZoom((0.4, 0.4), (0.9, 0.9), **FIRST), [(2, 3, 5, 6)], TRAIN),
    ("RandomShear", "first_train_none", lambda: layers.RandomShear(**FIRST), [(1, 2, 4, 5)], TRAIN),
    ("RandomPerspective", "first_train_straight", lambda: layers.RandomPerspective((1.0, 1.0), 0.0, **FIRST), [(2, 3, 5, 6)], TRAIN),
    ("RandomCrop", "first_train_one_way", lambda: layers.RandomCrop(4, 5, seed=1, **FIRST), [(2, 3, 4, 8)], TRAIN),
    ("RandomBrightness", "first_0.1_train", lambda: layers.RandomBrightness((0.1, 0.1), value_range=(0, 1), **FIRST), [(2, 3, 5, 7)], TRAIN, "picture"),
    ("RandomContrast", "first_train", lambda: layers.RandomContrast((-0.5, 0.5), value_range=(0, 1), **FIRST), [(2, 3, 5, 7)], TRAIN, "picture"),
    ("RandomSaturation", "first_0.3_train", lambda: layers.RandomSaturation((0.3, 0.3), value_range=(0, 1), **FIRST), [(2, 3, 5, 7)], TRAIN, "picture"),
    ("RandomHue", "first_1_train_half_turn", lambda: layers.RandomHue((1.0, 1.0), value_range=(0, 1), **FIRST), [(2, 3, 5, 7)], TRAIN, "picture"),
    ("RandomColorDegeneration", "first_0.4_train", lambda: layers.RandomColorDegeneration((0.4, 0.4), value_range=(0, 1), **FIRST), [(2, 3, 5, 4)], TRAIN, "picture"),
    ("RandomColorJitter", "train_bytes", lambda: layers.RandomColorJitter((0, 255), saturation_factor=(0.4, 0.4)), [(2, 3, 4, 3)], TRAIN, "picture"),
    ("RandomGrayscale", "first_1_train", lambda: layers.RandomGrayscale(1.0, **FIRST), [(2, 3, 5, 4)], TRAIN, "picture"),
    ("RandomInvert", "first_1_train", lambda: layers.RandomInvert((1.0, 1.0), value_range=(0, 1), **FIRST), [(2, 3, 5, 4)], TRAIN, "picture"),
    ("RandomPosterization", "first_3_train", lambda: layers.RandomPosterization((3, 3), value_range=(0, 1), **FIRST), [(2, 3, 5, 4)], TRAIN, "picture"),
    ("RandomSharpness", "first_0.9_train", lambda: layers.RandomSharpness((0.9, 0.9), value_range=(-9, 9), **FIRST), [(2, 3, 5, 4)], TRAIN),
    ("RandomGaussianBlur", "first_train_3", lambda: layers.RandomGaussianBlur((1.0, 1.0), 3, (0.8, 0.8), value_range=(0, 1), **FIRST), [(2, 3, 5, 4)], TRAIN, "picture"),
    ("RandomElasticTransform", "first_train_none", lambda: layers.RandomElasticTransform((0.0, 0.0), **FIRST), [(2, 3, 4, 5)], TRAIN),
    ("RandomErasing", "first_train_all", lambda: layers.RandomErasing((1.0, 1.0), (1.0, 1.0), 0.4, value_range=(0, 0.5), **FIRST), [(2, 3, 5, 4)], TRAIN),
    ("Solarization", "first_train_all", lambda: layers.Solarization(value_range=(0, 1), **FIRST), [(2, 3, 5, 4)], TRAIN, "picture"),
    ("Equalization", "first_16_train_bytes", lambda: layers.Equalization(bins=16, **FIRST), [(1, 2, 6, 7)], TRAIN, "large"),
    ("ContrastLimitedAdaptiveHistogramEqualization", "first_2x3", lambda: layers.ContrastLimitedAdaptiveHistogramEqualization((0, 1), 4.0, (2, 3), **FIRST), [(2, 3, 7, 8)], TRAIN, "picture"),
    ("AugMix", "first_train_no_chain", lambda: layers.AugMix((0, 1), chain_depth=0, **FIRST), [(2, 3, 3, 4)], TRAIN, "picture"),
    ("RandAugment", "first_train_no_op", lambda: layers.RandAugment(num_ops=0, **FIRST), [(2, 3, 3, 4)], TRAIN),
    ("CutMix", "first_train_alone", lambda: layers.CutMix(**FIRST), [(1, 3, 3, 4)], TRAIN),
    ("MixUp", "first_train_alone", lambda: layers.MixUp(**FIRST), [(1, 3, 3, 4)], TRAIN),
    ("AugMix", "infer", lambda: layers.AugMix(), [(2, 3, 4, 3)], USE),
    ("AugMix", "train_no_chain", lambda: layers.AugMix((0, 1), chain_depth=0), [(2, 3, 4, 3)], TRAIN, "picture"),
    ("RandAugment", "infer", lambda: layers.RandAugment(), [(2, 3, 4, 3)], USE),
    ("RandAugment", "train_no_op", lambda: layers.RandAugment(num_ops=0), [(2, 3, 4, 3)], TRAIN),
    ("CutMix", "train_alone", lambda: layers.CutMix(), [(1, 3, 4, 3)], TRAIN),
    ("CutMix", "infer", lambda: layers.CutMix(), [(2, 3, 4, 3)], USE),
    ("MixUp", "train_alone", lambda: layers.MixUp(), [(1, 3, 4, 3)], TRAIN),
    ("MixUp", "infer", lambda: layers.MixUp(), [(2, 3, 4, 3)], USE),
]
