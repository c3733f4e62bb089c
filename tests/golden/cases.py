"""The table of golden cases: what each checkpoint is and what it is there to catch.

A case is its family's published config with a few keys changed, a storage dtype, a
file layout and perhaps a quantisation. Reading this file is enough to know what the
fixtures cover; how they are written and computed is in `checkpoint.py` and
`reference.py`.
"""

from dataclasses import dataclass, field

ABSENT = object()
"""A config value that says: this key is not in the file at all."""


@dataclass(frozen=True)
class Quantization:
    """How MLX packs the weights, and what `config.json` says about it."""

    bits: int
    group_size: int
    layers: dict = field(default_factory=dict)
    """Module path -> its own parameters, or False to keep it dense."""
    unwritten: tuple = ()
    """Paths in `layers` on which `config.json` is silent, so that shapes must tell."""
    mode_written: bool = True
    """False leaves out `"mode": "affine"`, as older converters did."""


@dataclass(frozen=True)
class Case:
    name: str
    """Directory name; its first word is the family."""
    why: str
    config: dict = field(default_factory=dict)
    """Config keys that differ from the family's published config."""
    dtype: str = "bfloat16"
    publisher: str = "mlx"
    """Whose layout the files have: `mlx` (mlx-lm convert) or `transformers`."""
    shards: int = 1
    quantization: Quantization | None = None
    leftovers: tuple = ()
    """Tensors in the files that the model must ignore: `inv_freq`, `lm_head`."""
    tokens: int = 24
    caches: bool = False
    """Whether the prompt also goes through each of mlx-lm's KV caches: see `caches.py`."""
    contrast: dict = field(default_factory=dict)
    """Config keys which, read like this instead, must visibly move the logits."""
    reference: dict = field(default_factory=dict)
    """Keys that mlx-lm must be told because it does not read the file's spelling."""

    @property
    def family(self) -> str:
        return self.name.split("-")[0]


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

TIED = {"tie_word_embeddings": True}
DERIVED_HEAD_DIM = {"hidden_size": 64}
GROUP_OF_32 = {"hidden_size": 64, "intermediate_size": 96}
GROUP_OF_64 = {"hidden_size": 64, "intermediate_size": 128}
GROUP_OF_128 = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32}

# Waves shorter than 16 positions stay, longer than 64 are stretched, those between are
# blended. Heads of 16 dimensions with theta 10000 have some of each.
LLAMA3 = {
    "factor": 8.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 64,
}
UNSCALED = {"rope_scaling": None}


def transformers_5(**rope_parameters) -> dict:
    """The config keys that transformers 5 writes in place of the older spelling."""
    return {
        "dtype": "bfloat16",
        "rope_parameters": rope_parameters,
        "rope_scaling": ABSENT,
        "rope_theta": ABSENT,
        "torch_dtype": ABSENT,
        "transformers_version": "5.0.0",
    }


def linear(**spelling) -> dict:
    return {"rope_scaling": {**spelling, "factor": 4.0}}


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
    Case("qwen3-heads-equal", "as many key as query heads", {"num_key_value_heads": 4}),
    Case(
        "qwen3-heads-4-to-1",
        "grouped queries 4:1",
        {"num_attention_heads": 8, "num_key_value_heads": 2},
    ),
    Case("qwen3-head-dim", "head_dim 32 where hidden / heads is 8", {"head_dim": 32}),
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
        "qwen3-norm-eps",
        "epsilon large enough to show",
        {"rms_norm_eps": 0.05},
        contrast={"rms_norm_eps": 1e-06},
    ),
    Case(
        "llama-keys-absent",
        "every key with a default left out: tied head, theta 10000, heads and head_dim derived",
        {**DERIVED_HEAD_DIM, **dict.fromkeys(LLAMA_DEFAULTED, ABSENT)},
        contrast={"rope_theta": 500000.0},
    ),
    Case(
        "qwen3-keys-absent",
        "every key with a default left out",
        {"attention_bias": ABSENT, "rope_scaling": ABSENT, "use_sliding_window": ABSENT},
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
    Case(
        "qwen3-tied-head-left",
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
        f"{family}-caches",
        "heads that have whole groups of 64, through every KV cache",
        {"head_dim": 64},
        tokens=32,
        caches=True,
    )
    for family in ("llama", "qwen3")
]

CASES = DTYPES_AND_FILES + HEADS + CONFIG_READING + ROPE + QUANTIZED + CACHES
