#!/usr/bin/env python3
"""How fast mlx-lm makes tokens behind a long context, and what its cache takes.

    decode_speed.py MODEL_DIRECTORY    reads a request a line, answers each with a line of JSON

The caches are filled with noise. Requests and answers are those of Headroom's own program,
`rust/models/examples/decode_speed`, which says what each field means.
"""

import json
import sys
import time

import mlx.core as mx
from mlx_lm import load
from mlx_lm.models.cache import KVCache, RotatingKVCache, make_prompt_cache

# Fewer would leave too much to chance.
FEWEST_TOKENS = 2
# What `mlx_lm.generate` keeps where the cache is bounded, and Headroom, too.
FIRST_TOKENS_KEPT = 4


def main() -> None:
    model, _ = load(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(answer(model, json.loads(line))), flush=True)


def answer(model, request: dict) -> dict:
    cache = filled_cache(model, request)
    mx.clear_cache()
    return {**decode(model, cache, request), "cache_bytes": sum(layer.nbytes for layer in cache)}


def filled_cache(model, request: dict) -> list:
    """Every layer has arrays of its own, as after a prompt."""
    rotating, context = request["layout"] != "simple", request["context"]
    kept = min(context, request["layout"]["rotating"]["max_size"]) if rotating else context
    noise = mx.random.normal(shape(model, kept)).astype(computed_in(model))
    mx.eval(noise)
    layers = []
    for _ in model.layers:
        layer = bounded_layer(request, noise) if rotating else simple_layer(request, noise)
        mx.eval(layer.keys, layer.values)
        layers.append(layer)
    return layers


def simple_layer(request: dict, noise: mx.array):
    layer = KVCache()
    layer.state = noise + 0, noise + 0, request["context"]
    quantized = request["precision"] != "full"
    return layer.to_quantized(**request["precision"]["quantized"]) if quantized else layer


def bounded_layer(request: dict, noise: mx.array) -> RotatingKVCache:
    assert request["precision"] == "full", "mlx-lm cannot quantise a bounded cache"
    layer = RotatingKVCache(request["layout"]["rotating"]["max_size"], keep=FIRST_TOKENS_KEPT)
    written = noise.shape[2]
    layer.state = (
        noise + 0,
        noise + 0,
        request["context"],
        layer.keep,
        layer.max_size,
        written,
    )
    return layer


def shape(model, positions: int) -> tuple:
    arguments = model.args
    return 1, arguments.num_key_value_heads, positions, arguments.head_dim


def computed_in(model) -> mx.Dtype:
    cache = make_prompt_cache(model)
    model(mx.array([[0]]), cache=cache)
    return cache[0].keys.dtype


def decode(model, cache: list, request: dict) -> dict:
    """The first token is made before the clock starts, as in Headroom's program."""
    token = next_token(model, cache, mx.array([[1]]))
    mx.reset_peak_memory()
    started, tokens = time.perf_counter(), 0
    while not is_enough(request, tokens, time.perf_counter() - started):
        token = next_token(model, cache, token)
        tokens += 1
    seconds = time.perf_counter() - started
    return {
        "tokens": tokens,
        "seconds": seconds,
        "active_bytes": mx.get_active_memory(),
        "peak_bytes": mx.get_peak_memory(),
    }


def is_enough(request: dict, tokens: int, seconds: float) -> bool:
    late = tokens >= FEWEST_TOKENS and seconds >= request["most_seconds"]
    return tokens >= request["most_tokens"] or late


def next_token(model, cache: list, token: mx.array) -> mx.array:
    following = mx.argmax(model(token, cache=cache)[:, -1:], axis=-1)
    mx.eval(following)
    return following


if __name__ == "__main__":
    main()
