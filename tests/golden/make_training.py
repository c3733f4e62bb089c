#!/usr/bin/env python3
"""Makes training/: ten steps of nanochat's first recipe, computed by training_recipe.py.

    make_training.py            rewrites training/
    make_training.py --check    compares, writes nothing, exit code 1 on a difference

Everything is computed in float64 and rounded to float32. The same run in float32 says how far plain
float32 arithmetic strays from that; the manifest keeps those figures. bfloat16.safetensors begins with
weights rounded to bfloat16; the manifest says how far a run strays from it that keeps them in bfloat16.
Needs the packages in requirements.txt at exactly those versions.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import mlx.core as mx
import numpy as np
from make import difference, require_pinned_versions
from mlx_lm.utils import load_model
from safetensors.numpy import load_file, save_file
from training_recipe import (
    Recipe,
    RoundedTraining,
    Training,
    initial_deviation,
    logits,
    newton_schulz,
)

COMMITTED = Path(__file__).resolve().parent / "training"
RECIPE = Recipe()
SEED = 20_256
MICRO_BATCHES, ROWS = 2, 4
# How much of the largest value a file may differ by where another processor rounds differently.
CHECKED = 1e-5
MATRICES = {"tall": (48, 16), "wide": (16, 48), "square": (24, 24)}
# Lengths of runs whose whole schedule is written down; rounding matters in the short ones.
SCHEDULES = (1, 4, 10, 21)


def generator(purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([SEED, purpose]))


def initial_weights() -> dict:
    """The recipe's spread, but nothing zero: a head of zeros would give no block a gradient."""
    weights, source = {}, generator(0)
    for name, shape in RECIPE.shapes().items():
        deviation = initial_deviation(name, shape) or 0.5 / math.sqrt(shape[1])
        noise = source.standard_normal(shape, dtype=np.float32)
        weights[name] = noise * np.float32(deviation)
    return weights


def batches() -> dict:
    """Ids of every step, which can be learned, so that some gradients are clipped and some are not.

    Each row leaves out another share of its targets, and one leaves out all.
    """
    source = generator(1)
    shape = (RECIPE.num_iterations, MICRO_BATCHES, ROWS, RECIPE.context)
    ids = source.integers(0, RECIPE.vocabulary, (*shape[:-1], RECIPE.context + 1))
    for place in range(1, RECIPE.context + 1):
        ids[..., place] = (5 * ids[..., place - 1] + ids[..., place] % 2) % RECIPE.vocabulary
    shares = source.uniform(0.2, 1.0, (*shape[:-1], 1))
    counted = source.uniform(size=shape) < shares
    counted[3, 1, 0] = False
    return {
        "inputs": ids[..., :-1].astype(np.int32),
        "targets": ids[..., 1:].astype(np.int32),
        "counted": counted.astype(np.uint8),
    }


def as_mlx(arrays: dict, dtype: mx.Dtype | None = None) -> dict:
    return {
        name: mx.array(array) if dtype is None else mx.array(array).astype(dtype)
        for name, array in arrays.items()
    }


def as_float32(arrays: dict) -> dict:
    return {name: np.array(array.astype(mx.float32)) for name, array in arrays.items()}


def micro_batches(step: int) -> list:
    taken = {name: ids[step] for name, ids in batches().items()}
    return [
        as_mlx({name: ids[number] for name, ids in taken.items()})
        for number in range(MICRO_BATCHES)
    ]


def trained(dtype: mx.Dtype) -> dict[str, dict]:
    """What each file of expected values holds, computed in a precision."""
    training = Training(RECIPE, as_mlx(initial_weights(), dtype))
    first_row = micro_batches(0)[0]["inputs"][:1]
    found = {"steps": {"logits": logits(RECIPE, training.weights, first_row)[0]}}
    steps = []
    for number in range(RECIPE.num_iterations):
        steps.append(training.step(micro_batches(number)))
        if number == 0:
            found["gradients"] = steps[0]["gradients"]
            found["weights_after_1"] = dict(training.weights)
    found["weights_after_10"], found["states_after_10"] = training.weights, training.states
    for name in ("loss", "gradient_norm"):
        found["steps"][name] = mx.stack([step[name] for step in steps])
    found["newton_schulz"] = orthogonalised(dtype)
    return {name: as_float32(arrays) for name, arrays in found.items()}


def from_bfloat16(training: Training) -> dict:
    """What bfloat16.safetensors holds: of the first step the gradients, of all steps losses and norms, and
    the weights behind them."""
    steps = [training.step(micro_batches(number)) for number in range(RECIPE.num_iterations)]
    found = {name: mx.stack([step[name] for step in steps]) for name in ("loss", "gradient_norm")}
    for name, weight in training.weights.items():
        found[f"gradient.{name}"] = steps[0]["gradients"][name]
        found[f"weight_after_10.{name}"] = weight
    return as_float32(found)


def rounded_weights(dtype: mx.Dtype) -> dict:
    return {
        name: weight.astype(mx.bfloat16).astype(dtype)
        for name, weight in as_mlx(initial_weights()).items()
    }


def halves(arrays: dict) -> dict:
    """As float16, which is eight times finer than bfloat16; figures of steps stay as they are."""
    return {
        name: array.astype(np.float16) if array.ndim == 2 else array
        for name, array in arrays.items()
    }


def bfloat16_deviations(exact: dict, rounded: dict) -> dict:
    """The largest of all tensors: root mean squares of differences, as a share of those of gradients and
    of the way that weights went."""
    begun, shares = as_float32(rounded_weights(mx.float32)), {"gradient": 0.0, "weight_after_10": 0.0}
    for name in exact:
        kind, _, tensor = name.partition(".")
        if kind in shares:
            from_where = begun[tensor] if kind == "weight_after_10" else 0.0
            share = spread(exact[name] - rounded[name]) / spread(exact[name] - from_where)
            shares[kind] = max(shares[kind], share)
    return {kind: float(f"{share:.1e}") for kind, share in shares.items()}


def spread(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(array.astype(np.float64) ** 2)))


def orthogonalised(dtype: mx.Dtype) -> dict:
    arrays, source = {}, generator(2)
    for name, shape in MATRICES.items():
        arrays[name] = mx.array(source.standard_normal(shape, dtype=np.float32))
        arrays[f"{name}_orthogonalised"] = newton_schulz(RECIPE, arrays[name].astype(dtype))
    return arrays


def manifest(deviations: dict, of_bfloat16: dict) -> dict:
    shapes = RECIPE.shapes()
    return {
        "recipe": asdict(RECIPE),
        "seed": SEED,
        "peak_learning_rates": {name: RECIPE.peak_learning_rate(name) for name in shapes},
        "initial_standard_deviations": {
            name: initial_deviation(name, shape) for name, shape in shapes.items()
        },
        "muon_momenta": {str(n): RECIPE.muon_momentum(n) for n in (0, 1, 150, 299, 300, 5000)},
        "learning_rate_multipliers": {str(n): multipliers(n) for n in SCHEDULES},
        "float32_deviations": deviations,
        "bfloat16_deviations": of_bfloat16,
    }


def multipliers(num_iterations: int) -> list[float]:
    recipe = Recipe(num_iterations=num_iterations)
    return [recipe.learning_rate_multiplier(n) for n in range(num_iterations)]


def write(directory: Path) -> None:
    write_model(directory / "model")
    save_file(batches(), directory / "batches.safetensors")
    exact, rounded = trained(mx.float64), trained(mx.float32)
    for name, arrays in exact.items():
        save_file(arrays, directory / f"{name}.safetensors")
    deviations = {name: deviation(arrays, rounded[name]) for name, arrays in exact.items()}
    narrow = from_bfloat16(Training(RECIPE, rounded_weights(mx.float64)))
    save_file(halves(narrow), directory / "bfloat16.safetensors")
    key = mx.random.key(SEED)
    strays = from_bfloat16(RoundedTraining(RECIPE, rounded_weights(mx.float32), key))
    text = json.dumps(manifest(deviations, bfloat16_deviations(narrow, strays)), indent=1)
    (directory / "manifest.json").write_text(text + "\n")
    require_mlx_lm_agrees(directory / "model", exact["steps"]["logits"])


def deviation(exact: dict, rounded: dict) -> float:
    """The largest of a file's tensors, to two digits."""
    largest = max(difference(exact[name], rounded[name]) for name in exact)
    return float(f"{largest:.1e}")


def write_model(directory: Path) -> None:
    directory.mkdir(parents=True)
    config = {
        "architectures": ["NanoChatForCausalLM"],
        "model_type": "nanochat",
        "hidden_size": RECIPE.width,
        "intermediate_size": 4 * RECIPE.width,
        "num_hidden_layers": RECIPE.layers,
        "num_attention_heads": RECIPE.heads,
        "num_key_value_heads": RECIPE.heads,
        "vocab_size": RECIPE.vocabulary,
        "max_position_embeddings": RECIPE.context,
        "rope_theta": RECIPE.rope_theta,
        "tie_word_embeddings": False,
    }
    (directory / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(initial_weights(), directory / "model.safetensors", metadata={"format": "mlx"})


def require_mlx_lm_agrees(directory: Path, expected: np.ndarray) -> None:
    """The reference's own forward pass is mlx-lm's."""
    model, _ = load_model(directory)
    found = difference(expected, np.array(model(micro_batches(0)[0]["inputs"][:1])[0]))
    if found > CHECKED:
        sys.exit(f"mlx-lm's logits differ from the reference's by {found:.1e} of the largest")


def differences(fresh: Path, committed: Path) -> list[str]:
    names = sorted(path.relative_to(fresh) for path in fresh.rglob("*.*") if path.is_file())
    return [str(name) for name in names if not same(fresh / name, committed / name)]


def same(fresh: Path, committed: Path) -> bool:
    if not committed.exists():
        return False
    if fresh.name == "manifest.json":
        return without_deviations(fresh) == without_deviations(committed)
    if fresh.suffix != ".safetensors":
        return fresh.read_bytes() == committed.read_bytes()
    ours, theirs = load_file(fresh), load_file(committed)
    return ours.keys() == theirs.keys() and all(
        ours[name].shape == theirs[name].shape and difference(theirs[name], ours[name]) <= CHECKED
        for name in ours
    )


def without_deviations(path: Path) -> dict:
    """A manifest without the figures that depend on the processor."""
    read = json.loads(path.read_text())
    del read["float32_deviations"], read["bfloat16_deviations"]
    return read


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    check = parser.parse_args().check
    require_pinned_versions()
    mx.set_default_device(mx.cpu)
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary) / "training"
        write(fresh)
        print((fresh / "manifest.json").read_text())
        if check:
            differing = differences(fresh, COMMITTED)
            print("\n".join(f"differs: {name}" for name in differing) or "nothing differs")
            return int(bool(differing))
        shutil.rmtree(COMMITTED, ignore_errors=True)
        shutil.copytree(fresh, COMMITTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
