"""Computes one case's reference logits with mlx-lm, in float32, on the CPU.

mlx-lm's own loader reads the directory that was just written, so the reference is what
mlx-lm makes of the files and not of what was meant. The stored values (rounded to 16
bits, or packed) are kept; only the arithmetic is float32.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from checkpoint import merged, published_config, write_model
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.utils import load_model
from patches import applied
from random_weights import generator, known_to_mlx_lm
from table import Case

TOLERANCE = 1e-3
"""Largest difference allowed to an implementation, as a share of the largest logit."""

AGREEMENT = 1e-4
"""Largest difference allowed between mlx-lm's own ways to feed the same prompt."""

CONTRAST = 20 * TOLERANCE
"""Least difference that reading a config key wrongly must make."""


class Degenerate(Exception):
    """A case whose logits could not tell a right implementation from a wrong one."""


@dataclass(frozen=True)
class Reference:
    tokens: np.ndarray
    """int32, (tokens,)"""
    logits: np.ndarray
    """float32, (tokens, vocab): the whole prompt at once."""
    step_logits: np.ndarray
    """float32, (tokens, vocab): one token after the other through the KV cache."""
    contrast: float | None
    """Measured effect of the contrast, as a share of the largest logit."""


@contextlib.contextmanager
def readable(case: Case, directory: Path) -> Iterator[Path]:
    """A directory of the same model that mlx-lm can read: its own weight names."""
    if not case.names:
        yield directory
        return
    with tempfile.TemporaryDirectory() as temporary:
        renamed = Path(temporary) / "model"
        write_model(replace(case, names=()), renamed)
        yield renamed


def compute(case: Case, directory: Path) -> Reference:
    """Reference logits of the model in `directory`, checked to be worth comparing with."""
    tokens = prompt(case)
    with patched(case, case.correction, {}):
        model = load(directory, case.reference)
        logits = feed(model, tokens, [len(tokens)])
        step_logits = feed(model, tokens, [1])
        odd_logits = feed(model, tokens, [3, 5])
    for name, other in (("one by one", step_logits), ("in chunks of 3 and 5", odd_logits)):
        if difference(logits, other) > AGREEMENT:
            raise Degenerate(
                f"{case.name}: tokens fed {name} give other logits than the whole prompt."
            )
    if logits.std() < 1.0:
        raise Degenerate(
            f"{case.name}: logits spread over {logits.std():.2f} only; raise the gains."
        )
    return Reference(
        tokens, logits, step_logits, measured_contrast(case, directory, tokens, logits)
    )


def patched(case: Case, name: str | None, misreading: dict) -> contextlib.AbstractContextManager:
    return applied(name, merged(published_config(case), misreading), case.tokens)


def prompt(case: Case) -> np.ndarray:
    """Random ids with the last id of the vocabulary first and id 0 twice in a row."""
    config = published_config(case)
    vocab_size = {**config.get("text_config", {}), **config}["vocab_size"]
    tokens = generator(case, "prompt").integers(0, vocab_size, case.tokens, dtype=np.int32)
    tokens[0], tokens[5:7], tokens[-1] = vocab_size - 1, 0, vocab_size - 1
    return tokens


class Float32Embedding(nn.QuantizedEmbedding):
    """Hands out rows as float32. The floating modes give bfloat16, which holds them
    exactly but in which all later arithmetic would then run."""

    def __call__(self, tokens):
        return super().__call__(tokens).astype(mx.float32)


def load(directory: Path, overrides: dict):
    config = json.loads((directory / "config.json").read_text())
    config = known_to_mlx_lm(merged(config, overrides))
    model, _ = load_model(directory, model_config=config)
    model.set_dtype(mx.float32)
    for module in model.modules():
        if isinstance(module, nn.QuantizedEmbedding):
            module.__class__ = Float32Embedding
    return model


def feed(model, tokens: np.ndarray, chunk_sizes: list[int]) -> np.ndarray:
    """Feeds `tokens` through one KV cache in chunks whose sizes take turns."""
    cache = make_prompt_cache(model)
    parts, start = [], 0
    while start < len(tokens):
        end = start + chunk_sizes[len(parts) % len(chunk_sizes)]
        parts.append(np.array(model(mx.array(tokens[None, start:end]), cache=cache)[0]))
        start = end
    logits = np.concatenate(parts)
    assert logits.dtype == np.float32 and np.isfinite(logits).all()
    return logits


def difference(expected: np.ndarray, actual: np.ndarray) -> float:
    return float(np.abs(expected - actual).max() / np.abs(expected).max())


def measured_contrast(
    case: Case, directory: Path, tokens: np.ndarray, logits: np.ndarray
) -> float | None:
    """How much the logits move when the case's feature is misread; None if it has none."""
    if not case.contrast:
        return None
    with patched(case, case.misread or case.correction, case.contrast):
        model = load(directory, merged(case.reference, case.contrast))
        misread = feed(model, tokens, [len(tokens)])
    effect = difference(logits, misread)
    if effect < CONTRAST:
        raise Degenerate(
            f"{case.name}: misreading {list(case.contrast)} moves the logits by {effect:.1e} only."
        )
    return effect
