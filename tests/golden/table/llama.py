"""The cases of `llama`."""

from table.case import ABSENT, Case, Quantization
from table.llama_packed import QUANTIZED
from table.shared import (
    DERIVED_HEAD_DIM,
    GROUP_OF_32,
    LLAMA3,
    TIED,
    UNSCALED,
    linear,
    transformers_5,
)

PUBLISHED = {
    "architectures": ["LlamaForCausalLM"],
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
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "transformers_version": "4.46.3",
    "use_cache": True,
    "vocab_size": 96,
}

LLAMA_DEFAULTED = (
    "attention_bias",
    "head_dim",
    "max_position_embeddings",
    "mlp_bias",
    "num_key_value_heads",
    "rope_scaling",
    "rope_theta",
    "tie_word_embeddings",
)
"""Keys that mlx-lm does not require of a llama config."""

DTYPES_AND_FILES = [
    Case("llama-float32", "float32, separate head", dtype="float32"),
    Case("llama-bfloat16-tied", "bfloat16, head tied to the embedding", TIED),
    Case("llama-float16", "float16, separate head", dtype="float16"),
    Case(
        "llama-transformers-files",
        "written as transformers does, no index",
        publisher="transformers",
    ),
    Case("llama-sharded", "three shards with index", publisher="transformers", shards=3),
]

HEADS = [
    Case(
        "llama-heads-equal",
        "as many key as query heads, from null; head_dim from null",
        {**DERIVED_HEAD_DIM, "num_key_value_heads": None, "head_dim": None},
    ),
    Case(
        "llama-heads-4-to-1",
        "grouped queries 4:1",
        {"num_attention_heads": 8, "num_key_value_heads": 2},
    ),
    Case("llama-head-dim", "head_dim 32 where hidden / heads is 8", {"head_dim": 32}),
]

CONFIG_READING = [
    Case("llama-attention-bias", "biases on q, k, v and o", {"attention_bias": True}),
    Case("llama-mlp-bias", "biases on gate, up and down", {"mlp_bias": True}),
    Case(
        "llama-norm-eps",
        "epsilon large enough to show",
        {"rms_norm_eps": 0.05},
        contrast={"rms_norm_eps": 1e-05},
    ),
    Case(
        "llama-keys-absent",
        "every key with a default left out: tied head, theta 10000, heads and head_dim derived",
        {**DERIVED_HEAD_DIM, **dict.fromkeys(LLAMA_DEFAULTED, ABSENT)},
        contrast={"rope_theta": 500000.0},
    ),
    Case(
        "llama-inv-freq-left",
        "precomputed rotary tensors that old exports carry",
        leftovers=("inv_freq",),
    ),
    Case(
        "llama-tied-head-left",
        "tied, yet the file holds another lm_head.weight",
        TIED,
        leftovers=("lm_head",),
    ),
    Case("llama-long-prompt", "300 tokens: past the cache's first block of 256", tokens=300),
]

ROPE = [
    Case(
        "llama-rope-theta",
        "integer theta",
        {"rope_theta": 500000},
        contrast={"rope_theta": 10000.0},
    ),
    Case(
        "llama-rope-traditional",
        "adjacent pairs rotate",
        {"rope_traditional": True},
        contrast={"rope_traditional": False},
    ),
    Case(
        "llama-rope-default",
        "rope_scaling that says default",
        {"rope_scaling": {"rope_type": "default"}},
    ),
    Case("llama-rope-linear", "linear, `rope_type`", linear(rope_type="linear"), contrast=UNSCALED),
    Case(
        "llama-rope-linear-type", "linear, legacy `type`", linear(type="linear"), contrast=UNSCALED
    ),
    Case(
        "llama-rope-linear-traditional",
        "linear scaling and adjacent pairs together",
        {**linear(type="linear"), "rope_traditional": True},
        contrast={"rope_traditional": False},
    ),
    Case(
        "llama-rope-llama3",
        "llama3 bands, `rope_type`",
        {"rope_scaling": {**LLAMA3, "rope_type": "llama3"}},
        contrast=UNSCALED,
    ),
    Case(
        "llama-rope-llama3-type",
        "llama3 bands, legacy `type`, band factors left to their defaults 1 and 4",
        {"rope_scaling": {"type": "llama3", "factor": 4, "original_max_position_embeddings": 32}},
        contrast=UNSCALED,
    ),
    Case(
        "llama-rope-llama3-traditional",
        "llama3 bands and adjacent pairs together",
        {"rope_scaling": {**LLAMA3, "rope_type": "llama3"}, "rope_traditional": True},
        contrast={"rope_traditional": False},
    ),
    Case(
        "llama-rope-parameters",
        "transformers 5 spelling of llama3, which mlx-lm 0.32.2 ignores for llama",
        transformers_5(**LLAMA3, rope_theta=500000.0, rope_type="llama3"),
        publisher="transformers",
        reference={"rope_theta": 500000.0, "rope_scaling": {**LLAMA3, "rope_type": "llama3"}},
        contrast={"rope_theta": 10000.0, "rope_scaling": None},
    ),
]

DYNAMIC = {"rope_scaling": {"factor": 4.0, "rope_type": "dynamic"}}

BY_LENGTH = [
    Case(
        "llama-rope-dynamic-within",
        "dynamic RoPE is plain up to `max_position_embeddings`",
        {**DYNAMIC, "max_position_embeddings": 24},
        correction="rope-of-the-whole-prompt",
        contrast={"max_position_embeddings": 12},
    ),
    Case(
        "llama-rope-dynamic-past",
        "dynamic RoPE past it: the base follows the whole sequence's length",
        {**DYNAMIC, "max_position_embeddings": 12},
        tokens=40,
        correction="rope-of-the-whole-prompt",
        contrast=UNSCALED,
    ),
    Case(
        "llama-rope-dynamic-type",
        "the same, legacy `type`, adjacent pairs, 4 bits",
        {
            **GROUP_OF_32,
            "rope_scaling": {"factor": 2.0, "type": "dynamic"},
            "rope_traditional": True,
            "max_position_embeddings": 16,
        },
        tokens=40,
        quantization=Quantization(4, 32),
        correction="rope-of-the-whole-prompt",
        contrast=UNSCALED,
    ),
]

SLIDING = [
    Case(
        "llama-sliding-window",
        "the first layer looks back 7 tokens, the second over all",
        {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 7},
        tokens=40,
        contrast={"layer_types": ["full_attention", "full_attention"]},
    ),
    Case(
        "llama-sliding-window-4-bit",
        "full layers first and last, two that slide between, packed",
        {
            **GROUP_OF_32,
            "layer_types": [
                "full_attention",
                "sliding_attention",
                "sliding_attention",
                "full_attention",
            ],
            "num_hidden_layers": 4,
            "sliding_window": 5,
        },
        tokens=40,
        quantization=Quantization(4, 32),
        contrast={"layer_types": ["full_attention"] * 4},
    ),
]

CACHES = [
    Case(
        "llama-caches",
        "heads that have whole groups of 64, through every KV cache",
        {"head_dim": 64},
        tokens=32,
        caches=True,
    )
]

CASES = DTYPES_AND_FILES + HEADS + CONFIG_READING + ROPE + BY_LENGTH + SLIDING + QUANTIZED + CACHES
