#!/usr/bin/env python3
"""nanochat's first recipe in Python MLX: one graph a micro-batch, `mlx.nn` and `mlx.optimizers`.

    train_peer.py --data DIRECTORY --tokenizer DIRECTORY --depth N --steps N ...

The model is mlx-lm's. Prints one JSON object when it is done: the losses, the seconds of every
step, and what memory it took. `tests/golden/training_recipe.py` says what each hyperparameter is.
"""

import argparse
import itertools
import json
import math
import time
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optimizers
from mlx.utils import tree_flatten, tree_map, tree_unflatten
from mlx_lm.models.nanochat import Model, ModelArgs
from peer import peak_footprint_bytes
from tokenizer_peer import documents
from tokenizers import Tokenizer

BEGINNING = "<|bos|>"
HEAD_WIDTH = 128


def main() -> None:
    arguments = parse()
    mx.set_default_device(mx.cpu)
    mx.random.seed(arguments.seed)
    model = initial_model(arguments)
    optimizer = recipe_optimizer(64 * arguments.depth)
    optimizer.init(model.trainable_parameters())
    mx.eval(model.parameters(), optimizer.state)
    batches = micro_batches(arguments)
    losses, seconds = [], []
    mx.reset_peak_memory()
    for iteration in range(arguments.steps):
        started = time.perf_counter()
        losses.append(step(model, optimizer, batches, arguments, iteration))
        seconds.append(time.perf_counter() - started)
    print(json.dumps(figures(model, optimizer, arguments, losses, seconds)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--depth", type=int, required=True)
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--context", type=int, required=True)
    parser.add_argument("--device-batch-size", type=int, required=True)
    parser.add_argument("--micro-batches", type=int, default=1)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def initial_model(arguments: argparse.Namespace) -> Model:
    width = 64 * arguments.depth
    heads = math.ceil(width / HEAD_WIDTH)
    settings = ModelArgs(
        hidden_size=width,
        num_hidden_layers=arguments.depth,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        vocab_size=arguments.vocabulary,
        max_position_embeddings=arguments.context,
        intermediate_size=4 * width,
    )
    model = Model(settings)
    drawn = [(name, draw(name, old.shape)) for name, old in tree_flatten(model.parameters())]
    model.update(tree_unflatten(drawn))
    return model


def draw(name: str, shape: tuple) -> mx.array:
    if "c_proj" in name or name.startswith("lm_head"):
        return mx.zeros(shape)
    rows, columns = shape
    spread = 1.0 if "wte" in name else min(1.0, math.sqrt(rows / columns)) / math.sqrt(columns)
    return spread * mx.random.normal(shape)


def peak_learning_rates(width: int) -> tuple:
    """Of embedding, head and blocks; mlx scales Muon's by the shape itself."""
    scale = (width / 768) ** -0.5
    return 0.2 * scale, 0.004 * scale, 0.02


def recipe_optimizer(width: int) -> optimizers.MultiOptimizer:
    embedding, head, blocks = peak_learning_rates(width)
    adam = {"betas": [0.8, 0.95], "eps": 1e-10, "weight_decay": 0.0, "bias_correction": True}
    return optimizers.MultiOptimizer(
        [
            optimizers.AdamW(learning_rate=embedding, **adam),
            optimizers.AdamW(learning_rate=head, **adam),
            optimizers.Muon(learning_rate=blocks, momentum=0.85, weight_decay=0.0),
        ],
        [lambda name, _: "wte" in name, lambda name, _: "lm_head" in name],
    )


def micro_batches(arguments: argparse.Namespace):
    """Documents one after the other, cut into rows, as long as there are any."""
    ids = token_stream(arguments)
    length = arguments.device_batch_size * (arguments.context + 1)
    while True:
        taken = mx.array(list(itertools.islice(ids, length)), dtype=mx.int32)
        yield taken.reshape(arguments.device_batch_size, -1)


def token_stream(arguments: argparse.Namespace):
    tokenizer = Tokenizer.from_file(str(arguments.tokenizer / "tokenizer.json"))
    beginning = tokenizer.token_to_id(BEGINNING)
    for document in itertools.chain.from_iterable(
        documents(arguments.data) for _ in itertools.count()
    ):
        yield beginning
        yield from tokenizer.encode(document, add_special_tokens=False).ids


def summed_loss(model: Model, rows: mx.array) -> mx.array:
    logits = model(rows[:, :-1]).astype(mx.float32)
    return nn.losses.cross_entropy(logits, rows[:, 1:], reduction="sum")


def follow_schedule(optimizer, arguments: argparse.Namespace, iteration: int) -> None:
    warmdown = round(0.2 * arguments.steps)
    share = min(1.0, (arguments.steps - iteration) / max(warmdown, 1))
    peaks = peak_learning_rates(64 * arguments.depth)
    for one, peak in zip(optimizer.optimizers, peaks, strict=True):
        one.learning_rate = share * peak
    optimizer.optimizers[-1].momentum = 0.85 + 0.1 * min(iteration / 300, 1.0)


def step(model, optimizer, batches, arguments, iteration: int) -> float:
    """One optimizer step; returns its loss."""
    tokens = arguments.micro_batches * arguments.device_batch_size * arguments.context
    loss_and_gradients = nn.value_and_grad(model, summed_loss)
    loss, gradients = loss_and_gradients(model, next(batches))
    for _ in range(arguments.micro_batches - 1):
        mx.eval(loss, gradients)
        part, parts = loss_and_gradients(model, next(batches))
        loss, gradients = loss + part, tree_map(mx.add, gradients, parts)
    gradients = tree_map(lambda gradient: gradient / tokens, gradients)
    gradients, _ = optimizers.clip_grad_norm(gradients, max_norm=1.0)
    follow_schedule(optimizer, arguments, iteration)
    optimizer.update(model, gradients)
    mx.eval(model.parameters(), optimizer.state, loss)
    return loss.item() / tokens


def figures(model, optimizer, arguments, losses: list, seconds: list) -> dict:
    weights = [array for _, array in tree_flatten(model.trainable_parameters())]
    tokens = arguments.micro_batches * arguments.device_batch_size * arguments.context
    return {
        "losses": losses,
        "step_seconds": seconds,
        "tokens_per_step": tokens,
        "weight_bytes": sum(array.nbytes for array in weights),
        "state_bytes": state_bytes(optimizer),
        "peak_mlx_bytes": mx.get_peak_memory(),
        "peak_footprint_bytes": peak_footprint_bytes(),
    }


def state_bytes(optimizer) -> int:
    """Of the arrays as large as weights, without counters and rates."""
    return sum(array.nbytes for _, array in tree_flatten(optimizer.state) if array.ndim > 1)


if __name__ == "__main__":
    main()
