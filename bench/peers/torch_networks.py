"""The networks of the work loads in PyTorch, and where Keras's weights are in them."""

import math

import numpy as np
import problem
import torch
from torch import nn
from torch.nn import functional as F


# How a weight goes from Keras's layout to PyTorch's, and a gradient back.
def _same(a):
    return a


CONV = (lambda a: a.transpose(3, 2, 0, 1), lambda a: a.transpose(2, 3, 1, 0))
DENSE = (lambda a: a.T, lambda a: a.T)
SAME = (_same, _same)


def flat_dense(height, width, channels):
    """The dense layer behind a flattened image: Keras flattens channels last, PyTorch first."""

    def back(a):
        return a.reshape(-1, channels, height, width).transpose(2, 3, 1, 0).reshape(-1, a.shape[0])

    return (lambda a: a.reshape(height, width, channels, -1).transpose(3, 2, 0, 1).reshape(a.shape[1], -1), back)


def heads(*shape):
    """A dense kernel whose output (or, for attention's last, input) is cut into heads; `shape` is Keras's."""
    rows = shape[0] if shape[-1] != 128 else math.prod(shape[:-1])
    return (lambda a: a.reshape(rows, -1).T, lambda a: a.T.reshape(shape))


def _gates(a):
    """Keras orders a GRU's gates z, r, h; PyTorch r, z, n."""
    z, r, h = np.split(a, 3, axis=-1)
    return np.concatenate([r, z, h], axis=-1)


GRU_KERNEL = (lambda a: _gates(a).T, lambda a: _gates(a.T))
GRU_BIAS = (_gates, _gates)


class Network(nn.Module):
    """`layout` maps Keras's names to (tensor or function that gives it, (to PyTorch, to Keras))."""

    def __init__(self):
        super().__init__()
        self.layout = {}

    def conv(self, name, *arguments, **options):
        layer = nn.Conv2d(*arguments, **options)
        self.layout[f"{name}/kernel"] = (layer.weight, CONV)
        if layer.bias is not None:
            self.layout[f"{name}/bias"] = (layer.bias, SAME)
        return layer

    def dense(self, name, inputs, outputs, layout=DENSE):
        layer = nn.Linear(inputs, outputs)
        self.layout |= {f"{name}/kernel": (layer.weight, layout), f"{name}/bias": (layer.bias, SAME)}
        return layer

    def norm(self, name, channels, eps=1e-5):
        layer = nn.BatchNorm2d(channels, eps=eps, momentum=0.1)
        parts = ("gamma", layer.weight), ("beta", layer.bias), ("moving_mean", layer.running_mean)
        for part, tensor in (*parts, ("moving_variance", layer.running_var)):
            self.layout[f"{name}/{part}"] = (tensor, SAME)
        return layer

    def load(self, shapes):
        """Sets all weights by the formula."""
        assert self.layout.keys() == shapes.keys(), self.layout.keys() ^ shapes.keys()
        with torch.no_grad():
            for name, shape in shapes.items():
                tensor, (there, _) = self.layout[name]
                tensor = tensor() if callable(tensor) else tensor
                tensor.copy_(torch.from_numpy(np.ascontiguousarray(there(problem.weight(name, shape)))))

    def gradients(self):
        """(name, gradient in Keras's layout)."""
        for name, (tensor, (_, back)) in self.layout.items():
            grad = tensor(grad=True) if callable(tensor) else tensor.grad
            if grad is not None:
                yield name, np.ascontiguousarray(back(grad.numpy()))


class Article(Network):
    def __init__(self, dropout):
        super().__init__()
        self.net = nn.Sequential(
            self.conv("conv2d", 3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25 * dropout),
            self.conv("conv2d_1", 32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25 * dropout), nn.Flatten(),
            self.dense("dense", 2304, 64, flat_dense(6, 6, 64)), nn.ReLU(), nn.Dropout(0.5 * dropout),
            self.dense("dense_1", 64, 10),
        )  # fmt: skip

    def forward(self, x):
        return self.net(x)


class Mlp(Network):
    def __init__(self, _):
        super().__init__()
        self.net = nn.Sequential(
            self.dense("dense", 784, 512), nn.ReLU(), self.dense("dense_1", 512, 512), nn.ReLU(), self.dense("dense_2", 512, 10)
        )

    def forward(self, x):
        return self.net(x)


class BasicBlock(nn.Module):
    def __init__(self, owner, name, inputs, outputs, stride):
        super().__init__()
        self.conv1 = owner.conv(f"{name}_1_conv", inputs, outputs, 3, stride, 2 - stride, bias=False)
        self.bn1 = owner.norm(f"{name}_1_bn", outputs)
        self.conv2 = owner.conv(f"{name}_2_conv", outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = owner.norm(f"{name}_2_bn", outputs)
        self.shortcut = None
        if stride != 1:
            conv = owner.conv(f"{name}_0_conv", inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, owner.norm(f"{name}_0_bn", outputs))

    def forward(self, x):
        # Where an even image is halved, Keras's "same" pads one row and column at the end.
        y = F.relu(self.bn1(self.conv1(F.pad(x, (0, 1, 0, 1)) if self.shortcut else x)))
        return F.relu(self.bn2(self.conv2(y)) + (self.shortcut(x) if self.shortcut else x))


class ResNet18(Network):
    def __init__(self, _):
        super().__init__()
        self.stem = nn.Sequential(self.conv("conv1_conv", 3, 64, 3, 1, 1, bias=False), self.norm("conv1_bn", 64), nn.ReLU())
        self.blocks = nn.Sequential(*[BasicBlock(self, *block) for block in problem.resnet18_blocks()])
        self.head = self.dense("predictions", 512, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Bottleneck(nn.Module):
    def __init__(self, owner, name, inputs, width, stride, projected):
        super().__init__()

        def unit(number, *arguments, **options):
            conv = owner.conv(f"{name}_{number}_conv", *arguments, **options)
            return nn.Sequential(conv, owner.norm(f"{name}_{number}_bn", arguments[1], 1.001e-5))

        self.shortcut = unit(0, inputs, 4 * width, 1, stride) if projected else nn.Identity()
        self.one, self.two, self.three = unit(1, inputs, width, 1, stride), unit(2, width, width, 3, padding=1), unit(3, width, 4 * width, 1)

    def forward(self, x):
        return F.relu(self.three(F.relu(self.two(F.relu(self.one(x))))) + self.shortcut(x))


class ResNet50(Network):
    """Keras's: biases in the convolutions, strides in the first of a block."""

    def __init__(self, _):
        super().__init__()
        self.stem = nn.Sequential(
            self.conv("conv1_conv", 3, 64, 7, 2, 3), self.norm("conv1_bn", 64, 1.001e-5), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.blocks = nn.Sequential(*[Bottleneck(self, *block) for block in problem.resnet50_blocks()])
        self.head = self.dense("predictions", 2048, 1000)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class AlexNet(Network):
    def __init__(self, dropout):
        super().__init__()

        def norm():
            # PyTorch divides alpha by the number of channels in the window, the paper does not.
            return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)

        self.net = nn.Sequential(
            self.conv("conv1", 3, 96, 11, 4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
            self.conv("conv2", 96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
            self.conv("conv3", 256, 384, 3, padding=1), nn.ReLU(),
            self.conv("conv4", 384, 384, 3, padding=1, groups=2), nn.ReLU(),
            self.conv("conv5", 384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
            self.dense("fc6", 9216, 4096, flat_dense(6, 6, 256)), nn.ReLU(), nn.Dropout(0.5 * dropout),
            self.dense("fc7", 4096, 4096), nn.ReLU(), nn.Dropout(0.5 * dropout), self.dense("fc8", 4096, 1000),
        )  # fmt: skip

    def forward(self, x):
        return self.net(x)


class Recurrent(Network):
    def __init__(self, cell, directions):
        super().__init__()
        self.embedding = nn.Embedding(20_000, 128)
        self.layout["embedding/embeddings"] = (self.embedding.weight, SAME)
        self.rnn = (nn.GRU if cell == "gru" else nn.LSTM)(128, 128, batch_first=True, bidirectional=directions == 2)
        names = ["forward_", "backward_"] if directions == 2 else [""]
        for part, suffix in zip(names, ("_l0", "_l0_reverse")):
            prefix = f"bidirectional/{part}{cell}" if part else cell
            kernel = GRU_KERNEL if cell == "gru" else DENSE
            self.layout[f"{prefix}/kernel"] = (getattr(self.rnn, "weight_ih" + suffix), kernel)
            self.layout[f"{prefix}/recurrent_kernel"] = (getattr(self.rnn, "weight_hh" + suffix), kernel)
            inner, outer = getattr(self.rnn, "bias_ih" + suffix), getattr(self.rnn, "bias_hh" + suffix)
            if cell == "gru":
                self.layout[f"{prefix}/bias"] = (_stacked(inner, outer), GRU_BIAS)
            else:
                # Keras has one bias, PyTorch the sum of two.
                nn.init.zeros_(outer)
                self.layout[f"{prefix}/bias"] = (inner, SAME)
        self.head = self.dense("dense", 128 * directions, 1)

    def forward(self, x):
        last = self.rnn(self.embedding(x))[1]
        last = last[0] if isinstance(last, tuple) else last
        return self.head(torch.cat(tuple(last), -1))


def _stacked(inner, outer):
    """Keras's GRU keeps both biases as the rows of one weight."""

    class Both:
        def __call__(self, grad=False):
            return torch.stack([inner.grad, outer.grad]) if grad else self

        def copy_(self, rows):
            inner.copy_(rows[0])
            outer.copy_(rows[1])

    return Both()


class Rows:
    """Some rows of a parameter: queries, keys and values come out of one product."""

    def __init__(self, parameter, part):
        self.parameter, self.rows = parameter, slice(128 * part, 128 * part + 128)

    def __call__(self, grad=False):
        return (self.parameter.grad if grad else self.parameter)[self.rows]


class GptBlock(nn.Module):
    def __init__(self, owner, name):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(128, eps=1e-5), nn.LayerNorm(128, eps=1e-5)
        for norm, layer in (("attention_norm", self.norm1), ("mlp_norm", self.norm2)):
            owner.layout |= {f"{name}_{norm}/gamma": (layer.weight, SAME), f"{name}_{norm}/beta": (layer.bias, SAME)}
        self.qkv = nn.Linear(128, 384)
        for part, which in enumerate(("query", "key", "value")):
            owner.layout[f"{name}_attention/{which}/kernel"] = (Rows(self.qkv.weight, part), heads(128, 4, 32))
            bias = (lambda a: a.reshape(128), lambda a: a.reshape(4, 32))
            owner.layout[f"{name}_attention/{which}/bias"] = (Rows(self.qkv.bias, part), bias)
        self.out = owner.dense(f"{name}_attention/attention_output", 128, 128, heads(4, 32, 128))
        self.up, self.down = owner.dense(f"{name}_mlp_up", 128, 512), owner.dense(f"{name}_mlp_down", 512, 128)

    def forward(self, x):
        batch, time, _ = x.shape
        q, k, v = (t.view(batch, time, 4, 32).transpose(1, 2) for t in self.qkv(self.norm1(x)).split(128, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, time, 128)
        x = x + self.out(y)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(Network):
    def __init__(self, _):
        super().__init__()
        self.token, self.position = nn.Embedding(65, 128), nn.Embedding(128, 128)
        self.layout["token_embedding/embeddings"] = (self.token.weight, SAME)
        self.layout["position_embedding/embeddings"] = (self.position.weight, SAME)
        self.blocks = nn.Sequential(*[GptBlock(self, f"block{i}") for i in range(1, 5)])
        self.final_norm = nn.LayerNorm(128, eps=1e-5)
        self.layout |= {"final_norm/gamma": (self.final_norm.weight, SAME), "final_norm/beta": (self.final_norm.bias, SAME)}
        self.head = self.dense("head", 128, 65)

    def forward(self, x):
        return self.head(self.final_norm(self.blocks(self.token(x) + self.position.weight)))


def network(work, dropout=True):
    """The network of a work load; it gives logits, as PyTorch's losses want them."""
    kinds = {
        "W1": Article, "W2": ResNet18, "W4": Mlp, "W5": Gpt, "W6-alexnet": AlexNet, "W6-resnet50": ResNet50, "W6-resnet50-1": ResNet50,
    }  # fmt: skip
    if work.startswith("W3"):
        return Recurrent("gru" if work == "W3-gru" else "lstm", 2 if work == "W3-bilstm" else 1)
    return (kinds.get(work) or kinds[work.split("-")[0]])(dropout)
