"""The cases of `smollm3`: a llama some of whose layers have no RoPE."""

from table.case import ABSENT, Case, Quantization
from table.shared import GROUP_OF_32, GROUP_OF_64, LLAMA3, TIED, transformers_5

PUBLISHED = {
    "architectures": ["SmolLM3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": None,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 48,
    "layer_types": ["full_attention"] * 4,
    "max_position_embeddings": 512,
    "max_window_layers": 28,
    "mlp_bias": False,
    "model_type": "smollm3",
    "no_rope_layer_interval": 4,
    "no_rope_layers": [1, 1, 1, 0],
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 3,
    "pretraining_tp": 2,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 5000000.0,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "transformers_version": "4.54.0.dev0",
    "use_cache": False,
    "use_sliding_window": False,
    "vocab_size": 96,
}

SEPARATE = {"tie_word_embeddings": False}
EVERY_LAYER_ROTATES = {"no_rope_layers": [1, 1, 1, 1]}

LAYERS_WITHOUT_ROPE = [
    Case(
        "smollm3-bfloat16-tied",
        "as published: the list leaves the fourth layer without RoPE",
        contrast=EVERY_LAYER_ROTATES,
    ),
    Case(
        "smollm3-list",
        "a list that follows no interval",
        {"no_rope_layers": [0, 1, 1, 0]},
        contrast={"no_rope_layers": [1, 1, 1, 0]},
    ),
    Case(
        "smollm3-interval",
        "no list: every second layer is without",
        {"no_rope_layers": None, "no_rope_layer_interval": 2},
        contrast={"no_rope_layers": [1, 1, 1, 0]},
    ),
    Case(
        "smollm3-interval-default",
        "neither list nor interval: every fourth layer is without",
        {"no_rope_layers": ABSENT, "no_rope_layer_interval": ABSENT},
        contrast=EVERY_LAYER_ROTATES,
    ),
]

REST = [
    Case("smollm3-float32", "float32, separate head", SEPARATE, dtype="float32"),
    Case(
        "smollm3-biases",
        "biases in attention and MLP, head_dim 16 where hidden / heads is 8",
        {**SEPARATE, "attention_bias": True, "mlp_bias": True, "head_dim": 16},
    ),
    Case(
        "smollm3-sliding-window",
        "layers without RoPE look back 7 tokens, the others over all",
        {
            "layer_types": ["full_attention"] * 3 + ["sliding_attention"],
            "sliding_window": 7,
            "use_sliding_window": True,
        },
        contrast={"layer_types": ["full_attention"] * 4},
    ),
    Case(
        "smollm3-rope-parameters",
        "transformers 5 spelling of llama3, which mlx-lm 0.32.2 ignores",
        {
            **transformers_5(**LLAMA3, rope_theta=500000.0, rope_type="llama3"),
            "no_rope_layers": [1, 0, 1, 1],
        },
        publisher="transformers",
        reference={"rope_theta": 500000.0, "rope_scaling": {**LLAMA3, "rope_type": "llama3"}},
        contrast={"rope_theta": 10000.0, "rope_scaling": None},
    ),
    Case(
        "smollm3-tied-head-left",
        "tied, yet the file holds another lm_head.weight and rotary tensors, in two shards",
        {"head_dim": 8},
        shards=2,
        leftovers=("lm_head", "inv_freq"),
    ),
    Case(
        "smollm3-4-bit-group-64",
        "the usual one, quantised tied head",
        {**TIED, **GROUP_OF_64},
        quantization=Quantization(4, 64),
    ),
    Case(
        "smollm3-8-bit-group-32",
        "separate head, interval 3",
        {**SEPARATE, **GROUP_OF_32, "no_rope_layers": None, "no_rope_layer_interval": 3},
        quantization=Quantization(8, 32),
    ),
]

CASES = LAYERS_WITHOUT_ROPE + REST
