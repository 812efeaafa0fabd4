"""The recipe of examples/cifar10_94.rs in PyTorch: how long an epoch takes here, and with --epochs 9.9 what it reaches.

    CORNU_DATA=... python bench/cifar10_94.py [--epochs 1] [--threads 2]

Keller Jordan's airbench94 (arXiv:2404.00498), on a processor in float32 and channels_last.
"""

import argparse
import lzma
import os
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

RATE, DECAY, MOMENTUM, BIAS_SCALER, SMOOTHING, WHITEN_BIAS_EPOCHS = 11.5, 0.0153, 0.85, 64.0, 0.2, 3
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def load(folder, names):
    """Images normalised, NCHW, and labels."""
    raw = [np.frombuffer(lzma.open(folder / f"{n}.bin.xz").read(), np.uint8).reshape(-1, 3073) for n in names]
    raw = np.concatenate(raw)
    x = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).copy()).float() / 255
    x = (x - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(raw[:, 0].astype(np.int64))


class Norm(nn.BatchNorm2d):
    """A batch normalisation that learns its bias alone."""

    def __init__(self, width):
        super().__init__(width, eps=1e-12, momentum=0.4)
        self.weight.requires_grad = False


def convolution(inputs, outputs):
    """A convolution that begins as the identity."""
    layer = nn.Conv2d(inputs, outputs, 3, padding="same", bias=False)
    nn.init.dirac_(layer.weight.data[:inputs])
    return layer


def network(images):
    widths = [24, 64, 256, 256]
    whiten = nn.Conv2d(3, 24, 2)
    patches = images[:1000].unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches), UPLO="U")
    filters = vectors.T.reshape(-1, 3, 2, 2) / torch.sqrt(values.view(-1, 1, 1, 1) + 5e-4)
    whiten.weight.data[:] = torch.cat((filters, -filters))
    whiten.weight.requires_grad = False
    parts = [whiten, nn.GELU()]
    for inputs, outputs in zip(widths, widths[1:]):
        parts += [convolution(inputs, outputs), nn.MaxPool2d(2), Norm(outputs), nn.GELU()]
        parts += [convolution(outputs, outputs), Norm(outputs), nn.GELU()]
    net = nn.Sequential(*parts, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(widths[-1], 10, bias=False))
    return net.to(memory_format=torch.channels_last)


def shifted(x):
    """Each image moved by up to two pixels, mirrored at its edges."""
    wide = F.pad(x, (2,) * 4, "reflect")
    out = torch.empty_like(x)
    places = torch.randint(0, 5, (len(x), 2))
    for down in range(5):
        for right in range(5):
            here = (places[:, 0] == down) & (places[:, 1] == right)
            out[here] = wide[here, :, down : down + 32, right : right + 32]
    return out


def accuracy(net, x, y):
    """From six views of each image."""
    net.eval()
    right = 0
    with torch.no_grad():
        for images, labels in zip(x.split(500), y.split(500)):
            wide = F.pad(images, (1,) * 4, "reflect")
            views = [images, wide[:, :, 0:32, 0:32], wide[:, :, 2:34, 2:34]]
            scores = [net(v) + net(v.flip(-1)) for v in views]
            right += ((scores[0] + 0.5 * (scores[1] + scores[2])).argmax(1) == labels).sum().item()
    net.train()
    return right / len(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    folder = pathlib.Path(os.environ["CORNU_DATA"]) / "cifar10"
    x, y = load(folder, [f"data_batch_{i}" for i in range(1, 6)])
    net, batch = network(x), args.batch
    per_epoch = len(x) // batch
    steps = int(np.ceil(len(x) * args.epochs / batch))
    scale = 1024 * (1 + 1 / (1 - MOMENTUM))
    rate, decay = RATE / scale, DECAY * batch / scale
    biases = [m.bias for m in net if isinstance(m, Norm)]
    others = [p for p in net.parameters() if p.requires_grad and all(p is not b for b in biases)]
    groups = [
        dict(params=biases, lr=rate * BIAS_SCALER, weight_decay=decay / rate / BIAS_SCALER),
        dict(params=others, lr=rate, weight_decay=decay / rate),
    ]
    optimizer = torch.optim.SGD(groups, momentum=MOMENTUM, nesterov=True)
    rates = [g["lr"] for g in groups]
    mirrored, slow = torch.rand(len(x)) < 0.5, None
    begun = time.perf_counter()
    for step in range(steps):
        epoch, within = divmod(step, per_epoch)
        if within == 0:
            order = torch.randperm(len(x))
        at = step / steps
        height = 0.2 + 0.8 * at / 0.23 if at < 0.23 else 1 - 0.93 * (at - 0.23) / 0.77
        for group, full in zip(optimizer.param_groups, rates):
            group["lr"] = full * height
        net[0].bias.requires_grad = step * batch / len(x) < WHITEN_BIAS_EPOCHS
        index = order[within * batch : (within + 1) * batch]
        images = x[index]
        flip = mirrored[index] != (epoch % 2 == 1)
        images[flip] = images[flip].flip(-1)
        scores = net(shifted(images)) / 9
        loss = F.cross_entropy(scores, y[index], label_smoothing=SMOOTHING, reduction="sum")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if (step + 1) % 5 == 0:
            state = [v for v in net.state_dict().values() if v.is_floating_point()]
            slow = slow or [v.clone() for v in state]
            keep = 0.95**5 * at**3
            for s, v in zip(slow, state):
                v.copy_(s.lerp_(v, 1 - keep))
        if within + 1 == per_epoch or step + 1 == steps:
            seconds = time.perf_counter() - begun
            print(f"epoch {epoch + 1}  {seconds:.1f} s  loss {loss.item() / batch:.4f}  {(step + 1) * batch / seconds:.0f} images/s", flush=True)
    x, y = load(folder, ["test_batch"])
    print(f"test accuracy {100 * accuracy(net, x, y):.2f} %")


if __name__ == "__main__":
    main()
