"""Keras on TensorFlow. --config names how it is fed and run, from what a tutorial shows to the fastest we know:

  fit       model.fit on arrays
  fit-16    model.fit on tf.data (batches made once, cached, shuffled as batches), steps_per_execution=16
  function  no fit: one tf.function that draws shuffled batches from a tensor and makes many steps a call
  jit       the same with XLA
"""

import os

import protocol

CONFIGS = {"default": "function", "choices": ["fit", "fit-16", "function", "jit"]}
args = protocol.start(__doc__, ["tensorflow", "keras"], lambda work: True, ("--config", CONFIGS))
spec = args.spec
if args.config.startswith("fit") and not spec.train:
    protocol.say(unsupported="fit trains")
    raise SystemExit

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

import keras  # noqa: E402
import problem  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras_networks import loss_of, names, network, optimizer_of  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(args.threads)
keras.utils.set_random_seed(0)
BATCH, JIT = spec.batch, args.config == "jit"
SHAPES = problem.shapes(args.work)


def check():
    model = network(args.work, dropout=False)
    weights = names(model, SHAPES)
    for name, weight in weights.items():
        weight.assign(problem.weight(name, SHAPES[name]))
    x = tf.constant(spec.inputs_to_compare())
    if not spec.train:
        output = tf.function(lambda v: model(v, training=False), jit_compile=JIT)(x)
        return {"output": problem.digest("output", output.numpy())}
    trained = {name: w for name, w in weights.items() if w.trainable}
    criterion = loss_of(args.work)

    @tf.function(jit_compile=JIT)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = criterion(y, model(x, training=True))
        return loss, [tf.convert_to_tensor(g) for g in tape.gradient(loss, [w.value for w in trained.values()])]

    loss, gradients = step(x, tf.constant(spec.targets(BATCH)))
    return problem.digests(loss, ((name, g.numpy()) for name, g in zip(trained, gradients)))


def with_fit(model, x, y):
    whole = args.config == "fit-16"
    model.compile(optimizer_of(args.work), loss_of(args.work), jit_compile=False, steps_per_execution=16 if whole else 1)
    if whole:
        data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH, drop_remainder=True).cache()
        data = data.shuffle(spec.batches).repeat().prefetch(tf.data.AUTOTUNE)

        def train(steps):
            steps = max(16, round(steps / 16) * 16)
            return steps, model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0).history["loss"][-1]

        return train

    def train(steps):
        epochs = max(1, round(steps / spec.batches))
        rows = BATCH * min(steps, spec.batches)
        history = model.fit(x[:rows], y[:rows], batch_size=BATCH, epochs=epochs, verbose=0).history
        return epochs * rows // BATCH, history["loss"][-1]

    return train


def with_function(model, x, y):
    optimizer, criterion = optimizer_of(args.work), loss_of(args.work)
    optimizer.build(model.trainable_variables)
    x, y = tf.constant(x), tf.constant(y)

    @tf.function(jit_compile=JIT)
    def step(batch_x, batch_y):
        with tf.GradientTape() as tape:
            loss = criterion(batch_y, model(batch_x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function
    def run(order, calls):
        loss = 0.0
        for i in tf.range(calls):
            rows = order[i * BATCH : (i + 1) * BATCH]
            batch_x, batch_y = tf.gather(x, rows), tf.gather(y, rows)
            loss = step(tf.ensure_shape(batch_x, (BATCH, *x.shape[1:])), tf.ensure_shape(batch_y, (BATCH, *y.shape[1:])))
        return loss

    def train(steps):
        loss, left = None, steps
        while left:
            now = min(left, spec.batches)
            loss = run(tf.random.shuffle(tf.range(len(x))), tf.constant(now))
            left -= now
        return steps, float(loss)

    return train


def make_run():
    model = network(args.work)
    count = BATCH * spec.batches
    if spec.train:
        make = with_fit if args.config.startswith("fit") else with_function
        return make(model, spec.inputs(count), spec.targets(count))
    forward = tf.function(lambda v: model(v, training=False), jit_compile=JIT)
    batches = tf.split(tf.constant(spec.inputs(count)), spec.batches)

    def infer(steps):
        for step in range(steps):
            forward(batches[step % len(batches)]).numpy()
        return steps, None

    return infer


protocol.serve(f"keras {keras.__version__} on tensorflow {tf.__version__} {args.config}", check, make_run)
