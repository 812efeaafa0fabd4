"""Makes the golden cases with Keras on TensorFlow, or checks that the stored ones are what Keras computes.

    python golden/make.py          # makes all cases again in golden/
    python golden/make.py --new    # makes the layer cases that are not stored yet
    python golden/make.py --check  # writes nothing; fails where a stored case deviates
    python golden/make.py --all    # those of the other scripts too, each in a process of its own; also with --check

Layout: README.md beside this file. Versions: bench/requirements.txt.
"""

import argparse
import os
import pathlib
import subprocess
import sys

# One order of additions, whatever the processor: golden values come from TensorFlow's own kernels.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import layer_cases  # noqa: E402
import model_cases  # noqa: E402
import value_cases  # noqa: E402


OTHERS = ("application_cases.py", "preprocessing_cases.py", "goal_cases.py", "gradient_cases.py", "../bench/check_same.py")


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, exit 1 on a deviation over the tolerance")
    parser.add_argument("--only", default="layers,values,models", help="comma list of layers, values, models")
    parser.add_argument("--new", action="store_true", help="make only layer cases that are not stored yet")
    parser.add_argument("--all", action="store_true", help="run the other scripts too: " + ", ".join(OTHERS))
    args = parser.parse_args()
    if args.new:
        args.only = "layers"
    write, only = not args.check, args.only.split(",")
    made, failures = [], []

    def report(name, deviation):
        made.append(name)
        if deviation is None:
            print(f"new       {name}")
            if args.check:
                failures.append(name)
        elif deviation > 1:
            print(f"DEVIATES  {name}: {deviation:.3g} tolerances")
            failures.append(name)

    if "layers" in only:
        layer_cases.make(here / "layers", report, write, args.new)
    if "values" in only:
        value_cases.make(here, report, write)
    if "models" in only:
        model_cases.make(here / "models", report, write)
    print(f"{len(made)} cases {'checked' if args.check else 'made'}, {len(failures)} deviate")
    for script in OTHERS if args.all else ():
        print(script, flush=True)
        done = subprocess.run([sys.executable, here / script, *(["--check"] if args.check else [])])
        failures += [script] * (done.returncode != 0)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
