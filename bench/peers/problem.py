"""The work loads as every peer needs them: weights, samples and what is compared, by the formula of `cornu bench`.

The formula is told at the head of crates/cornu-cli/src/commands/bench/formula.rs. Weights have Keras's names, layouts and order of gates.
"""

import numpy as np

PIECE = 1 << 20  # numbers made at a time, so that a comparison needs little memory


class Work:
    """A work load: sizes, the samples held in memory, what a sample and its target are, and whether it is compared on one sample."""

    def __init__(self, batch, batches, sample, target, train=True, one_sample=False):
        self.batch, self.batches, self.sample, self.target, self.train = batch, batches, sample, target, train
        self.one_sample = one_sample

    def inputs(self, samples):
        """Numbers in 0..1 (NHWC) as float32, or tokens as int32."""
        kind, *axes = self.sample
        if kind == "numbers":
            return uniform("input", samples * int(np.prod(axes))).reshape(samples, *axes)
        length, below = axes
        return whole("input", samples * length, below).reshape(samples, length)

    def inputs_to_compare(self):
        """A batch, which is the first sample again and again where rounding would decide on the gradients of different ones."""
        return np.repeat(self.inputs(1), self.batch, axis=0) if self.one_sample else self.inputs(self.batch)

    def targets(self, samples):
        """Classes as int32, or 0 and 1 as float32 of shape [samples, 1]."""
        kind, *axes = self.target
        if kind == "class":
            return whole("target", samples, axes[0])
        if kind == "binary":
            return whole("target", samples, 2).astype(np.float32).reshape(samples, 1)
        length, below = axes
        return whole("target", samples * length, below).reshape(samples, length)


def _image(side, classes):
    return {"sample": ("numbers", side, side, 3), "target": ("class", classes)}


_TEXT = {"sample": ("tokens", 200, 20_000), "target": ("binary",)}

WORKS = {
    "W1-train": Work(128, 24, **_image(32, 10)),
    "W1-infer": Work(128, 4, **_image(32, 10), train=False),
    "W1-infer-1": Work(1, 128, **_image(32, 10), train=False),
    "W2-train": Work(64, 24, **_image(32, 10)),
    "W3-lstm": Work(32, 64, **_TEXT),
    "W3-gru": Work(32, 64, **_TEXT),
    "W3-bilstm": Work(32, 64, **_TEXT),
    "W4-train": Work(128, 96, ("numbers", 784), ("class", 10)),
    "W5-train": Work(32, 64, ("tokens", 128, 65), ("classes", 128, 65)),
    "W6-alexnet": Work(16, 8, **_image(227, 1000), one_sample=True),
    "W6-resnet50": Work(8, 4, **_image(224, 1000), train=False),
    "W6-resnet50-1": Work(1, 16, **_image(224, 1000), train=False),
}


def _stream(name):
    number = 0x811C9DC5
    for byte in name.encode():
        number = (number ^ byte) * 0x01000193 & 0xFFFFFFFF
    return number


def _uniform(name, start, count):
    offset = np.uint32(_stream(name) * 0x85EBCA6B & 0xFFFFFFFF)
    with np.errstate(over="ignore"):
        x = np.arange(start, start + count, dtype=np.uint32) * np.uint32(0x9E3779B9) + offset
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x846CA68B)
        x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)


def uniform(name, count):
    """float32 in [0, 1) that belong to a name."""
    out = np.empty(count, np.float32)
    for start in range(0, count, PIECE):
        out[start : start + PIECE] = _uniform(name, start, min(PIECE, count - start))
    return out


def whole(name, count, below):
    return (uniform(name, count).astype(np.float64) * below).astype(np.int32)


def weight(name, shape):
    """The values of a weight in Keras's layout."""
    signed = 2 * uniform(name, int(np.prod(shape))) - 1
    layer, last = name.split("/")[-2:]
    if layer.endswith("_bn") and last in ("gamma", "beta"):
        values = np.float32(0.0625) + np.float32(2**-7) * signed if last == "gamma" else np.where(signed < 0, np.float32(-1), np.float32(1.5))
    elif last == "gamma":
        values = 1 + np.float32(0.125) * signed
    elif last == "moving_variance":
        values = 1 + np.float32(0.5) * signed
    elif last in ("beta", "bias", "moving_mean"):
        values = np.float32(0.0625) * signed
    else:
        factor, reached, fan_in = 1.0, 6, int(np.prod(shape[:-1]))
        while reached < fan_in:
            reached, factor = reached * 4, factor / 2
        values = np.float32(factor) * signed
    return values.reshape(shape)


def digest(name, value):
    """What is compared of a value: its L2 norm and two projections, summed in float64."""
    flat = np.asarray(value, np.float32).reshape(-1)
    norm, sums = 0.0, [0.0, 0.0]
    for start in range(0, flat.size, PIECE):
        part = flat[start : start + PIECE].astype(np.float64)
        norm += float(part @ part)
        for k in range(2):
            sums[k] += float(part @ (2 * _uniform(f"{name}#{k}", start, part.size).astype(np.float64) - 1))
    return [norm**0.5, *sums]


def digests(loss, gradients):
    """The answer of a training work load; `gradients` yields (name, value in Keras's layout)."""
    return {"loss": [float(loss)]} | {name: digest(name, value) for name, value in gradients}


def batch_norm(name, channels):
    return {f"{name}/{part}": (channels,) for part in ("gamma", "beta", "moving_mean", "moving_variance")}


def resnet18_blocks():
    """(name, inputs, outputs, stride) of ResNet-18's blocks for 32-pixel images."""
    inputs = 64
    for stage, outputs in enumerate((64, 128, 256, 512), 2):
        for block in (1, 2):
            stride = 2 if stage > 2 and block == 1 else 1
            yield f"conv{stage}_block{block}", inputs, outputs, stride
            inputs = outputs


def resnet50_blocks():
    """(Keras's name, inputs, width, stride, whether projected) of ResNet-50's blocks."""
    inputs = 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 2):
        for block in range(1, blocks + 1):
            stride = 2 if stage > 2 and block == 1 else 1
            yield f"conv{stage}_block{block}", inputs, width, stride, block == 1
            inputs = 4 * width


def _conv_dense(*layers):
    shapes = {}
    for name, *shape in layers:
        shapes[f"{name}/kernel"], shapes[f"{name}/bias"] = tuple(shape), (shape[-1],)
    return shapes


def shapes(work):
    """Keras's names and shapes of a work load's weights."""
    head = work.split("-")[0]
    if head == "W1":
        return _conv_dense(("conv2d", 3, 3, 3, 32), ("conv2d_1", 3, 3, 32, 64), ("dense", 2304, 64), ("dense_1", 64, 10))
    if head == "W4":
        return _conv_dense(("dense", 784, 512), ("dense_1", 512, 512), ("dense_2", 512, 10))
    if head == "W2":
        found = {"conv1_conv/kernel": (3, 3, 3, 64)} | batch_norm("conv1_bn", 64)
        for name, inputs, outputs, stride in resnet18_blocks():
            if stride != 1:
                found |= {f"{name}_0_conv/kernel": (1, 1, inputs, outputs)} | batch_norm(f"{name}_0_bn", outputs)
            found |= {f"{name}_1_conv/kernel": (3, 3, inputs, outputs)} | batch_norm(f"{name}_1_bn", outputs)
            found |= {f"{name}_2_conv/kernel": (3, 3, outputs, outputs)} | batch_norm(f"{name}_2_bn", outputs)
        return found | _conv_dense(("predictions", 512, 10))
    if head == "W3":
        found = {"embedding/embeddings": (20_000, 128)}
        cells = {"W3-lstm": ["lstm"], "W3-gru": ["gru"]}.get(
            work, ["bidirectional/forward_lstm", "bidirectional/backward_lstm"]
        )
        for cell in cells:
            gates = 3 if "gru" in cell else 4
            found[f"{cell}/kernel"] = (128, gates * 128)
            found[f"{cell}/recurrent_kernel"] = (128, gates * 128)
            found[f"{cell}/bias"] = (2, gates * 128) if gates == 3 else (gates * 128,)
        return found | _conv_dense(("dense", 128 * len(cells), 1))
    if head == "W5":
        found = {"token_embedding/embeddings": (65, 128), "position_embedding/embeddings": (128, 128)}
        for block in range(1, 5):
            name = f"block{block}"
            for norm in ("attention_norm", "mlp_norm"):
                found[f"{name}_{norm}/gamma"] = found[f"{name}_{norm}/beta"] = (128,)
            for part in ("query", "key", "value"):
                found[f"{name}_attention/{part}/kernel"] = (128, 4, 32)
                found[f"{name}_attention/{part}/bias"] = (4, 32)
            found[f"{name}_attention/attention_output/kernel"] = (4, 32, 128)
            found[f"{name}_attention/attention_output/bias"] = (128,)
            found |= _conv_dense((f"{name}_mlp_up", 128, 512), (f"{name}_mlp_down", 512, 128))
        return found | {"final_norm/gamma": (128,), "final_norm/beta": (128,)} | _conv_dense(("head", 128, 65))
    if work == "W6-alexnet":
        return _conv_dense(
            ("conv1", 11, 11, 3, 96), ("conv2", 5, 5, 48, 256), ("conv3", 3, 3, 256, 384), ("conv4", 3, 3, 192, 384),
            ("conv5", 3, 3, 192, 256), ("fc6", 9216, 4096), ("fc7", 4096, 4096), ("fc8", 4096, 1000),
        )  # fmt: skip
    found = _conv_dense(("conv1_conv", 7, 7, 3, 64)) | batch_norm("conv1_bn", 64)
    for name, inputs, width, _, projected in resnet50_blocks():
        if projected:
            found |= _conv_dense((f"{name}_0_conv", 1, 1, inputs, 4 * width)) | batch_norm(f"{name}_0_bn", 4 * width)
        convolutions = ((1, 1, 1, inputs, width), (2, 3, 3, width, width), (3, 1, 1, width, 4 * width))
        for number, *shape in convolutions:
            found |= _conv_dense((f"{name}_{number}_conv", *shape)) | batch_norm(f"{name}_{number}_bn", shape[-1])
    return found | _conv_dense(("predictions", 2048, 1000))
