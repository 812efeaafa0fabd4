"""Reads the CIFAR-10 binary release (xz-packed or plain) into numpy arrays.

The folder is the one CORNU_DATA/cifar10 points at: `data_batch_{1..5}.bin[.xz]` and `test_batch.bin[.xz]`.
"""

import lzma
import os
import pathlib

import numpy as np

RECORD = 3073  # one label byte, then 1,024 red, 1,024 green and 1,024 blue bytes


def folder(argument=None):
    """The data folder: the argument, or cifar10 under CORNU_DATA."""
    if argument:
        return pathlib.Path(argument)
    root = os.environ.get("CORNU_DATA")
    if not root:
        raise SystemExit("error: no data folder\nhelp: give --data FOLDER or set CORNU_DATA")
    return pathlib.Path(root) / "cifar10"


def _read(base):
    packed = base.with_name(base.name + ".xz")
    if packed.exists():
        with lzma.open(packed) as file:
            raw = file.read()
    elif base.exists():
        raw = base.read_bytes()
    else:
        raise SystemExit(f"error: neither {packed} nor {base} exists")
    if not raw or len(raw) % RECORD:
        raise SystemExit(f"error: {base}: expected a multiple of {RECORD} bytes, received {len(raw)}")
    records = np.frombuffer(raw, np.uint8).reshape(-1, RECORD)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype(np.int32)


def load(path, train_files=5):
    """((train images, labels), (test images, labels)): float32 NHWC in 0..1, int32."""
    path = pathlib.Path(path)
    parts = [_read(path / f"data_batch_{i}.bin") for i in range(1, train_files + 1)]
    train_x = np.concatenate([x for x, _ in parts]).astype(np.float32) / np.float32(255)
    train_y = np.concatenate([y for _, y in parts])
    test_x, test_y = _read(path / "test_batch.bin")
    return (train_x, train_y), (test_x.astype(np.float32) / np.float32(255), test_y)
