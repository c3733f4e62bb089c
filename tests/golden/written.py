"""Compares what Headroom and mlx-lm make of a model directory that Headroom wrote."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from reference import difference, feed, load
from safetensors.numpy import load_file


def logits_apart(headroom: str, model: Path, tokens: list[int]) -> float:
    """The largest difference of both's logits in float32, as a share of the largest logit."""
    with tempfile.TemporaryDirectory() as temporary:
        logits = Path(temporary) / "logits.safetensors"
        ids = ",".join(str(token) for token in tokens)
        run(headroom, "debug", "logits", "--model", model, "--tokens", ids, "--output", logits)
        expected = feed(load(model, {}), np.array(tokens), [len(tokens)])
        return difference(expected, load_file(logits)["logits"])


def run(*command) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
