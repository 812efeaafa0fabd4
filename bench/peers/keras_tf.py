"""Training speed of the article's network with Keras on TensorFlow.

--config names a way to feed and run it, from what a tutorial shows to the fastest we know:
  numpy      model.fit on arrays
  numpy-16   the same with steps_per_execution=16
  tfdata     tf.data: batches made once, cached, shuffled as batches, prefetched (cheaper than shuffling images)
  tfdata-16  the same with steps_per_execution=16
  function   no fit: one tf.function that draws shuffled batches from a tensor and trains an epoch a call
"""

import os
import sys

import protocol

parser = protocol.arguments(__doc__)
parser.add_argument("--config", default="tfdata-16", choices=["numpy", "numpy-16", "tfdata", "tfdata-16", "function"])
parser.add_argument("--jit", default="off", choices=["on", "off", "auto"], help="XLA compilation of the training step")
parser.add_argument("--onednn", default="on", choices=["on", "off"])
args = parser.parse_args()

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1" if args.onednn == "on" else "0"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(args.threads)
BATCH = protocol.BATCH
JIT = {"on": True, "off": False, "auto": "auto"}[args.jit]
PER_CALL = 16 if args.config.endswith("-16") else 1


def network():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def with_fit(model, x, y):
    """A train(steps) that calls model.fit."""
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=JIT, steps_per_execution=PER_CALL)
    if args.config.startswith("numpy"):

        def train(steps):
            # As many whole epochs over the arrays as the steps need.
            epochs, rest = divmod(steps * BATCH, len(x))
            loss = None
            if epochs:
                loss = model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0)
            if rest:
                loss = model.fit(x[:rest], y[:rest], batch_size=BATCH, verbose=0)
            return loss.history["loss"][-1]

        return train
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH, drop_remainder=True).cache()
    data = data.shuffle(len(x) // BATCH).repeat().prefetch(tf.data.AUTOTUNE)

    def train(steps):
        return model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0).history["loss"][-1]

    return train


def with_function(model, x, y):
    """A train(steps) made of one compiled loop: no fit, no metrics, no input pipeline."""
    optimizer, loss_of = keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_variables)
    x, y = tf.constant(x), tf.constant(y)

    @tf.function(jit_compile=args.jit == "on")
    def step(batch_x, batch_y):
        with tf.GradientTape() as tape:
            loss = loss_of(batch_y, model(batch_x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function
    def run(order, calls):
        loss = 0.0
        for i in tf.range(calls):
            rows = order[i * BATCH : (i + 1) * BATCH]
            loss = step(tf.ensure_shape(tf.gather(x, rows), (BATCH, 32, 32, 3)), tf.ensure_shape(tf.gather(y, rows), (BATCH,)))
        return loss

    def train(steps):
        batches = len(x) // BATCH
        loss = None
        while steps:
            now = min(steps, batches)
            loss = run(tf.random.shuffle(tf.range(len(x))), tf.constant(now))
            steps -= now
        return float(loss)

    return train


keras.utils.set_random_seed(0)
images, labels = protocol.images(args)
make = with_function if args.config == "function" else with_fit
name = f"keras-tf {args.config}" + (f" jit={args.jit}" if args.jit != "off" else "")
name += " onednn=off" if args.onednn == "off" else ""
protocol.serve(args, name, "W1-train", make(network(), images, labels))
sys.exit(0)
