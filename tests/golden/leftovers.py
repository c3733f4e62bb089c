"""Tensors that published files hold beside a model's own, and that it must ignore."""

import mlx.core as mx
import numpy as np
from random_weights import generator
from table import Case


def leftover_tensors(case: Case, config: dict) -> dict:
    tensors = {}
    for kind in case.leftovers:
        tensors |= KINDS[kind](case, config)
    return tensors


def untied_head(case: Case, config: dict) -> dict:
    noise = generator(case, "leftovers").standard_normal(
        (config["vocab_size"], config["hidden_size"])
    )
    return {"lm_head.weight": mx.array(noise.astype(np.float32)).astype(getattr(mx, case.dtype))}


def rotary_frequencies(case: Case, config: dict) -> dict:
    half = np.arange(0, config["head_dim"], 2, dtype=np.float32) / config["head_dim"]
    frequencies = mx.array((1.0 / config["rope_theta"] ** half).astype(np.float32))
    return {
        f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": frequencies
        for layer in range(config["num_hidden_layers"])
    }


VISION = {
    "vision_tower.vision_model.embeddings.patch_embedding.bias": (8,),
    "vision_tower.vision_model.embeddings.patch_embedding.weight": (8, 4, 4, 3),
    "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight": (16, 8),
    "vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.bias": (8,),
    "vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight": (8, 8),
    "multi_modal_projector.mm_input_projection_weight": (8, 32),
    "multi_modal_projector.mm_soft_emb_norm.weight": (8,),
}
"""Shapes as they lie in the files; a patch embedding has four dimensions."""


def vision(case: Case, config: dict) -> dict:
    return zeros(VISION, getattr(mx, case.dtype))


def packed_vision(case: Case, config: dict) -> dict:
    """As converters leave a vision tower that they have quantised too."""
    layer = "vision_tower.vision_model.encoder.layers.0.self_attn.out_proj"
    groups = {f"{layer}.scales": (64, 1), f"{layer}.biases": (64, 1)}
    return zeros(groups, getattr(mx, case.dtype)) | zeros({f"{layer}.weight": (64, 8)}, mx.uint32)


AUDIO_AND_VISION = {
    "model.audio_tower.conformer.0.attention.post.weight": (8, 8),
    "model.audio_tower.subsample_conv_projection.conv_0.conv.weight": (8, 3, 3, 1),
    "model.embed_audio.embedding.weight": (4, 8),
    "model.embed_audio.embedding_projection.weight": (32, 8),
    "model.embed_vision.embedding.weight": (4, 8),
    "model.embed_vision.soft_embedding_norm.weight": (8,),
    "model.vision_tower.timm_model.conv_stem.bn.weight": (8,),
    "model.vision_tower.timm_model.conv_stem.conv.weight": (8, 3, 3, 3),
}


def audio_and_vision(case: Case, config: dict) -> dict:
    return zeros(AUDIO_AND_VISION, getattr(mx, case.dtype))


def zeros(shapes: dict, dtype: mx.Dtype) -> dict:
    return {name: mx.zeros(shape, dtype) for name, shape in shapes.items()}


KINDS = {
    "audio_and_vision": audio_and_vision,
    "inv_freq": rotary_frequencies,
    "lm_head": untied_head,
    "packed_vision": packed_vision,
    "vision": vision,
}
