"""Trains the article's CIFAR-10 network with Keras and stores the curves: the accuracy that Cornu must match.

    KERAS_BACKEND=tensorflow python bench/keras_cifar10.py --seed 0 --data "$CORNU_DATA/cifar10"
"""

import argparse
import json
import os
import pathlib
import resource
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras  # noqa: E402
from keras import layers  # noqa: E402

import cifar10  # noqa: E402


def network():
    """The network of the article, dropout included, uncompiled."""
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


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder of the binary release (default: $CORNU_DATA/cifar10)")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--out", help="result file (default: bench/results/keras_cifar10_seed<N>.json)")
    args = parser.parse_args()

    train, test = cifar10.load(cifar10.folder(args.data))
    keras.utils.set_random_seed(args.seed)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    history = model.fit(
        *train, batch_size=args.batch_size, epochs=args.epochs, shuffle=True, validation_data=test, verbose=2
    ).history
    seconds = time.perf_counter() - start
    result = {
        "implementation": f"keras {keras.__version__} ({keras.backend.backend()})",
        "seed": args.seed,
        "epochs": args.epochs,
        "batch_size": args.batch_size,
        "parameters": model.count_params(),
        "train_loss": history["loss"],
        "train_accuracy": history["accuracy"],
        "test_loss": history["val_loss"],
        "test_accuracy": history["val_accuracy"],
        "seconds": round(seconds, 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    out = pathlib.Path(args.out or here / "results" / f"keras_cifar10_seed{args.seed}.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".tmp")
    partial.write_text(json.dumps(result, indent=1) + "\n")
    partial.replace(out)
    print(json.dumps({"seed": args.seed, "test_accuracy": result["test_accuracy"][-1], "seconds": seconds}))


if __name__ == "__main__":
    main()
