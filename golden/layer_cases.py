"""Golden cases of single layers: outputs and gradients for recorded inputs, weights and upstream gradients.

Two kinds share one layout. Cases already on disk are made again from what they record. New cases are the rows of `TABLE`.
"""

import collections
import json
import re
import zlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import case_file

LOSS = "loss = sum over outputs of sum(output.i * upstream.i); grad_* are d(loss)/d(*)"
ACTIVATIONS = (
    "linear relu relu6 sigmoid tanh softmax elu selu gelu silu leaky_relu softplus softsign exponential hard_sigmoid "
    "hard_silu mish"
).split()


def conv(*args, **kwargs):
    return lambda: layers.Conv2D(*args, **kwargs)


class LocalResponseNormalization(layers.Layer):
    """Keras has none: TensorFlow's op under a layer's arguments."""

    def __init__(self, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        self.arguments = {"depth_radius": depth_radius, "bias": bias, "alpha": alpha, "beta": beta}

    def call(self, x):
        return tf.nn.local_response_normalization(x, **self.arguments)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


class Activation(layers.Activation):
    """Keras's, which also knows `gelu(x, approximate=True)` by the name that KerasHub gives it."""

    def __init__(self, activation, **kwargs):
        self.tanh_gelu = activation == "gelu_approximate"
        super().__init__((lambda x: keras.activations.gelu(x, approximate=True)) if self.tanh_gelu else activation, **kwargs)

    def get_config(self):
        if not self.tanh_gelu:
            return super().get_config()
        return {**layers.Layer.get_config(self), "activation": "gelu_approximate"}


OWN = {"LocalResponseNormalization": LocalResponseNormalization, "Activation": Activation}

# Layers whose inputs are arguments of their own rather than one list.
SEPARATE = ("MultiHeadAttention",)

# What a call's arguments say of tensors that are recorded beside them.
MASK = "see tensor 'mask'"
STATES = "the further inputs"

# `label` follows the class in the file's name; `style` is a key of NOTES and tells how the inputs are drawn.
Case = collections.namedtuple("Case", "kind label build shapes call style", defaults=({}, None))

ROWS = [
    # Convolution: odd sizes, strides that do not divide, even kernels, dilation, groups.
    ("Conv2D", "f5_k3x3_valid_s2_relu_9x8", conv(5, 3, strides=2, activation="relu"), [(2, 9, 8, 3)]),
    ("Conv2D", "f5_k3x3_same_s3_7x8", conv(5, 3, strides=3, padding="same"), [(2, 7, 8, 3)]),
    ("Conv2D", "f4_k2x2_same_relu_5x7", conv(4, 2, padding="same", activation="relu"), [(2, 5, 7, 3)]),
    ("Conv2D", "f4_k4x4_same_s2_7x9", conv(4, 4, strides=2, padding="same"), [(2, 7, 9, 2)]),
    ("Conv2D", "f4_k4x2_same_s3x2_8x7_relu", conv(4, (4, 2), strides=(3, 2), padding="same", activation="relu"), [(2, 8, 7, 3)]),
    ("Conv2D", "f3_k3x3_valid_d2_relu_9x7", conv(3, 3, dilation_rate=2, activation="relu"), [(2, 9, 7, 2)]),
    ("Conv2D", "f3_k3x2_same_d3x2_8x9", conv(3, (3, 2), padding="same", dilation_rate=(3, 2)), [(2, 8, 9, 2)]),
    ("Conv2D", "f6_k3x3_same_groups3_relu_7x5", conv(6, 3, padding="same", groups=3, activation="relu"), [(2, 7, 5, 6)]),
    ("Conv2D", "f4_k3x2_valid_s2_groups2_8x7", conv(4, (3, 2), strides=2, groups=2), [(2, 8, 7, 4)]),
    ("Conv2D", "f4_k3x3_groups4_depthwise_6x7", conv(4, 3, groups=4), [(2, 6, 7, 4)]),
    ("Conv2D", "f7_k5x3_valid_nobias_tanh_6x5", conv(7, (5, 3), use_bias=False, activation="tanh"), [(3, 6, 5, 2)]),
    ("Conv2D", "f1_k1x1_ci1_3x3", conv(1, 1), [(2, 3, 3, 1)]),
    ("Conv2D", "f33_k3x3_valid_relu_6x19_ci5", conv(33, 3, activation="relu"), [(1, 6, 19, 5)]),
    ("Conv2D", "f17_k3x3_same_5x6_ci17", conv(17, 3, padding="same"), [(1, 5, 6, 17)]),
    ("Conv2D", "f3_k3x3_same_s2_larger_than_input_1x2", conv(3, 3, strides=2, padding="same"), [(2, 1, 2, 2)]),
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
    ("ZeroPadding2D", "default_3x4", lambda: layers.ZeroPadding2D(), [(2, 3, 4, 2)]),
    ("ZeroPadding2D", "2x1_3x5", lambda: layers.ZeroPadding2D((2, 1)), [(2, 3, 5, 3)]),
    ("ZeroPadding2D", "0_3_2_1_1x3", lambda: layers.ZeroPadding2D(((0, 3), (2, 1))), [(2, 1, 3, 3)]),
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
    ("ReLU", "max_value2", lambda: layers.ReLU(max_value=2.0), [(4, 7)]),
    ("ReLU", "negative_slope0.2", lambda: layers.ReLU(negative_slope=0.2), [(4, 7)]),
    ("ReLU", "threshold0.3", lambda: layers.ReLU(threshold=0.3), [(4, 7)]),
    ("Softmax", "axis2_rank4", lambda: layers.Softmax(axis=2), [(2, 3, 4, 5)]),
    ("Softmax", "axis-2_rank3", lambda: layers.Softmax(axis=-2), [(2, 4, 3)]),
    ("Softmax", "large", lambda: layers.Softmax(), [(3, 6)], {}, "large"),
    # Numbers to vectors: odd sizes, one number a sample, whole numbers as floats.
    ("Masking", "zero", lambda: layers.Masking(), [(3, 5, 2)], {}, "whole floats"),
    ("Masking", "half_one_feature", lambda: layers.Masking(0.5), [(3, 7, 1)], {}, "coarse"),
    ("Embedding", "5x3_rank2", lambda: layers.Embedding(5, 3), [(4, 6)], {}, "whole"),
    ("Embedding", "5x33_rank1", lambda: layers.Embedding(5, 33), [(7,)], {}, "whole"),
    ("Embedding", "5x4_rank3_floats", lambda: layers.Embedding(5, 4, embeddings_initializer="glorot_normal"), [(2, 3, 2)], {}, "whole floats"),
    # Normalisation of each sample.
    ("LayerNormalization", "rank3", lambda: layers.LayerNormalization(), [(3, 5, 7)]),
    ("LayerNormalization", "rank2_33_eps1e-5", lambda: layers.LayerNormalization(epsilon=1e-5), [(4, 33)]),
    ("LayerNormalization", "axis1_rank4", lambda: layers.LayerNormalization(axis=1), [(2, 3, 4, 5)]),
    ("LayerNormalization", "axes1_3_rank4", lambda: layers.LayerNormalization(axis=[1, 3]), [(2, 3, 4, 5)]),
    ("LayerNormalization", "noscale", lambda: layers.LayerNormalization(scale=False), [(3, 4, 6)]),
    ("LayerNormalization", "nocenter", lambda: layers.LayerNormalization(center=False), [(3, 17)]),
    ("RMSNormalization", "rank3", lambda: layers.RMSNormalization(), [(3, 5, 7)]),
    ("RMSNormalization", "rank2_19_eps1e-2", lambda: layers.RMSNormalization(epsilon=1e-2), [(4, 19)]),
    # Attention: odd sizes, other lengths and widths of values and keys, causal masks.
    ("MultiHeadAttention", "h2_k3_self", lambda: layers.MultiHeadAttention(2, 3), [(2, 5, 7), (2, 5, 7)]),
    ("MultiHeadAttention", "h3_k4_causal_nobias", lambda: layers.MultiHeadAttention(3, 4, use_bias=False), [(2, 6, 5), (2, 6, 5)], {"use_causal_mask": True}),
    ("MultiHeadAttention", "h2_k3_v5_out4_cross", lambda: layers.MultiHeadAttention(2, 3, value_dim=5, output_shape=4, dropout=0.3), [(2, 3, 7), (2, 5, 6), (2, 5, 4)]),
    ("MultiHeadAttention", "h1_k16_causal_70", lambda: layers.MultiHeadAttention(1, 16), [(1, 70, 8), (1, 70, 8)], {"use_causal_mask": True}),
    # Recurrent layers: gates in Keras's order, both directions of time, states, masks, other activations, odd sizes.
    ("LSTM", "u17_seq", lambda: layers.LSTM(17, return_sequences=True), [(3, 5, 6)]),
    ("LSTM", "u33", lambda: layers.LSTM(33), [(5, 3, 9)]),
    ("LSTM", "u5_one_step", lambda: layers.LSTM(5), [(2, 1, 3)]),
    ("LSTM", "u4_seq_backwards_noforget", lambda: layers.LSTM(4, return_sequences=True, go_backwards=True, unit_forget_bias=False), [(3, 6, 5)]),
    ("LSTM", "u4_relu_hard_sigmoid", lambda: layers.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid"), [(3, 4, 5)]),
    ("LSTM", "u4_seq_state", lambda: layers.LSTM(4, return_sequences=True, return_state=True), [(3, 6, 5)]),
    ("LSTM", "u4_state_backwards", lambda: layers.LSTM(4, return_state=True, go_backwards=True), [(3, 6, 5)]),
    ("LSTM", "u4_state_unroll", lambda: layers.LSTM(4, return_state=True, unroll=True), [(3, 4, 5)]),
    ("LSTM", "u4_mask", lambda: layers.LSTM(4), [(4, 6, 5)], {"mask": MASK}),
    ("LSTM", "u4_mask_seq_backwards", lambda: layers.LSTM(4, return_sequences=True, go_backwards=True), [(4, 6, 5)], {"mask": MASK}),
    ("LSTM", "u4_mask_seq_unroll", lambda: layers.LSTM(4, return_sequences=True, unroll=True), [(4, 6, 5)], {"mask": MASK}),
    ("LSTM", "u4_initial_state", lambda: layers.LSTM(4), [(3, 5, 6), (3, 4), (3, 4)], {"initial_state": STATES}),
    ("GRU", "u17_seq", lambda: layers.GRU(17, return_sequences=True), [(3, 5, 6)]),
    ("GRU", "u33_reset_before", lambda: layers.GRU(33, reset_after=False), [(5, 3, 9)]),
    ("GRU", "u4_seq_backwards", lambda: layers.GRU(4, return_sequences=True, go_backwards=True), [(3, 6, 5)]),
    ("GRU", "u4_seq_reset_before_nobias", lambda: layers.GRU(4, return_sequences=True, reset_after=False, use_bias=False), [(3, 6, 5)]),
    ("GRU", "u4_elu_softsign", lambda: layers.GRU(4, activation="elu", recurrent_activation="softsign"), [(3, 4, 5)]),
    ("GRU", "u4_reset_before_unroll", lambda: layers.GRU(4, reset_after=False, unroll=True), [(3, 4, 5)]),
    ("GRU", "u4_state", lambda: layers.GRU(4, return_state=True), [(3, 6, 5)]),
    ("GRU", "u4_mask_seq", lambda: layers.GRU(4, return_sequences=True), [(4, 6, 5)], {"mask": MASK}),
    ("GRU", "u4_mask_reset_before_backwards", lambda: layers.GRU(4, reset_after=False, go_backwards=True), [(4, 6, 5)], {"mask": MASK}),
    ("GRU", "u4_initial_state", lambda: layers.GRU(4, return_sequences=True), [(3, 5, 6), (3, 4)], {"initial_state": STATES}),
    ("SimpleRNN", "u17_seq", lambda: layers.SimpleRNN(17, return_sequences=True), [(3, 5, 6)]),
    ("SimpleRNN", "u4_backwards_nobias", lambda: layers.SimpleRNN(4, go_backwards=True, use_bias=False), [(3, 6, 5)]),
    ("SimpleRNN", "u4_relu", lambda: layers.SimpleRNN(4, activation="relu"), [(3, 4, 5)]),
    ("SimpleRNN", "u4_mask_seq", lambda: layers.SimpleRNN(4, return_sequences=True), [(4, 6, 5)], {"mask": MASK}),
    ("Bidirectional", "LSTM4_seq", lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True)), [(3, 5, 6)]),
    ("Bidirectional", "GRU4_ave", lambda: layers.Bidirectional(layers.GRU(4), merge_mode="ave"), [(3, 5, 6)]),
    ("Bidirectional", "GRU4_seq_mul_mask", lambda: layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="mul"), [(4, 6, 5)], {"mask": MASK}),
    ("Bidirectional", "LSTM3_GRU3_sum", lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.GRU(3, go_backwards=True), merge_mode="sum"), [(3, 5, 6)]),
    ("Bidirectional", "SimpleRNN3_seq_unmerged", lambda: layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True), merge_mode=None), [(3, 5, 6)]),
    ("Bidirectional", "LSTM3_state", lambda: layers.Bidirectional(layers.LSTM(3, return_state=True)), [(3, 5, 6)]),
    # Shapes and merging.
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("RandomFlip", "infer", lambda: layers.RandomFlip("horizontal"), [(2, 5, 4, 3)], {"training": False}),
    ("RandomBrightness", "0.1_train", lambda: layers.RandomBrightness((0.1, 0.1), value_range=(0, 1)), [(2, 5, 7, 3)], {"training": True}, "picture"),
    ("RandomBrightness", "-0.3_train_grey", lambda: layers.RandomBrightness((-0.3, -0.3), value_range=(0, 1)), [(3, 3, 5, 1)], {"training": True}, "picture"),
    ("RandomBrightness", "infer", lambda: layers.RandomBrightness(0.5), [(2, 3, 4, 3)], {"training": False}),
    ("RandomContrast", "1.5_train", lambda: layers.RandomContrast((-0.5, 0.5), value_range=(0, 1)), [(2, 5, 7, 3)], {"training": True}, "picture"),
    ("RandomContrast", "1_train_grey", lambda: layers.RandomContrast((0, 0), value_range=(0, 1)), [(3, 3, 5, 1)], {"training": True}, "picture"),
    ("RandomContrast", "infer", lambda: layers.RandomContrast(0.5), [(2, 3, 4, 3)], {"training": False}),
    ("RandomSaturation", "0.3_train", lambda: layers.RandomSaturation((0.3, 0.3), value_range=(0, 1)), [(2, 5, 7, 3)], {"training": True}, "picture"),
    ("RandomSaturation", "0.8_train_clipped", lambda: layers.RandomSaturation((0.8, 0.8), value_range=(0, 1)), [(2, 3, 5, 3)], {"training": True}, "picture"),
    ("RandomSaturation", "infer", lambda: layers.RandomSaturation(0.5), [(2, 3, 4, 3)], {"training": False}),
    ("Dropout", "0_train", lambda: layers.Dropout(0.0), [(3, 4)], {"training": True}),
    ("Dropout", "0.25_infer_rank4", lambda: layers.Dropout(0.25), [(2, 3, 4, 2)], {"training": False}),
    ("Flatten", "default_rank4", lambda: layers.Flatten(), [(2, 3, 4, 5)]),
    ("Flatten", "default_rank5", lambda: layers.Flatten(), [(2, 3, 2, 4, 3)]),
    ("Flatten", "default_rank2", lambda: layers.Flatten(), [(2, 7)]),
    ("Reshape", "-1x4", lambda: layers.Reshape((-1, 4)), [(2, 3, 8)]),
    ("Reshape", "2x-1x3", lambda: layers.Reshape((2, -1, 3)), [(3, 4, 6)]),
    ("Reshape", "-1", lambda: layers.Reshape((-1,)), [(2, 3, 4)]),
    ("Add", "3", lambda: layers.Add(), [(2, 3, 4)] * 3),
    ("Add", "3_rank4", lambda: layers.Add(), [(2, 3, 2, 4)] * 3),
    ("Add", "broadcast", lambda: layers.Add(), [(2, 3, 4), (2, 1, 4)]),
    ("Concatenate", "axis1_3_rank4", lambda: layers.Concatenate(axis=1), [(2, 1, 3, 4), (2, 3, 3, 4), (2, 2, 3, 4)]),
    ("Concatenate", "axis2_3_rank4", lambda: layers.Concatenate(axis=2), [(2, 3, 2, 4), (2, 3, 1, 4), (2, 3, 3, 4)]),
    ("Concatenate", "axis-1_3_rank4", lambda: layers.Concatenate(axis=-1), [(2, 3, 2, 1), (2, 3, 2, 5), (2, 3, 2, 2)]),
    ("Concatenate", "axis-2_3_rank3", lambda: layers.Concatenate(axis=-2), [(2, 1, 3), (2, 4, 3), (2, 2, 3)]),
]

TABLE = {f"{row[0]}__{row[1]}": Case(*row) for row in ROWS}

NOTES = {
    "coarse": "inputs are multiples of 0.5: many ties",
    "negative": "all inputs are negative",
    "large": "inputs up to about 60",
    "whole": "inputs are int32 from 0 to 4",
    "picture": "inputs from 0 to 1",
    "whole floats": "inputs are floats from 0 to 4 without fractions",
}


def draw(rng, shape, kind):
    """One input in the named style."""
    if kind == "whole":
        return rng.integers(0, 5, shape).astype(np.int32)
    if kind == "whole floats":
        return rng.integers(0, 5, shape).astype(np.float32)
    value = rng.standard_normal(shape)
    if kind == "coarse":
        value = np.round(value) / 2
    elif kind == "negative":
        value = -0.1 - np.abs(value)
    elif kind == "picture":
        value = rng.random(shape)
    elif kind == "large":
        value = value * 25
    return value.astype(np.float32)


def draw_weight(rng, name, shape):
    """A weight that hides no mistake: no zero bias, no unit variance."""
    value = rng.standard_normal(shape)
    if name == "gamma":
        value = 1 + 0.3 * value
    elif name == "moving_variance":
        value = 0.5 + np.abs(value)
    else:
        value = 0.5 * value
    return value.astype(np.float32)


def new_case(name, case):
    """The recorded part of a new case: layer, inputs, weights; everything follows from the name."""
    kind, _, build, shapes, call, style = case
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    keras.backend.clear_session()
    layer = build()
    inputs = [draw(rng, shape, style) for shape in shapes]
    layer(*arguments(kind, inputs, call))
    tensors = {f"input.{i}": x for i, x in enumerate(inputs)}
    for i, weight in enumerate(layer.weights):
        tensors[f"weight.{i}"] = draw_weight(rng, weight.name, tuple(weight.shape))
    if call.get("mask") == MASK:
        # Also a sequence of which nothing counts at either end.
        mask = rng.random(shapes[0][:2]) < 0.6
        mask[0, :2] = mask[1, -2:] = False
        tensors["mask"] = mask
    notes = (["list inputs"] if isinstance(arguments(kind, inputs, call)[0], list) else []) + ([NOTES[style]] if style else [])
    metadata = {"name": name, "layer": kind, "config": json.dumps(layer.get_config()), "call": json.dumps(call)}
    if notes:
        metadata["note"] = "; ".join(notes)
    return tensors, metadata, rng


def arguments(kind, inputs, call):
    """The arguments of a call that are inputs: one, a list, several, or a sequence and its initial states."""
    if "initial_state" in call:
        return inputs[0], inputs[1:]
    if kind in SEPARATE:
        return tuple(inputs)
    return (inputs if len(inputs) > 1 else inputs[0],)


def numbered(tensors, kind):
    """The tensors kind.0, kind.1, ... in order."""
    found = sorted((int(n.split(".")[1]), n) for n in tensors if re.fullmatch(rf"{kind}\.\d+", n))
    return [tensors[name] for _, name in found]


def compute(tensors, metadata, rng=None):
    """Runs the recorded layer: the full set of tensors and metadata. `rng` draws the upstream where none is recorded."""
    keras.backend.clear_session()
    kind = OWN.get(metadata["layer"]) or getattr(layers, metadata["layer"])
    layer = kind.from_config(json.loads(metadata["config"]))
    call = json.loads(metadata["call"])
    inputs = [tf.constant(x) for x in numbered(tensors, "input")]
    weights = numbered(tensors, "weight")
    kind = metadata["layer"]
    argument, *others = arguments(kind, inputs, call)
    if kind in ("Add", "Concatenate") and not isinstance(argument, list):
        argument = [argument]
    if call.pop("initial_state", None):
        call["initial_state"], others = others[0], []
    if "mask" in tensors:
        call["mask"] = tf.constant(tensors["mask"])
    if kind in SEPARATE:
        layer.build(*[tuple(x.shape) for x in inputs])
    else:
        layer.build([tuple(x.shape) for x in inputs] if isinstance(argument, list) else tuple(argument.shape))
    for weight, value in zip(layer.weights, weights, strict=True):
        weight.assign(value)
    with tf.GradientTape(persistent=True) as tape:
        for x in inputs:
            tape.watch(x)
        outputs = layer(argument, *others, **call)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        upstream = numbered(tensors, "upstream") or [
            rng.standard_normal(tuple(y.shape)).astype(np.float32) for y in outputs
        ]
        loss = tf.add_n([tf.reduce_sum(y * g) for y, g in zip(outputs, upstream, strict=True)])
    result = {"mask": tensors["mask"]} if "mask" in tensors else {}
    for i, value in enumerate(inputs):
        result[f"input.{i}"] = value.numpy()
        grad = tape.gradient(loss, value)
        if grad is not None:
            result[f"grad_input.{i}"] = grad.numpy()
    for i, (y, g) in enumerate(zip(outputs, upstream)):
        result[f"output.{i}"] = y.numpy()
        result[f"upstream.{i}"] = np.asarray(g)
    for i, weight in enumerate(layer.weights):
        result[f"weight.{i}"] = weights[i]
        if weight.trainable:
            result[f"grad_weight.{i}"] = tf.convert_to_tensor(tape.gradient(loss, weight.value)).numpy()
        after = weight.numpy()
        if not np.array_equal(after, weights[i]):
            result[f"weight_after.{i}"] = after
    meta = dict(metadata)
    meta["upstream"] = LOSS
    meta["keras_version"] = keras.__version__
    meta["backend"] = f"tensorflow {tf.__version__}"
    meta["weights"] = json.dumps(
        [
            {"index": i, "path": w.path, "name": w.name, "shape": list(w.shape), "trainable": w.trainable}
            for i, w in enumerate(layer.weights)
        ]
    )
    return result, meta


def entry(file, tensors, metadata):
    """The line of one case in index.json."""
    return {
        "file": file,
        "layer": metadata["layer"],
        "config": json.loads(metadata["config"]),
        "call": json.loads(metadata["call"]),
        "weights": json.loads(metadata["weights"]),
        "note": metadata.get("note"),
        "tensors": {name: [str(t.dtype), list(t.shape)] for name, t in tensors.items()},
    }


def make(folder, report, write, new=False):
    """Makes every stored case again and every row of the table, or the new rows alone; calls report(name, deviation)."""
    stored = json.loads((folder / "index.json").read_text())
    index = []
    if new:
        index, known = stored, {c["file"] for c in stored}
        for name, case in TABLE.items():
            file = f"{name}.safetensors"
            if file not in known:
                tensors, metadata, rng = new_case(name, case)
                index.append(_finish(folder, file, None, compute(tensors, metadata, rng), report, write))
        case_file.write_json(folder / "index.json", index, indent=1)
        return
    for file in [c["file"] for c in stored if c["file"].removesuffix(".safetensors") not in TABLE]:
        tensors, metadata = case_file.load(folder / file)
        index.append(_finish(folder, file, tensors, compute(tensors, metadata), report, write))
    for name, case in TABLE.items():
        tensors, metadata, rng = new_case(name, case)
        file = f"{name}.safetensors"
        old = case_file.load(folder / file)[0] if (folder / file).exists() else None
        index.append(_finish(folder, file, old, compute(tensors, metadata, rng), report, write))
    if write:
        case_file.write_json(folder / "index.json", index, indent=1)


def _finish(folder, file, old, made, report, write):
    tensors, metadata = made
    report(file, None if old is None else case_file.worst(old, tensors))
    if write:
        case_file.save(folder / file, tensors, metadata)
    return entry(file, tensors, metadata)
