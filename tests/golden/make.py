#!/usr/bin/env python3
"""Makes the golden checkpoints and their reference logits.

    make.py            rewrites every case under cases/
    make.py --check    makes them in a temporary directory and compares

Needs the packages in requirements.txt at exactly those versions.
"""

import argparse
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlx.core as mx
from caches import write_runs
from checkpoint import write_model
from reference import AGREEMENT, Reference, compute, difference, load, readable
from safetensors.numpy import load_file, save_file
from table import CASES, Case

HERE = Path(__file__).resolve().parent
COMMITTED = HERE / "cases"
LOGITS = ("expected.safetensors", "caches.safetensors")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed cases, write nothing"
    )
    check = parser.parse_args().check
    require_pinned_versions()
    mx.set_default_device(mx.cpu)
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary) / "cases"
        print(f"{'case':38}{'bytes':>9}{'largest':>9}{'misread':>9}  what it catches")
        for case in CASES:
            print_row(case, make_case(case, fresh / case.name), fresh / case.name)
        print(f"{len(CASES)} cases, {size_bytes(fresh):,} bytes")
        if check:
            return report(differences(fresh, COMMITTED))
        shutil.rmtree(COMMITTED, ignore_errors=True)
        shutil.copytree(fresh, COMMITTED)
    return 0


def require_pinned_versions() -> None:
    for line in (HERE / "requirements.txt").read_text().split():
        package, pinned = line.replace("[cpu]", "").split("==")
        if version(package) != pinned:
            sys.exit(
                f"{package} is {version(package)} but {pinned} is pinned: pip install -r requirements.txt"
            )


def make_case(case: Case, directory: Path) -> Reference:
    write_model(case, directory / "model")
    with readable(case, directory / "model") as model_directory:
        reference = compute(case, model_directory)
    save_file(
        {
            "tokens": reference.tokens,
            "logits": reference.logits,
            "step_logits": reference.step_logits,
        },
        directory / "expected.safetensors",
    )
    if case.caches:
        model = load(directory / "model", case.reference)
        write_runs(model, reference.tokens, directory)
    return reference


def print_row(case: Case, reference: Reference, directory: Path) -> None:
    contrast = "" if reference.contrast is None else f"{reference.contrast:.0%}"
    largest = abs(reference.logits).max()
    print(
        f"{case.name:38}{size_bytes(directory):>9,}{largest:>9.2f}{contrast:>9}  {case.why}",
        flush=True,
    )


def size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def differences(fresh: Path, committed: Path) -> list[str]:
    """Files that differ. Logits may differ by rounding, as another processor's sums do."""
    names = {
        path.relative_to(root)
        for root in (fresh, committed)
        for path in root.rglob("*")
        if path.is_file()
    }
    return [str(name) for name in sorted(names) if not same(fresh / name, committed / name)]


def same(fresh: Path, committed: Path) -> bool:
    if not (fresh.exists() and committed.exists()):
        return False
    if fresh.read_bytes() == committed.read_bytes():
        return True
    return fresh.name in LOGITS and same_logits(load_file(fresh), load_file(committed))


def same_logits(fresh: dict, committed: dict) -> bool:
    if {name: array.shape for name, array in fresh.items()} != {
        name: array.shape for name, array in committed.items()
    }:
        return False
    return all(
        (fresh[name] == committed[name]).all()
        if name == "tokens"
        else difference(committed[name], fresh[name]) <= AGREEMENT
        for name in committed
    )


def report(differing: list[str]) -> int:
    for name in differing:
        print(f"differs: {name}")
    print(
        "the committed cases differ"
        if differing
        else "the committed cases are what this script makes"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
