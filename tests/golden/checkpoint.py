"""Writes one case's model directory: random weights, quantisation, files, config.

The weights come from NumPy's generator, seeded by the case's name, and are scaled so
that the model is not degenerate: attention prefers some positions over others, norms
differ from one, biases from zero, and logits spread over several units.
"""

import contextlib
import io
import json
import re
from pathlib import Path

import mlx.core as mx
import numpy as np
from leftovers import leftover_tensors
from mlx.utils import tree_flatten
from mlx_lm.utils import get_total_parameters, quantize_model
from random_weights import random_model
from safetensors import TensorSpec, serialize_file
from table import ABSENT, PUBLISHED, Case

LAYOUT_OF_METADATA = {"mlx": "mlx", "transformers": "pt"}


def published_config(case: Case) -> dict:
    return merged({**PUBLISHED[case.family], "torch_dtype": case.dtype}, case.config)


def merged(config: dict, changes: dict) -> dict:
    """`changes` laid over `config`, key by key within `text_config` too."""
    both = {**config, **changes}
    if "text_config" in config and "text_config" in changes:
        both["text_config"] = merged(config["text_config"], changes["text_config"])
    return {key: value for key, value in both.items() if value is not ABSENT}


def write_model(case: Case, directory: Path) -> None:
    """Writes `config.json` and the safetensors files of `case` into `directory`."""
    directory.mkdir(parents=True)
    config = published_config(case)
    model = random_model(case, merged(config, case.reference))
    if case.quantization:
        config = quantize(case, model, config)
    tensors = dict(tree_flatten(model.parameters())) | leftover_tensors(case, config)
    tensors = published_names(case, tensors)
    write_shards(case, tensors, get_total_parameters(model), directory)
    write_config(case, config, directory)


def published_names(case: Case, tensors: dict) -> dict:
    for pattern, replacement in case.names:
        tensors = {
            name if replacement is None else re.sub(pattern, replacement, name): array
            for name, array in tensors.items()
            if replacement is not None or not re.search(pattern, name)
        }
    return tensors


def quantize(case: Case, model, config: dict) -> dict:
    """Packs `model` in place the way `mlx_lm.convert` does; returns its config."""
    plan = case.quantization
    with contextlib.redirect_stdout(io.StringIO()):
        _, config = quantize_model(
            model,
            config,
            plan.group_size,
            plan.bits,
            plan.mode,
            quant_predicate=lambda path, _: plan.layers.get(path, True),
        )
    written = config["quantization"]
    written.update({path: False for path, how in plan.layers.items() if how is False})
    for key in plan.unwritten if plan.mode_written else (*plan.unwritten, "mode"):
        written.pop(key)
    return {**config, "quantization_config": written}


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
