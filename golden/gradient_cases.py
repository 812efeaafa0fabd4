"""Derivatives of small functions as JAX computes them in double precision: gradients, products, Jacobians, Hessians, gradients of one's own,
and of Keras's words that sort.

    python golden/gradient_cases.py            # writes golden/gradients.json
    python golden/gradient_cases.py --check    # writes nothing; fails where a stored case deviates

Each entry: `inputs` and `values`, by name, as [shape, numbers]. The functions are written once more in tests/golden_gradients.rs.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np

import case_file

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(17)


def draw(*shape):
    return rng.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)


def mixed(x):
    """[4, 3] -> [4, 2]: products, a softmax, a division."""
    p = jax.nn.softmax(x, axis=-1)
    q = jnp.tanh(x) * jnp.exp(-jnp.square(x))
    return jnp.stack([jnp.sum(p * q, -1), jnp.sum(q, -1) / (1 + jnp.sum(jnp.square(x), -1))], -1)


def network(x, w, b, v):
    return jnp.tanh(x @ w + b) @ v


def total(x):
    return jnp.sum(jnp.tanh(x) * jnp.roll(x, 1, axis=1) ** 2)


def penalty(w, b, v, x):
    """Mean over samples of (|dy/dx| - 1)²: second derivatives through the network for the weights."""
    slopes = jax.grad(lambda x: jnp.sum(network(x, w, b, v)))(x)
    return jnp.mean(jnp.square(jnp.sqrt(jnp.sum(jnp.square(slopes), -1) + 1e-12) - 1))


@jax.custom_vjp
def clipped(x):
    return jnp.square(x)


clipped.defvjp(lambda x: (jnp.square(x), x), lambda x, dy: (jnp.clip(2 * x * dy, -0.5, 0.5),))


def array(x):
    x = np.asarray(x, dtype=np.float64)
    return {"shape": list(x.shape), "numbers": [float(v) for v in x.flatten()]}


def case(name, inputs, values):
    return {"name": name, "inputs": {k: array(v) for k, v in inputs.items()}, "values": {k: array(v) for k, v in values.items()}}


def cases():
    x, v, u = draw(4, 3), draw(4, 3), draw(4, 2)
    y, back = jax.vjp(mixed, x)
    full = jax.jacobian(mixed)(x)
    yield case("mixed", {"x": x, "v": v, "u": u}, {
        "y": y,
        "gradient": jax.grad(lambda x: jnp.sum(mixed(x)))(x),
        "vjp": back(u)[0],
        "jvp": jax.jvp(mixed, (x,), (v,))[1],
        "jacobian": full,
        "batch_jacobian": jnp.stack([full[i, :, i, :] for i in range(4)]),
        "hvp": jax.jvp(jax.grad(lambda x: jnp.sum(mixed(x))), (x,), (v,))[1],
    })
    x, v = draw(2, 3), draw(2, 3)
    yield case("total", {"x": x, "v": v}, {
        "y": total(x),
        "hessian": jax.hessian(total)(x),
        "hvp": jax.jvp(jax.grad(total), (x,), (v,))[1],
        "third": jax.grad(lambda x: jnp.sum(jax.jvp(jax.grad(total), (x,), (v,))[1] * v))(x),
    })
    x, w, b, out = draw(5, 3), draw(3, 4), draw(4), draw(4, 1)
    dw, dv = draw(3, 4), draw(4, 1)
    yield case("network", {"x": x, "w": w, "b": b, "v": out, "dw": dw, "dv": dv}, {
        "penalty": penalty(w, b, out, x),
        "penalty_w": jax.grad(penalty, 0)(w, b, out, x),
        "penalty_b": jax.grad(penalty, 1)(w, b, out, x),
        "penalty_v": jax.grad(penalty, 2)(w, b, out, x),
        "jvp": jax.jvp(lambda w, v: network(x, w, b, v), (w, out), (dw, dv))[1],
    })
    x = draw(6)
    yield case("clipped", {"x": x}, {
        "y": clipped(x),
        "gradient": jax.grad(lambda x: jnp.sum(3 * clipped(x)))(x),
        "second": jax.grad(lambda x: jnp.sum(jnp.square(jax.grad(lambda x: jnp.sum(clipped(x)))(x))))(x),
        "stopped": jax.grad(lambda x: jnp.sum(jax.lax.stop_gradient(jnp.exp(x)) * x))(x),
    })
    for name, shape in (("sorted", (4, 7)), ("sorted_deep", (2, 3, 5)), ("sorted_row", (6,))):
        x, v = draw(*shape), draw(*shape)
        x[..., 3] = x[..., 0]
        index = np.stack([np.arange(4)[::-1]] * (x.size // shape[-1])).reshape(*shape[:-1], 4)
        yield case(name, {"x": x, "v": v, "index": index}, {
            "sort": keras.ops.sort(x),
            "argsort": keras.ops.argsort(x),
            "top": keras.ops.top_k(x, 3)[0],
            "top_indices": keras.ops.top_k(x, 3)[1],
            "taken": keras.ops.take_along_axis(x, index, axis=-1),
            "sort_gradient": jax.grad(lambda x: jnp.sum(keras.ops.sort(x) * v))(x),
            "top_gradient": jax.grad(lambda x: jnp.sum(keras.ops.top_k(x, 3)[0] ** 2 * v[..., :3]))(x),
            "taken_gradient": jax.grad(lambda x: jnp.sum(keras.ops.take_along_axis(x, index, axis=-1) * v[..., :4]))(x),
        })


if __name__ == "__main__":
    case_file.write_or_check("gradients.json", list(cases()))
