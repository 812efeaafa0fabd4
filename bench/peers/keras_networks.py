"""The networks of the work loads in Keras, with Keras's own layers wherever it has them."""

import keras
import problem
import tensorflow as tf
from keras import layers


class Lrn(layers.Layer):
    """Local response normalisation as the AlexNet paper has it, which Keras lacks."""

    def call(self, x):
        return tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)


class Positions(layers.Layer):
    """A learned vector for each position, added to the tokens'."""

    def build(self, shape):
        self.embeddings = self.add_weight(shape=shape[1:], name="embeddings", initializer="uniform")

    def call(self, x):
        return x + self.embeddings


def _norm(name, eps=1e-5):
    return layers.BatchNormalization(epsilon=eps, momentum=0.9, name=name)


def article(dropout):
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu", name="conv2d"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25 * dropout),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_1"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25 * dropout),
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dropout(0.5 * dropout),
            layers.Dense(10, activation="softmax", name="dense_1"),
        ]
    )


def mlp(_):
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu", name="dense"),
            layers.Dense(512, activation="relu", name="dense_1"),
            layers.Dense(10, activation="softmax", name="dense_2"),
        ]
    )


def resnet18(_):
    def conv(name, filters, size, stride=1):
        return layers.Conv2D(filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)

    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(_norm("conv1_bn")(conv("conv1_conv", 64, 3)(inputs)))
    for name, _, outputs, stride in problem.resnet18_blocks():
        shortcut = x
        if stride != 1:
            shortcut = _norm(f"{name}_0_bn")(conv(f"{name}_0_conv", outputs, 1, stride)(x))
        y = layers.ReLU()(_norm(f"{name}_1_bn")(conv(f"{name}_1_conv", outputs, 3, stride)(x)))
        y = _norm(f"{name}_2_bn")(conv(f"{name}_2_conv", outputs, 3)(y))
        x = layers.ReLU()(layers.Add()([shortcut, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, name="predictions")(x))


def alexnet(dropout):
    def pool():
        return layers.MaxPooling2D(3, 2)

    return keras.Sequential(
        [
            keras.Input((227, 227, 3)),
            layers.Conv2D(96, 11, 4, activation="relu", name="conv1"),
            Lrn(),
            pool(),
            layers.Conv2D(256, 5, padding="same", groups=2, activation="relu", name="conv2"),
            Lrn(),
            pool(),
            layers.Conv2D(384, 3, padding="same", activation="relu", name="conv3"),
            layers.Conv2D(384, 3, padding="same", groups=2, activation="relu", name="conv4"),
            layers.Conv2D(256, 3, padding="same", groups=2, activation="relu", name="conv5"),
            pool(),
            layers.Flatten(),
            layers.Dense(4096, activation="relu", name="fc6"),
            layers.Dropout(0.5 * dropout),
            layers.Dense(4096, activation="relu", name="fc7"),
            layers.Dropout(0.5 * dropout),
            layers.Dense(1000, activation="softmax", name="fc8"),
        ]
    )


def recurrent(work):
    cell = layers.GRU(128, name="gru") if work == "W3-gru" else layers.LSTM(128, name="lstm")
    if work == "W3-bilstm":
        cell = layers.Bidirectional(cell, name="bidirectional")
    return keras.Sequential(
        [keras.Input((200,), dtype="int32"), layers.Embedding(20_000, 128, name="embedding"), cell, layers.Dense(1, "sigmoid", name="dense")]
    )


def gpt(_):
    inputs = keras.Input((128,), dtype="int32")
    x = Positions(name="position_embedding")(layers.Embedding(65, 128, name="token_embedding")(inputs))
    for block in range(1, 5):
        name = f"block{block}"
        y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_attention_norm")(x)
        y = layers.MultiHeadAttention(4, 32, name=f"{name}_attention")(y, y, use_causal_mask=True)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_mlp_norm")(x)
        y = layers.Dense(512, name=f"{name}_mlp_up")(y)
        y = layers.Activation(lambda v: keras.activations.gelu(v, approximate=True))(y)
        x = layers.Add()([x, layers.Dense(128, name=f"{name}_mlp_down")(y)])
    x = layers.LayerNormalization(epsilon=1e-5, name="final_norm")(x)
    return keras.Model(inputs, layers.Dense(65, name="head")(x))


def network(work, dropout=True):
    if work.startswith("W3"):
        return recurrent(work)
    if work.startswith("W6-resnet50"):
        return keras.applications.ResNet50(weights=None)
    return {"W1": article, "W2": resnet18, "W4": mlp, "W5": gpt, "W6": alexnet}[work.split("-")[0]](dropout)


def loss_of(work):
    if work.startswith("W3"):
        return keras.losses.BinaryCrossentropy()
    return keras.losses.SparseCategoricalCrossentropy(from_logits=work.startswith(("W2", "W5")))


def optimizer_of(work):
    if work.startswith(("W2", "W6")):
        return keras.optimizers.SGD(0.01, momentum=0.9)
    return keras.optimizers.AdamW(0.001) if work.startswith("W5") else keras.optimizers.Adam(0.001)


def names(model, shapes):
    """The weights by the names that all implementations use: Keras's paths, without its own model's name in front and recurrent cells."""
    found = {}
    for weight in model.weights:
        path = weight.path.replace("/lstm_cell", "").replace("/gru_cell", "")
        name = next(n for n in (path, path.split("/", 1)[-1]) if n in shapes)
        found[name] = weight
    assert found.keys() == shapes.keys(), found.keys() ^ shapes.keys()
    return found
