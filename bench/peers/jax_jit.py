"""JAX on a CPU: pure functions over a dictionary of weights, a whole training step under one jit."""

import os

import protocol

args = protocol.start(__doc__, ["jax"], lambda work: True)
os.environ |= {"JAX_PLATFORMS": "cpu"}

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import problem  # noqa: E402
from jax import lax  # noqa: E402
from jax_networks import network  # noqa: E402

spec, SHAPES = args.spec, problem.shapes(args.work)
STATISTICS = ("moving_mean", "moving_variance")
KIND = {"W2": "sgd", "W5": "adamw", "W6": "sgd"}.get(args.work.split("-")[0], "adam")


def weights():
    """(trained, statistics)."""
    all_of_them = {name: jnp.asarray(problem.weight(name, shape)) for name, shape in SHAPES.items()}
    statistics = {n: all_of_them.pop(n) for n in SHAPES if n.endswith(STATISTICS)}
    return all_of_them, statistics


def loss_of(w, statistics, x, y, key):
    """(loss, new statistics); without a key there is no dropout."""
    out, statistics = network(args.work, w, statistics, x, True, key)
    if spec.target[0] == "binary":
        return jnp.mean(jax.nn.softplus(out) - y * out), statistics
    picked = jnp.take_along_axis(jax.nn.log_softmax(out), y[..., None], -1)
    return -jnp.mean(picked), statistics


@jax.jit
def probabilities(w, statistics, x):
    return jax.nn.softmax(network(args.work, w, statistics, x, False, None)[0])


def check():
    w, statistics = weights()
    x = jnp.asarray(spec.inputs_to_compare())
    if not spec.train:
        return {"output": problem.digest("output", probabilities(w, statistics, x))}
    gradient = jax.jit(jax.value_and_grad(loss_of, has_aux=True), static_argnums=4)
    (loss, _), grads = gradient(w, statistics, x, jnp.asarray(spec.targets(spec.batch)), None)
    return problem.digests(loss, grads.items())


def update(w, grads, slots, count):
    """One step of the optimizer, with Keras's defaults."""
    if KIND == "sgd":
        slots = jax.tree.map(lambda m, g: 0.9 * m - 0.01 * g, slots, grads)
        return jax.tree.map(jnp.add, w, slots), slots
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, slots[0], grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, slots[1], grads)
    rate = 0.001 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    decay = 1 - 0.001 * 0.004 if KIND == "adamw" else 1.0
    return jax.tree.map(lambda w, m, v: w * decay - rate * m / (jnp.sqrt(v) + 1e-7), w, m, v), (m, v)


@jax.jit
def epoch(state, x, y, key, steps):
    """Up to an epoch of steps on shuffled batches, in one call."""
    order = jax.random.permutation(key, spec.batch * spec.batches)

    def step(i, state):
        w, statistics, slots, count, _ = state
        rows = lax.dynamic_slice(order, (i * spec.batch,), (spec.batch,))
        gradient = jax.value_and_grad(loss_of, has_aux=True)
        (loss, statistics), grads = gradient(w, statistics, x[rows], y[rows], jax.random.fold_in(key, i))
        w, slots = update(w, grads, slots, count)
        return w, statistics, slots, count + 1, loss

    return lax.fori_loop(0, steps, step, state)


def make_run():
    w, statistics = weights()
    x = spec.inputs(spec.batch * spec.batches)
    if not spec.train:
        batches = [jnp.asarray(x[i : i + spec.batch]) for i in range(0, len(x), spec.batch)]

        def infer(steps):
            for step in range(steps):
                probabilities(w, statistics, batches[step % len(batches)]).block_until_ready()
            return steps, None

        return infer
    x, y = jnp.asarray(x), jnp.asarray(spec.targets(len(x)))
    zeros = jax.tree.map(jnp.zeros_like, w)
    state = (w, statistics, zeros if KIND == "sgd" else (zeros, zeros), jnp.float32(1), jnp.float32(0))
    key = jax.random.key(0, impl="unsafe_rbg")

    def train(steps):
        nonlocal state, key
        left = steps
        while left:
            now = min(left, spec.batches)
            key, own = jax.random.split(key)
            state = epoch(state, x, y, own, now)
            left -= now
        return steps, float(state[-1])

    return train


protocol.serve(f"jax {jax.__version__}", check, make_run)
