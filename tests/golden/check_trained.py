#!/usr/bin/env python3
"""Lets mlx-lm read what `headroom train` writes, and compares both's logits.

    check_trained.py target/release/headroom                trains small models and compares them
    check_trained.py target/release/headroom DIRECTORY...   compares models that lie there

mlx-lm's own loader reads directory and tokenizer, the tokenizer gives the prompt, and
mlx-lm's logits in float32 must be Headroom's within the tolerance of the golden cases.
Needs the packages in requirements.txt.
"""

import sys
import tempfile
from pathlib import Path

import mlx.core as mx
from mlx_lm.utils import load
from reference import TOLERANCE
from written import logits_apart, run

MAKE = Path(__file__).resolve().parents[2] / "assets/make"
SENTENCE = "Once upon a time there was a little fox, and she had a red ball."
SIZES = ["--depth", 4, "--vocab", 512, "--context", 128, "--device-batch-size", 4]
STEPS = ["--total-batch-size", 512, "--num-iterations", 40, "--eval-every", 0]
TUNING = ["--rows-per-step", 4, "--num-iterations", 20, "--eval-every", 0]


def main() -> int:
    headroom, *directories = sys.argv[1:]
    mx.set_default_device(mx.cpu)
    with tempfile.TemporaryDirectory() as temporary:
        models = map(Path, directories) if directories else trained(headroom, Path(temporary))
        apart = {model.name: compared(headroom, model) for model in models}
    for name, share in apart.items():
        print(f"{name:28}{share:.1e}")
    return int(not all(share <= TOLERANCE for share in apart.values()))


def trained(headroom: str, place: Path) -> list[Path]:
    """Base models in both types, and a tuned one of each."""
    python = [sys.executable, "-B"]
    run(*python, MAKE / "stories.py", "--output", place / "text", "--documents", 500, "--seed", 1)
    chats = ["--output", place / "chats.jsonl", "--conversations", 100, "--seed", 1]
    run(*python, MAKE / "chats.py", *chats)
    models = []
    for dtype in ("float32", "bfloat16"):
        base, tuned = place / f"base-{dtype}", place / f"tuned-{dtype}"
        data = ["--data", place / "text", "--output", base, "--dtype", dtype]
        run(headroom, "train", "base", *data, *SIZES, *STEPS)
        data = ["--data", place / "chats.jsonl", "--output", tuned, "--dtype", dtype]
        run(headroom, "train", "sft", "--model", base, *data, *TUNING)
        models += [base, tuned]
    return models


def compared(headroom: str, model: Path) -> float:
    return logits_apart(headroom, model, prompt(load(str(model))[1]))


def prompt(tokenizer) -> list[int]:
    """The sentence, said by a user where the model was tuned to chats."""
    if not tokenizer.has_chat_template:
        return tokenizer.encode(SENTENCE)
    said = [{"role": "user", "content": SENTENCE}]
    return tokenizer.apply_chat_template(said, add_generation_prompt=True)


if __name__ == "__main__":
    sys.exit(main())
