"""MLX's affine quantisation, 4 bits in groups of 64: to train against, and to export."""

import torch
from torch import Tensor

BITS, GROUP_SIZE = 4, 64
PER_WORD = 32 // BITS


def quantise(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Levels (groups, 64), scales and biases (groups, 1) of a matrix.

    A weight is `level * scale + bias`. The end of the range that is farther from zero is
    kept exactly, and zero falls on a level, as in MLX. Scales and biases are rounded to
    bfloat16 first, because that is how they are stored.
    """
    groups = weight.detach().float().reshape(-1, GROUP_SIZE)
    low, high = groups.amin(1, keepdim=True), groups.amax(1, keepdim=True)
    steps = 2**BITS - 1
    scale = ((high - low) / steps).clamp_min(1e-7)
    from_low = low.abs() > high.abs()
    scale = torch.where(from_low, scale, -scale)
    edge = torch.where(from_low, low, high)
    zero = torch.round(edge / scale)
    scale = torch.where(zero != 0, edge / zero, scale).bfloat16().float()
    bias = torch.where(zero != 0, edge, torch.zeros_like(edge)).bfloat16().float()
    levels = torch.round((groups - bias) / scale).clamp(0, steps)
    return levels, scale, bias


def round_to_grid(weight: Tensor) -> Tensor:
    """The matrix that is left after quantising and going back."""
    levels, scale, bias = quantise(weight)
    return (levels * scale + bias).reshape(weight.shape).to(weight.dtype)


def pack(name: str, weight: Tensor) -> dict[str, Tensor]:
    """The three tensors under which MLX stores a quantised matrix called `name`."""
    rows, columns = weight.shape
    levels, scale, bias = quantise(weight)
    shifts = BITS * torch.arange(PER_WORD)
    words = (levels.long().reshape(rows, columns // PER_WORD, PER_WORD) << shifts).sum(-1)
    return {
        f"{name}.weight": words.to(torch.uint32),
        f"{name}.scales": scale.reshape(rows, -1).bfloat16(),
        f"{name}.biases": bias.reshape(rows, -1).bfloat16(),
    }
