"""ONNX Runtime on the networks in use, exported from PyTorch."""

import os
import subprocess
import sys
import tempfile

import protocol

args = protocol.start(__doc__, ["onnxruntime", "onnx", "torch"], lambda work: not protocol.problem.WORKS[work].train, ("--export", {}))
spec = args.spec

if args.export:
    # In a process of its own, so that PyTorch's memory is not counted.
    import torch
    from torch_networks import network

    model = network(args.work)
    model.load(protocol.problem.shapes(args.work))
    model = torch.nn.Sequential(model, torch.nn.Softmax(-1)).eval()
    x = torch.from_numpy(spec.inputs_to_compare()).permute(0, 3, 1, 2).contiguous()
    torch.onnx.export(model, (x,), args.export, input_names=["x"], dynamo=False)
    sys.exit(0)

import numpy as np  # noqa: E402
import onnxruntime as ort  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.onnx")
    export = [sys.executable, __file__, "--work", args.work, "--export", path]
    subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def batches(count):
    x = spec.inputs(count * spec.batch).transpose(0, 3, 1, 2)
    return [np.ascontiguousarray(part) for part in np.split(x, count)]


def check():
    return {"output": protocol.problem.digest("output", session.run(None, {"x": batches(1)[0]})[0])}


def make_run():
    parts = batches(spec.batches)

    def infer(steps):
        for step in range(steps):
            session.run(None, {"x": parts[step % len(parts)]})
        return steps, None

    return infer


protocol.serve(f"onnxruntime {ort.__version__}", check, make_run)
