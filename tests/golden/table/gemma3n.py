"""The cases of `gemma3n`, and of `gemma3n_text`, its text part published alone."""

from table.case import ABSENT, Case, Quantization

SLIDING, FULL = "sliding_attention", "full_attention"

TEXT = {
    "activation_sparsity_pattern": [0.95, 0.95, 0.0, 0.0, 0.0, 0.0],
    "altup_active_idx": 0,
    "altup_coef_clip": 120.0,
    "altup_correct_scale": True,
    "altup_lr_multiplier": 1.0,
    "altup_num_inputs": 4,
    "attention_bias": False,
    "attention_dropout": 0.0,
    "final_logit_softcapping": 30.0,
    "head_dim": 8,
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 32,
    "hidden_size_per_layer_input": 8,
    "initializer_range": 0.02,
    "intermediate_size": [48] * 6,
    "laurel_rank": 8,
    "layer_types": [SLIDING, SLIDING, FULL] * 2,
    "max_position_embeddings": 512,
    "model_type": "gemma3n_text",
    "num_attention_heads": 4,
    "num_hidden_layers": 6,
    "num_key_value_heads": 2,
    "num_kv_shared_layers": 3,
    "rms_norm_eps": 1e-06,
    "rope_local_base_freq": 10000.0,
    "rope_scaling": None,
    "rope_theta": 1000000.0,
    "sliding_window": 7,
    "use_cache": True,
    "vocab_size": 96,
    "vocab_size_per_layer_input": 90,
}

PUBLISHED = {
    "architectures": ["Gemma3nForConditionalGeneration"],
    "audio_config": {"hidden_size": 8, "model_type": "gemma3n_audio"},
    "audio_soft_tokens_per_image": 188,
    "audio_token_id": 95,
    "boa_token_id": 93,
    "boi_token_id": 92,
    "eoa_token_id": 94,
    "eoi_token_id": 91,
    "eos_token_id": [1, 2],
    "image_token_id": 90,
    "initializer_range": 0.02,
    "model_type": "gemma3n",
    "text_config": TEXT,
    "transformers_version": "4.53.0.dev0",
    "vision_config": {"hidden_size": 8, "model_type": "gemma3n_vision"},
    "vision_soft_tokens_per_image": 256,
}

PUBLISHED_TEXT = {
    "architectures": ["Gemma3nForCausalLM"],
    "eos_token_id": [1, 2],
    "transformers_version": "4.53.0.dev0",
    **TEXT,
}

UNSHARED = r"\.layers\.[345]\.self_attn\.(k_proj|v_proj|k_norm)\."
"""What layers that share keys and values never use; transformers 5 does not write it."""


PACKED = {
    "altup_num_inputs": 3,
    "head_dim": 16,
    "hidden_size": 64,
    "hidden_size_per_layer_input": 16,
    "laurel_rank": 32,
}


def text(**config) -> dict:
    return {"text_config": config}


def rope_parameters(local: float, everywhere: float) -> dict:
    return {
        "rope_local_base_freq": ABSENT,
        "rope_parameters": {
            FULL: {"rope_theta": everywhere, "rope_type": "default"},
            SLIDING: {"rope_theta": local, "rope_type": "default"},
        },
        "rope_scaling": ABSENT,
        "rope_theta": ABSENT,
    }


FILES = [
    Case(
        "gemma3n-bfloat16",
        "as published, beside audio and vision; the last three layers share keys and values",
        leftovers=("audio_and_vision",),
        contrast=text(num_kv_shared_layers=0),
    ),
    Case("gemma3n-float32-text-alone", "float32, no other tensors in the files", dtype="float32"),
    Case(
        "gemma3n-transformers-5",
        "RoPE for each layer type; layers that share keys and values lack what they never use",
        {"text_config": rope_parameters(500.0, 20000.0)},
        publisher="transformers",
        names=((UNSHARED, None),),
        shards=2,
        leftovers=("audio_and_vision",),
        reference=text(rope_local_base_freq=500.0, rope_theta=20000.0),
        contrast=text(rope_local_base_freq=10000.0),
    ),
    Case(
        "gemma3n-4-bit-group-32",
        "packed, the per-layer embeddings too; AltUp's small matrices stay dense, unsaid",
        text(**PACKED, intermediate_size=[64] * 6),
        quantization=Quantization(4, 32),
        leftovers=("audio_and_vision",),
    ),
    Case(
        "gemma3n-8-bit-group-64",
        "groups that the Laurel rank and the per-layer width do not divide into",
        text(hidden_size=64, intermediate_size=[64, 64, 128, 128, 64, 64], altup_num_inputs=2),
        quantization=Quantization(8, 64),
        shards=2,
    ),
]

LAYERS = [
    Case(
        "gemma3n-nothing-shared",
        "every layer has keys and values of its own",
        text(num_kv_shared_layers=0),
        contrast=text(num_kv_shared_layers=3),
    ),
    Case(
        "gemma3n-window",
        "layers that slide look back 5 tokens, those that share theirs too",
        text(sliding_window=5, layer_types=[SLIDING, FULL, SLIDING, FULL, SLIDING, SLIDING]),
        tokens=40,
        contrast=text(sliding_window=512),
    ),
    Case(
        "gemma3n-bases",
        "a base for the layers that slide, another for those that see all",
        text(rope_local_base_freq=300.0, rope_theta=3000.0),
        contrast=text(rope_local_base_freq=3000.0, rope_theta=300.0),
    ),
    Case(
        "gemma3n-widths-by-layer",
        "MatFormer: an MLP width for each layer",
        text(intermediate_size=[48, 64, 32, 80, 48, 16]),
    ),
    Case(
        "gemma3n-one-width",
        "one MLP width for all; sparsity in later layers, and little of it",
        text(intermediate_size=48, activation_sparsity_pattern=[0.0, 0.0, 0.5, 0.95, 0.3, 0.0]),
        contrast=text(activation_sparsity_pattern=[0.0, 0.0, 0.0, 0.95, 0.0, 0.0]),
    ),
    Case(
        "gemma3n-sparse",
        "a twentieth of the activations in the first two layers",
        contrast=text(activation_sparsity_pattern=[0.0] * 6),
    ),
    Case(
        "gemma3n-dense",
        "no sparsity pattern at all",
        text(activation_sparsity_pattern=None),
        contrast=text(activation_sparsity_pattern=[0.95, 0.95, 0.0, 0.0, 0.0, 0.0]),
    ),
]

ALTUP_AND_HEAD = [
    Case(
        "gemma3n-active-input",
        "AltUp predicts from and corrects by the second of three inputs",
        text(altup_active_idx=1, altup_num_inputs=3),
        contrast=text(altup_active_idx=0),
    ),
    Case(
        "gemma3n-uncorrected-scale",
        "the active prediction goes to the per-layer input as it is",
        text(altup_correct_scale=False),
        contrast=text(altup_correct_scale=True),
    ),
    Case(
        "gemma3n-soft-cap",
        "logits far beyond the cap",
        text(final_logit_softcapping=3.0),
        contrast=text(final_logit_softcapping=30.0),
    ),
    Case(
        "gemma3n-uncapped",
        "no cap, no clip of AltUp's coefficients",
        text(final_logit_softcapping=None, altup_coef_clip=None),
        contrast=text(final_logit_softcapping=5.0),
    ),
    Case(
        "gemma3n-norm-eps",
        "epsilon large enough to show",
        text(rms_norm_eps=0.05),
        contrast=text(rms_norm_eps=1e-6),
    ),
]

AS_TEXT_NAMES = ((r"^model\.language_model\.", "model."),)

TEXT_ALONE = [
    Case(
        "gemma3n_text-bfloat16",
        "a flat config, weights under `model`",
        names=AS_TEXT_NAMES,
        contrast={"num_kv_shared_layers": 0},
    ),
    Case(
        "gemma3n_text-transformers-5",
        "as transformers 5 writes it: no unused tensors, RoPE for each layer type",
        rope_parameters(500.0, 20000.0),
        publisher="transformers",
        names=(*AS_TEXT_NAMES, (UNSHARED, None)),
        reference={"rope_local_base_freq": 500.0, "rope_theta": 20000.0},
        contrast={"rope_local_base_freq": 10000.0},
    ),
    Case(
        "gemma3n_text-4-bit-group-32",
        "packed",
        {**PACKED, "intermediate_size": 64},
        names=AS_TEXT_NAMES,
        quantization=Quantization(4, 32),
    ),
]

CASES = FILES + LAYERS + ALTUP_AND_HEAD + TEXT_ALONE
