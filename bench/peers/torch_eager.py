"""Training speed of the article's network with PyTorch: eager, and with --channels-last or --compile."""

import protocol

parser = protocol.arguments(__doc__)
parser.add_argument("--channels-last", action="store_true", help="NHWC memory format")
parser.add_argument("--compile", action="store_true", help="torch.compile (needs a C++ compiler)")
args = parser.parse_args()

import os  # noqa: E402

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch  # noqa: E402
from torch import nn  # noqa: E402

torch.set_num_threads(args.threads)
torch.manual_seed(0)
BATCH = protocol.BATCH

# Softmax and cross-entropy are one function in PyTorch: the last layer gives logits, as its users write it.
model = nn.Sequential(
    nn.Conv2d(3, 32, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.25),
    nn.Conv2d(32, 64, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.25),
    nn.Flatten(),
    nn.Linear(64 * 6 * 6, 64),
    nn.ReLU(),
    nn.Dropout(0.5),
    nn.Linear(64, 10),
)
images, labels = protocol.images(args)
x = torch.from_numpy(images).permute(0, 3, 1, 2)
y = torch.from_numpy(labels).long()
if args.channels_last:
    model = model.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
else:
    x = x.contiguous()
del images
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
model.train()


def loss_of(batch_x, batch_y):
    return criterion(model(batch_x), batch_y)


if args.compile:
    loss_of = torch.compile(loss_of)


def train(steps):
    loss, order, at = None, torch.randperm(len(x)), 0
    for _ in range(steps):
        if at + BATCH > len(x):
            order, at = torch.randperm(len(x)), 0
        rows = order[at : at + BATCH]
        at += BATCH
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x[rows], y[rows])
        loss.backward()
        optimizer.step()
    return loss.item()


name = "torch" + (" compile" if args.compile else " eager") + (" channels_last" if args.channels_last else "")
name += " tcmalloc" if "tcmalloc" in os.environ.get("LD_PRELOAD", "") else ""
protocol.serve(args, name, "W1-train", train)
