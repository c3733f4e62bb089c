"""The cases of `qwen3`."""

from table.case import ABSENT, Case, Quantization
from table.shared import (
    GROUP_OF_32,
    GROUP_OF_64,
    GROUP_OF_128,
    LLAMA3,
    TIED,
    UNSCALED,
    linear,
    transformers_5,
)

PUBLISHED = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "head_dim": 16,
    "hidden_act": "silu",
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 48,
    "max_position_embeddings": 512,
    "max_window_layers": 2,
    "model_type": "qwen3",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "transformers_version": "4.51.0",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 96,
}

DTYPES_AND_FILES = [
    Case("qwen3-float32-tied", "float32, tied head", TIED, dtype="float32"),
    Case("qwen3-bfloat16", "bfloat16, separate head"),
    Case("qwen3-float16-tied", "float16, tied head", TIED, dtype="float16"),
    Case(
        "qwen3-transformers-files",
        "written as transformers does, no index",
        publisher="transformers",
    ),
    Case("qwen3-sharded", "two shards with index, mlx layout", shards=2),
]

HEADS = [
    Case("qwen3-heads-equal", "as many key as query heads", {"num_key_value_heads": 4}),
    Case(
        "qwen3-heads-4-to-1",
        "grouped queries 4:1",
        {"num_attention_heads": 8, "num_key_value_heads": 2},
    ),
    Case("qwen3-head-dim", "head_dim 32 where hidden / heads is 8", {"head_dim": 32}),
]

CONFIG_READING = [
    Case(
        "qwen3-norm-eps",
        "epsilon large enough to show",
        {"rms_norm_eps": 0.05},
        contrast={"rms_norm_eps": 1e-06},
    ),
    Case(
        "qwen3-keys-absent",
        "every key with a default left out",
        {"attention_bias": ABSENT, "rope_scaling": ABSENT, "use_sliding_window": ABSENT},
    ),
    Case(
        "qwen3-tied-head-left",
        "tied, yet the file holds another lm_head.weight",
        TIED,
        leftovers=("lm_head",),
    ),
]

ROPE = [
    Case(
        "qwen3-rope-theta",
        "theta below the usual",
        {"rope_theta": 10000.0},
        contrast={"rope_theta": 1000000},
    ),
    Case(
        "qwen3-rope-default",
        "rope_scaling that says default, both spellings",
        {"rope_scaling": {"rope_type": "default", "type": "default"}},
    ),
    Case(
        "qwen3-rope-linear",
        "linear, both spellings at once",
        linear(rope_type="linear", type="linear"),
        contrast=UNSCALED,
    ),
    Case(
        "qwen3-rope-llama3",
        "llama3 bands, `rope_type`",
        {"rope_theta": 10000, "rope_scaling": {**LLAMA3, "rope_type": "llama3"}},
        contrast=UNSCALED,
    ),
    Case(
        "qwen3-rope-parameters",
        "transformers 5 spelling, default",
        {
            **transformers_5(rope_theta=10000.0, rope_type="default"),
            "layer_types": ["full_attention", "full_attention"],
        },
        publisher="transformers",
        contrast={"rope_theta": 1000000},
    ),
    Case(
        "qwen3-rope-parameters-linear",
        "transformers 5 spelling, linear",
        transformers_5(factor=4.0, rope_theta=10000.0, rope_type="linear"),
        publisher="transformers",
        contrast={"rope_theta": 10000.0, "rope_parameters": None},
    ),
]

QUANTIZED = [
    Case("qwen3-2-bit-group-64", "two bits", GROUP_OF_64, quantization=Quantization(2, 64)),
    Case(
        "qwen3-3-bit-group-32-tied",
        "three bits, quantised tied head",
        {**TIED, **GROUP_OF_32},
        quantization=Quantization(3, 32),
    ),
    Case(
        "qwen3-4-bit-group-64-tied",
        "the usual one; no `mode` key",
        {**TIED, **GROUP_OF_64},
        quantization=Quantization(4, 64, mode_written=False),
    ),
    Case(
        "qwen3-4-bit-group-128",
        "wide groups, float16 scales",
        GROUP_OF_128,
        dtype="float16",
        quantization=Quantization(4, 128),
    ),
    Case(
        "qwen3-5-bit-group-64",
        "five bits, float32 scales",
        GROUP_OF_64,
        dtype="float32",
        quantization=Quantization(5, 64),
    ),
    Case(
        "qwen3-6-bit-group-32",
        "six bits, in shards",
        GROUP_OF_32,
        shards=3,
        quantization=Quantization(6, 32),
    ),
    Case("qwen3-8-bit-group-64", "eight bits", GROUP_OF_64, quantization=Quantization(8, 64)),
    Case(
        "qwen3-mxfp4",
        "four-bit floats, a scale of a byte for 32, no biases",
        GROUP_OF_32,
        quantization=Quantization(4, 32, mode="mxfp4"),
    ),
    Case(
        "qwen3-mxfp8-tied",
        "eight-bit floats, quantised tied head, in shards",
        {**TIED, **GROUP_OF_32},
        shards=2,
        quantization=Quantization(8, 32, mode="mxfp8"),
    ),
    Case(
        "qwen3-nvfp4",
        "four-bit floats, a floating scale for 16",
        GROUP_OF_32,
        quantization=Quantization(4, 16, mode="nvfp4"),
    ),
    Case(
        "qwen3-mixed-modes",
        "every mode in one model, and a layer whose tensors alone tell its mode",
        GROUP_OF_64,
        quantization=Quantization(
            4,
            32,
            {
                "model.embed_tokens": {"group_size": 64, "bits": 6, "mode": "affine"},
                "model.layers.0.self_attn.q_proj": {"group_size": 16, "bits": 4, "mode": "nvfp4"},
                "model.layers.1.mlp.down_proj": {"group_size": 32, "bits": 8, "mode": "mxfp8"},
                "model.layers.1.mlp.up_proj": False,
                "lm_head": {"group_size": 64, "bits": 3},
            },
            unwritten=("model.layers.1.mlp.down_proj",),
            mode="mxfp4",
        ),
    ),
    Case(
        "qwen3-quantized-indivisible",
        "an MLP of 96 has no groups of 64, so the converter leaves down_proj dense unsaid",
        GROUP_OF_32,
        quantization=Quantization(4, 64),
    ),
    Case(
        "qwen3-quantized-overrides-tied",
        "tied head packed at 8 bits, one layer dense, one in smaller groups",
        {**TIED, **GROUP_OF_64},
        quantization=Quantization(
            4,
            64,
            {
                "model.embed_tokens": {"group_size": 64, "bits": 8},
                "model.layers.0.self_attn.q_proj": {"group_size": 32, "bits": 3},
                "model.layers.1.mlp.down_proj": False,
            },
        ),
    ),
    Case(
        "qwen3-quantized-dense-embedding-tied",
        "embedding kept dense, so the tied head is dense too",
        {**TIED, **GROUP_OF_32},
        quantization=Quantization(4, 32, {"model.embed_tokens": False}),
    ),
]

CACHES = [
    Case(
        "qwen3-caches",
        "heads that have whole groups of 64, through every KV cache",
        {"head_dim": 64},
        tokens=32,
        caches=True,
    )
]

CASES = DTYPES_AND_FILES + HEADS + CONFIG_READING + ROPE + QUANTIZED + CACHES
