"""The cases of `openelm`: heads and widths that differ from layer to layer."""

from table.case import ABSENT, Case, Quantization

PUBLISHED = {
    "activation_fn_name": "swish",
    "architectures": ["OpenELMForCausalLM"],
    "auto_map": {"AutoModelForCausalLM": "modeling_openelm.OpenELMForCausalLM"},
    "bos_token_id": 1,
    "eos_token_id": 2,
    "ffn_dim_divisor": 16,
    "ffn_multipliers": [0.5, 1.3, 2.0],
    "ffn_with_glu": True,
    "head_dim": 16,
    "initializer_range": 0.02,
    "max_context_length": 512,
    "model_dim": 32,
    "model_type": "openelm",
    "normalization_layer_name": "rms_norm",
    "normalize_qk_projections": True,
    "num_gqa_groups": 4,
    "num_kv_heads": [1, 1, 2],
    "num_query_heads": [2, 4, 6],
    "num_transformer_layers": 3,
    "qkv_multipliers": [0.5, 1.0],
    "rope_freq_constant": 10000,
    "rope_max_length": 1024,
    "share_input_output_layers": True,
    "transformers_version": "4.39.3",
    "use_cache": True,
    "vocab_size": 96,
}

SEPARATE = {"share_input_output_layers": False}
WIDER = {"model_dim": 64, "ffn_dim_divisor": 32}

CASES = [
    Case(
        "openelm-bfloat16",
        "as published: 2, 4 and 6 heads, MLPs of 16, 48 and 64, shared head",
        contrast={"rope_freq_constant": 100},
    ),
    Case(
        "openelm-float32-separate",
        "float32, a head of its own, heads that shrink",
        {**SEPARATE, "num_query_heads": [6, 4, 3], "num_kv_heads": [3, 2, 3]},
        dtype="float32",
    ),
    Case(
        "openelm-without-qk-norm",
        "queries and keys as projected",
        {"normalize_qk_projections": False},
        dtype="float16",
    ),
    Case(
        "openelm-widths-rounded",
        "MLP widths at the divisor's edges: never below it, never a tenth below the wish",
        {"ffn_multipliers": [0.1, 0.73, 1.25]},
    ),
    Case(
        "openelm-keys-absent",
        "defaults: QK norm, shared head, theta 10000, epsilon 1e-6",
        dict.fromkeys(
            (
                "ffn_with_glu",
                "normalize_qk_projections",
                "rope_freq_constant",
                "share_input_output_layers",
            ),
            ABSENT,
        ),
        publisher="transformers",
        shards=2,
        contrast={"rope_freq_constant": 100},
    ),
    Case(
        "openelm-norm-eps",
        "epsilon large enough to show",
        {"rms_norm_eps": 0.05},
        contrast={"rms_norm_eps": 1e-06},
    ),
    Case(
        "openelm-4-bit-group-64",
        "packed shared head; a narrow MLP that has no whole group stays dense, unsaid",
        {**WIDER, "ffn_multipliers": [0.5, 1.0, 2.0], "num_query_heads": [4, 4, 8]},
        quantization=Quantization(4, 64),
    ),
    Case(
        "openelm-8-bit-group-32-separate",
        "packed head of its own",
        {**SEPARATE, **WIDER, "normalize_qk_projections": False},
        quantization=Quantization(8, 32),
    ),
]
