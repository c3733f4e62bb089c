#!/usr/bin/env python3
"""Makes sampling.json: what mlx-lm's logits processors and filters make of fixed logits.

    make_sampling.py            rewrites sampling.json
    make_sampling.py --check    compares, writes nothing, exit code 1 on a difference

Needs the packages in requirements.txt at exactly those versions.
"""

import argparse
import json
import sys
from pathlib import Path

import mlx.core as mx
from make import require_pinned_versions
from mlx_lm.sample_utils import apply_min_p, apply_top_k, apply_top_p, make_logits_processors

FILE = Path(__file__).resolve().parent / "sampling.json"
VOCABULARY = 32

# All different, in no order, and few bits each: every sum below is exact in float32.
LOGITS = [((index * 37) % 128 - 64) / 8 + index / 64 for index in range(VOCABULARY)]

# More tokens than the usual context of 20, some of them several times.
TOKENS = [(index * index + 3 * index) % 11 + (index % 4) * 5 for index in range(28)]

PENALTIES = [
    {},
    {"logit_bias": {"3": 2.5, "17": -100.0, "0": 0.125}},
    {"repetition_penalty": 1.5},
    {"repetition_penalty": 0.5, "repetition_context": 3},
    {"presence_penalty": 0.75},
    {"presence_penalty": -1.25, "presence_context": 5},
    {"frequency_penalty": 0.75},
    {"frequency_penalty": -0.5, "frequency_context": 1000},
    {
        "logit_bias": {"5": 3.0, "9": -3.0},
        "repetition_penalty": 2.0,
        "repetition_context": 4,
        "presence_penalty": 0.5,
        "presence_context": 9,
        "frequency_penalty": 0.25,
        "frequency_context": 28,
    },
]

FILTERS = [
    {"top_p": 0.9},
    {"top_p": 0.3},
    {"min_p": 0.05},
    {"min_p": 0.5},
    {"top_k": 1},
    {"top_k": 7},
    {"top_p": 0.95, "min_p": 0.02, "top_k": 5},
]


def penalised(parameters: dict) -> list[float]:
    biases = parameters.get("logit_bias", {})
    processors = make_logits_processors(
        logit_bias={int(token): bias for token, bias in biases.items()},
        repetition_penalty=parameters.get("repetition_penalty"),
        repetition_context_size=parameters.get("repetition_context", 20),
        presence_penalty=parameters.get("presence_penalty"),
        presence_context_size=parameters.get("presence_context", 20),
        frequency_penalty=parameters.get("frequency_penalty"),
        frequency_context_size=parameters.get("frequency_context", 20),
    )
    logits = mx.array([LOGITS])
    for processor in processors:
        logits = processor(mx.array(TOKENS), logits)
    return logits[0].tolist()


def kept(parameters: dict) -> list[int]:
    logits = mx.array([LOGITS])
    logprobs = logits - mx.logsumexp(logits, keepdims=True)
    if "top_p" in parameters:
        logprobs = apply_top_p(logprobs, parameters["top_p"])
    if "min_p" in parameters:
        logprobs = apply_min_p(logprobs, parameters["min_p"])
    if "top_k" in parameters:
        logprobs = apply_top_k(logprobs, parameters["top_k"])
    return [token for token, value in enumerate(logprobs[0].tolist()) if value != -mx.inf]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    check = parser.parse_args().check
    require_pinned_versions()
    mx.set_default_device(mx.cpu)
    made = {
        "logits": LOGITS,
        "tokens": TOKENS,
        "penalties": [{"parameters": one, "logits": penalised(one)} for one in PENALTIES],
        "filters": [{"parameters": one, "kept": kept(one)} for one in FILTERS],
    }
    text = json.dumps(made, indent=1) + "\n"
    if not check:
        FILE.write_text(text)
    return int(FILE.read_text() != text)


if __name__ == "__main__":
    sys.exit(main())
