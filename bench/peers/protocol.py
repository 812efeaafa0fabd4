"""The protocol of `cornu bench`, the same for every implementation, in lines on standard input and output.

A child says `{"ready": true, "implementation": "name and versions"}`, or `{"missing": "what to install"}`, or
`{"unsupported": "why"}`. Asked `check` it answers `{"check": {value: [norm, projections...]}}`; asked `run STEPS` it makes about so many
steps and answers `{"steps", "seconds", "loss", "peak_memory"}`. End of input ends it.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import sys
import time

import_error = None
try:
    import problem
except ModuleNotFoundError as error:  # numpy
    import_error = error


def say(**answer):
    print(json.dumps(answer), flush=True)


def start(description, packages, supported, *flags):
    """Parsed arguments with `.spec`, the work load; ends the child with a word where it cannot take part."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    for name, options in flags:
        parser.add_argument(name, **options)
    args = parser.parse_args()
    missing = [p for p in ["numpy", *packages] if importlib.util.find_spec(p) is None]
    if missing:
        say(missing=f"{' and '.join(missing)}: {sys.executable} -m pip install -r bench/requirements.txt")
        sys.exit(0)
    if args.work not in problem.WORKS or not supported(args.work):
        say(unsupported=args.work)
        sys.exit(0)
    args.spec = problem.WORKS[args.work]
    return args


def peak_memory():
    """Peak resident bytes of this process, where the system tells it."""
    try:
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    line = next((line for line in lines if line.startswith("VmHWM:")), None)
    return int(line.split()[1]) * 1024 if line else None


def forget_peak():
    """From here on the largest memory is that of the measurement."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then the comparison counts too


def with_allocator(name):
    return name + (" with tcmalloc" if "tcmalloc" in os.environ.get("LD_PRELOAD", "") else "")


def serve(implementation, check, make_run):
    """Answers until the input ends. `check()` gives the digests; `make_run()` a function from steps to (steps made, last loss)."""
    say(ready=True, implementation=with_allocator(implementation))
    run = None
    for line in sys.stdin:
        question = line.split()
        if question == ["check"]:
            say(check=check())
            forget_peak()
        elif len(question) == 2 and question[0] == "run":
            run = run or make_run()
            begin = time.perf_counter()
            steps, loss = run(int(question[1]))
            seconds = time.perf_counter() - begin
            say(steps=steps, seconds=seconds, loss=loss, peak_memory=peak_memory())
        else:
            sys.exit(f"expected `check` or `run STEPS`, received {line!r}")
