"""What Keras lacks, written from the papers (named at each) in TensorFlow or taken from PyTorch: the reference of golden cases."""

import json
import math
import pathlib
import subprocess
import sys

import tensorflow as tf


def distances(x):
    """Euclidean distances of the rows from each other, one pair at a time; of a row from itself exactly 0."""
    n = x.shape[0]
    rows = [[tf.norm(x[i] - x[j]) if i != j else tf.constant(0.0) for j in range(n)] for i in range(n)]
    return tf.stack([tf.stack(row) for row in rows])


def contrastive(y, d, margin=1.0):
    """Hadsell et al. 2006, equation 4 without its halves, as in TensorFlow Addons."""
    return tf.reduce_mean(y * d**2 + (1 - y) * tf.maximum(margin - d, 0) ** 2, -1)


def triplet_semi_hard(labels, x, margin=1.0):
    """Schroff et al. 2015, section 3.2: for each anchor and positive the nearest negative further away, else the furthest one."""
    d, terms = distances(x), []
    for a in range(len(labels)):
        negatives = [n for n in range(len(labels)) if labels[n] != labels[a]]
        for p in range(len(labels)):
            if p == a or labels[p] != labels[a]:
                continue
            outside = [d[a, n] for n in negatives if d[a, n] > d[a, p]]
            chosen = tf.reduce_min(outside) if outside else tf.reduce_max([d[a, n] for n in negatives])
            terms.append(tf.maximum(margin + d[a, p] - chosen, 0.0))
    return tf.add_n(terms) / len(terms)


def triplet_hard(labels, x, margin=1.0, soft=False):
    """Hermans et al. 2017, equation 5: the furthest positive and the nearest negative of each anchor."""
    d, terms = distances(x), []
    for a in range(len(labels)):
        positives = [d[a, p] for p in range(len(labels)) if p != a and labels[p] == labels[a]]
        negatives = [d[a, n] for n in range(len(labels)) if labels[n] != labels[a]]
        gap = tf.reduce_max(positives) - tf.reduce_min(negatives)
        terms.append(tf.nn.softplus(gap) if soft else tf.maximum(gap + margin, 0.0))
    return tf.stack(terms)


def arc_face(labels, cosines, margin=0.5, scale=64.0):
    """Deng et al. 2018, equation 3, through angles; past pi - margin the line of their code (`easy_margin=False`)."""
    hot = tf.one_hot(labels, cosines.shape[-1])
    angle = tf.acos(cosines)
    moved = tf.where(cosines > math.cos(math.pi - margin), tf.cos(angle + margin), cosines - margin * math.sin(margin))
    scores = scale * tf.where(hot > 0, moved, cosines)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)


def gaussian_nll(y, prediction, full=False, eps=1e-6):
    """PyTorch's `gaussian_nll_loss`, with its gradient."""
    import torch

    @tf.custom_gradient
    def of(prediction):
        x = torch.tensor(prediction.numpy(), requires_grad=True)
        mean, variance = x.chunk(2, -1)
        target = torch.tensor(y.numpy() if hasattr(y, "numpy") else y).reshape(mean.shape)
        each = torch.nn.functional.gaussian_nll_loss(mean, target, variance, full=full, eps=eps, reduction="none").mean(-1)

        def grad(upstream):
            (d,) = torch.autograd.grad(each, x, torch.tensor(upstream.numpy()))
            return tf.constant(d.numpy())

        return tf.constant(each.detach().numpy()), grad

    return of(prediction)


LOSSES = {
    "Contrastive": contrastive,
    "TripletSemiHard": triplet_semi_hard,
    "TripletHard": triplet_hard,
    "ArcFace": arc_face,
    "GaussianNLL": gaussian_nll,
}


def of_torch(name, translate, **fixed):
    """Steps of one of PyTorch's optimizers for a config of Cornu's."""

    def run(config, init, grads):
        arguments = {theirs: config[ours] for ours, theirs in translate.items() if ours in config}
        task = {
            "name": name,
            "arguments": {"lr": config["learning_rate"], **arguments, **fixed},
            "init": [w.tolist() for w in init],
            "grads": [[g.tolist() for g in step] for step in grads],
        }
        script = pathlib.Path(__file__).with_name("torch_steps.py")
        done = subprocess.run([sys.executable, script], input=json.dumps(task), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


def betas(name, **names):
    """The same for optimizers that take their two betas as a pair."""

    def run(config, init, grads):
        pair = (config.get("beta_1", 0.9), config.get("beta_2", 0.999))
        return of_torch(name, names, betas=pair)(config, init, grads)

    return run


def lars(config, init, grads):
    """You et al. 2017, algorithm 1, with a rate of 1 where a norm is 0 and an epsilon in the divisor."""
    import numpy as np

    weights, past = [w.copy() for w in init], [np.zeros_like(w) for w in init]
    rate, trust = config["learning_rate"], config.get("trust_coefficient", 0.001)
    momentum, decay, epsilon = config.get("momentum", 0.9), config.get("weight_decay") or 0.0, config.get("epsilon", 1e-8)
    for step in grads:
        for i, grad in enumerate(step):
            norm, of_grad = np.linalg.norm(weights[i]), np.linalg.norm(grad)
            local = trust * norm / (of_grad + decay * norm + epsilon) if norm and of_grad else 1.0
            past[i] = momentum * past[i] + rate * local * (grad + decay * weights[i])
            weights[i] = weights[i] - past[i]
        yield [w.copy() for w in weights]


def lookahead(config, init, grads):
    """Zhang et al. 2019, algorithm 1, around SGD with momentum."""
    import numpy as np

    inner = config["inner_optimizer"]["config"]
    weights, slow, past = [w.copy() for w in init], [w.copy() for w in init], [np.zeros_like(w) for w in init]
    for t, step in enumerate(grads, 1):
        for i, grad in enumerate(step):
            past[i] = inner["momentum"] * past[i] - inner["learning_rate"] * grad
            weights[i] = weights[i] + past[i]
            if t % config["k"] == 0:
                slow[i] = slow[i] + config["alpha"] * (weights[i] - slow[i])
                weights[i] = slow[i].copy()
        yield [w.copy() for w in weights]


OPTIMIZERS = {
    "RAdam": betas("RAdam", epsilon="eps"),
    "Rprop": of_torch("Rprop", {"etas": "etas", "step_sizes": "step_sizes"}),
    "ASGD": of_torch("ASGD", {"lambd": "lambd", "alpha": "alpha", "t0": "t0"}),
    "LARS": lars,
    "Lookahead": lookahead,
}
