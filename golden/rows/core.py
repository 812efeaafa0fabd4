"""Cases of the family `core`."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, regularizers

ACTIVATIONS = (
    "linear relu relu6 sigmoid tanh softmax elu selu gelu silu leaky_relu softplus softsign exponential hard_sigmoid "
    "hard_silu mish"
).split()


def sparsemax(x):
    """Martins and Astudillo 2016, algorithm 1. Keras 3.15 adds up the sums of all that stays: its rows do not sum to 1."""
    falling = tf.sort(x, direction="DESCENDING")
    sums = tf.cumsum(falling, axis=-1)
    stays = 1 + tf.range(1, x.shape[-1] + 1, dtype=x.dtype) * falling > sums
    count = tf.reduce_sum(tf.cast(stays, tf.int32), -1, keepdims=True)
    threshold = (tf.gather(sums, count - 1, axis=-1, batch_dims=x.shape.rank - 1) - 1) / tf.cast(count, x.dtype)
    return tf.maximum(x - threshold, 0)


class Activation(layers.Activation):
    """Keras's, which also knows `gelu(x, approximate=True)` by the name that KerasHub gives it, and sparsemax as it was published."""

    OWN = {"gelu_approximate": lambda x: keras.activations.gelu(x, approximate=True), "sparsemax": sparsemax}

    def __init__(self, activation, **kwargs):
        self.own = activation if isinstance(activation, str) and activation in self.OWN else None
        super().__init__(self.OWN[self.own] if self.own else activation, **kwargs)

    def get_config(self):
        if not self.own:
            return super().get_config()
        return {**layers.Layer.get_config(self), "activation": self.own}


class ClassToken(layers.Layer):
    """The first place of a vision transformer's sequence."""

    def build(self, shape):
        self.token = self.add_weight(name="token", shape=(shape[-1],))

    def call(self, x):
        token = tf.broadcast_to(self.token, (tf.shape(x)[0], 1, x.shape[-1]))
        return tf.concat([token, x], axis=1)


class TernaryDense(layers.Layer):
    """Of Keras 3.16: the kernel's signs, 0 where it is small; with the straight-through gradient of the paper (BitNet b1.58)."""

    def __init__(self, units, threshold=None, use_bias=True, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.arguments = {"units": units, "threshold": threshold, "use_bias": use_bias, "activation": activation}

    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], self.arguments["units"]))
        if self.arguments["use_bias"]:
            self.bias = self.add_weight(name="bias", shape=(self.arguments["units"],))

    def call(self, x):
        kernel = tf.convert_to_tensor(self.kernel)
        size = tf.abs(kernel)
        given = self.arguments["threshold"]
        threshold = tf.reduce_mean(size) if given is None else given
        signs = tf.where(size > threshold, tf.sign(kernel), 0.0)
        y = tf.tensordot(x, kernel + tf.stop_gradient(signs - kernel), 1)
        if self.arguments["use_bias"]:
            y = y + self.bias
        return keras.activations.get(self.arguments["activation"])(y)

    def get_config(self):
        given = {key: value for key, value in self.arguments.items() if key != "activation" or value}
        return {**super().get_config(), **given}


class Maxout(layers.Layer):
    """Goodfellow et al., 2013, written with TensorFlow: Keras has none."""

    def __init__(self, units, pieces, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.arguments = {"units": units, "pieces": pieces, "use_bias": use_bias}

    def build(self, shape):
        own = (self.arguments["units"], self.arguments["pieces"])
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], *own))
        if self.arguments["use_bias"]:
            self.bias = self.add_weight(name="bias", shape=own)

    def call(self, x):
        z = tf.einsum("...i,iup->...up", x, self.kernel)
        if self.arguments["use_bias"]:
            z = z + self.bias
        return tf.reduce_max(z, axis=-1)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


class Lambda(layers.Layer):
    """An expression, computed with keras.ops; Keras's own layer of that name keeps code in its config."""

    def __init__(self, expression, **kwargs):
        super().__init__(**kwargs)
        self.expression = expression

    def call(self, x):
        inputs = x if isinstance(x, (list, tuple)) else [x]
        sliced = {"slice": lambda x, axis, start, stop: x[(slice(None),) * axis + (slice(start, stop),)]}
        renamed = {
            "concatenate": lambda *x, axis: keras.ops.concatenate(x, axis),
            "reshape": lambda x, newshape: keras.ops.reshape(x, [x.shape[0], *newshape]),
            "stack": lambda *x, axis: keras.ops.stack(x, axis),
            "gelu": keras.activations.gelu,
            "einsum": lambda *x, subscripts: keras.ops.einsum(subscripts, *x),
            "one_hot": lambda x, num_classes: keras.ops.one_hot(keras.ops.cast(x, "int32"), num_classes),
            "average": lambda x, w, axis: keras.ops.average(x, axis, w),
            "normalize": lambda x, **a: keras.ops.normalize(x, **a),
            **sliced,
        }

        def value(e):
            if not isinstance(e, dict):
                return e
            if "input" in e:
                return inputs[e["input"]]
            arguments = {k: v for k, v in e.items() if k not in ("op", "of")}
            function = renamed.get(e["op"]) or getattr(keras.ops, e["op"])
            result = function(*map(value, e["of"]), **arguments)
            return result if result.dtype == "float32" else keras.ops.cast(result, "float32")

        return value(self.expression)

    def get_config(self):
        return {**super().get_config(), "expression": self.expression}


X, Y = {"input": 0}, {"input": 1}


def op(name, *of, **arguments):
    return {"op": name, "of": list(of), **arguments}


class ReversibleEmbedding(layers.ReversibleEmbedding):
    """Floats go the way back, which Keras has as an argument of the call."""

    def build(self, shape=None):
        super().build()

    def call(self, x):
        return super().call(x, reverse=x.dtype == tf.float32)


class SinePositionEncoding(layers.Layer):
    """Vaswani et al., 2017, written with TensorFlow; KerasHub has a layer of this name."""

    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def call(self, x):
        places, features = x.shape[1:]
        rate = self.max_wavelength ** (-2 * (np.arange(features) // 2) / features)
        angles = np.arange(places)[:, None] * rate
        table = np.where(np.arange(features) % 2, np.cos(angles), np.sin(angles))
        return tf.zeros_like(x) + tf.constant(table, tf.float32)

    def get_config(self):
        return {**super().get_config(), "max_wavelength": self.max_wavelength}


class RotaryEmbedding(layers.Layer):
    """Su et al., 2021, as complex numbers; KerasHub has a layer of this name."""

    def __init__(self, max_wavelength=10000, scaling_factor=1.0, sequence_axis=1, feature_axis=-1, start_index=0, **kwargs):
        super().__init__(**kwargs)
        self.arguments = {
            "max_wavelength": max_wavelength,
            "scaling_factor": scaling_factor,
            "sequence_axis": sequence_axis,
            "feature_axis": feature_axis,
            "start_index": start_index,
        }

    def call(self, inputs):
        a = self.arguments
        x, positions = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        axes = (a["sequence_axis"], a["feature_axis"])
        x = keras.ops.moveaxis(x, axes, (-2, -1))
        places, features = x.shape[-2:]
        rate = a["max_wavelength"] ** (-np.arange(0, features, 2) / features)
        if positions is None:
            angles = (a["start_index"] + np.arange(places))[:, None] / a["scaling_factor"] * rate
            turn = tf.constant(np.exp(1j * angles), tf.complex64)
        else:
            angles = positions[:, :, None] / a["scaling_factor"] * tf.constant(rate, tf.float32)
            turn = tf.complex(tf.cos(angles), tf.sin(angles))
            turn = turn if len(x.shape) == 3 else turn[:, None]
        y = tf.complex(x[..., : features // 2], x[..., features // 2 :]) * turn
        y = tf.concat([tf.math.real(y), tf.math.imag(y)], axis=-1)
        return keras.ops.moveaxis(y, (-2, -1), axes)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


OF_ALL = (
    "negative abs square sign reciprocal exp expm1 exp2 sin cos tan arctan sinh cosh arcsinh sinc cbrt erf erfc floor ceil round trunc deg2rad rad2deg "
    "logical_not stop_gradient ones_like zeros_like"
).split()
OF_TWO = (
    "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor heaviside maximum minimum divide_no_nan "
    "add subtract multiply divide floor_divide mod fmod fmax fmin hypot arctan2 logaddexp logaddexp2"
).split()
OVER_AXES = "sum mean max min prod var std ptp all any norm logsumexp".split()

ROWS = [
    ("SinePositionEncoding", "5x7", lambda: SinePositionEncoding(), [(2, 5, 7)]),
    ("SinePositionEncoding", "6x4_w50", lambda: SinePositionEncoding(50), [(1, 6, 4)]),
    ("RotaryEmbedding", "5x6", lambda: RotaryEmbedding(), [(2, 5, 6)]),
    ("RotaryEmbedding", "heads_w100_s2", lambda: RotaryEmbedding(100, 2.0), [(2, 5, 3, 4)]),
    ("RotaryEmbedding", "start7_s0.5", lambda: RotaryEmbedding(scaling_factor=0.5, start_index=7), [(2, 4, 6)]),
    ("RotaryEmbedding", "axes2_1", lambda: RotaryEmbedding(sequence_axis=2, feature_axis=1), [(2, 4, 5, 3)]),
    ("RotaryEmbedding", "positions", lambda: RotaryEmbedding(100, start_index=3), [(2, 5, 6), (2, 5)], {}),
    ("RotaryEmbedding", "positions_heads_s2", lambda: RotaryEmbedding(100, 2.0), [(2, 5, 3, 4), (2, 5)], {}),
    # Expressions: arithmetic with numbers, reductions, shapes, several inputs, conditions, activations.
    ("Lambda", "scaled", lambda: Lambda(op("divide", op("multiply", op("subtract", X, 1.5), 2), op("add", 1, op("exp", op("negative", X))))), [(3, 4)]),
    ("Lambda", "normalized_rank3", lambda: Lambda(op("multiply", op("subtract", X, op("mean", X, axis=-1, keepdims=True)), op("rsqrt", op("add", op("sum", op("square", X), axis=[1, 2], keepdims=True), 0.1)))), [(2, 3, 5)]),
    ("Lambda", "shapes", lambda: Lambda(op("concatenate", op("slice", op("reshape", op("transpose", X, axes=[0, 2, 1]), newshape=[-1]), axis=1, start=1, stop=-2), op("max", X, axis=2), axis=1)), [(2, 3, 4)]),
    ("Lambda", "two_inputs", lambda: Lambda(op("add", op("matmul", op("softmax", X), Y), op("expand_dims", op("min", Y, axis=1), axis=1))), [(2, 3, 4), (2, 4, 5)], {}),
    ("Lambda", "conditions", lambda: Lambda(op("where", op("greater", X, 0.2), op("maximum", op("gelu", X), 0.3), op("clip", op("multiply", op("sin", X), op("abs", X)), x_min=-0.4, x_max=0.5))), [(4, 5)]),
    # Every operation of expressions (the gradient of `cumprod` where a factor is 0 is wrong in TensorFlow): over all numbers, near 0 and 1 where it is bounded, above 1, between pairs, along axes.
    *[("Lambda", f"op_{name}", lambda n=name: Lambda(op(n, X)), [(3, 7)]) for name in OF_ALL],
    *[("Lambda", f"op_{name}", lambda n=name: Lambda(op(n, op("tanh", X))), [(3, 7)]) for name in ("arcsin", "arccos", "arctanh")],
    *[("Lambda", f"op_{name}", lambda n=name: Lambda(op(n, op("add", op("abs", X), 1.1))), [(3, 7)]) for name in ("sqrt", "rsqrt", "log", "log1p", "log2", "log10", "arccosh")],
    *[("Lambda", f"op_{name}_of_none", lambda n=name: Lambda(op(n, op("divide", X, op("round", X)))), [(3, 7)], {}, "coarse") for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf")],
    ("Lambda", "op_nan_to_num", lambda: Lambda(op("nan_to_num", op("stop_gradient", op("divide", X, op("round", X))), nan=0.5, posinf=7.0, neginf=-8.0)), [(3, 7)], {}, "coarse"),
    *[("Lambda", f"op_{name}", lambda n=name: Lambda(op(n, X, Y)), [(3, 2, 5), (3, 2, 5)], {}) for name in OF_TWO],
    *[("Lambda", f"op_{name}_coarse", lambda n=name: Lambda(op(n, X, Y)), [(3, 2, 5), (3, 1, 5)], {}, "coarse") for name in OF_TWO[:13]],
    ("Lambda", "op_power", lambda: Lambda(op("power", op("abs", X), Y)), [(3, 5), (3, 5)], {}),
    *[("Lambda", f"op_{name}_{i}", lambda n=name, a=axis, k=keep: Lambda(op(n, X, axis=a, keepdims=k)), [(3, 4, 5)])
      for name in OVER_AXES for i, (axis, keep) in enumerate([(-1, False), ([1, 2], True), (1, False)])],
    *[("Lambda", f"op_{name}_coarse", lambda n=name: Lambda(op(n, X, axis=1)), [(3, 7)], {}, "coarse") for name in ("prod", "all", "any", "count_nonzero")],
    *[("Lambda", f"op_{name}_{i}", lambda n=name, a=axis, k=keep: Lambda(op(n, X, axis=a, keepdims=k, **({"q": 0.3} if n == "quantile" else {}))), [(3, 4, 5)])
      for name in ("median", "quantile") for i, (axis, keep) in enumerate([(-1, False), (1, True)])],
    *[("Lambda", f"op_{name}_{i}", lambda n=name, a=axis: Lambda(op(n, X, axis=a)), [(3, 4, 5)])
      for name in ("argmax", "argmin", "sort", "argsort", "cumsum", "cumprod", "diff", "flip", "normalize", "count_nonzero") for i, axis in enumerate([-1, 1])],
    ("Lambda", "op_average", lambda: Lambda(op("average", X, op("abs", Y), axis=1)), [(3, 4), (3, 4)], {}),
    ("Lambda", "op_stack", lambda: Lambda(op("stack", X, Y, axis=2)), [(3, 4, 2), (3, 4, 2)], {}),
    ("Lambda", "op_tile", lambda: Lambda(op("tile", X, repeats=[1, 3, 2])), [(3, 4, 5)]),
    ("Lambda", "op_repeat", lambda: Lambda(op("repeat", X, repeats=3, axis=1)), [(3, 4, 5)]),
    *[("Lambda", f"op_roll_{shift}", lambda s=shift: Lambda(op("roll", X, shift=s, axis=-1)), [(3, 4, 5)]) for shift in (2, -7)],
    ("Lambda", "op_swapaxes", lambda: Lambda(op("swapaxes", X, axis1=1, axis2=-1)), [(2, 3, 4, 5)]),
    ("Lambda", "op_moveaxis", lambda: Lambda(op("moveaxis", X, source=1, destination=-1)), [(2, 3, 4, 5)]),
    ("Lambda", "op_squeeze", lambda: Lambda(op("squeeze", X, axis=1)), [(2, 1, 5)]),
    ("Lambda", "op_pad", lambda: Lambda(op("pad", X, pad_width=[[0, 0], [1, 0], [2, 3]])), [(2, 3, 4)]),
    *[("Lambda", f"op_{name}_{k}", lambda n=name, k=k: Lambda(op(n, X, k=k)), [(2, 3, 5)]) for name in ("tril", "triu") for k in (0, 1, -1)],
    *[("Lambda", f"op_{name}_{k}", lambda n=name, k=k: Lambda(op(n, X, offset=k, axis1=1, axis2=2)), [(2, 3, 5)]) for name in ("diagonal", "trace") for k in (0, 2, -1)],
    ("Lambda", "op_diagonal_axes", lambda: Lambda(op("diagonal", X, axis1=3, axis2=1)), [(2, 3, 4, 5)]),
    ("Lambda", "op_full_like", lambda: Lambda(op("multiply", X, op("full_like", X, fill_value=2.5))), [(2, 3)]),
    ("Lambda", "op_one_hot", lambda: Lambda(op("one_hot", op("stop_gradient", X), num_classes=4)), [(2, 3)], {}, "whole floats"),
    ("Lambda", "op_isclose", lambda: Lambda(op("isclose", X, Y, rtol=0.3, atol=0.1)), [(3, 5), (3, 5)], {}),
    *[("Lambda", f"op_einsum_{i}", lambda e=equation: Lambda(op("einsum", X, Y, subscripts=e)), [a, b], {})
      for i, (equation, a, b) in enumerate([("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("bi,bj->bij", (2, 3), (2, 4)), ("bijk,bk->bji", (2, 3, 4, 5), (2, 5)), ("b...i,b...i->b...", (2, 3, 4), (2, 3, 4)), ("bij,bkl->bl", (2, 3, 4), (2, 5, 2))])],
    ("Lambda", "op_einsum_one", lambda: Lambda(op("einsum", X, subscripts="bij->bj")), [(2, 3, 4)]),
    ("Lambda", "op_einsum_three", lambda: Lambda(op("einsum", X, Y, X, subscripts="bij,bkj,bil->bkl")), [(2, 3, 4), (2, 5, 4)], {}),
    ("Lambda", "op_cross", lambda: Lambda(op("cross", X, Y)), [(2, 4, 3), (2, 4, 3)], {}),
    ("Lambda", "op_cdist", lambda: Lambda(op("cdist", X, Y)), [(2, 4, 3), (2, 5, 3)], {}),
    # Products that equations spell out: axes shared, summed, turned; ellipses at both ends; biases along some axes.
    *[
        ("EinsumDense", label, build, [shape])
        for label, shape, build in [
            ("ab_bc_ac_relu", (3, 4), lambda: layers.EinsumDense("ab,bc->ac", 5, activation="relu", bias_axes="c")),
            ("abc_bd_adc", (2, 3, 4), lambda: layers.EinsumDense("abc,bd->adc", (5, None), bias_axes="d")),
            ("abc_bcde_aed", (2, 3, 4), lambda: layers.EinsumDense("abc,bcde->aed", (2, 5), bias_axes="ed")),
            ("abc_bc_abc", (2, 3, 4), lambda: layers.EinsumDense("abc,bc->abc", (3, 4), bias_axes="b")),
            ("abc_bcd_abd_shared", (3, 2, 4), lambda: layers.EinsumDense("abc,bcd->abd", (2, 5), bias_axes="bd")),
            ("abc_cd_ad", (2, 3, 4), lambda: layers.EinsumDense("abc,cd->ad", 5)),
            ("dots_x_xy_y_rank4", (2, 3, 2, 4), lambda: layers.EinsumDense("...x,xy->...y", 5, bias_axes="y")),
            ("dots_ab_bc_ac", (2, 3, 4), lambda: layers.EinsumDense("...ab,bc->...ac", (3, 5), bias_axes="a")),
            ("ab_dots_bc_ac_dots", (2, 3, 4, 2), lambda: layers.EinsumDense("ab...,bc->ac...", 5, bias_axes="c")),
            ("abc_cde_abde_lora2", (2, 3, 4), lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 5), lora_rank=2, lora_alpha=3)),
        ]
    ],
    ("Dense", "units5_lora2", lambda: layers.Dense(5, lora_rank=2), [(3, 4)]),
    ("Dense", "units5_lora1_alpha3_nobias", lambda: layers.Dense(5, use_bias=False, lora_rank=1, lora_alpha=3), [(2, 3, 4)]),
    ("Embedding", "5x3_lora2", lambda: layers.Embedding(5, 3, lora_rank=2, lora_alpha=1), [(4, 6)], {}, "whole"),
    ("EinsumDense", "abc_cd_abd_lora1", lambda: layers.EinsumDense("abc,cd->abd", (None, 5), lora_rank=1), [(2, 3, 4)]),
    ("Embedding", "6x2_lora1_alpha3", lambda: layers.Embedding(6, 2, lora_rank=1, lora_alpha=3), [(3, 5)], {}, "whole"),
    # What is added to the loss for the output.
    ("Dense", "units5_relu_activity", lambda: layers.Dense(5, activation="relu", activity_regularizer=regularizers.L1L2(0.3, 0.2)), [(4, 3)]),
    ("Dense", "units3_activity_orthogonal", lambda: layers.Dense(3, activity_regularizer=regularizers.OrthogonalRegularizer(0.5)), [(4, 3)]),
    ("EinsumDense", "abc_cd_abd_activity", lambda: layers.EinsumDense("abc,cd->abd", (None, 5), activity_regularizer=regularizers.L1L2(0.3, 0.2)), [(2, 3, 4)]),
    ("Embedding", "5x3_activity", lambda: layers.Embedding(5, 3, activity_regularizer=regularizers.L1L2(0.3, 0.2)), [(4, 6)], {}, "whole"),
    ("ReversibleEmbedding", "5x3_activity", lambda: ReversibleEmbedding(5, 3, activity_regularizer=regularizers.L2(0.2)), [(4, 6)], {}, "whole"),
    ("TernaryDense", "activity", lambda: TernaryDense(3, activity_regularizer=regularizers.L2(0.2)), [(3, 4)]),
    # Layers of activation where a function would stand.
    ("Dense", "units5_LeakyReLU0.1", lambda: layers.Dense(5, activation=layers.LeakyReLU(0.1)), [(4, 3)]),
    ("Dense", "units5_ReLU_max1_threshold", lambda: layers.Dense(5, activation=layers.ReLU(max_value=1.0, threshold=0.2)), [(4, 3)]),
    ("Activation", "ELU0.3", lambda: layers.Activation(layers.ELU(0.3)), [(3, 6)]),
    ("ClassToken", "ci4", lambda: ClassToken(), [(2, 3, 4)]),
    ("TernaryDense", "mean", lambda: TernaryDense(5), [(3, 4)]),
    ("TernaryDense", "threshold0.4_tanh_nobias", lambda: TernaryDense(3, 0.4, use_bias=False, activation="tanh"), [(2, 3, 4)]),
    ("Maxout", "u3_p2", lambda: Maxout(3, 2), [(4, 5)]),
    ("Maxout", "u2_p5_nobias_rank3", lambda: Maxout(2, 5, use_bias=False), [(2, 3, 4)]),
    ("ReversibleEmbedding", "5x3_untied", lambda: ReversibleEmbedding(5, 3, tie_weights=False), [(4, 6)], {}, "whole"),
    ("ReversibleEmbedding", "9x4", lambda: ReversibleEmbedding(9, 4), [(2, 3, 4)]),
    ("ReversibleEmbedding", "5x3_untied_cap2", lambda: ReversibleEmbedding(5, 3, tie_weights=False, logit_soft_cap=2.0), [(3, 3)]),
    # Dense and the activations.
    *[
        ("Dense", f"units5_{a}_rank2", lambda a=a: layers.Dense(5, activation=a), [(4, 3)])
        for a in ACTIVATIONS
    ],
    ("Dense", "units1_in1", lambda: layers.Dense(1), [(1, 1)]),
    ("Dense", "units33_relu_in67", lambda: layers.Dense(33, activation="relu"), [(5, 67)]),
    *[
        ("Activation", a, lambda a=a: Activation(a), [(3, 6)])
        for a in ("linear", "softplus", "exponential", "hard_silu", "log_softmax", "hard_tanh", "hard_shrink", "tanh_shrink", "sparse_plus", "sparsemax")
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

OWN = {"ClassToken": ClassToken, "SinePositionEncoding": SinePositionEncoding, "RotaryEmbedding": RotaryEmbedding, "TernaryDense": TernaryDense, "Maxout": Maxout, "ReversibleEmbedding": ReversibleEmbedding, "Activation": Activation, "Lambda": Lambda}
