"""Compares training speed side by side: starts every implementation, alternates them round by round, prints medians and ratios.

    python bench/run.py --cornu "target/release/cornu bench --work W1" --python .venv/bin/python

Needs only the standard library; a peer whose packages are missing is skipped with a word. Every implementation trains the same network
on the same number of images in memory, batch 128, two threads. Its first repetition is thrown away. The processor time that programs
outside the comparison took during a repetition is written beside each number; --quiet 10 repeats what they disturbed.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import queue
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TCMALLOC = [
    "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4",
    "/usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4",
    "/usr/lib64/libtcmalloc_minimal.so.4",
]
PEERS = {
    "keras-numpy": ["keras_tf.py", "--config", "numpy"],
    "keras-numpy-16": ["keras_tf.py", "--config", "numpy-16"],
    "keras-tfdata": ["keras_tf.py", "--config", "tfdata"],
    "keras-tfdata-16": ["keras_tf.py", "--config", "tfdata-16"],
    "keras-tfdata-16-jit": ["keras_tf.py", "--config", "tfdata-16", "--jit", "on"],
    "keras-function": ["keras_tf.py", "--config", "function"],
    "keras-function-jit": ["keras_tf.py", "--config", "function", "--jit", "on"],
    "torch": ["torch_eager.py"],
    "torch-channels-last": ["torch_eager.py", "--channels-last"],
    "torch-channels-last-tcmalloc": ["torch_eager.py", "--channels-last"],
    "torch-compile": ["torch_eager.py", "--compile", "--channels-last"],
}
DEFAULT = "keras-numpy,keras-tfdata-16,keras-function,torch,torch-channels-last,torch-channels-last-tcmalloc"


class Absent(Exception):
    """An implementation that cannot run here, and why."""


class Child:
    """One running implementation."""

    def __init__(self, key, command, environment):
        self.key, self.results = key, []
        self.errors = tempfile.TemporaryFile("w+")
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment
            )
        except OSError as error:
            raise Absent(str(error)) from error
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def why(self):
        """The last line the child wrote to its standard error."""
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()]
        return lines[-1] if lines else f"ended with status {self.process.poll()}"

    def repetition(self, timeout):
        """Starts one repetition and returns its JSON line."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended: the reader below sees the end and tells why
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise Absent(f"no answer within {timeout} s") from None
            if line is None:
                self.process.wait()
                raise Absent(self.why())
            try:
                value = json.loads(line)
            except json.JSONDecodeError:
                continue  # a library's chatter
            if isinstance(value, dict) and "images_per_second" in value:
                return value

    def cpu_seconds(self):
        """Processor time this child has used (None where there is no /proc)."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def busy_seconds():
    """Processor time all programs have used since boot (None where there is no /proc)."""
    try:
        fields = [int(n) for n in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return None
    return (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def measure(child, timeout):
    """One repetition, with the share of the machine that others took meanwhile."""
    before, own, start = busy_seconds(), child.cpu_seconds(), time.monotonic()
    value = child.repetition(timeout)
    if before is not None and own is not None and child.process.poll() is None:
        others = busy_seconds() - before - (child.cpu_seconds() - own)
        value["others_percent"] = round(max(0.0, 100 * others / ((time.monotonic() - start) * os.cpu_count())), 1)
    return value


def wait_until_quiet(limit, patience):
    """Waits until half a second passes in which other programs take less than `limit` percent; gives up after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(0.5)
        if before is None or 100 * (busy_seconds() - before) / (0.5 * os.cpu_count()) < limit:
            return


def measure_quietly(child, args):
    """A repetition that others disturbed is thrown away and repeated; the least disturbed one counts."""
    best = None
    for _ in range(args.tries):
        if args.quiet < 100:
            wait_until_quiet(args.quiet, args.patience)
        value = measure(child, args.timeout)
        others = value.get("others_percent", 0)
        if best is None or others < best["others_percent"]:
            best = value | {"others_percent": others}
        if others <= args.quiet:
            break
    return best


def start(args, key, command):
    """A child that has answered one repetition, which is thrown away."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
    if key.endswith("tcmalloc"):
        library = next((path for path in TCMALLOC if pathlib.Path(path).exists()), None)
        if not library:
            raise Absent("libtcmalloc_minimal is not installed")
        environment["LD_PRELOAD"] = library
    child = Child(key, command, environment)
    try:
        child.repetition(args.timeout)
    except Absent:
        child.end()
        raise
    return child


def play(children, number, args):
    """One round: every child once, each round starting with the next one."""
    first = number % len(children)
    for child in children[first:] + children[:first]:
        if child.process.poll() is None:
            try:
                child.results.append(measure_quietly(child, args))
            except Absent as absent:
                print(f"skipped from round {number + 1}: {child.key}: {absent}", flush=True)
    print(f"round {number + 1} of {args.rounds} done", file=sys.stderr, flush=True)


def machine():
    """What the numbers depend on."""
    model = platform.processor()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        model = next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), model)
        features = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if f in text]
        model += f" ({' '.join(features)})" if features else ""
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}


def table(children, best_peer):
    """The printed comparison."""
    width = max(len(c.key) for c in children)
    rows = [f"{'':{width}}  median img/s     min     max   ratio  peak MB  others %  loss"]
    for child in sorted(children, key=lambda c: -c.median):
        speeds = [r["images_per_second"] for r in child.results]
        others = [r["others_percent"] for r in child.results if "others_percent" in r]
        ratio = f"{child.median / best_peer:7.2f}" if best_peer else "      -"
        rows.append(
            f"{child.key:{width}}  {child.median:12.0f} {min(speeds):7.0f} {max(speeds):7.0f} {ratio}"
            f" {child.results[-1].get('peak_memory_mb') or float('nan'):8.0f}"
            f" {statistics.median(others) if others else float('nan'):9.1f}  {child.results[-1].get('loss', '-')}"
        )
    return "\n".join(rows)


def interrupt(_signal, _frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cornu", help='Cornu\'s command, for example "target/release/cornu bench --work W1"')
    parser.add_argument("--peers", default=DEFAULT, help=f"comma list of: {', '.join(PEERS)}; or none")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers' packages")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=192, help="training steps per repetition")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", help="folder of the CIFAR-10 binary release for the peers; without it synthetic images")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a repetition may take, start included")
    parser.add_argument("--quiet", type=float, default=100, help="repeat what others disturbed by more than this percent")
    parser.add_argument("--tries", type=int, default=5, help="repetitions at most for one number, with --quiet")
    parser.add_argument("--patience", type=float, default=20, help="seconds to wait for a quiet moment, with --quiet")
    parser.add_argument("--out", help="result file (default: bench/results/DATE-W1-train.json)")
    args = parser.parse_args()

    keys = [] if args.peers == "none" else args.peers.split(",")
    unknown = [key for key in keys if key not in PEERS]
    if unknown:
        parser.error(f"unknown peers {', '.join(unknown)}; known: {', '.join(PEERS)}")
    common = ["--interactive", "--steps", str(args.steps)]
    commands = {"cornu": shlex.split(args.cornu) + common} if args.cornu else {}
    for key in keys:
        script, *flags = PEERS[key]
        extra = ["--threads", str(args.threads)] + (["--data", args.data] if args.data else [])
        commands[key] = [args.python, str(HERE / "peers" / script), *flags, *common, *extra]

    # Also where a shell started this in the background with the interrupt ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    children = []
    for key, command in commands.items():
        print(f"starting {key}", file=sys.stderr, flush=True)
        try:
            children.append(start(args, key, command))
        except Absent as absent:
            print(f"skipped: {key}: {absent}", flush=True)
    if not children:
        raise SystemExit("error: no implementation could be started")
    try:
        for number in range(args.rounds):
            play(children, number, args)
    except KeyboardInterrupt:
        print("interrupted: the rounds so far follow", flush=True)
    for child in children:
        child.end()
    children = [child for child in children if child.results]
    if not children:
        raise SystemExit("error: no repetition was finished")
    for child in children:
        child.median = statistics.median(r["images_per_second"] for r in child.results)
    best_peer = max((c.median for c in children if c.key != "cornu"), default=None)
    print(table(children, best_peer))

    now = datetime.datetime.now(datetime.timezone.utc)
    out = pathlib.Path(args.out or HERE / "results" / f"{now:%Y-%m-%d}-W1-train.json")
    result = {
        "workload": "W1-train",
        "when": now.isoformat(timespec="seconds"),
        "machine": machine(),
        "threads": args.threads,
        "batch_size": 128,
        "data": "cifar10" if args.data else "synthetic",
        "best_peer_images_per_second": best_peer,
        "implementations": {
            c.key: {
                "name": c.results[-1]["implementation"],
                "median": c.median,
                "ratio_to_best_peer": round(c.median / best_peer, 4) if best_peer else None,
                "repetitions": c.results,
            }
            for c in children
        },
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".tmp")
    partial.write_text(json.dumps(result, indent=1) + "\n")
    partial.replace(out)
    print(f"written: {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
