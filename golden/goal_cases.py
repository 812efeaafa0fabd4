"""Golden cases of training with several outputs: losses with weights, metrics of each output, weights of samples and of classes, nested models.

    python golden/goal_cases.py            # writes golden/goals.json
    python golden/goal_cases.py --check    # writes nothing; fails where a stored case deviates

A case: `model` (the model's own JSON), `weights` before training, `x`, `y` and `sample_weight` (lists), the arguments of `compile` and `fit`,
`history` of three epochs of two batches without shuffling, `evaluate` afterwards, `weights_after`. Arrays are [shape, numbers]; the type of
a target is its `int` mark.
"""

import json
import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

import case_file  # noqa: E402

# Batches of one size: Keras on TensorFlow counts the losses of single outputs by batches rather than by samples.
SAMPLES, BATCH, EPOCHS = 8, 4, 3
rng = np.random.default_rng(11)


def floats(*shape):
    return rng.uniform(-1, 1, (SAMPLES, *shape)).astype("float32")


def labels(classes, *shape):
    return rng.integers(0, classes, (SAMPLES, *shape)).astype("int32")


def two_and_two():
    a, b = keras.Input((3,), name="a"), keras.Input((4,), name="b")
    x = layers.Concatenate()([layers.Dense(5, activation="tanh")(a), layers.Dense(3)(b)])
    digit = layers.Dense(4, activation="softmax", name="digit")(x)
    size = layers.Dense(2, name="size", kernel_regularizer=keras.regularizers.L2(0.05))(x)
    return keras.Model([a, b], [digit, size])


def one_output():
    return keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(3, activation="softmax")])


def yes_or_no():
    return keras.Sequential([keras.Input((3,)), layers.Dense(1, activation="sigmoid", activity_regularizer=keras.regularizers.L2(0.1))])


def masked():
    words = keras.Input((5,), dtype="int32", name="words")
    x = layers.Embedding(6, 4, mask_zero=True)(words)
    y, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    return keras.Model(words, [layers.Dense(2, name="tags")(y), layers.Dense(1, name="whole")(layers.Concatenate()([h, c]))])


def nested():
    base = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="tanh"), layers.BatchNormalization(momentum=0.8)], name="base")
    twice = keras.Input((3,), name="p"), keras.Input((3,), name="q")
    joined = layers.Concatenate()([base(twice[0]), base(twice[1])])
    inner_in = keras.Input((8,))
    two = keras.Model(inner_in, [layers.Dense(2)(inner_in), layers.Dense(1)(inner_in)], name="heads")
    left, right = two(joined)
    return keras.Model(list(twice), [layers.Identity(name="left")(left), layers.Identity(name="right")(right)])


def frozen():
    base = keras.Sequential([keras.Input((3,)), layers.Dense(4, kernel_regularizer="l2"), layers.BatchNormalization()], name="base")
    base.layers[0].trainable = False
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(2)(base(x, training=False)))
    return model


def cases():
    yield "two_inputs_two_losses", two_and_two, [floats(3), floats(4)], [labels(4), floats(2)], None, {
        "loss": {"digit": "sparse_categorical_crossentropy", "size": "mean_squared_error"},
        "loss_weights": {"digit": 1.0, "size": 0.3},
        "metrics": {"digit": ["accuracy"], "size": ["mean_squared_error"]},
    }, None
    yield "weights_for_all_outputs", two_and_two, [floats(3), floats(4)], [labels(4), floats(2)], [rng.uniform(0, 2, SAMPLES).astype("float32")] * 2, {
        "loss": ["sparse_categorical_crossentropy", "mean_squared_error"],
        "metrics": {"digit": ["accuracy"]},
        "weighted_metrics": {"digit": ["accuracy"], "size": ["mean_squared_error"]},
    }, None
    yield "weights_for_each_output", two_and_two, [floats(3), floats(4)], [labels(4), floats(2)], [
        rng.uniform(0, 2, SAMPLES).astype("float32"),
        rng.uniform(0, 2, SAMPLES).astype("float32"),
    ], {
        "loss": {"digit": "sparse_categorical_crossentropy", "size": "mean_squared_error"},
        "loss_weights": {"digit": 0.5, "size": 2.0},
        "weighted_metrics": {"digit": ["accuracy"]},
    }, None
    yield "sample_weight", one_output, [floats(3)], [labels(3)], [rng.uniform(0, 2, SAMPLES).astype("float32")], {
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "weighted_metrics": ["accuracy"],
    }, None
    yield "class_weight_of_labels", one_output, [floats(3)], [labels(3)], None, {
        "loss": "sparse_categorical_crossentropy",
        "weighted_metrics": ["accuracy"],
    }, {0: 1.5, 2: 0.25}
    yield "class_weight_of_rows", one_output, [floats(3)], [np.eye(3, dtype="float32")[labels(3)]], None, {
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy"],
    }, {1: 3.0, 2: 0.5}
    yield "class_weight_of_yes", yes_or_no, [floats(3)], [labels(2, 1).astype("float32")], None, {
        "loss": "binary_crossentropy",
        "weighted_metrics": ["accuracy"],
    }, {0: 1.0, 1: 5.0}
    words = labels(6, 5)
    words[:, 0] = 1 + words[:, 0] % 5
    yield "masked_and_weighted", masked, [words], [floats(5, 2), floats(1)], [
        rng.uniform(0, 2, (SAMPLES, 5)).astype("float32"),
        rng.uniform(0, 2, SAMPLES).astype("float32"),
    ], {
        "loss": {"tags": "mean_squared_error", "whole": "mean_squared_error"},
        "metrics": {"tags": ["mean_squared_error"]},
        "weighted_metrics": {"tags": ["mean_squared_error"], "whole": ["mean_squared_error"]},
    }, None
    yield "nested", nested, [floats(3), floats(3)], [floats(2), floats(1)], None, {
        "loss": ["mean_squared_error", "mean_squared_error"],
    }, None
    yield "frozen", frozen, [floats(3)], [floats(2)], None, {"loss": "mean_squared_error"}, None


def array(x):
    x = np.asarray(x)
    numbers = [int(v) if x.dtype.kind == "i" else float(np.float32(v)) for v in x.flatten()]
    return {"shape": list(x.shape), "int": x.dtype.kind == "i", "numbers": numbers}


def make(name, build, x, y, sample_weight, arguments, class_weight):
    keras.utils.set_random_seed(5)
    model = build()
    model.set_weights([w + 0.05 * rng.uniform(-1, 1, w.shape).astype("float32") for w in model.get_weights()])
    before = [array(w) for w in model.get_weights()]
    model.compile(keras.optimizers.SGD(0.1), **arguments)
    one = lambda values: values if values is None or len(values) > 1 else values[0]  # noqa: E731
    given = {"sample_weight": one(sample_weight)} if sample_weight is not None else {}
    fitted = model.fit(
        one(x), one(y), batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, class_weight=class_weight, **given
    )
    scores = model.evaluate(one(x), one(y), batch_size=BATCH, verbose=0, return_dict=True, **given)
    # Two equal lists are one list for all targets.
    if sample_weight is not None and len(sample_weight) == 2 and sample_weight[0] is sample_weight[1]:
        sample_weight = sample_weight[:1]
    return {
        "name": name,
        "model": json.loads(model.to_json()),
        "weights": before,
        "x": [array(v) for v in x],
        "y": [array(v) for v in y],
        "sample_weight": [array(v) for v in sample_weight or []],
        "class_weight": {str(k): v for k, v in (class_weight or {}).items()},
        "arguments": arguments,
        "batch_size": BATCH,
        "epochs": EPOCHS,
        "history": {k: [float(v) for v in values] for k, values in fitted.history.items()},
        "evaluate": {k: float(v) for k, v in scores.items()},
        "weights_after": [array(w) for w in model.get_weights()],
        "predictions": [array(p) for p in (lambda p: p if isinstance(p, list) else [p])(model.predict(one(x), verbose=0))],
    }


if __name__ == "__main__":
    case_file.write_or_check("goals.json", [make(*case) for case in cases()])
