#!/usr/bin/env python3
"""Holds the dense golden cases to transformers: the same files, read by its own models.

    check_transformers.py    prints each case's difference, exit code 1 where one is not explained

Needs the packages in requirements.txt and requirements-transformers.txt.
"""

import json
import re
import sys
from pathlib import Path

import torch
from make import COMMITTED
from reference import TOLERANCE
from safetensors.torch import load_file
from table import CASES, Case
from table.nanochat import AS_TRANSFORMERS_NAMES
from transformers import AutoConfig, AutoModelForCausalLM

UNLIKE = {
    "llama-rope-linear-traditional": "transformers knows no `rope_traditional`",
    "llama-rope-llama3-traditional": "transformers knows no `rope_traditional`",
    "llama-rope-traditional": "transformers knows no `rope_traditional`",
    "llama-sliding-window": "transformers' llama knows no layer types",
    "llama-tied-head-left": "transformers uses a head that differs from the embedding",
    "nanochat-epsilon": "mlx-lm's epsilon is 1e-5, transformers' 1e-6",
    "phi3-rope-traditional": "transformers knows no `rope_traditional`",
    "qwen3-tied-head-left": "transformers uses a head that differs from the embedding",
    "smollm3-tied-head-left": "transformers uses a head that differs from the embedding",
}
"""Cases in which the two read a directory differently, and how."""

WITHOUT = {
    "gemma3n-uncapped": "the cap must be a number",
    "llama-keys-absent": "no `tie_word_embeddings` means an untied head",
    "llama-rope-llama3-type": "band factors are required",
    "openelm": "not in transformers",
    "phi3-rope-linear": "phi3 knows longrope alone",
    "phi3-su": "`su` needs the original context inside `rope_scaling`",
}
"""Cases, or whole families, that transformers refuses."""

NAMES = {
    "gemma3": (
        (r"^language_model\.lm_head\.", "lm_head."),
        (r"^(model\.language_model|language_model\.model)\.", "model."),
    ),
    "gemma3n": ((r"^model\.language_model\.", "model."),),
    "nanochat": AS_TRANSFORMERS_NAMES,
}
"""Pairs (pattern, replacement) from a family's published names to those of its text model."""


def main() -> int:
    unexplained = 0
    for case in CASES:
        if case.quantization or {case.name, case.family} & WITHOUT.keys():
            continue
        found = difference(case)
        explained = UNLIKE.get(case.name, "")
        unexplained += found > TOLERANCE and not explained
        print(f"{case.name:40}{found:>10.1e}  {explained}", flush=True)
    print(f"{unexplained} differences are not explained")
    return int(unexplained > 0)


def difference(case: Case) -> float:
    """Largest difference from the expected logits, as a share of the largest of those."""
    expected = load_file(COMMITTED / case.name / "expected.safetensors")
    model = text_model(case, COMMITTED / case.name / "model")
    with torch.no_grad():
        logits = model(expected["tokens"].long()[None]).logits[0]
    return float((logits - expected["logits"]).abs().max() / expected["logits"].abs().max())


def text_model(case: Case, directory: Path):
    written = json.loads((directory / "config.json").read_text())
    config = AutoConfig.from_pretrained(directory).get_text_config()
    config.vocab_size = written.get("vocab_size", config.vocab_size)
    tensors = published_tensors(case, directory)
    if written["model_type"].startswith("gemma3") and "lm_head.weight" in tensors:
        config.tie_word_embeddings = False
    model = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    missing, _ = model.load_state_dict(tensors, strict=False)
    allowed = {"lm_head.weight"} if config.tie_word_embeddings else set()
    assert set(missing) <= allowed, f"{case.name}: transformers misses {missing}"
    return model


def published_tensors(case: Case, directory: Path) -> dict:
    """Every tensor in float32, under the name that the text model has for it."""
    tensors = {}
    for file in sorted(directory.glob("*.safetensors")):
        tensors |= load_file(file)
    for pattern, replacement in NAMES.get(case.family, ()):
        tensors = {re.sub(pattern, replacement, name): value for name, value in tensors.items()}
    return {name: value.float() for name, value in tensors.items()}


if __name__ == "__main__":
    sys.exit(main())
