"""Tensors that published files hold beside a model's own, and that it must ignore."""

import mlx.core as mx
import numpy as np

from random_weights import generator
from table import Case


def leftover_tensors(case: Case, config: dict) -> dict:
    tensors = {}
    for kind in case.leftovers:
        tensors |= KINDS[kind](case, config)
    return tensors


def untied_head(case: Case, config: dict) -> dict:
    noise = generator(case, "leftovers").standard_normal(
        (config["vocab_size"], config["hidden_size"])
    )
    return {"lm_head.weight": mx.array(noise.astype(np.float32)).astype(getattr(mx, case.dtype))}


def rotary_frequencies(case: Case, config: dict) -> dict:
    half = np.arange(0, config["head_dim"], 2, dtype=np.float32) / config["head_dim"]
    frequencies = mx.array((1.0 / config["rope_theta"] ** half).astype(np.float32))
    return {
        f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": frequencies
        for layer in range(config["num_hidden_layers"])
    }


KINDS = {"lm_head": untied_head, "inv_freq": rotary_frequencies}
