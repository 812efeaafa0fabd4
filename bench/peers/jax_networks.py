"""The networks of the work loads in JAX: functions of (weights, statistics, x, training, key) that give (logits, new statistics)."""

import jax
import jax.numpy as jnp
import problem
from jax import lax


class Net:
    """What one call has at hand; batch normalisation leaves its new statistics in it."""

    def __init__(self, w, statistics, training, key):
        self.w, self.statistics, self.training, self.key = w, dict(statistics), training, key

    def conv(self, name, x, stride=1, padding=0, groups=1):
        kernel = self.w[f"{name}/kernel"]
        y = lax.conv_general_dilated(
            x, kernel, (stride, stride), padding if isinstance(padding, str) else [(padding, padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups,
        )  # fmt: skip
        return y + self.w[f"{name}/bias"] if f"{name}/bias" in self.w else y

    def dense(self, name, x):
        return x @ self.w[f"{name}/kernel"] + self.w[f"{name}/bias"]

    def dropout(self, x, rate):
        if self.key is None:
            return x
        self.key, own = jax.random.split(self.key)
        return jnp.where(jax.random.bernoulli(own, 1 - rate, x.shape), x / (1 - rate), 0.0)

    def batch_norm(self, name, x, eps=1e-5):
        mean, variance = self.statistics[f"{name}/moving_mean"], self.statistics[f"{name}/moving_variance"]
        if self.training:
            batch_mean, batch_variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            self.statistics[f"{name}/moving_mean"] = 0.9 * mean + 0.1 * batch_mean
            self.statistics[f"{name}/moving_variance"] = 0.9 * variance + 0.1 * batch_variance
            mean, variance = batch_mean, batch_variance
        scale = self.w[f"{name}/gamma"] * lax.rsqrt(variance + eps)
        return (x - mean) * scale + self.w[f"{name}/beta"]

    def layer_norm(self, name, x):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) * lax.rsqrt(variance + 1e-5) * self.w[f"{name}/gamma"] + self.w[f"{name}/beta"]


def max_pool(x, size, stride, padding=0):
    pads = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), pads)


def lrn(x):
    sums = lax.reduce_window(x * x, 0.0, lax.add, (1, 1, 1, 5), (1, 1, 1, 1), [(0, 0)] * 3 + [(2, 2)])
    return x * (2.0 + 1e-4 * sums) ** -0.75


def article(net, x):
    x = max_pool(jax.nn.relu(net.conv("conv2d", x)), 2, 2)
    x = max_pool(jax.nn.relu(net.conv("conv2d_1", net.dropout(x, 0.25))), 2, 2)
    x = net.dropout(x, 0.25).reshape(len(x), -1)
    return net.dense("dense_1", net.dropout(jax.nn.relu(net.dense("dense", x)), 0.5))


def mlp(net, x):
    x = jax.nn.relu(net.dense("dense", x))
    return net.dense("dense_2", jax.nn.relu(net.dense("dense_1", x)))


def resnet18(net, x):
    def unit(name, number, x, stride=1, padding="SAME"):
        return net.batch_norm(f"{name}_{number}_bn", net.conv(f"{name}_{number}_conv", x, stride, padding))

    x = jax.nn.relu(net.batch_norm("conv1_bn", net.conv("conv1_conv", x, padding=1)))
    for name, _, _, stride in problem.resnet18_blocks():
        shortcut = unit(name, 0, x, stride) if stride != 1 else x
        x = jax.nn.relu(shortcut + unit(name, 2, jax.nn.relu(unit(name, 1, x, stride))))
    return net.dense("predictions", x.mean((1, 2)))


def resnet50(net, x):
    def unit(name, number, x, stride=1, padding=0):
        return net.batch_norm(f"{name}_{number}_bn", net.conv(f"{name}_{number}_conv", x, stride, padding), 1.001e-5)

    x = jax.nn.relu(net.batch_norm("conv1_bn", net.conv("conv1_conv", x, 2, 3), 1.001e-5))
    x = max_pool(x, 3, 2, 1)
    for name, _, _, stride, projected in problem.resnet50_blocks():
        shortcut = unit(name, 0, x, stride) if projected else x
        y = jax.nn.relu(unit(name, 1, x, stride))
        y = jax.nn.relu(unit(name, 2, y, padding=1))
        x = jax.nn.relu(unit(name, 3, y) + shortcut)
    return net.dense("predictions", x.mean((1, 2)))


def alexnet(net, x):
    x = max_pool(lrn(jax.nn.relu(net.conv("conv1", x, 4))), 3, 2)
    x = max_pool(lrn(jax.nn.relu(net.conv("conv2", x, padding=2, groups=2))), 3, 2)
    x = jax.nn.relu(net.conv("conv3", x, padding=1))
    x = jax.nn.relu(net.conv("conv4", x, padding=1, groups=2))
    x = max_pool(jax.nn.relu(net.conv("conv5", x, padding=1, groups=2)), 3, 2)
    x = net.dropout(jax.nn.relu(net.dense("fc6", x.reshape(len(x), -1))), 0.5)
    return net.dense("fc8", net.dropout(jax.nn.relu(net.dense("fc7", x)), 0.5))


def run_lstm(net, cell, x, reverse=False):
    kernel, recurrent, bias = (net.w[f"{cell}/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
    projected = (x @ kernel + bias).swapaxes(0, 1)

    def step(state, p):
        h, c = state
        i, f, g, o = jnp.split(p + h @ recurrent, 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), 128))
    return lax.scan(step, (zeros, zeros), projected, reverse=reverse)[0][0]


def run_gru(net, cell, x):
    kernel, recurrent, bias = (net.w[f"{cell}/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
    projected = (x @ kernel + bias[0]).swapaxes(0, 1)

    def step(h, p):
        (xz, xr, xh), (hz, hr, hh) = jnp.split(p, 3, -1), jnp.split(h @ recurrent + bias[1], 3, -1)
        z, r = jax.nn.sigmoid(xz + hz), jax.nn.sigmoid(xr + hr)
        return z * h + (1 - z) * jnp.tanh(xh + r * hh), None

    return lax.scan(step, jnp.zeros((len(x), 128)), projected)[0]


def recurrent(work):
    def run(net, tokens):
        x = net.w["embedding/embeddings"][tokens]
        if work == "W3-gru":
            x = run_gru(net, "gru", x)
        elif work == "W3-lstm":
            x = run_lstm(net, "lstm", x)
        else:
            both = [run_lstm(net, f"bidirectional/{d}_lstm", x, d == "backward") for d in ("forward", "backward")]
            x = jnp.concatenate(both, -1)
        return net.dense("dense", x)

    return run


def gpt(net, tokens):
    x = net.w["token_embedding/embeddings"][tokens] + net.w["position_embedding/embeddings"]
    for block in range(1, 5):
        name = f"block{block}"
        y = net.layer_norm(f"{name}_attention_norm", x)

        def heads(part):
            kernel, bias = net.w[f"{name}_attention/{part}/kernel"], net.w[f"{name}_attention/{part}/bias"]
            return jnp.einsum("btd,dhk->bthk", y, kernel) + bias

        y = jax.nn.dot_product_attention(heads("query"), heads("key"), heads("value"), is_causal=True)
        kernel, bias = (net.w[f"{name}_attention/attention_output/{part}"] for part in ("kernel", "bias"))
        x = x + jnp.einsum("bthk,hkd->btd", y, kernel) + bias
        y = net.dense(f"{name}_mlp_up", net.layer_norm(f"{name}_mlp_norm", x))
        x = x + net.dense(f"{name}_mlp_down", jax.nn.gelu(y, approximate=True))
    return net.dense("head", net.layer_norm("final_norm", x))


def network(work, w, statistics, x, training, key):
    net = Net(w, statistics, training, key)
    head = work.split("-")[0]
    if head == "W3":
        run = recurrent(work)
    elif work.startswith("W6-resnet50"):
        run = resnet50
    else:
        run = {"W1": article, "W2": resnet18, "W4": mlp, "W5": gpt, "W6": alexnet}[head]
    return run(net, x), net.statistics
