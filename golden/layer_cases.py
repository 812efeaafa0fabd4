"""Golden cases of single layers: outputs and gradients for recorded inputs, weights and upstream gradients.

Two kinds share one layout. Cases already on disk are made again from what they record. New cases are the rows that the files of `rows/`
list, one file for each family of layers.
"""

import importlib
import inspect
import json
import pkgutil
import re
import zlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.src.backend import set_keras_mask
from keras.src.backend.tensorflow import nn

import case_file
import rows
from rows import MASK

LOSS = "loss = sum over outputs of sum(output.i * upstream.i) + added_loss; grad_* are d(loss)/d(*)"

FAMILIES = [importlib.import_module(f"rows.{module.name}") for module in pkgutil.iter_modules(rows.__path__)]

# What the families declare: their cases, classes that stand in for Keras's, layers whose inputs are arguments of their own.
TABLE = {f"{row[0]}__{row[1]}": rows.Case(*row) for family in FAMILIES for row in family.ROWS}
OWN = {name: own for family in FAMILIES for name, own in getattr(family, "OWN", {}).items()}
SEPARATE = {name for family in FAMILIES for name in getattr(family, "SEPARATE", ())}



def spread(kernel, rates):
    """A kernel with zeros between its taps."""
    axes = len(kernel.shape) - 2
    kernel = tf.convert_to_tensor(kernel)
    for axis, rate in enumerate([rates] * axes if isinstance(rates, int) else rates):
        length = (kernel.shape[axis] - 1) * rate + 1
        apart = tf.one_hot(tf.range(kernel.shape[axis]) * rate, length)
        kernel = keras.ops.moveaxis(tf.tensordot(kernel, apart, [[axis], [0]]), -1, axis)
    return kernel


def channels_last(convolve):
    """TensorFlow convolves on a CPU with the channels last alone: turned there and back. Transposed, it knows no taps apart: zeros between."""

    def turned(*args, **kwargs):
        given = inspect.signature(convolve).bind(*args, **kwargs).arguments
        if convolve.__name__ == "conv_transpose":
            given["kernel"] = spread(given["kernel"], given.pop("dilation_rate", 1))
        if given.get("data_format") != "channels_first":
            return convolve(**given)
        x = keras.ops.moveaxis(given["inputs"], 1, -1)
        y = convolve(**given | {"inputs": x, "data_format": "channels_last"})
        return keras.ops.moveaxis(y, -1, 1)

    return turned


for name in ("conv", "depthwise_conv", "separable_conv", "conv_transpose"):
    setattr(nn, name, channels_last(getattr(nn, name)))

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
    if isinstance(call.get("mask"), list):
        for i, wanted in enumerate(call["mask"]):
            if wanted == MASK:
                mask = rng.random(shapes[i][:2]) < 0.6
                mask[:, 0] = True
                tensors[f"mask.{i}"] = mask
    if call.get("attention_mask") == MASK:
        queries, keys = shapes[0][1:-1], shapes[min(1, len(shapes) - 1)][1:-1]
        if len(queries) > 1:
            # Attention along some axes alone.
            places = [a - 1 for a in layer.attention_axes]
            queries, keys = ([lengths[a] for a in places] for lengths in (queries, keys))
        tensors["attention_mask"] = rng.random((shapes[0][0], *queries, *keys)) < 0.6
    if call.get("mask") == MASK:
        # Also a sequence of which nothing counts at either end.
        mask = rng.random(shapes[0] if kind == "Softmax" else shapes[0][:2]) < 0.6
        mask[0, :2] = mask[1, -2:] = False
        tensors["mask"] = mask
    notes = (["list inputs"] if isinstance(arguments(kind, inputs, call)[0], list) else []) + ([NOTES[style]] if style else [])
    metadata = {"name": name, "layer": kind, "config": json.dumps(layer.get_config()), "call": json.dumps(call)}
    if notes:
        metadata["note"] = "; ".join(notes)
    return tensors, metadata, rng


def arguments(kind, inputs, call):
    """The arguments of a call that are inputs: one, a list, several, or a sequence and its initial states."""
    if "initial_state" in call or "states" in call:
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
    for name in ("initial_state", "states"):
        if call.pop(name, None):
            call[name], others = others[0], []
    if "mask" in tensors:
        call["mask"] = tf.constant(tensors["mask"])
    if "attention_mask" in tensors:
        call["attention_mask"] = tf.constant(tensors["attention_mask"])
    if isinstance(call.get("mask"), list):
        given = [tensors.get(f"mask.{i}") for i in range(len(call["mask"]))]
        call["mask"] = [None if mask is None else tf.constant(mask) for mask in given]
        if kind in SEPARATE:
            # Masks come with the inputs.
            for x, mask in zip(inputs, call.pop("mask")):
                set_keras_mask(x, mask)
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
        outputs = tf.nest.flatten(outputs)
        # Whole numbers have no gradient.
        smooth = all(y.dtype.is_floating for y in outputs)
        upstream = numbered(tensors, "upstream") or [
            rng.standard_normal(tuple(y.shape)).astype(np.float32) for y in outputs if smooth
        ]
        loss = tf.add_n([tf.reduce_sum(y * g) for y, g in zip(outputs, upstream, strict=True)]) if smooth else None
        added = tf.add_n(layer.losses) if layer.losses else None
        if added is not None:
            loss += added
    result = {name: value for name, value in tensors.items() if name.split(".")[0] in ("mask", "attention_mask")}
    for i, value in enumerate(inputs):
        result[f"input.{i}"] = value.numpy()
        grad = tape.gradient(loss, value) if smooth else None
        if grad is not None:
            result[f"grad_input.{i}"] = grad.numpy()
    for i, y in enumerate(outputs):
        result[f"output.{i}"] = y.numpy()
    if added is not None:
        result["added_loss"] = added.numpy()
    for i, g in enumerate(upstream):
        result[f"upstream.{i}"] = np.asarray(g)
    for i, weight in enumerate(layer.weights):
        result[f"weight.{i}"] = weights[i]
        if weight.trainable:
            grad = tape.gradient(loss, weight.value)
            if grad is not None:
                result[f"grad_weight.{i}"] = tf.convert_to_tensor(grad).numpy()
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


def make(folder, report, write, new=False):
    """Makes every stored case again and every row of the table, or the new rows alone; calls report(name, deviation)."""
    stored = {path.stem for path in folder.glob("*.safetensors")}
    for name in [] if new else sorted(stored - TABLE.keys()):
        tensors, metadata = case_file.load(folder / f"{name}.safetensors")
        _finish(folder, name, tensors, compute(tensors, metadata), report, write)
    for name, case in TABLE.items():
        if name in stored and new:
            continue
        old = case_file.load(folder / f"{name}.safetensors")[0] if name in stored else None
        tensors, metadata, rng = new_case(name, case)
        _finish(folder, name, old, compute(tensors, metadata, rng), report, write)


def _finish(folder, name, old, made, report, write):
    tensors, metadata = made
    report(name, None if old is None else case_file.worst(old, tensors))
    if write:
        case_file.save(folder / f"{name}.safetensors", tensors, metadata)
