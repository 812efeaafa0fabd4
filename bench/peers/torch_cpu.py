"""PyTorch on a CPU: eager, and with --channels-last or --compile. Its optimizers are the fused ones."""

import os

import protocol

FLAG = {"action": "store_true"}
IMAGES = ("W1", "W2", "W6")
args = protocol.start(
    __doc__, ["torch"], lambda work: True, ("--channels-last", FLAG), ("--compile", FLAG)
)
if args.channels_last and not args.work.startswith(IMAGES):
    protocol.say(unsupported="no images")
    raise SystemExit

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import problem  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_networks import network  # noqa: E402

torch.set_num_threads(args.threads)
torch.set_flush_denormal(True)  # moments of dead weights become such numbers, which are slow; XLA does so by itself
torch.manual_seed(0)
spec = args.spec


def build(dropout):
    model = network(args.work, dropout)
    model.load(problem.shapes(args.work))
    return model.to(memory_format=torch.channels_last) if args.channels_last else model


def tensor(x):
    x = torch.from_numpy(x)
    if x.dtype == torch.int32:
        return x.long()
    if x.dim() == 4:
        x = x.permute(0, 3, 1, 2)
        x = x.contiguous(memory_format=torch.channels_last if args.channels_last else torch.contiguous_format)
    return x


def targets(count):
    y = torch.from_numpy(spec.targets(count))
    return y if spec.target[0] == "binary" else y.long()


def loss_function(model):
    def loss(x, y):
        if spec.target[0] == "binary":
            return F.binary_cross_entropy_with_logits(model(x), y)
        out = model(x)
        return F.cross_entropy(out.reshape(-1, out.shape[-1]), y.reshape(-1))

    return torch.compile(loss) if args.compile else loss


def check():
    model = build(dropout=False)
    if not spec.train:
        model.eval()
        forward = torch.compile(model) if args.compile else model
        with torch.inference_mode():
            return {"output": problem.digest("output", torch.softmax(forward(tensor(spec.inputs_to_compare())), -1).numpy())}
    loss = loss_function(model)(tensor(spec.inputs_to_compare()), targets(spec.batch))
    loss.backward()
    return problem.digests(loss.item(), model.gradients())


def make_run():
    model = build(dropout=True)
    count = spec.batch * spec.batches
    x = tensor(spec.inputs(count))
    if not spec.train:
        model.eval()
        forward = torch.compile(model) if args.compile else model
        layout = torch.channels_last if args.channels_last else torch.contiguous_format
        batches = [b.contiguous(memory_format=layout) for b in x.split(spec.batch)]

        def infer(steps):
            with torch.inference_mode():
                for step in range(steps):
                    torch.softmax(forward(batches[step % len(batches)]), -1)
            return steps, None

        return infer
    y = targets(count)
    kinds = {"W2": torch.optim.SGD, "W5": torch.optim.AdamW, "W6": torch.optim.SGD}
    kind = kinds.get(args.work.split("-")[0], torch.optim.Adam)
    options = {"lr": 0.01, "momentum": 0.9} if kind is torch.optim.SGD else {"lr": 0.001}
    if kind is torch.optim.AdamW:
        options["weight_decay"] = 0.004  # Keras's default
    optimizer = kind(model.parameters(), fused=True, **options)
    loss_of = loss_function(model)
    model.train()

    def train(steps):
        loss, order, at = None, torch.randperm(count), 0
        for _ in range(steps):
            if at + spec.batch > count:
                order, at = torch.randperm(count), 0
            rows = order[at : at + spec.batch]
            at += spec.batch
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(x[rows], y[rows])
            loss.backward()
            optimizer.step()
        return steps, loss.item()

    return train


name = f"torch {torch.__version__}" + (" compile" if args.compile else "")
protocol.serve(name + (" channels_last" if args.channels_last else ""), check, make_run)
