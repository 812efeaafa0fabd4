"""Reads and writes one golden case: a .safetensors file whose bytes depend on its content alone."""

import json
import os
import pathlib
import sys

import numpy as np

TYPES = {"F32": np.float32, "I32": np.int32, "I64": np.int64, "U8": np.uint8, "BOOL": np.bool_}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}


def write_bytes(path, data):
    """Writes to a temporary name, syncs and renames, so that no reader sees half a file."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".tmp")
    with open(partial, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def write_json(path, value, **layout):
    """Writes JSON with the exact float32 values (the shortest decimals of their float64)."""
    write_bytes(path, (json.dumps(value, **layout) + "\n").encode())


def save(path, tensors, metadata):
    """Writes tensors (sorted by name) and string metadata (sorted by key)."""
    header = {"__metadata__": {key: metadata[key] for key in sorted(metadata)}}
    body = b""
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(np.shape(tensors[name])),
            "data_offsets": [len(body), len(body) + array.nbytes],
        }
        body += array.tobytes()
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    write_bytes(path, len(head).to_bytes(8, "little") + head + body)


def load(path):
    """(tensors, metadata) of one file."""
    raw = pathlib.Path(path).read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = np.frombuffer(raw[8 + size + begin : 8 + size + end], TYPES[entry["dtype"]])
        tensors[name] = data.reshape(entry["shape"])
    return tensors, metadata


def worst(old, new):
    """Largest |old - new| / (1e-5 + 1e-4 |new|) over two nested lists, dicts or arrays: 1 is the tolerance."""
    if isinstance(new, dict):
        if set(old) != set(new):
            return float("inf")
        return max((worst(old[key], new[key]) for key in new), default=0.0)
    if isinstance(new, (str, type(None), bool)):
        return 0.0 if old == new else float("inf")
    if isinstance(new, list) and any(isinstance(item, (dict, str, type(None), list)) for item in new):
        if not isinstance(old, list) or len(old) != len(new):
            return float("inf")
        return max((worst(a, b) for a, b in zip(old, new)), default=0.0)
    if np.shape(old) != np.shape(new):
        return float("inf")
    old, new = np.asarray(old, np.float64), np.asarray(new, np.float64)
    if not old.size:
        return 0.0
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    with np.errstate(invalid="ignore"):
        ratio = np.abs(old - new) / (1e-5 + 1e-4 * np.abs(new))
    ratio = np.where(same, 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    return float(ratio.max())


def write_or_check(name, made):
    """Writes a list of cases with names to a JSON file beside the scripts; with `--check` it compares them with those stored, and ends."""
    path = pathlib.Path(__file__).parent / name
    if "--check" not in sys.argv:
        write_json(path, made, separators=(",", ":"))
        print(f"{len(made)} cases in {name}")
        return
    stored = {case["name"]: case for case in json.loads(path.read_text())}
    deviations = {case["name"]: worst(stored.get(case["name"], {}), case) for case in made}
    failures = {case: deviation for case, deviation in deviations.items() if deviation > 1}
    for case, deviation in failures.items():
        print(f"DEVIATES  {name}: {case}: {deviation:.3g} tolerances")
    print(f"{len(made)} cases checked, {len(failures)} deviate")
    sys.exit(1 if failures else 0)
