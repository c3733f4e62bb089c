"""The quantised cases of `llama`: every width, and what a config says of single layers."""

from table.case import Case, Quantization
from table.shared import GROUP_OF_32, GROUP_OF_64, GROUP_OF_128, TIED

QUANTIZED = [
    Case(
        "llama-2-bit-group-32",
        "float16 scales",
        GROUP_OF_32,
        dtype="float16",
        quantization=Quantization(2, 32),
    ),
    Case(
        "llama-3-bit-group-128",
        "eight values in three bytes, wide groups",
        GROUP_OF_128,
        quantization=Quantization(3, 128),
    ),
    Case(
        "llama-4-bit-group-64",
        "the usual one; no `mode` key",
        GROUP_OF_64,
        quantization=Quantization(4, 64, mode_written=False),
    ),
    Case("llama-5-bit-group-32", "five bits", GROUP_OF_32, quantization=Quantization(5, 32)),
    Case(
        "llama-6-bit-group-64-tied",
        "quantised tied head",
        {**TIED, **GROUP_OF_64},
        quantization=Quantization(6, 64),
    ),
    Case(
        "llama-8-bit-group-32-tied",
        "float32 scales, quantised tied head",
        {**TIED, **GROUP_OF_32},
        dtype="float32",
        quantization=Quantization(8, 32),
    ),
    Case(
        "llama-quantized-biases",
        "quantised layers that also have a bias, in shards",
        {**GROUP_OF_32, "attention_bias": True, "mlp_bias": True},
        shards=2,
        quantization=Quantization(4, 32),
    ),
    Case(
        "llama-quantized-overrides",
        "layers with bits and groups of their own, one dense, embedding and head dense",
        GROUP_OF_64,
        quantization=Quantization(
            4,
            64,
            {
                "model.embed_tokens": False,
                "model.layers.0.self_attn.v_proj": {"group_size": 32, "bits": 8},
                "model.layers.0.mlp.down_proj": {"group_size": 64, "bits": 6, "mode": "affine"},
                "model.layers.1.self_attn.o_proj": False,
                "lm_head": False,
            },
        ),
    ),
    Case(
        "llama-quantized-override-defaults",
        "an override that names only its bits gets groups of 64, whatever the top level says",
        GROUP_OF_64,
        quantization=Quantization(4, 32, {"model.layers.1.mlp.up_proj": {"bits": 8}}),
    ),
    Case(
        "llama-quantized-unnamed",
        "config silent on layers that are dense or packed otherwise: shapes tell",
        GROUP_OF_64,
        quantization=Quantization(
            4,
            64,
            {
                "model.embed_tokens": False,
                "model.layers.0.mlp.gate_proj": {"group_size": 32, "bits": 8},
                "model.layers.1.self_attn.k_proj": False,
            },
            unwritten=(
                "model.embed_tokens",
                "model.layers.0.mlp.gate_proj",
                "model.layers.1.self_attn.k_proj",
            ),
        ),
    ),
]
