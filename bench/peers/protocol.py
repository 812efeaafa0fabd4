"""The protocol of the speed comparison, the same for every implementation.

A child warms up, prints `{"ready": true, ...}`, and then prints one JSON line per repetition:
`{"implementation", "workload", "images_per_second", "seconds", "steps", "loss", "peak_memory_mb"}`. With --interactive it starts a
repetition only when it reads a newline, so that a driver can alternate implementations; end of input ends it.
"""

import argparse
import json
import pathlib
import resource
import sys
import time

BATCH = 128
IMAGES = 12_288  # 96 batches, 151 MB of float32: larger than any cache, as a real data set is


def arguments(description):
    """A parser with the arguments every peer takes."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--steps", type=int, default=192, help="training steps per repetition (of 16)")
    parser.add_argument("--seconds", type=float, help="choose the steps so that a repetition takes about this long")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions, where not interactive")
    parser.add_argument("--interactive", action="store_true", help="one repetition per line on standard input")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", help="folder of the CIFAR-10 binary release; without it the images are random")
    return parser


def images(args):
    """(x in 0..1 [12288, 32, 32, 3] float32, y int32)."""
    import numpy as np

    if args.data:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
        import cifar10

        (x, y), _ = cifar10.load(args.data, train_files=2)
        return x[:IMAGES], y[:IMAGES]
    rng = np.random.default_rng(0)
    x = rng.random((IMAGES, 32, 32, 3), dtype=np.float32)
    # Each class has a pattern under the noise: a broken training step shows in the printed loss.
    y = rng.integers(0, 10, IMAGES).astype(np.int32)
    x += rng.random((10, 32, 32, 3), dtype=np.float32)[y]
    x *= np.float32(0.5)
    return x, y


def peak_memory_mb():
    """Peak resident memory of this process."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def serve(args, implementation, workload, train):
    """Runs the repetitions. `train(steps)` trains that many steps and returns the last loss as a float."""
    start = time.perf_counter()
    train(args.steps)
    warm_up = time.perf_counter() - start
    if args.seconds:
        start = time.perf_counter()
        train(args.steps)
        per_step = (time.perf_counter() - start) / args.steps
        args.steps = max(16, round(args.seconds / per_step / 16) * 16)
        train(args.steps)
    print(json.dumps({"ready": True, "implementation": implementation, "warm_up_seconds": round(warm_up, 2)}), flush=True)
    done = 0
    while sys.stdin.readline() if args.interactive else done < args.repeat:
        start = time.perf_counter()
        loss = train(args.steps)
        seconds = time.perf_counter() - start
        line = {
            "implementation": implementation,
            "workload": workload,
            "images_per_second": round(args.steps * BATCH / seconds, 1),
            "seconds": round(seconds, 4),
            "steps": args.steps,
            "loss": round(loss, 5),
            "peak_memory_mb": peak_memory_mb(),
        }
        print(json.dumps(line), flush=True)
        done += 1
