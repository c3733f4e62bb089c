"""The cases of `gemma3_text`: layers that slide and layers that see all, by a pattern."""

from table.case import ABSENT, Case, Quantization
from table.shared import GROUP_OF_32, GROUP_OF_64

PUBLISHED = {
    "architectures": ["Gemma3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": None,
    "bos_token_id": 2,
    "cache_implementation": "hybrid",
    "eos_token_id": [1, 2],
    "final_logit_softcapping": None,
    "head_dim": 16,
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 48,
    "max_position_embeddings": 512,
    "model_type": "gemma3_text",
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "num_key_value_heads": 1,
    "pad_token_id": 0,
    "query_pre_attn_scalar": 16,
    "rms_norm_eps": 1e-06,
    "rope_local_base_freq": 10000,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": 7,
    "sliding_window_pattern": 3,
    "transformers_version": "4.50.0.dev0",
    "use_cache": True,
    "vocab_size": 96,
}

LINEAR = {"factor": 8.0, "rope_type": "linear"}

LAYERS = [
    Case(
        "gemma3_text-bfloat16-tied",
        "as published: the third of four layers sees all, the others 7 tokens; tied head",
        contrast={"sliding_window": 512},
    ),
    Case(
        "gemma3_text-every-layer-global",
        "a pattern of 1: no layer slides, and none takes the local base",
        {"sliding_window_pattern": 1},
        contrast={"rope_theta": 10000},
    ),
    Case(
        "gemma3_text-pattern-default",
        "no pattern: the sixth of seven layers sees all",
        {"sliding_window_pattern": ABSENT, "num_hidden_layers": 7},
        tokens=40,
        contrast={"sliding_window_pattern": 7},
    ),
    Case(
        "gemma3_text-global-base",
        "the layers that see all turn slowly",
        {"sliding_window_pattern": 2},
        contrast={"rope_theta": 10000},
    ),
    Case(
        "gemma3_text-local-base",
        "the layers that slide have a base of their own",
        {"rope_local_base_freq": 100.0},
        contrast={"rope_local_base_freq": 1000000.0},
    ),
    Case(
        "gemma3_text-rope-linear",
        "positions stretched in the layers that see all, and in no other",
        {"rope_scaling": LINEAR, "rope_theta": 10000.0, "sliding_window_pattern": 2},
        contrast={"rope_scaling": None},
    ),
    Case(
        "gemma3_text-layer-types",
        "transformers 5 spelling: a list of layer types, RoPE for each type",
        {
            "_sliding_window_pattern": 2,
            "layer_types": ["sliding_attention", "full_attention"] * 2,
            "rope_local_base_freq": ABSENT,
            "rope_parameters": {
                "full_attention": {**LINEAR, "rope_theta": 20000.0},
                "sliding_attention": {"rope_theta": 500.0, "rope_type": "default"},
            },
            "rope_scaling": ABSENT,
            "rope_theta": ABSENT,
            "sliding_window_pattern": ABSENT,
            "use_bidirectional_attention": False,
        },
        publisher="transformers",
        reference={
            "rope_local_base_freq": 500.0,
            "rope_scaling": LINEAR,
            "rope_theta": 20000.0,
            "sliding_window_pattern": 2,
        },
        contrast={"rope_scaling": None},
    ),
]

REST = [
    Case(
        "gemma3_text-float32-head",
        "float32, a head of its own",
        {"tie_word_embeddings": False},
        dtype="float32",
        own_head=True,
    ),
    Case(
        "gemma3_text-head-unsaid",
        "a head in the files is used, though the config does not say so; grouped queries 2:1",
        {"num_key_value_heads": 2},
        publisher="transformers",
        shards=2,
        own_head=True,
    ),
    Case(
        "gemma3_text-query-scale",
        "queries scaled by another number than head_dim",
        {"query_pre_attn_scalar": 40},
        contrast={"query_pre_attn_scalar": 16},
    ),
    Case(
        "gemma3_text-norm-eps",
        "epsilon large enough to show",
        {"rms_norm_eps": 0.05},
        contrast={"rms_norm_eps": 1e-06},
    ),
    Case(
        "gemma3_text-long-prompt",
        "280 tokens behind a window of 32: past the cache's first block, past the window",
        {"sliding_window": 32, "sliding_window_pattern": 2, "num_hidden_layers": 2},
        tokens=280,
        contrast={"sliding_window": 512},
    ),
    Case(
        "gemma3_text-4-bit-group-64",
        "the usual one, quantised tied head",
        GROUP_OF_64,
        quantization=Quantization(4, 64),
    ),
    Case(
        "gemma3_text-8-bit-group-32-head",
        "packed head of its own",
        GROUP_OF_32,
        quantization=Quantization(8, 32),
        own_head=True,
    ),
]

CACHES = [
    Case(
        "gemma3_text-caches",
        "windows of 24 beside layers that see all, through the caches those may have",
        {"sliding_window": 24, "sliding_window_pattern": 2},
        tokens=32,
        caches=True,
    ),
    Case(
        "gemma3_text-caches-narrow",
        "windows of 6, so that all of them wrap",
        {"sliding_window": 6, "sliding_window_pattern": 2},
        tokens=32,
        caches=True,
    ),
]

CASES = LAYERS + REST + CACHES
