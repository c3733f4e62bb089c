"""A case's random model: seeded by the case's name, and scaled so that it is not degenerate.

Attention prefers some positions over others, norms differ from one, biases from zero,
and logits spread over several units.
"""

import copy
import importlib
import math
import zlib

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten
from table import Case

HEAD_BY_FILE = ("gemma3", "gemma3_text")
"""Families whose mlx-lm model ties its head when the files hold none."""

NORMS_ABOUT_ZERO = ("gemma3", "gemma3_text")
"""Families that add one to the weight of a norm."""


def generator(case: Case, purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{case.name}/{purpose}".encode())))


def random_model(case: Case, config: dict):
    """mlx-lm's model of this config, in the case's dtype."""
    model = new_model(case, config)
    weights = generator(case, "weights")
    dtype = getattr(mx, case.dtype)
    model.update(
        tree_unflatten(
            [
                (name, mx.array(random_tensor(case, weights, name, array.shape)).astype(dtype))
                for name, array in tree_flatten(model.parameters())
            ]
        )
    )
    return model


def new_model(case: Case, config: dict):
    config = copy.deepcopy(known_to_mlx_lm(config))
    module = importlib.import_module(f"mlx_lm.models.{config['model_type']}")
    model = module.Model(module.ModelArgs.from_dict(config))
    if case.family in HEAD_BY_FILE and not case.own_head:
        getattr(model, "language_model", model).sanitize({})
    return model


def known_to_mlx_lm(config: dict) -> dict:
    """mlx-lm reads a `gemma3n_text` only as the text part of a `gemma3n`."""
    if config["model_type"] != "gemma3n_text":
        return config
    return {**config, "model_type": "gemma3n", "text_config": config}


def random_tensor(case: Case, weights: np.random.Generator, name: str, shape: tuple) -> np.ndarray:
    noise = weights.standard_normal(shape, dtype=np.float32)
    if name.endswith("norm.weight"):
        middle = 1.5 if name.endswith(("q_norm.weight", "k_norm.weight")) else 1.0
        return middle - (case.family in NORMS_ABOUT_ZERO) + 0.2 * noise
    if name.endswith("correct_output_scale"):
        return 1.0 + 0.5 * noise
    if name.endswith(".bias"):
        return 0.5 * noise
    own = math.prod(factor for part, factor in case.gains.items() if part in name)
    return own * gain(name) / math.sqrt(shape[-1]) * noise


GAINS = {
    # AltUp divides what it routes by the hidden size.
    32.0: ("modality_router",),
    2.0: ("embed_tokens", "lm_head", "token_embeddings"),
    1.5: ("q_proj", "k_proj", "qkv_proj", "gate_proj", "gate_up_proj", "proj_1"),
}


def gain(name: str) -> float:
    """How far a projection stretches its normalised input."""
    for factor, parts in GAINS.items():
        if any(part in name for part in parts):
            return factor
    return 1.0
