"""Steps of one of PyTorch's optimizers or schedules, in a process of its own: PyTorch and TensorFlow do not share one well. JSON in, JSON out."""

import json
import sys

import torch
from torch.optim import lr_scheduler

task = json.load(sys.stdin)


def steps_of_optimizer():
    weights = [torch.tensor(w, dtype=torch.float32, requires_grad=True) for w in task["init"]]
    optimizer = getattr(torch.optim, task["name"])(weights, **task["arguments"])
    for step in task["grads"]:
        for weight, grad in zip(weights, step, strict=True):
            weight.grad = torch.tensor(grad, dtype=torch.float32)
        optimizer.step()
        yield [w.detach().tolist() for w in weights]


def rates_of_schedule():
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=task["learning_rate"], momentum=0.9)
    parts = [getattr(lr_scheduler, name)(optimizer, **arguments) for name, arguments in task["schedules"]]
    schedule = parts[0] if len(parts) == 1 else lr_scheduler.SequentialLR(optimizer, parts, milestones=task["milestones"])
    for _ in range(task["steps"]):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()


def point_of_lbfgs():
    x = torch.tensor(task["lbfgs"], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], **task["arguments"])
    shares = torch.arange(1, len(x) + 1, dtype=torch.float64)

    def closure():
        optimizer.zero_grad()
        value = (shares / 2 * (x - 1) ** 2).sum() + (x[0] * x[1]) ** 2 / 4
        value.backward()
        return value

    optimizer.step(closure)
    yield from x.tolist()


KINDS = {"grads": steps_of_optimizer, "schedules": rates_of_schedule, "lbfgs": point_of_lbfgs}
(kind,) = KINDS.keys() & task.keys()
json.dump(list(KINDS[kind]()), sys.stdout)
