"""The cases of `nanochat`: norms without weights, RoPE turned the other way, a soft cap.

mlx-lm and transformers name its weights differently. Read under mlx-lm's names it is
mlx-lm's: epsilon 1e-5 and a cap of 15, whatever the config says. Under transformers'
names both come from the config, and are 1e-6 and 15 where it is silent.
"""

from table.case import ABSENT, Case, Quantization

PUBLISHED = {
    "architectures": ["NanoChatForCausalLM"],
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_size": 48,
    "intermediate_size": 192,
    "max_position_embeddings": 512,
    "model_type": "nanochat",
    "num_attention_heads": 3,
    "num_hidden_layers": 2,
    "num_key_value_heads": 3,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "vocab_size": 96,
}

AS_TRANSFORMERS_NAMES = (
    (r"^transformer\.wte\.", "model.embed_tokens."),
    (r"^transformer\.h\.", "model.layers."),
    (r"\.attn\.c_proj\.", ".self_attn.o_proj."),
    (r"\.attn\.c_(.)\.", r".self_attn.\1_proj."),
    (r"\.mlp\.c_fc\.", ".mlp.fc1."),
    (r"\.mlp\.c_proj\.", ".mlp.fc2."),
)

GROUPED = {"hidden_size": 32, "intermediate_size": 128, "num_attention_heads": 4}
SMALL_EMBEDDING = {"wte": 0.02}
"""So small that the first norm's epsilon shows."""
LARGE_LOGITS = {"lm_head": 4.0}
"""So large that the soft cap shows."""


def transformers(name: str, why: str, config: dict | None = None, **fields) -> Case:
    described = {"hidden_act": "relu2", "rms_norm_eps": 1e-06, **(config or {})}
    return Case(
        f"nanochat-transformers-{name}",
        why,
        described,
        publisher="transformers",
        names=AS_TRANSFORMERS_NAMES,
        correction="nanochat-as-configured",
        **fields,
    )


MLX = [
    Case("nanochat-bfloat16", "three heads of 16", contrast={"rope_theta": 100.0}),
    Case(
        "nanochat-float32-grouped",
        "float32, grouped queries 4:1",
        {**GROUPED, "num_key_value_heads": 1},
        dtype="float32",
    ),
    Case(
        "nanochat-uneven-heads",
        "two heads of 20: hidden / heads is no power of two",
        {
            "hidden_size": 40,
            "intermediate_size": 160,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
        },
    ),
    Case(
        "nanochat-soft-cap",
        "logits beyond the cap of 15",
        gains=LARGE_LOGITS,
        misread="nanochat-as-configured",
        contrast={"final_logit_softcapping": None, "rms_norm_eps": 1e-5},
    ),
    Case(
        "nanochat-epsilon",
        "an embedding so small that epsilon 1e-5 shows, which no config key says",
        gains=SMALL_EMBEDDING,
        misread="nanochat-as-configured",
        contrast={"rms_norm_eps": 1e-6},
    ),
    Case(
        "nanochat-4-bit-group-64",
        "packed, untied",
        {**GROUPED, "hidden_size": 64, "num_key_value_heads": 2},
        quantization=Quantization(4, 64),
    ),
    Case(
        "nanochat-8-bit-group-32",
        "packed, in shards",
        {"hidden_size": 96, "intermediate_size": 192},
        shards=2,
        quantization=Quantization(8, 32),
    ),
    Case(
        "nanochat-mxfp4",
        "four-bit floats, untied",
        {**GROUPED, "hidden_size": 64, "num_key_value_heads": 2},
        quantization=Quantization(4, 32, mode="mxfp4"),
    ),
]

TRANSFORMERS = [
    transformers("bfloat16", "transformers' names, and epsilon 1e-6"),
    transformers(
        "float32-grouped",
        "float32, transformers 5 spelling of theta, which mlx-lm does not read; in shards",
        {
            **GROUPED,
            "num_key_value_heads": 2,
            "rope_parameters": {"rope_theta": 500.0, "rope_type": "default"},
            "rope_theta": ABSENT,
        },
        dtype="float32",
        shards=2,
        reference={"rope_theta": 500.0},
        contrast={"rope_theta": 10000.0},
    ),
    transformers(
        "epsilon",
        "epsilon of the config, large enough to show",
        {"rms_norm_eps": 0.05},
        contrast={"rms_norm_eps": 1e-5},
    ),
    transformers(
        "epsilon-default",
        "an embedding so small that epsilon 1e-6 shows, left to its default",
        {"rms_norm_eps": ABSENT},
        gains=SMALL_EMBEDDING,
        contrast={"rms_norm_eps": 1e-5},
    ),
    transformers(
        "soft-cap",
        "soft cap of the config",
        {"final_logit_softcapping": 4.0},
        contrast={"final_logit_softcapping": 15.0},
    ),
]

CASES = MLX + TRANSFORMERS
