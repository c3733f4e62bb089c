"""Measures and samples a finished model directory with mlx-lm.

    python check.py --model ../storyteller --corpus corpus.jsonl
"""

import argparse
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx_lm import generate, load
from mlx_lm.sample_utils import make_sampler
from tokenizers import Tokenizer

from rows import rows

ROWS = 8
PLAIN = ["Once upon a time", "The little fox"]
CHATS = [
    "Tell me a story about a dragon.", "Tell me a story about a fox named Lily who lost a hat.",
    "What colour is the sky?", "What is 3 + 4?", "Who are you?", "Hello!",
]


def held_out_loss(model: nn.Module, data: mx.array) -> float:
    """Mean cross entropy of the next token, in nats."""
    losses = []
    for row in data:
        logits = model(row[None, :-1]).astype(mx.float32)
        losses.append(nn.losses.cross_entropy(logits, row[None, 1:], reduction="mean").item())
    return sum(losses) / len(losses)


def samples(model: nn.Module, tokenizer, temperature: float):
    """Yield (prompt, text) for plain continuations and for chats."""
    sampler = make_sampler(temp=temperature, top_p=0.95)
    for prompt in PLAIN:
        yield prompt, generate(model, tokenizer, prompt, max_tokens=500, sampler=sampler)
    for question in CHATS:
        message = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(message, add_generation_prompt=True)
        yield question, generate(model, tokenizer, prompt, max_tokens=500, sampler=sampler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    model, tokenizer = load(str(arguments.model))
    vocabulary = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    data = rows(arguments.corpus, vocabulary, documents=200)[:ROWS]
    print(f"held-out loss over {ROWS} rows: {held_out_loss(model, mx.array(data)):.4f}")
    mx.random.seed(arguments.seed)
    for temperature in (0.0, 0.7):
        for prompt, text in samples(model, tokenizer, temperature):
            print(f"\n=== temperature {temperature}: {prompt}\n{text}")


if __name__ == "__main__":
    main()
