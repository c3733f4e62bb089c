"""The cases of `phi3`: fused projections, and RoPE factors chosen by the sequence's length."""

from table.case import ABSENT, Case, Quantization
from table.shared import GROUP_OF_32, GROUP_OF_64, TIED

PUBLISHED = {
    "architectures": ["Phi3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {"AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"},
    "bos_token_id": 1,
    "embd_pdrop": 0.0,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 48,
    "max_position_embeddings": 512,
    "model_type": "phi3",
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "original_max_position_embeddings": 32,
    "pad_token_id": 2,
    "resid_pdrop": 0.0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "sliding_window": 2048,
    "tie_word_embeddings": False,
    "transformers_version": "4.43.3",
    "use_cache": True,
    "vocab_size": 96,
}

SHORT = [1.0, 1.1, 1.3, 1.7, 2.0, 2.2, 2.5, 3.0]
LONG = [1.1, 1.6, 2.6, 4.1, 6.3, 9.5, 16.0, 24.0]
"""One factor for each pair of a head's 16 dimensions."""

WITHIN, PAST = 24, 48
"""Prompts within the original context of 32 tokens and past it."""


def longrope(short=SHORT, long=LONG, kind="longrope") -> dict:
    return {"rope_scaling": {"long_factor": long, "short_factor": short, "type": kind}}


def only(factors: list) -> dict:
    """mlx-lm 0.32.2 reads the long factors alone, so it is given what should be used as these."""
    return longrope(factors, factors)


FILES = [
    Case("phi3-float32", "float32, fused projections, separate head", dtype="float32"),
    Case(
        "phi3-bfloat16-tied",
        "tied head, grouped queries 4:1",
        {**TIED, "hidden_size": 64, "num_attention_heads": 8},
        contrast={"rope_theta": 100.0},
    ),
    Case(
        "phi3-keys-absent",
        "every key with a default left out: theta 10000, separate head, as many key heads",
        dict.fromkeys(
            (
                "max_position_embeddings",
                "num_key_value_heads",
                "original_max_position_embeddings",
                "rope_scaling",
                "rope_theta",
                "sliding_window",
                "tie_word_embeddings",
            ),
            ABSENT,
        ),
        contrast={"rope_theta": 100.0},
    ),
    Case(
        "phi3-4-bit-group-64",
        "fused projections packed, embedding too",
        GROUP_OF_64,
        quantization=Quantization(4, 64),
    ),
    Case(
        "phi3-8-bit-group-32-longrope",
        "packed, tied head, long factors, in shards",
        {**TIED, **longrope(), **GROUP_OF_32, "num_attention_heads": 4},
        tokens=PAST,
        shards=2,
        quantization=Quantization(8, 32),
        reference=only(LONG),
        contrast=only(SHORT),
    ),
]

SLIDING = [
    Case(
        "phi3-sliding-window",
        "every layer looks back 7 tokens, as in transformers; mlx-lm does not read the key",
        {"sliding_window": 7},
        correction="phi3-sliding-window",
        contrast={"sliding_window": None},
    ),
]

ROPE = [
    Case(
        "phi3-longrope-within",
        "short factors within the original context; mlx-lm would take the long ones",
        longrope(),
        tokens=WITHIN,
        reference=only(SHORT),
        contrast=only(LONG),
    ),
    Case(
        "phi3-longrope-at-the-edge",
        "a prompt as long as the original context still takes the short factors",
        longrope(),
        tokens=32,
        reference=only(SHORT),
        contrast=only(LONG),
    ),
    Case(
        "phi3-longrope-past",
        "long factors at every position of a sequence past the original context",
        longrope(),
        tokens=PAST,
        reference=only(LONG),
        contrast=only(SHORT),
    ),
    Case(
        "phi3-longrope-magnitude",
        "rotated dimensions grow by sqrt(1 + ln(16) / ln(32))",
        longrope(),
        tokens=PAST,
        contrast={"max_position_embeddings": 32},
    ),
    Case(
        "phi3-longrope-unstretched",
        "a context as long as the original: factors, but no growth",
        {**longrope(), "max_position_embeddings": 32},
        reference=only(SHORT),
        contrast={**only(SHORT), "max_position_embeddings": 512},
    ),
    Case(
        "phi3-su",
        "the older name of longrope",
        longrope(kind="su"),
        tokens=PAST,
        contrast={"rope_scaling": None},
    ),
    Case(
        "phi3-rope-partial",
        "three quarters of a head rotate, plainly",
        {"partial_rotary_factor": 0.75},
        contrast={"partial_rotary_factor": 1.0},
    ),
    Case(
        "phi3-longrope-partial",
        "three quarters of a head rotate and grow",
        {**longrope(SHORT[:6], LONG[:6]), "partial_rotary_factor": 0.75},
        tokens=PAST,
        contrast={"partial_rotary_factor": 1.0, "rope_scaling": None},
    ),
    Case(
        "phi3-rope-parameters",
        "transformers 5 spelling, partial and long, which mlx-lm 0.32.2 ignores",
        {
            "rope_parameters": {
                "long_factor": LONG[:6],
                "original_max_position_embeddings": 32,
                "partial_rotary_factor": 0.75,
                "rope_theta": 20000.0,
                "rope_type": "longrope",
                "short_factor": SHORT[:6],
            },
            "rope_scaling": ABSENT,
            "rope_theta": ABSENT,
        },
        publisher="transformers",
        tokens=PAST,
        reference={
            **only(LONG[:6]),
            "partial_rotary_factor": 0.75,
            "rope_theta": 20000.0,
        },
        contrast={"rope_scaling": None, "rope_theta": 10000.0},
    ),
    Case(
        "phi3-rope-linear",
        "linear scaling, which mlx-lm reads only beside a `long_factor`",
        {"rope_scaling": {"factor": 4.0, "type": "linear"}},
        reference={"rope_scaling": {"factor": 4.0, "long_factor": None, "type": "linear"}},
        contrast={"rope_scaling": None},
    ),
    Case(
        "phi3-rope-traditional",
        "adjacent pairs of half a head rotate",
        {"rope_traditional": True, "partial_rotary_factor": 0.5},
        contrast={"rope_traditional": False},
    ),
]

CASES = FILES + ROPE + SLIDING
