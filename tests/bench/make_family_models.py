#!/usr/bin/env python3
"""Makes a random checkpoint of 30 to 60 million parameters for every model family, at 4 bits.

    make_family_models.py DIRECTORY    writes a model directory for each family there

Each has the proportions of the family's published models: heads, widths of the MLP over the
hidden size, layers that slide, what is shared and tied. mlx-lm writes them, as for
`make_models.py`. Beside them lies a prompt of a known number of tokens. A second run with the
same recipe does nothing.
"""

import argparse
import shutil
from pathlib import Path

import mlx.core as mx
from mlx_lm.convert import convert

from make_models import CONFIG, byte_level_bpe, prompt, write_dense

# Changes when what this script makes changes.
RECIPE = "1"
PROMPT_TOKENS = 128
EVERY_MODEL = {
    "eos_token_id": CONFIG["eos_token_id"],
    "max_position_embeddings": 32_768,
    "torch_dtype": "bfloat16",
    "vocab_size": CONFIG["vocab_size"],
}
SLIDING, FULL = "sliding_attention", "full_attention"

FAMILIES = {
    # Llama 3.2 1B: hidden 2048, 16 layers.
    "llama": {
        "hidden_size": 512,
        "num_hidden_layers": 6,
        "intermediate_size": 2048,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500_000.0,
        "rope_scaling": {
            "factor": 32.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 8192,
            "rope_type": "llama3",
        },
        "tie_word_embeddings": True,
    },
    # Qwen3 0.6B: hidden 1024, 28 layers.
    "qwen3": {
        "hidden_size": 512,
        "num_hidden_layers": 6,
        "intermediate_size": 1536,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000.0,
        "tie_word_embeddings": True,
    },
    # SmolLM3 3B: hidden 2048, 36 layers.
    "smollm3": {
        "hidden_size": 512,
        "num_hidden_layers": 6,
        "intermediate_size": 2752,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6,
        "rope_theta": 5_000_000.0,
        "no_rope_layer_interval": 4,
        "tie_word_embeddings": True,
    },
    # Phi-3.5 mini: hidden 3072, 32 layers.
    "phi3": {
        "hidden_size": 576,
        "num_hidden_layers": 5,
        "intermediate_size": 1536,
        "num_attention_heads": 6,
        "num_key_value_heads": 6,
        "original_max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "rope_scaling": {
            "long_factor": [1.0 + pair for pair in range(48)],
            "short_factor": [1.0 + pair / 24 for pair in range(48)],
            "type": "longrope",
        },
        "tie_word_embeddings": False,
    },
    # OpenELM 270M: hidden 1280, 16 layers.
    "openelm": {
        "model_dim": 512,
        "num_transformer_layers": 8,
        "head_dim": 64,
        "num_query_heads": [4, 4, 4, 8, 8, 8, 8, 8],
        "num_kv_heads": [1, 1, 1, 2, 2, 2, 2, 2],
        "ffn_multipliers": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0],
        "ffn_dim_divisor": 256,
        "normalize_qk_projections": True,
        "share_input_output_layers": True,
    },
    # Gemma 3 1B: hidden 1152, 26 layers, windows of 512.
    "gemma3_text": {
        "hidden_size": 384,
        "num_hidden_layers": 8,
        "intermediate_size": 2304,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 128,
        "query_pre_attn_scalar": 128,
        "rms_norm_eps": 1e-6,
        "rope_local_base_freq": 10_000.0,
        "rope_theta": 1_000_000.0,
        "sliding_window": 64,
        "sliding_window_pattern": 6,
    },
    # Gemma 3n E2B: hidden 2048, 30 layers.
    "gemma3n": {
        "text_config": {
            "model_type": "gemma3n_text",
            "hidden_size": 384,
            "num_hidden_layers": 10,
            "intermediate_size": 1536,
            "num_attention_heads": 4,
            "num_key_value_heads": 1,
            "head_dim": 128,
            "rms_norm_eps": 1e-6,
            "vocab_size_per_layer_input": CONFIG["vocab_size"],
            "hidden_size_per_layer_input": 64,
            "num_kv_shared_layers": 5,
            "layer_types": ([SLIDING] * 4 + [FULL]) * 2,
            "sliding_window": 64,
            "rope_local_base_freq": 10_000.0,
            "rope_theta": 1_000_000.0,
            "final_logit_softcapping": 30.0,
            "activation_sparsity_pattern": [0.95] * 3 + [0.0] * 7,
            "altup_num_inputs": 4,
            "altup_coef_clip": 120.0,
            "altup_correct_scale": True,
            "altup_active_idx": 0,
            "laurel_rank": 64,
        },
    },
    # nanochat d20: hidden 1280, 20 layers.
    "nanochat": {
        "hidden_size": 512,
        "num_hidden_layers": 8,
        "intermediate_size": 2048,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "rope_theta": 10_000.0,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    stamp = directory / "stamp"
    if stamp.is_file() and stamp.read_text() == RECIPE:
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    mx.set_default_device(mx.cpu)
    tokenizer = byte_level_bpe()
    (directory / "prompt.txt").write_text(prompt(tokenizer, PROMPT_TOKENS))
    for family in FAMILIES:
        dense = directory / f"{family}-dense"
        write_dense(dense, tokenizer, config_of(family))
        convert(str(dense), str(directory / family), quantize=True, q_group_size=64, q_bits=4)
        shutil.rmtree(dense)
    stamp.write_text(RECIPE)


def config_of(family: str) -> dict:
    config = {"model_type": family, **EVERY_MODEL, **FAMILIES[family]}
    if "text_config" in config:
        config["text_config"] = {**EVERY_MODEL, **config["text_config"]}
    return config


if __name__ == "__main__":
    main()
