#!/usr/bin/env python3
"""Computes training/ with PyTorch's own autograd, AdamW and clipping, in float32, and compares.

Needs the packages in requirements-transformers.txt. Muon is written out, since PyTorch's rounds to
bfloat16. Prints the largest difference of each file as a share of the largest value.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file

TRAINING = Path(__file__).resolve().parent / "training"
MANIFEST = json.loads((TRAINING / "manifest.json").read_text())
RECIPE = MANIFEST["recipe"]
HEAD, EMBEDDING = "lm_head.weight", "transformer.wte.weight"
TOLERANCE = 1e-4


def norm(x: torch.Tensor) -> torch.Tensor:
    return functional.rms_norm(x, (x.shape[-1],), eps=RECIPE["norm_epsilon"])


def rope(x: torch.Tensor) -> torch.Tensor:
    """Turns each pair (first half, second half), read as a complex number, by minus the angle."""
    half = x.shape[-1] // 2
    frequencies = RECIPE["rope_theta"] ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.outer(torch.arange(x.shape[-2], dtype=torch.float64), frequencies)
    turned = torch.complex(x[..., :half], x[..., half:]) * torch.exp(-1j * angles).to(
        torch.complex64
    )
    return torch.cat([turned.real, turned.imag], dim=-1)


def logits(weights: dict, tokens: torch.Tensor) -> torch.Tensor:
    x = norm(functional.embedding(tokens, weights[EMBEDDING]))
    for layer in range(RECIPE["layers"]):
        own = {name.split(f"h.{layer}.")[-1]: weight for name, weight in weights.items()}
        normed = norm(x)

        def heads(part: str) -> torch.Tensor:
            projected = functional.linear(normed, own[f"attn.{part}.weight"])  # noqa: B023
            return projected.unflatten(-1, (RECIPE["heads"], -1)).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            norm(rope(heads("c_q"))), norm(rope(heads("c_k"))), heads("c_v"), is_causal=True
        )
        x = x + functional.linear(mixed.transpose(1, 2).flatten(2), own["attn.c_proj.weight"])
        expanded = functional.relu(functional.linear(norm(x), own["mlp.c_fc.weight"])).square()
        x = x + functional.linear(expanded, own["mlp.c_proj.weight"])
    cap = RECIPE["soft_cap"]
    return cap * torch.tanh(functional.linear(norm(x), weights[HEAD]) / cap)


def mean_loss(weights: dict, batch: dict) -> torch.Tensor:
    """Over the counted targets of all micro-batches at once."""
    inputs, targets = (batch[name].flatten(0, 1).long() for name in ("inputs", "targets"))
    targets = targets.masked_fill(batch["counted"].flatten(0, 1) == 0, -100)
    return functional.cross_entropy(logits(weights, inputs).flatten(0, 1), targets.flatten())


def newton_schulz(x: torch.Tensor) -> torch.Tensor:
    if x.shape[0] > x.shape[1]:
        return newton_schulz(x.T).T
    a, b, c = RECIPE["newton_schulz_coefficients"]
    x = x / (x.norm() + RECIPE["newton_schulz_epsilon"])
    for _ in range(RECIPE["newton_schulz_steps"]):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


class Training:
    """AdamW by PyTorch, Muon by hand, over leaf tensors."""

    def __init__(self, weights: dict):
        self.weights, self.rates = weights, MANIFEST["peak_learning_rates"]
        self.adam = torch.optim.AdamW(
            [{"params": [weights[name]], "peak": self.rates[name]} for name in (EMBEDDING, HEAD)],
            betas=tuple(RECIPE["adam_betas"]),
            eps=RECIPE["adam_epsilon"],
            weight_decay=0.0,
        )
        blocks = weights.keys() - {EMBEDDING, HEAD}
        self.buffers = {name: torch.zeros_like(weights[name]) for name in sorted(blocks)}

    def step(self, number: int, batch: dict) -> dict:
        for weight in self.weights.values():
            weight.grad = None
        loss = mean_loss(self.weights, batch)
        loss.backward()
        gradients = {name: weight.grad.clone() for name, weight in self.weights.items()}
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), RECIPE["clip_norm"])
        self.update(number)
        return {"loss": loss.detach(), "gradient_norm": norm, "gradients": gradients}

    def update(self, number: int) -> None:
        share = MANIFEST["learning_rate_multipliers"][str(RECIPE["num_iterations"])][number]
        for group in self.adam.param_groups:
            group["lr"] = share * group["peak"]
        self.adam.step()
        first, last = RECIPE["muon_momenta"]
        momentum = first + (last - first) * min(number / RECIPE["muon_momentum_steps"], 1.0)
        for name, buffer in self.buffers.items():
            weight = self.weights[name]
            buffer.lerp_(weight.grad, 1 - momentum)
            update = newton_schulz(weight.grad.lerp(buffer, momentum))
            weight.data.sub_(share * self.rates[name] * update)

    def copied_weights(self) -> dict:
        return {name: weight.detach().clone() for name, weight in self.weights.items()}

    def states(self) -> dict:
        found = {f"{name}.momentum": buffer for name, buffer in self.buffers.items()}
        for name in (EMBEDDING, HEAD):
            state = self.adam.state[self.weights[name]]
            found[f"{name}.first_moment"] = state["exp_avg"]
            found[f"{name}.second_moment"] = state["exp_avg_sq"]
        return found


def train(weights: dict, batches: dict) -> dict[str, dict]:
    """What each file of expected values holds, as PyTorch computes it."""
    training = Training({name: weight.requires_grad_() for name, weight in weights.items()})
    with torch.no_grad():
        steps = {"logits": logits(weights, batches["inputs"][0, 0, :1].long())[0]}
    taken = [
        {name: ids[n] for name, ids in batches.items()} for n in range(RECIPE["num_iterations"])
    ]
    first = training.step(0, taken[0])
    after_1 = training.copied_weights()
    done = [first] + [training.step(n, taken[n]) for n in range(1, len(taken))]
    for name in ("loss", "gradient_norm"):
        steps[name] = torch.stack([step[name] for step in done])
    return {
        "steps": steps,
        "gradients": first["gradients"],
        "weights_after_1": after_1,
        "weights_after_10": training.copied_weights(),
        "states_after_10": training.states(),
    }


def share_off(expected: dict, found: dict) -> float:
    """The largest difference of a file's tensors, each as a share of its largest value."""
    assert expected.keys() == found.keys(), expected.keys() ^ found.keys()
    return max(
        ((expected[name] - found[name]).abs().max() / expected[name].abs().max()).item()
        for name in expected
    )


def main() -> int:
    weights = load_file(TRAINING / "model/model.safetensors")
    found = train(weights, load_file(TRAINING / "batches.safetensors"))
    off = {
        name: share_off(load_file(TRAINING / f"{name}.safetensors"), arrays)
        for name, arrays in found.items()
    }
    for name, share in off.items():
        print(f"{name:20}{share:.1e}")
    return int(max(off.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
