#!/usr/bin/env python3
"""Makes the checkpoints that loading is measured on.

    make_loading_models.py MODELS DIRECTORY    writes qwen3-1gb-4bit and gemma3n-tables there

The first is a Qwen3 of 1.7 billion parameters at 4 bits, whose head is its own; the second a small
Gemma 3n whose per-layer embeddings are most of its bytes. Both have random weights, because loading
does not depend on them, and the tokenizer of MODELS/qwen3-108m-4bit. Quantised tensors are drawn as
they are stored: the dense model they would come from is never made. A second run with the same
recipe does nothing.
"""

import argparse
import json
import shutil
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.models import gemma3n, qwen3

# Changes when what this script makes changes.
RECIPE = "1"
SEED = 20_252
BITS, GROUP_SIZE = 4, 64
TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
VOCABULARY = 32_768
QWEN3 = {
    "model_type": "qwen3",
    "hidden_size": 2048,
    "num_hidden_layers": 34,
    "intermediate_size": 6144,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 32_768,
    "rope_theta": 1_000_000.0,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "eos_token_id": 0,
}
GEMMA3N_TEXT = {
    "model_type": "gemma3n_text",
    "hidden_size": 512,
    "num_hidden_layers": 10,
    "intermediate_size": [2048] * 10,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "rms_norm_eps": 1e-6,
    "vocab_size": VOCABULARY,
    "num_kv_shared_layers": 4,
    "vocab_size_per_layer_input": VOCABULARY,
    "sliding_window": 256,
    "max_position_embeddings": 32_768,
    "rope_local_base_freq": 10_000.0,
    "rope_theta": 1_000_000.0,
    "final_logit_softcapping": 30.0,
    "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 2,
    "activation_sparsity_pattern": [0.0] * 10,
    "hidden_size_per_layer_input": 256,
    "altup_num_inputs": 4,
    "altup_coef_clip": 120.0,
    "altup_correct_scale": True,
    "altup_active_idx": 0,
    "laurel_rank": 64,
    "eos_token_id": 0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    directory, tokenizer = arguments.directory, arguments.models / "qwen3-108m-4bit"
    stamp = directory / "stamp"
    if stamp.is_file() and stamp.read_text() == RECIPE:
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    mx.set_default_device(mx.cpu)
    write(directory / "qwen3-1gb-4bit", tokenizer, QWEN3, quantized_qwen3())
    write(directory / "gemma3n-tables", tokenizer, gemma3n_config(), dense_gemma3n())
    stamp.write_text(RECIPE)


def write(directory: Path, tokenizer: Path, config: dict, tensors: dict) -> None:
    directory.mkdir()
    for name in TOKENIZER_FILES:
        if (tokenizer / name).is_file():
            shutil.copy(tokenizer / name, directory / name)
    (directory / "config.json").write_text(json.dumps(config, indent=2))
    mx.save_safetensors(str(directory / "model.safetensors"), tensors, {"format": "mlx"})


def quantized_qwen3() -> dict:
    """The tensors that mlx-lm's model has, each matrix as packed values, scales and biases."""
    QWEN3["quantization"] = {"bits": BITS, "group_size": GROUP_SIZE}
    source = np.random.default_rng(SEED)
    model = qwen3.Model(qwen3.ModelArgs.from_dict(QWEN3))
    tensors = {}
    for name, weight in tree_flatten(model.parameters()):
        if weight.ndim == 1:
            tensors[name] = mx.ones(weight.shape, mx.bfloat16)
            continue
        rows, columns = weight.shape
        packed = source.integers(0, 1 << 32, (rows, columns * BITS // 32), np.uint32)
        # Values from -0.02 to 0.02, as a trained matrix has them.
        scales = mx.full((rows, columns // GROUP_SIZE), 0.04 / 15, mx.bfloat16)
        biases = mx.full((rows, columns // GROUP_SIZE), -0.02, mx.bfloat16)
        if rows == VOCABULARY:
            # The end's logit is 0, which is never the largest of so many.
            scales[QWEN3["eos_token_id"]] = 0
            biases[QWEN3["eos_token_id"]] = 0
        layer = name.removesuffix(".weight")
        tensors |= {name: mx.array(packed), f"{layer}.scales": scales, f"{layer}.biases": biases}
    return tensors


def gemma3n_config() -> dict:
    return {"model_type": "gemma3n", "text_config": GEMMA3N_TEXT, "eos_token_id": 0}


def dense_gemma3n() -> dict:
    mx.random.seed(SEED)
    model = gemma3n.Model(gemma3n.ModelArgs.from_dict(gemma3n_config()))
    return {
        name: weight.astype(mx.bfloat16) for name, weight in tree_flatten(model.parameters())
    }


if __name__ == "__main__":
    main()
