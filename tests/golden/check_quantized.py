#!/usr/bin/env python3
"""Lets mlx-lm read what `headroom quantize` writes, and compares both's logits.

    check_quantized.py target/release/headroom

Each recipe is applied to a golden case; mlx-lm's loader reads the directory that
comes of it, and its logits in float32 must be Headroom's within the tolerance of the
golden cases. The shipped model gets a mixed recipe, because only it has a tokenizer.
Needs the packages in requirements.txt.
"""

import sys
import tempfile
from pathlib import Path

import mlx.core as mx
from reference import TOLERANCE
from safetensors.numpy import load_file
from written import logits_apart, run

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests/golden/cases"
SAMPLE = ROOT / "assets/make/sample.txt"
STORY = [3063, *range(300, 340)]

MIXED = ["--target-bits", "3.5", "--calibration", SAMPLE, "--calibration-tokens", "256"]
RECIPES = [
    ("qwen3-8-bit-group-64", ["--bits", "4", "--group-size", "32"]),
    ("qwen3-8-bit-group-64", ["--mode", "mxfp4"]),
    ("qwen3-8-bit-group-64", ["--mode", "mxfp8"]),
    ("qwen3-8-bit-group-64", ["--mode", "nvfp4"]),
    ("qwen3-mixed-modes", ["--dequantize"]),
    ("nanochat-float32-grouped", ["--mode", "mxfp8"]),
    ("nanochat-float32-grouped", ["--bits", "6", "--group-size", "32"]),
    ("nanochat-bfloat16", ["--mode", "nvfp4"]),
]


def main() -> int:
    headroom = sys.argv[1]
    mx.set_default_device(mx.cpu)
    failures = 0
    for case, recipe in RECIPES:
        tokens = load_file(CASES / case / "expected.safetensors")["tokens"].tolist()
        apart = difference_of(headroom, (CASES / case / "model", tokens), recipe)
        failures += not apart <= TOLERANCE
        print(f"{case:28}{' '.join(recipe):32}{apart:.1e}", flush=True)
    apart = difference_of(headroom, (ROOT / "assets/storyteller", STORY), MIXED)
    print(f"{'storyteller':28}{' '.join(MIXED[:2]):32}{apart:.1e}")
    return 1 if failures or not apart <= TOLERANCE else 0


def difference_of(headroom: str, case: tuple[Path, list[int]], recipe: list) -> float:
    model, tokens = case
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary) / "model"
        run(headroom, "quantize", "--model", model, "--output", output, *recipe)
        return logits_apart(headroom, output, tokens)


if __name__ == "__main__":
    sys.exit(main())
