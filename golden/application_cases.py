"""What Keras's applications are made of, and what small members of each family compute: `applications.json`.

    python golden/application_cases.py                    # makes all cases again
    python golden/application_cases.py --check            # writes nothing; fails where a stored case deviates
    python golden/application_cases.py --diff CASE FILE   # Keras's listing of a case beside Cornu's, which a failing test wrote

A case: `app` and its `arguments`, `name` of the model, `params` and `trainable` (elements of weights), `layers` and `weights` (numbers
of lines and hashes of the listings below), and for small members `output`, what two images of formula weights give.

The listing of layers has a line "name" for each operation but the inputs; that of weights "layer/weight [axes] trainable", in Keras's order;
the hash is FNV-1a of 64 bits over the lines, each with a newline behind it. Weights and images are formulas: see `formula`.
"""

import argparse
import difflib
import json
import os
import pathlib
import re
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy as np  # noqa: E402

FILE = pathlib.Path(__file__).parent / "applications.json"
SMALL = {"classes": 10, "classifier_activation": None}
BASE = {"include_top": False, "pooling": "avg"}

# Arguments that change what a model is made of.
VARIANTS = [
    ("VGG16", {"include_top": False, "input_shape": [64, 48, 3], "pooling": "max"}),
    ("ResNet50", {"include_top": False, "input_shape": [97, 64, 1]}),
    ("ResNet50V2", {**BASE, "input_shape": [64, 64, 3]}),
    ("InceptionV3", {"include_top": False, "input_shape": [75, 75, 3], "pooling": "max"}),
    ("InceptionResNetV2", {**BASE, "input_shape": [75, 75, 3]}),
    ("Xception", {"include_top": False, "input_shape": [71, 71, 3]}),
    ("MobileNet", {"alpha": 0.25, "depth_multiplier": 2, "dropout": 0.5, "input_shape": [128, 128, 3], "classes": 7}),
    ("MobileNet", {"alpha": 0.5, **BASE, "input_shape": [128, 96, 3]}),
    ("MobileNetV2", {"alpha": 0.35, "input_shape": [96, 96, 3], "classes": 7}),
    ("MobileNetV2", {"alpha": 1.4, "input_shape": [224, 224, 3], "classes": 7}),
    ("MobileNetV3Small", {"input_shape": [224, 224, 3], "alpha": 0.75, "minimalistic": True, "dropout_rate": 0.0}),
    ("MobileNetV3Large", {"input_shape": [224, 224, 3], "alpha": 1.25, "include_preprocessing": False}),
    ("MobileNetV3Large", {"input_shape": [224, 224, 3], "include_top": False, "pooling": "max"}),
    ("EfficientNetB1", {"include_top": False, "input_shape": [65, 64, 3]}),
    ("EfficientNetV2B1", {"include_preprocessing": False, "input_shape": [64, 64, 3], "classes": 3}),
    ("EfficientNetV2B0", {"input_shape": [64, 64, 1], "include_top": False}),
    ("ConvNeXtSmall", {"include_preprocessing": False, "input_shape": [64, 64, 3], "include_top": False, "pooling": "avg"}),
    ("NASNetMobile", {"include_top": False, "pooling": "max", "input_shape": [96, 64, 3]}),
]

# Small members, with what they compute.
OUTPUTS = [
    ("VGG16", {**BASE, "input_shape": [32, 36, 3]}),
    ("ResNet50", {**SMALL, "input_shape": [33, 40, 3]}),
    ("ResNet50V2", {**SMALL, "input_shape": [33, 40, 3]}),
    ("DenseNet121", {**SMALL, "input_shape": [33, 40, 3]}),
    ("InceptionV3", {**SMALL, "input_shape": [75, 80, 3]}),
    ("InceptionResNetV2", {**BASE, "input_shape": [75, 75, 3]}),
    ("Xception", {**SMALL, "input_shape": [71, 72, 3]}),
    ("MobileNet", {**SMALL, "alpha": 0.25, "input_shape": [33, 40, 3]}),
    ("MobileNetV2", {**SMALL, "alpha": 0.35, "input_shape": [33, 40, 3]}),
    ("MobileNetV3Small", {**SMALL, "input_shape": [33, 40, 3]}),
    ("MobileNetV3Large", {**BASE, "alpha": 0.5, "minimalistic": True, "input_shape": [33, 40, 3]}),
    ("EfficientNetB0", {**SMALL, "input_shape": [33, 40, 3]}),
    ("EfficientNetV2B0", {**SMALL, "input_shape": [33, 40, 3]}),
    ("EfficientNetV2S", {**BASE, "input_shape": [33, 40, 3]}),
    ("ConvNeXtTiny", {**SMALL, "input_shape": [33, 40, 3]}),
    ("NASNetMobile", {**SMALL, "input_shape": [49, 64, 3]}),
]


def noise(stream, count):
    """`count` numbers in [-1, 1): a 32-bit mix of a counter."""
    x = (np.arange(count, dtype=np.uint64) + np.uint64(stream * 0x9E3779B9)).astype(np.uint32)
    for shift, factor in [(16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)]:
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return x.astype(np.float64) / 2.0**31 - 1.0


def formula(number, path, shape):
    """Weight number `number` of a model: matrices and kernels of variance 2 / inputs, scales near 1, the rest near 0."""
    u = noise(number, int(np.prod(shape))).reshape(shape)
    name = re.sub(r"^variable_\d+$", "variable", path.rsplit("/", 1)[-1])
    if len(shape) >= 2:
        fan = np.prod(shape[:2] if name == "depthwise_kernel" else shape[:-1])
        return u * np.sqrt(6.0 / fan)
    return 1.0 + 0.3 * u if name in ("gamma", "moving_variance", "variance", "variable") else 0.1 * u


def fnv(lines):
    h = 0xCBF29CE484222325
    for byte in "".join(line + "\n" for line in lines).encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return f"{h:016x}"


def build(app, arguments):
    keras.utils.clear_session()
    given = dict(arguments)
    if "input_shape" in given:
        given["input_shape"] = tuple(given["input_shape"])
    return getattr(keras.applications, app)(weights=None, **given)


def listings(model):
    layers = [o.name for o in model.operations if type(o).__name__ != "InputLayer"]
    # NASNet is made within name scopes, which its paths begin with: they are no part of any layer's name.
    # Weights without a name of their own are numbered through the whole process.
    paths = [w.path[w.path.index(f"{layer.name}/") :] for layer in model.layers for w in layer.weights]
    paths = [re.sub(r"/variable_\d+$", "/variable", p) for p in paths]
    weights = [f"{p} {list(w.shape)} {str(bool(w.trainable)).lower()}" for p, w in zip(paths, model.weights, strict=True)]
    return layers, weights


def case(app, arguments, computes):
    model = build(app, arguments)
    layers, weights = listings(model)
    count = lambda ws: int(sum(np.prod(w.shape) for w in ws))  # noqa: E731
    row = {
        "app": app,
        "arguments": arguments,
        "name": model.name,
        "params": count(model.weights),
        "trainable": count(model.trainable_weights),
        "layers": [len(layers), fnv(layers)],
        "weights": [len(weights), fnv(weights)],
    }
    if computes:
        for number, w in enumerate(model.weights):
            w.assign(formula(number, w.path, w.shape).astype(w.dtype))
        shape = (2, *arguments["input_shape"])
        pixels = any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in model.layers)
        x = noise(len(weights), int(np.prod(shape))).reshape(shape)
        x = (127.5 + 127.5 * x if pixels else x).astype("float32")
        y = np.asarray(model(x, training=False))
        assert np.isfinite(y).all()
        every = max(1, y.shape[-1] // 32)
        row["output"] = {"pixels": pixels, "shape": list(y.shape), "every": every}
        row["output"]["values"] = [float(f"{v:.7g}") for v in y.reshape(-1)[::every]]
    return row


def all_cases():
    for app in sorted(dir(keras.applications)):
        if callable(getattr(keras.applications, app)):
            # Keras leaves the sizes of these open; Cornu's models have one.
            open_size = app.startswith("MobileNetV3")
            yield app, {"input_shape": [224, 224, 3]} if open_size else {}, False
    for app, arguments in VARIANTS:
        yield app, arguments, False
    for app, arguments in OUTPUTS:
        yield app, arguments, True


def label(app, arguments):
    return f"{app} {json.dumps(arguments)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--new", action="store_true", help="make only cases that are not stored yet")
    parser.add_argument("--diff", nargs=2, metavar=("CASE", "FILE"))
    args = parser.parse_args()
    if args.diff:
        app, arguments = args.diff[0].split(" ", 1)
        layers, weights = listings(build(app, json.loads(arguments)))
        own = pathlib.Path(args.diff[1]).read_text().splitlines()
        for line in difflib.unified_diff([*layers, *weights], own, "keras", "cornu", n=1, lineterm=""):
            print(line)
        return
    stored = {label(r["app"], r["arguments"]): r for r in json.loads(FILE.read_text())} if FILE.exists() else {}
    rows, failures = [], 0
    for app, arguments, computes in all_cases():
        old = stored.get(label(app, arguments))
        if args.new and old:
            rows.append(old)
            continue
        row = case(app, arguments, computes)
        rows.append(row)
        if args.check:
            same = old is not None and all(old[k] == row[k] for k in row if k != "output")
            if same and computes:
                a, b = np.array(old["output"]["values"]), np.array(row["output"]["values"])
                same = np.allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())
            failures += not same
            print("same    " if same else "DEVIATES", label(app, arguments))
    if not args.check:
        FILE.write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
    print(f"{len(rows)} cases, {failures} deviate")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
