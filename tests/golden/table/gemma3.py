"""The cases of `gemma3`: a `gemma3_text` beside a vision tower, its config nested."""

from table.case import ABSENT, Case, Quantization

PUBLISHED = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "boi_token_index": 90,
    "eoi_token_index": 91,
    "eos_token_id": [1, 2],
    "image_token_index": 92,
    "initializer_range": 0.02,
    "mm_tokens_per_image": 256,
    "model_type": "gemma3",
    "text_config": {
        "head_dim": 16,
        "hidden_size": 32,
        "intermediate_size": 48,
        "model_type": "gemma3_text",
        "num_attention_heads": 4,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "query_pre_attn_scalar": 16,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "rope_theta": 10000.0,
        "sliding_window": 7,
        "sliding_window_pattern": 3,
    },
    "transformers_version": "4.50.0.dev0",
    "vision_config": {
        "hidden_size": 8,
        "image_size": 16,
        "intermediate_size": 16,
        "model_type": "siglip_vision_model",
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "patch_size": 4,
        "vision_use_head": False,
    },
    "vocab_size": 96,
}

AS_TRANSFORMERS_5_NAMES = (
    (r"^language_model\.lm_head\.", "lm_head."),
    (r"^language_model\.model\.", "model.language_model."),
    (r"^vision_tower\.", "model.vision_tower."),
    (r"^multi_modal_projector\.", "model.multi_modal_projector."),
)


def text(**config) -> dict:
    return {"text_config": config}


CASES = [
    Case(
        "gemma3-bfloat16",
        "as published: text under `language_model.model`, a vision tower that is left alone",
        leftovers=("vision",),
        contrast=text(rope_scaling=None),
    ),
    Case(
        "gemma3-defaults",
        "as published, only what differs is written: heads 8 and 4, bases, pattern of 6",
        text(
            num_attention_heads=ABSENT,
            num_hidden_layers=6,
            num_key_value_heads=ABSENT,
            query_pre_attn_scalar=ABSENT,
            rope_scaling=ABSENT,
            rope_theta=ABSENT,
            sliding_window_pattern=ABSENT,
        ),
        leftovers=("vision",),
        contrast=text(query_pre_attn_scalar=16),
    ),
    Case(
        "gemma3-float32-text-alone",
        "float32, no vision tensors in the files, a head of its own",
        text(rms_norm_eps=0.05),
        dtype="float32",
        own_head=True,
        contrast=text(rms_norm_eps=1e-6),
    ),
    Case(
        "gemma3-transformers-5",
        "names and config as transformers 5 has them, vocabulary inside `text_config`; in shards",
        {
            "text_config": {
                "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
                "rope_parameters": {
                    "full_attention": {
                        "factor": 4.0,
                        "rope_theta": 5000.0,
                        "rope_type": "linear",
                    },
                    "sliding_attention": {"rope_theta": 500.0, "rope_type": "default"},
                },
                "rope_scaling": ABSENT,
                "rope_theta": ABSENT,
                "sliding_window_pattern": ABSENT,
                "vocab_size": 96,
            },
            "vocab_size": ABSENT,
        },
        publisher="transformers",
        shards=2,
        own_head=True,
        names=AS_TRANSFORMERS_5_NAMES,
        leftovers=("vision",),
        reference={
            "text_config": {
                "rope_local_base_freq": 500.0,
                "rope_scaling": {"factor": 4.0, "rope_type": "linear"},
                "rope_theta": 5000.0,
                "sliding_window_pattern": 3,
            },
            "vocab_size": 96,
        },
        contrast=text(rope_local_base_freq=10000.0),
    ),
    Case(
        "gemma3-4-bit-group-64",
        "packed text beside packed vision tensors",
        text(hidden_size=64, intermediate_size=128),
        quantization=Quantization(4, 64),
        leftovers=("vision", "packed_vision"),
    ),
    Case(
        "gemma3-8-bit-group-32",
        "packed, the tied head packed too",
        text(hidden_size=64, intermediate_size=96),
        quantization=Quantization(8, 32),
        leftovers=("vision",),
    ),
]
