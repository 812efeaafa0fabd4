"""Makes golden/models/article_check.json: what Keras computes for the article's network at full size, without dropout.

No weights are stored: weights, images and labels follow from a formula in exact float32, so that any program can check its answer
against Keras before it is timed.

    uniform(stream, i) = (hash >> 8) / 2^24, in [0, 1)
    hash: x = i * 0x9E3779B9 + stream * 0x85EBCA6B; x ^= x >> 16; x *= 0x7FEB352D; x ^= x >> 15; x *= 0x846CA68B; x ^= x >> 16
          (32-bit unsigned, wrapping)

With streams: weight n (Keras order) is stream n, value (2u - 1) * limit[n], flat index in row-major order; images are stream 100, value u,
shape [128, 32, 32, 3]; label i is the integer part of 10 u(101, i). Each gradient is given as its L2 norm, its sum, its first 8 values and
4 projections: the sums of grad[i] * (2 u(200 + 10 n + k, i) - 1) for k in 0..4. Sums are in float64.

    python bench/check_same.py           # write
    python bench/check_same.py --check   # compare Keras with the stored values instead
    python bench/check_same.py --torch   # compare PyTorch with the stored values instead
"""

import argparse
import json
import os
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILE = ROOT / "golden" / "models" / "article_check.json"
BATCH, STEPS = 128, 5
SHAPES = {
    "conv2d/kernel": (3, 3, 3, 32),
    "conv2d/bias": (32,),
    "conv2d_1/kernel": (3, 3, 32, 64),
    "conv2d_1/bias": (64,),
    "dense/kernel": (2304, 64),
    "dense/bias": (64,),
    "dense_1/kernel": (64, 10),
    "dense_1/bias": (10,),
}
# Powers of two: the products are exact. About what Glorot's limits are.
LIMITS = [0.125, 0.0625, 0.0625, 0.0625, 0.0625, 0.0625, 0.25, 0.0625]


def uniform(stream, count):
    """float32 in [0, 1), the same in every language."""
    mask = np.uint64(0xFFFFFFFF)
    x = (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B9) + np.uint64(stream * 0x85EBCA6B)) & mask
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & mask
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & mask
    x ^= x >> np.uint64(16)
    return ((x >> np.uint64(8)).astype(np.float64) / 2**24).astype(np.float32)


def signed(stream, shape):
    return (2 * uniform(stream, int(np.prod(shape))) - 1).reshape(shape)


def problem():
    """(weights in Keras order, images, labels)."""
    weights = [signed(n, shape) * np.float32(limit) for n, (shape, limit) in enumerate(zip(SHAPES.values(), LIMITS))]
    images = uniform(100, BATCH * 32 * 32 * 3).reshape(BATCH, 32, 32, 3)
    return weights, images, np.floor(10 * uniform(101, BATCH).astype(np.float64)).astype(np.int32)


def digest(n, grad):
    """What is stored of one gradient."""
    flat = np.asarray(grad, np.float64).reshape(-1)
    return {
        "l2": float(np.sqrt((flat * flat).sum())),
        "sum": float(flat.sum()),
        "first": flat[:8].tolist(),
        "projections": [float((flat * signed(200 + 10 * n + k, flat.shape).astype(np.float64)).sum()) for k in range(4)],
    }


def with_keras():
    os.environ |= {"TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    import keras
    import tensorflow as tf
    from keras import layers

    weights, images, labels = problem()
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights(weights)
    loss_of, optimizer = keras.losses.SparseCategoricalCrossentropy(), keras.optimizers.Adam()
    losses, first = [], None
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        grads = tape.gradient(loss, [w.value for w in model.weights])
        first = first or [g.numpy() for g in grads]
        optimizer.apply(grads, model.weights)
        losses.append(float(loss))
    return losses, first, f"keras {keras.__version__}, tensorflow {tf.__version__}, oneDNN off"


def with_torch():
    """The same in PyTorch, with weights and gradients in Keras's layout."""
    import torch
    from torch.nn import functional as F

    weights, images, labels = problem()
    w = [torch.tensor(x, requires_grad=True) for x in weights]
    optimizer = torch.optim.Adam(w)
    y = torch.tensor(labels).long()
    losses, first = [], None
    for step in range(1, STEPS + 1):
        # Keras adds epsilon to the square root before the bias correction, PyTorch after it.
        optimizer.param_groups[0]["eps"] = 1e-7 / (1 - 0.999**step) ** 0.5
        x = torch.tensor(images).permute(0, 3, 1, 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, w[0].permute(3, 2, 0, 1), w[1])), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, w[2].permute(3, 2, 0, 1), w[3])), 2)
        x = F.relu(x.permute(0, 2, 3, 1).reshape(BATCH, -1) @ w[4] + w[5])
        loss = F.cross_entropy(x @ w[6] + w[7], y)
        optimizer.zero_grad()
        loss.backward()
        first = first or [v.grad.numpy().copy() for v in w]
        optimizer.step()
        losses.append(loss.item())
    return losses, first, f"torch {torch.__version__}"


def describe(losses, grads, made_by):
    return {
        "description": "The article's network (valid 3x3 convolutions, no dropout), batch 128: see bench/check_same.py for the formula",
        "made_by": made_by,
        "batch_size": BATCH,
        "optimizer": {"class_name": "Adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        "tolerance": 1e-4,
        "uniform_check": [uniform(100, 4).tolist(), uniform(3, 4).tolist()],
        "labels_check": problem()[2][:16].tolist(),
        "losses": losses,
        "weights": [
            {"name": name, "shape": list(shape), "limit": limit, "grad": digest(n, grads[n])}
            for n, ((name, shape), limit) in enumerate(zip(SHAPES.items(), LIMITS))
        ],
    }


def compare(stored, made):
    """Prints the deviation of each number relative to the gradient's own size; the largest must stay under the tolerance."""
    worst = max(abs(a - b) / abs(a) for a, b in zip(stored["losses"], made["losses"], strict=True))
    print(f"losses of {STEPS} steps: {worst:.2e}")
    for old, new in zip(stored["weights"], made["weights"], strict=True):
        a, b, norm = old["grad"], new["grad"], old["grad"]["l2"]
        pairs = [(a["l2"], b["l2"]), *zip(a["first"], b["first"]), *zip(a["projections"], b["projections"])]
        deviation = max(abs(x - y) for x, y in pairs) / norm
        print(f"{old['name']}: {deviation:.2e}")
        worst = max(worst, deviation)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare Keras with the stored values; write nothing")
    parser.add_argument("--torch", action="store_true", help="compare PyTorch with the stored values; write nothing")
    args = parser.parse_args()
    if args.check or args.torch:
        stored = json.loads(FILE.read_text())
        worst = compare(stored, describe(*(with_torch if args.torch else with_keras)()))
        sys.exit(0 if worst <= stored["tolerance"] else f"error: deviates by {worst:.2e}, allowed {stored['tolerance']}")
    text = json.dumps(describe(*with_keras()), indent=1) + "\n"
    partial = FILE.with_name(FILE.name + ".tmp")
    partial.write_text(text)
    partial.replace(FILE)
    print(f"written: {FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
