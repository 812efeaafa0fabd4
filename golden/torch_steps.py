"""Steps of one of PyTorch's optimizers, in a process of its own: PyTorch and TensorFlow do not share one well. JSON in, JSON out."""

import json
import sys

import torch

task = json.load(sys.stdin)
weights = [torch.tensor(w, dtype=torch.float32, requires_grad=True) for w in task["init"]]
optimizer = getattr(torch.optim, task["name"])(weights, **task["arguments"])
after = []
for step in task["grads"]:
    for weight, grad in zip(weights, step, strict=True):
        weight.grad = torch.tensor(grad, dtype=torch.float32)
    optimizer.step()
    after.append([w.detach().tolist() for w in weights])
json.dump(after, sys.stdout)
