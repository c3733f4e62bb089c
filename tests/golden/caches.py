"""Computes one case's logits through each of mlx-lm's KV caches.

A run feeds the case's prompt in pieces, quantises when `mlx_lm.generate` would, and may
forget the last tokens on the way: the prompt then goes on from there, so that later
tokens stand at earlier positions.

A layer that slides by the model's own making keeps its window in every run, the others
take the run's cache. mlx-lm neither quantises a window nor trims one that is full, so
models with windows skip those runs.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx_lm.generate import maybe_quantize_kv_cache
from mlx_lm.models.cache import (
    ChunkedKVCache,
    KVCache,
    RotatingKVCache,
    make_prompt_cache,
    trim_prompt_cache,
)
from safetensors.numpy import save_file


@dataclass(frozen=True)
class Run:
    """One way through the prompt. The fields are those of `headroom debug logits`, and a trim."""

    name: str
    chunk: int = 1
    max_kv_size: int | None = None
    kv_chunk_size: int | None = None
    kv_bits: int | None = None
    kv_group_size: int = 64
    quantized_kv_start: int = 0
    trim_after: int | None = None
    """How many tokens have been fed when some are forgotten."""
    trimmed: int = 0


def quantized(bits: int, group_size: int, start: int, chunk: int = 1) -> Run:
    name = f"quantized-{bits}-bit-group-{group_size}-from-{start}"
    return Run(name, chunk, kv_bits=bits, kv_group_size=group_size, quantized_kv_start=start)


KEEP = 4
"""First tokens that a rotating cache keeps, as `mlx_lm.generate` sets it."""

RUNS = [
    Run("simple-trimmed", trim_after=20, trimmed=7),
    Run("simple-in-chunks-trimmed", chunk=5, trim_after=15, trimmed=15),
    *(
        quantized(bits, group_size, start)
        for group_size, start in ((32, 0), (64, 10))
        for bits in (2, 3, 4, 6, 8)
    ),
    quantized(4, 32, 10, chunk=5),
    Run("quantized-trimmed", kv_bits=8, trim_after=20, trimmed=7),
    # Token by token: in a chunk that passes the bound, mlx-lm's later rows lose the first tokens.
    Run("rotating", max_kv_size=16),
    Run("rotating-at-the-end", max_kv_size=31),
    Run("rotating-in-chunks-within-the-bound", chunk=8, max_kv_size=32),
    Run("rotating-trimmed", max_kv_size=16, trim_after=14, trimmed=5),
    Run("chunked", kv_chunk_size=12),
    Run("chunked-in-chunks", chunk=5, kv_chunk_size=12),
    Run("chunked-at-once", chunk=32, kv_chunk_size=12),
    Run("chunked-trimmed", kv_chunk_size=12, trim_after=20, trimmed=7),
]


class MaskedChunkedKVCache(ChunkedKVCache):
    """With the mask that `mlx_lm/models/llama4.py` makes for its chunked layers."""

    def make_mask(self, tokens: int, return_array: bool = False, window_size: int | None = None):
        end = self.offset + tokens
        columns = mx.arange(self.start_position, end)
        rows = mx.arange(self.offset, end)[:, None]
        same_chunk = columns // self.chunk_size == rows // self.chunk_size
        return same_chunk & (columns <= rows)


def write_runs(model, tokens: np.ndarray, directory: Path) -> None:
    """Writes every run's logits, float32 `(tokens, vocab)`, and what the runs are."""
    runs = runs_for(model)
    save_file(
        {run.name: logits_of(model, tokens, run) for run in runs}, directory / "caches.safetensors"
    )
    described = [asdict(run) for run in runs]
    (directory / "caches.json").write_text(json.dumps(described, indent=1) + "\n")


def runs_for(model) -> list[Run]:
    windows = [cache.max_size for cache in make_prompt_cache(model) if is_window(cache)]
    if not windows:
        return RUNS
    return [run for run in RUNS if not run.kv_bits and (run.trim_after or 0) < min(windows)]


def is_window(cache) -> bool:
    return isinstance(cache, RotatingKVCache)


def logits_of(model, tokens: np.ndarray, run: Run) -> np.ndarray:
    cache = [own if is_window(own) else new_cache(run) for own in make_prompt_cache(model)]
    parts = []
    for start in range(0, len(tokens), run.chunk):
        if run.kv_chunk_size:
            for layer in cache:
                if not is_window(layer):
                    layer.maybe_trim_front()
        piece = tokens[None, start : start + run.chunk]
        parts.append(np.array(model(mx.array(piece), cache=cache)[0]))
        maybe_quantize_kv_cache(cache, run.quantized_kv_start, run.kv_group_size, run.kv_bits)
        if start + run.chunk == run.trim_after:
            assert trim_prompt_cache(cache, run.trimmed) == run.trimmed
    logits = np.concatenate(parts)
    assert logits.dtype == np.float32 and np.isfinite(logits).all()
    return logits


def new_cache(run: Run):
    if run.max_kv_size:
        return RotatingKVCache(run.max_kv_size, keep=KEEP)
    if run.kv_chunk_size:
        return MaskedChunkedKVCache(run.kv_chunk_size)
    return KVCache()
