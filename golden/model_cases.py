"""Golden cases of whole models: five training steps on one batch.

Tensors: `input.N`, `target.0`; `weight.N` before training, `weight_after.N` after the last step (every weight, in `model.weights`
order, which the metadata `weights` lists); `grad_weight.N` of the first step (trainable weights; regularizers included);
`prediction_before.0` and `prediction_after.0` (inference mode); `evaluated.0` (loss and accuracy afterwards, where there is a label for each step); `loss.0` (the loss of each step with regularizers, before its update).
Metadata: `config` (the model's own JSON), `loss` and `optimizer` (class_name and config), `steps`.
"""

import json
import zlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers, losses, optimizers, regularizers

import case_file
from layer_cases import draw_weight

STEPS = 5
TOKENS = 9


def article_small():
    """The article's network, shrunk; dropout kept at rate 0 so that training is deterministic."""
    model = keras.Sequential(
        [
            keras.Input((14, 14, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.0),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.0),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.0),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return model, losses.SparseCategoricalCrossentropy(), optimizers.Adam(0.01), ("labels", 10, 6)


def article_odd():
    """Sizes that no vector width divides and windows that do not fit: 13x15 pixels, 5 and 7 filters, batch 3."""
    model = keras.Sequential(
        [
            keras.Input((13, 15, 3)),
            layers.Conv2D(5, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(7, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(9, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return model, losses.SparseCategoricalCrossentropy(), optimizers.Adam(0.01), ("labels", 10, 3)


def mlp():
    """Dense layers with three activations under Nesterov momentum."""
    model = keras.Sequential(
        [
            keras.Input((7,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return model, losses.CategoricalCrossentropy(), optimizers.SGD(0.05, momentum=0.9, nesterov=True), ("one_hot", 3, 9)


def mlp_binary():
    """One sigmoid output, L1 and L2 penalties, gradients clipped by norm."""
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="gelu", kernel_regularizer=regularizers.L1(0.01)),
            layers.Dense(4, activation="silu", kernel_regularizer=regularizers.L1L2(0.005, 0.02)),
            layers.Dense(1, activation="sigmoid", bias_regularizer=regularizers.L2(0.03)),
        ]
    )
    return model, losses.BinaryCrossentropy(), optimizers.Adam(0.02, clipnorm=0.5), ("binary", 1, 8)


def bn_cnn():
    """Batch normalization in training: its moving statistics after five steps are part of the case."""
    model = keras.Sequential(
        [
            keras.Input((9, 8, 2)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(epsilon=1e-2),
            layers.Activation("relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )
    return model, losses.SparseCategoricalCrossentropy(), optimizers.RMSprop(0.005), ("labels", 3, 8)


def two_inputs_add_concat():
    """Functional: two inputs through one shared layer, Add and Concatenate."""
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    left, right = shared(a), shared(b)
    summed = layers.Add()([left, right])
    both = layers.Concatenate()([summed, layers.Dense(4, activation="relu")(a), b])
    return keras.Model([a, b], layers.Dense(2)(both)), losses.MeanSquaredError(), optimizers.Adam(0.01), ("real", 2, 7)


def skip_cnn():
    """Functional: a residual branch, a strided shortcut and branches joined on the channel axis."""
    x = keras.Input((7, 9, 3))
    stem = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(stem))
    y = layers.ReLU()(layers.Add()([stem, y]))
    pooled = layers.MaxPooling2D(3, strides=2, padding="same")(y)
    strided = layers.Conv2D(3, 2, strides=2, padding="same", activation="elu")(y)
    y = layers.Concatenate()([pooled, strided])
    y = layers.Dense(5, activation="softmax")(layers.GlobalMaxPooling2D()(y))
    return keras.Model(x, y), losses.SparseCategoricalCrossentropy(), optimizers.SGD(0.05, momentum=0.9), ("labels", 5, 6)


def avg_pool_l2():
    """Average pooling with windows over the edge, an L2 penalty, and logits as output."""
    l2 = regularizers.L2(0.01)
    model = keras.Sequential(
        [
            keras.Input((9, 7, 3)),
            layers.Conv2D(4, (3, 2), activation="relu", kernel_regularizer=l2),
            layers.AveragePooling2D(3, strides=2, padding="same"),
            layers.Reshape((-1, 4)),
            layers.Flatten(),
            layers.Dense(6, activation="relu", kernel_regularizer=l2),
            layers.Dense(4),
        ]
    )
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    return model, loss, optimizers.SGD(0.05, weight_decay=0.01), ("labels", 4, 5)


# The masked models are trained by SGD: on TensorFlow, Keras's adaptive optimizers square the gradients of an embedding's row token by
# token, before they are added up, unlike with the other backends and the published algorithms.


def masked_text():
    """Sequences of unequal length, padded with zeros that the LSTM passes over."""
    model = keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            layers.Embedding(TOKENS, 6, mask_zero=True),
            layers.LSTM(5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return model, losses.BinaryCrossentropy(), optimizers.SGD(0.1, momentum=0.9), ("binary", 1, 5)


def masked_tagger():
    """A label for each token: padding counts neither in the loss nor in the accuracy."""
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(TOKENS, 5, mask_zero=True),
            layers.Bidirectional(layers.GRU(4, return_sequences=True)),
            layers.Dropout(0.0),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return model, losses.SparseCategoricalCrossentropy(), optimizers.SGD(0.1, momentum=0.9), ("labels", 3, 5)


def masked_steps():
    """Masking of a value, and batch normalization over the steps that count."""
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(TOKENS, 3, embeddings_initializer="zeros"),
            layers.Masking(mask_value=0.5),
            layers.SimpleRNN(4, return_sequences=True),
            layers.BatchNormalization(momentum=0.8),
            layers.Activation("tanh"),
            layers.Dense(2),
        ]
    )
    return model, losses.MeanSquaredError(), optimizers.SGD(0.05, momentum=0.9), ("real", 2, 5)


def masked_attention():
    """Self-attention, causal, and attention to a second sequence, both padded; masks merged and joined.

    Keras's MultiHeadAttention takes the masks away from its inputs, so that no tensor is used again after it was one.
    """
    a, b = keras.Input((6,), dtype="int32", name="a"), keras.Input((5,), dtype="int32", name="b")
    embedding = layers.Embedding(TOKENS, 8, mask_zero=True)
    x = embedding(a)
    x = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.Dense(8, activation="relu")(x)])
    x = layers.MultiHeadAttention(2, 3, value_dim=5)(x, embedding(b))
    x = layers.Concatenate(axis=1)([x, embedding(b)])
    x = layers.Concatenate()([x, layers.Dense(3, activation="relu")(x)])
    y = layers.Dense(4, activation="softmax")(x)
    return keras.Model([a, b], y), losses.SparseCategoricalCrossentropy(), optimizers.SGD(0.05, momentum=0.9), ("labels", 4, 4)


MODELS = [
    article_small,
    article_odd,
    mlp,
    mlp_binary,
    bn_cnn,
    two_inputs_add_concat,
    skip_cnn,
    avg_pool_l2,
    masked_text,
    masked_tagger,
    masked_steps,
    masked_attention,
]


def draw_input(rng, model_input, batch):
    shape = (batch, *model_input.shape[1:])
    if model_input.dtype == "float32":
        return rng.standard_normal(shape).astype(np.float32)
    # Tokens, padded at the end of all sequences but the first, and one 0 in the middle.
    tokens = rng.integers(1, TOKENS, shape)
    for row, length in enumerate(rng.integers(1, shape[1], batch - 1), 1):
        tokens[row, length:] = 0
    tokens[0, 1] = 0
    return tokens.astype(np.int32)


def draw_target(rng, kind, width, batch, output):
    if kind == "labels":
        return rng.integers(0, width, (batch, *output[1:-1])).astype(np.int32)
    if kind == "one_hot":
        return np.eye(width, dtype=np.float32)[rng.integers(0, width, batch)]
    if kind == "binary":
        return rng.integers(0, 2, (batch, width)).astype(np.float32)
    return rng.standard_normal((batch, *output[1:])).astype(np.float32)


def compute(build):
    """All tensors and metadata of one model."""
    rng = np.random.default_rng(zlib.crc32(build.__name__.encode()))
    keras.backend.clear_session()
    model, loss, optimizer, (kind, width, batch) = build()
    model.name = build.__name__
    inputs = [draw_input(rng, x, batch) for x in model.inputs]
    target = draw_target(rng, kind, width, batch, model.output_shape)
    for weight in model.weights:
        weight.assign(weight.numpy() * 0 + draw_weight(rng, weight.name, tuple(weight.shape)) * 0.8)
    if build is masked_steps:
        # Two tokens become steps of the value that is masked.
        table = model.weights[0].numpy()
        table[2:4] = 0.5
        model.weights[0].assign(table)
    tensors = {f"input.{i}": x for i, x in enumerate(inputs)} | {"target.0": target}
    tensors |= {f"weight.{i}": w.numpy() for i, w in enumerate(model.weights)}
    argument = inputs if len(inputs) > 1 else inputs[0]
    tensors["prediction_before.0"] = model(argument, training=False).numpy()
    metadata = {
        "name": build.__name__,
        "config": model.to_json(),
        "loss": json.dumps({"class_name": type(loss).__name__, "config": loss.get_config()}),
        "optimizer": json.dumps({"class_name": type(optimizer).__name__, "config": optimizer.get_config()}),
        "steps": str(STEPS),
        "keras_version": keras.__version__,
        "backend": f"tensorflow {tf.__version__}",
        "weights": json.dumps(
            [
                {"index": i, "path": w.path, "name": w.name, "shape": list(w.shape), "trainable": w.trainable}
                for i, w in enumerate(model.weights)
            ]
        ),
    }
    start = model.get_weights()
    history = []
    for step in range(STEPS):
        with tf.GradientTape() as tape:
            value = loss(target, model(argument, training=True)) + sum(model.losses)
        grads = tape.gradient(value, [w.value for w in model.trainable_weights])
        if step == 0:
            places = {id(w): i for i, w in enumerate(model.weights)}
            for weight, grad in zip(model.trainable_weights, grads, strict=True):
                tensors[f"grad_weight.{places[id(weight)]}"] = tf.convert_to_tensor(grad).numpy()
        optimizer.apply(grads, model.trainable_weights)
        history.append(value.numpy())
    tensors["loss.0"] = np.asarray(history, np.float32)
    tensors |= {f"weight_after.{i}": w.numpy() for i, w in enumerate(model.weights)}
    tensors["prediction_after.0"] = model(argument, training=False).numpy()
    check_against_fit(build, start, argument, target, tensors)
    return tensors, metadata


def check_against_fit(build, start, argument, target, tensors):
    """The hand-written steps must be what `fit` does."""
    model, loss, optimizer, (_, _, batch) = build()
    model.set_weights(start)
    model.compile(optimizer, loss, metrics=["accuracy"])
    history = model.fit(argument, target, batch_size=batch, epochs=STEPS, shuffle=False, verbose=0).history["loss"]
    deviation = case_file.worst(tensors["loss.0"].tolist(), history)
    for i, weight in enumerate(model.weights):
        deviation = max(deviation, case_file.worst(tensors[f"weight_after.{i}"], weight.numpy()))
    if len(target.shape) > 1 and target.dtype == np.int32:
        result = model.evaluate(argument, target, batch_size=batch, verbose=0)
        tensors["evaluated.0"] = np.asarray(result, np.float32)
    if deviation > 1:
        raise SystemExit(f"error: {build.__name__}: the recorded steps differ from fit by {deviation} tolerances")


def make(folder, report, write):
    """Makes every model case; calls report(name, deviation)."""
    for build in MODELS:
        path = folder / f"{build.__name__}.safetensors"
        old = case_file.load(path)[0] if path.exists() else None
        tensors, metadata = compute(build)
        report(f"models/{path.name}", None if old is None else case_file.worst(old, tensors))
        if write:
            case_file.save(path, tensors, metadata)
