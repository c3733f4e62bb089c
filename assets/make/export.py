"""Writes a checkpoint as a 4-bit model directory in the mlx-community layout.

    python export.py --run run --out ../storyteller
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from markup import DOCUMENT_END, MESSAGE_END
from model import Config
from quantise import BITS, GROUP_SIZE, pack


def tensors(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Every matrix quantised, every norm in bfloat16."""
    out = {}
    for name, value in state.items():
        if value.ndim == 2:
            out |= pack(name.removesuffix(".weight"), value)
        else:
            out[name] = value.bfloat16()
    return out


def write_json(path: Path, content: dict) -> None:
    """Write a readable JSON file."""
    path.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    saved = torch.load(arguments.run / "checkpoint.pt")
    vocabulary = Tokenizer.from_file(str(arguments.out / "tokenizer.json"))
    ends = [vocabulary.token_to_id(MESSAGE_END), vocabulary.token_to_id(DOCUMENT_END)]
    quantization = {"group_size": GROUP_SIZE, "bits": BITS}
    config = Config().to_json(ends) | {"quantization": quantization}
    write_json(arguments.out / "config.json", config)
    sampling = {"eos_token_id": ends, "do_sample": True, "temperature": 0.7, "top_p": 0.95}
    write_json(arguments.out / "generation_config.json", sampling)
    save_file(tensors(saved["model"]), arguments.out / "model.safetensors", {"format": "mlx"})
    parameters = sum(value.numel() for value in saved["model"].values())
    print(f"step {saved['step']}, {parameters} parameters")


if __name__ == "__main__":
    main()
