"""Writes one case's model directory: random weights, quantisation, files, config.

The weights come from NumPy's generator, seeded by the case's name, and are scaled so
that the model is not degenerate: attention prefers some positions over others, norms
differ from one, biases from zero, and logits spread over several units.
"""

import contextlib
import importlib
import io
import json
import math
import zlib
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten
from mlx_lm.utils import get_total_parameters, quantize_model
from safetensors import TensorSpec, serialize_file

from cases import ABSENT, Case
from published import PUBLISHED

LAYOUT_OF_METADATA = {"mlx": "mlx", "transformers": "pt"}


def generator(case: Case, purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{case.name}/{purpose}".encode())))


def published_config(case: Case) -> dict:
    merged = {**PUBLISHED[case.family], "torch_dtype": case.dtype, **case.config}
    return {key: value for key, value in merged.items() if value is not ABSENT}


def write_model(case: Case, directory: Path) -> None:
    """Writes `config.json` and the safetensors files of `case` into `directory`."""
    directory.mkdir(parents=True)
    config = published_config(case)
    model = random_model(case, config)
    if case.quantization:
        config = quantize(case, model, config)
    tensors = dict(tree_flatten(model.parameters())) | leftover_tensors(case, config)
    write_shards(case, tensors, get_total_parameters(model), directory)
    write_config(case, config, directory)


def random_model(case: Case, config: dict):
    module = importlib.import_module(f"mlx_lm.models.{case.family}")
    model = module.Model(module.ModelArgs.from_dict({**config, **case.reference}))
    weights = generator(case, "weights")
    dtype = getattr(mx, case.dtype)
    model.update(
        tree_unflatten(
            [
                (name, mx.array(random_tensor(weights, name, array.shape)).astype(dtype))
                for name, array in tree_flatten(model.parameters())
            ]
        )
    )
    return model


def random_tensor(weights: np.random.Generator, name: str, shape: tuple) -> np.ndarray:
    noise = weights.standard_normal(shape, dtype=np.float32)
    if name.endswith(("q_norm.weight", "k_norm.weight")):
        return 1.5 + 0.2 * noise
    if name.endswith("norm.weight"):
        return 1.0 + 0.2 * noise
    if name.endswith(".bias"):
        return 0.5 * noise
    return gain(name) / math.sqrt(shape[-1]) * noise


def gain(name: str) -> float:
    """How far a projection stretches its normalised input."""
    if "embed_tokens" in name or "lm_head" in name:
        return 2.0
    if "q_proj" in name or "k_proj" in name or "gate_proj" in name:
        return 1.5
    return 1.0


def quantize(case: Case, model, config: dict) -> dict:
    """Packs `model` in place the way `mlx_lm.convert` does; returns its config."""
    plan = case.quantization
    with contextlib.redirect_stdout(io.StringIO()):
        _, config = quantize_model(
            model,
            config,
            plan.group_size,
            plan.bits,
            quant_predicate=lambda path, _: plan.layers.get(path, True),
        )
    written = config["quantization"]
    written.update({path: False for path, how in plan.layers.items() if how is False})
    for key in plan.unwritten if plan.mode_written else (*plan.unwritten, "mode"):
        written.pop(key)
    return {**config, "quantization_config": written}


def leftover_tensors(case: Case, config: dict) -> dict:
    """Tensors that published files hold and no model reads."""
    tensors = {}
    if "lm_head" in case.leftovers:
        noise = generator(case, "leftovers").standard_normal(
            (config["vocab_size"], config["hidden_size"])
        )
        tensors["lm_head.weight"] = mx.array(noise.astype(np.float32)).astype(
            getattr(mx, case.dtype)
        )
    if "inv_freq" in case.leftovers:
        half = np.arange(0, config["head_dim"], 2, dtype=np.float32) / config["head_dim"]
        frequencies = mx.array((1.0 / config["rope_theta"] ** half).astype(np.float32))
        for layer in range(config["num_hidden_layers"]):
            tensors[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = frequencies
    return tensors


def write_shards(case: Case, tensors: dict, parameters: int, directory: Path) -> None:
    shards = split(tensors, case.shards)
    names = shard_names(len(shards))
    for name, shard in zip(names, shards):
        write_tensors(case, shard, directory / name)
    if case.publisher == "mlx" or len(shards) > 1:
        place = {tensor: name for name, shard in zip(names, shards) for tensor in shard}
        metadata = {"total_size": sum(array.nbytes for array in tensors.values())}
        if case.publisher == "mlx":
            metadata["total_parameters"] = parameters
        index = {"metadata": metadata, "weight_map": dict(sorted(place.items()))}
        write_json(case, index, directory / "model.safetensors.index.json")


def split(tensors: dict, count: int) -> list[dict]:
    """Consecutive tensors in `count` groups of about the same number."""
    names = list(tensors)
    bounds = [len(names) * shard // count for shard in range(count + 1)]
    return [
        {name: tensors[name] for name in names[start:end]} for start, end in zip(bounds, bounds[1:])
    ]


def shard_names(count: int) -> list[str]:
    if count == 1:
        return ["model.safetensors"]
    return [f"model-{shard:05d}-of-{count:05d}.safetensors" for shard in range(1, count + 1)]


def write_tensors(case: Case, tensors: dict, path: Path) -> None:
    """MLX leaves its header unpadded, so data starts anywhere; safetensors aligns it."""
    metadata = {"format": LAYOUT_OF_METADATA[case.publisher]}
    if case.publisher == "mlx":
        mx.save_safetensors(str(path), tensors, metadata=metadata)
        return
    # NumPy knows no bfloat16, so the bytes are handed over as such.
    raw = {name: np.array(mx.contiguous(array).view(mx.uint8)) for name, array in tensors.items()}
    specs = {
        name: TensorSpec(
            dtype=str(array.dtype).removeprefix("mlx.core."),
            shape=array.shape,
            data_ptr=raw[name].ctypes.data,
            data_len=raw[name].nbytes,
        )
        for name, array in tensors.items()
    }
    serialize_file(specs, str(path), metadata=metadata)


def write_config(case: Case, config: dict, directory: Path) -> None:
    write_json(case, dict(sorted(config.items())), directory / "config.json")


def write_json(case: Case, value: dict, path: Path) -> None:
    if case.publisher == "mlx":
        path.write_text(json.dumps(value, indent=4))
    else:
        path.write_text(json.dumps(value, indent=2) + "\n")
