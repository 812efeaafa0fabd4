"""What Keras lacks, written from the papers (named at each) in TensorFlow or taken from PyTorch: the reference of golden cases."""

import collections
import functools
import json
import math
import pathlib
import subprocess
import sys

import keras
import tensorflow as tf


METRICS_OF_PAIRS = {
    "L2": lambda a, b: tf.norm(a - b),
    "squared-L2": lambda a, b: tf.reduce_sum((a - b) ** 2),
    "angular": lambda a, b: 1 - tf.reduce_sum(a * b) / (tf.norm(a) * tf.norm(b)),
}


def distances(x, metric="L2"):
    """Distances of the rows from each other, one pair at a time, by TensorFlow Addons' names; of a row from itself exactly 0."""
    n, between = x.shape[0], METRICS_OF_PAIRS[metric]
    rows = [[between(x[i], x[j]) if i != j else tf.constant(0.0) for j in range(n)] for i in range(n)]
    return tf.stack([tf.stack(row) for row in rows])


def contrastive(y, d, margin=1.0):
    """Hadsell et al. 2006, equation 4 without its halves, as in TensorFlow Addons."""
    return tf.reduce_mean(y * d**2 + (1 - y) * tf.maximum(margin - d, 0) ** 2, -1)


def triplet_semi_hard(labels, x, margin=1.0, distance_metric="L2"):
    """Schroff et al. 2015, section 3.2: for each anchor and positive the nearest negative further away, else the furthest one."""
    d, terms = distances(x, distance_metric), []
    for a in range(len(labels)):
        negatives = [n for n in range(len(labels)) if labels[n] != labels[a]]
        for p in range(len(labels)):
            if p == a or labels[p] != labels[a]:
                continue
            outside = [d[a, n] for n in negatives if d[a, n] > d[a, p]]
            chosen = tf.reduce_min(outside) if outside else tf.reduce_max([d[a, n] for n in negatives])
            terms.append(tf.maximum(margin + d[a, p] - chosen, 0.0))
    return tf.add_n(terms) / len(terms)


def triplet_hard(labels, x, margin=1.0, soft=False, distance_metric="L2"):
    """Hermans et al. 2017, equation 5: the furthest positive and the nearest negative of each anchor."""
    d, terms = distances(x, distance_metric), []
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


class MeanRelativeError(keras.metrics.Mean):
    """Of Keras 2: the mean of `|y_true - y_pred| / normalizer`, and 0 where the normalizer is."""

    def __init__(self, normalizer, **arguments):
        super().__init__(**arguments)
        self.normalizer = tf.constant(normalizer, tf.float32)

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(tf.math.divide_no_nan(tf.abs(y_true - y_pred), self.normalizer), sample_weight)


class Perplexity(keras.metrics.Mean):
    """KerasHub's: e to the mean cross-entropy of the tokens that are not padding."""

    def __init__(self, from_logits=False, mask_token_id=None, **arguments):
        super().__init__(**arguments)
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits, reduction=None)
        self.mask_token_id = mask_token_id

    def update_state(self, y_true, y_pred, sample_weight=None):
        weight = tf.ones(y_true.shape) if sample_weight is None else tf.broadcast_to(sample_weight[:, None], y_true.shape)
        if self.mask_token_id is not None:
            weight *= tf.cast(y_true != self.mask_token_id, tf.float32)
        super().update_state(self.loss(y_true, y_pred), weight)

    def result(self):
        return tf.exp(super().result())


METRICS = {"MeanRelativeError": MeanRelativeError, "Perplexity": Perplexity}


def in_torch(task):
    """What torch_steps.py makes of a task."""
    script = pathlib.Path(__file__).with_name("torch_steps.py")
    done = subprocess.run([sys.executable, script], input=json.dumps(task), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


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
        return in_torch(task)

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


def one_cycle(config, steps):
    """PyTorch's `OneCycleLR`, which ends with its steps: after them the last rate stays."""
    last = int(config["total_steps"])
    task = {"learning_rate": 1.0, "schedules": [["OneCycleLR", config | {"cycle_momentum": False}]], "steps": last - 1}
    rates = in_torch(task)
    rates.append(config["max_lr"] / config["div_factor"] / config["final_div_factor"])
    return [rates[min(step, last - 1)] for step in steps]


def cyclic(config, steps):
    """PyTorch's `CyclicLR`."""
    task = {"learning_rate": 1.0, "schedules": [["CyclicLR", config | {"cycle_momentum": False}]], "steps": max(steps) + 1}
    rates = in_torch(task)
    return [rates[step] for step in steps]


def warmup(config, steps):
    """PyTorch's `SequentialLR` of a `LinearLR` and an `ExponentialLR`."""
    inner, rise = config["after"]["config"], int(config["warmup_steps"])
    first = inner["initial_learning_rate"]
    gamma = inner["decay_rate"] ** (1 / inner["decay_steps"])
    linear = ["LinearLR", {"start_factor": config["start"] / first, "total_iters": rise}]
    task = {"learning_rate": first, "schedules": [linear, ["ExponentialLR", {"gamma": gamma}]], "milestones": [rise], "steps": max(steps) + 1}
    rates = in_torch(task)
    return [rates[step] for step in steps]


def noam(config, steps):
    """Vaswani et al. 2017, equation 3, with steps from 1."""
    width, rise = config["d_model"], config["warmup_steps"]
    return [config["factor"] * width**-0.5 * min((t + 1) ** -0.5, (t + 1) * rise**-1.5) for t in steps]


SCHEDULES = {"OneCycle": one_cycle, "Cyclic": cyclic, "Warmup": warmup, "Noam": noam}


def ngrams(items, n):
    return collections.Counter(tuple(items[i : i + n]) for i in range(len(items) - n + 1))


def bleu(texts, references):
    """Papineni et al. 2002 over a corpus, with SacreBLEU's exponential smoothing."""
    fitting, total, length, wanted = [0] * 4, [0] * 4, 0, 0
    for text, several in zip(texts, references, strict=True):
        words, several = text.split(), [r.split() for r in several]
        length += len(words)
        wanted += min((abs(len(r) - len(words)), len(r)) for r in several)[1]
        for n in range(1, 5):
            own, best = ngrams(words, n), collections.Counter()
            for r in several:
                best |= ngrams(r, n)
            fitting[n - 1] += sum((own & best).values())
            total[n - 1] += sum(own.values())
    logs, smooth = [], 1.0
    for f, t in zip(fitting, total, strict=True):
        if t == 0:
            break
        if f == 0:
            smooth *= 2
        logs.append(math.log(f / t if f else 1 / (smooth * t)))
    if fitting[0] == 0:
        return 0.0
    return min(1.0, math.exp(1 - wanted / length)) * math.exp(sum(logs) / len(logs))


def chrf(texts, references, beta, word_order):
    """Popovic 2015 and 2017 over a corpus, with the mean of precisions and recalls of all orders."""
    precisions, recalls = [], []
    for order in range(1, 7 + word_order):
        both = own = wanted = 0
        for text, reference in zip(texts, references, strict=True):
            a, b = (list("".join(t.split())) if order <= 6 else t.split() for t in (text, reference))
            a, b = ngrams(a, order if order <= 6 else order - 6), ngrams(b, order if order <= 6 else order - 6)
            both, own, wanted = both + sum((a & b).values()), own + sum(a.values()), wanted + sum(b.values())
        if own and wanted:
            precisions.append(both / own)
            recalls.append(both / wanted)
    p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return (1 + beta**2) * p * r / (beta**2 * p + r)


def edits(a, b):
    """Levenshtein's distance by its definition, remembered."""

    @functools.cache
    def d(i, j):
        if not i or not j:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


def longest_common(a, b):
    @functools.cache
    def c(i, j):
        if not i or not j:
            return 0
        return c(i - 1, j - 1) + 1 if a[i - 1] == b[j - 1] else max(c(i - 1, j), c(i, j - 1))

    return c(len(a), len(b))


def rouge_n(text, reference, n):
    a, b = ngrams(text.split(), n), ngrams(reference.split(), n)
    both = sum((a & b).values())
    return [both / sum(a.values()), both / sum(b.values())]


def rouge_l(text, reference):
    a, b = text.split(), reference.split()
    both = longest_common(a, b)
    return [both / len(a), both / len(b)]


def frechet_distance(a, b):
    """Heusel et al. 2017, equation 6, with SciPy's root of a matrix."""
    import numpy as np
    import scipy.linalg

    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    s, t = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    root = scipy.linalg.sqrtm(s @ t)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s + t - 2 * np.real(root)))


def roc_area(y, p):
    """The share of pairs of a yes and a no that are in the right order, ties counted half."""
    pairs = [(a > b) + 0.5 * (a == b) for a, i in zip(p, y, strict=True) if i for b, j in zip(p, y, strict=True) if not j]
    return sum(pairs) / len(pairs)


def average_precision(y, p):
    """The mean over falling thresholds of precision, weighted by the recall that each adds."""
    total, last, result = sum(y), 0.0, 0.0
    for t in sorted(set(p), reverse=True):
        said = [i for a, i in zip(p, y, strict=True) if a >= t]
        recall = sum(said) / total
        result, last = result + (recall - last) * sum(said) / len(said), recall
    return result


def lbfgs(x, rate, steps, history, line_search=None):
    """One step of PyTorch's, of several iterations."""
    return in_torch({"lbfgs": x, "arguments": {"lr": rate, "max_iter": steps, "history_size": history, "line_search_fn": line_search}})


def expected_calibration_error(confidences, hits, bins):
    """Guo et al. 2017, equation 3, a bin at a time."""
    total = 0.0
    for b in range(bins):
        own = [i for i, c in enumerate(confidences) if b / bins < c <= (b + 1) / bins]
        total += abs(sum(hits[i] for i in own) - sum(confidences[i] for i in own)) / len(hits)
    return total


def classification_report(labels, predictions, classes):
    """By Keras's metrics: precision, recall, F1 and number of each class; accuracy; the means over classes, plain and weighted."""
    import numpy as np

    y, p = (np.eye(classes, dtype=np.float32)[np.asarray(x)] for x in (labels, predictions))
    support = y.sum(0)

    def of(metric):
        metric.update_state(y, p)
        return np.asarray(metric.result())

    f1 = {average: of(keras.metrics.F1Score(average)) for average in (None, "macro", "weighted")}
    shares = [[of(kind(class_id=c)) for c in range(classes)] for kind in (keras.metrics.Precision, keras.metrics.Recall)]
    each = [[*s, f, n] for *s, f, n in zip(*shares, f1[None], support, strict=True)]
    means = [[*(np.average(s, weights=w) for s in shares), f1[a]] for a, w in (("macro", None), ("weighted", support))]
    return [float(x) for x in [*sum(each, []), of(keras.metrics.CategoricalAccuracy()), *sum(means, [])]]


FUNCTIONS = {
    "lbfgs": lbfgs,
    "expected_calibration_error": expected_calibration_error,
    "confusion_matrix": lambda y, p, n: tf.math.confusion_matrix(y, p, n).numpy().tolist(),
    "classification_report": classification_report,
    "perplexity": lambda entropy: [math.exp(entropy)],
    "bleu": bleu,
    "chrf": chrf,
    "rouge_n": rouge_n,
    "rouge_l": rouge_l,
    "word_error_rate": lambda t, r: sum(edits(a.split(), b.split()) for a, b in zip(t, r, strict=True)) / sum(len(b.split()) for b in r),
    "character_error_rate": lambda t, r: sum(edits(a, b) for a, b in zip(t, r, strict=True)) / sum(len(b) for b in r),
    "frechet_distance": frechet_distance,
    "roc_area": roc_area,
    "average_precision": average_precision,
    "psnr": lambda a, b, m: tf.image.psnr(tf.constant(a, tf.float32), tf.constant(b, tf.float32), m).numpy().tolist(),
    "ssim": lambda a, b, m: tf.image.ssim(tf.constant(a, tf.float32), tf.constant(b, tf.float32), m).numpy().tolist(),
}
