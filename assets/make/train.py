"""Trains the storyteller on the CPU, one thread, and can be stopped and resumed.

    python train.py --corpus corpus.jsonl --tokenizer ../storyteller/tokenizer.json --run run

The rate warms up, stays, and falls in a straight line over the last `--decay` steps.
In the last QUANTISED_STEPS the weights are rounded as the shipped file will round them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from model import Config, Storyteller
from rows import HELD_OUT_ROWS, ROW, rows

BATCH = 8
WARM_UP_STEPS = 100
QUANTISED_STEPS = 150
CARRY_STEPS, CARRY_WEIGHT, RARE = range(600, 800), 5.0, 0.002
MATRIX_RATE, OTHER_RATE = 0.012, 0.003
SAVE_EVERY = 50


def optimisers(model: Storyteller) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for the embedding and the norms."""
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.02),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def rate(step: int, steps: int, decay: int) -> float:
    """The share of the full learning rate at one step."""
    return min((step + 1) / WARM_UP_STEPS, 1.0, (steps - step) / decay)


def carried(batch: np.ndarray, rare: np.ndarray) -> np.ndarray:
    """Where the next token is a rare word that stood earlier in the row: mostly names.

    Such tokens are few, and they are what keeps the thread of a story, so during
    CARRY_STEPS, when the model can already form sentences, they count CARRY_WEIGHT
    times. Afterwards all tokens count alike, or the model would repeat itself.
    """
    again = np.zeros(batch.shape, dtype=bool)
    for row, marks in zip(batch, again):
        marks[:] = True
        marks[np.unique(row, return_index=True)[1]] = False
    return (again & rare[batch])[:, 1:]


class Run:
    """Model, optimisers and position in the data: everything a checkpoint holds."""

    def __init__(self, folder: Path):
        torch.manual_seed(0)
        self.path = folder / "checkpoint.pt"
        folder.mkdir(parents=True, exist_ok=True)
        self.model = Storyteller(Config())
        self.optimisers = optimisers(self.model)
        self.compiled_loss = torch.compile(self.model.loss)
        self.step = 0
        if self.path.exists():
            self._resume()

    def _resume(self) -> None:
        saved = torch.load(self.path)
        self.model.load_state_dict(saved["model"])
        for optimiser, state in zip(self.optimisers, saved["optimisers"]):
            optimiser.load_state_dict(state)
        self.step = saved["step"]

    def save(self) -> None:
        """Write the checkpoint, never leaving half a file under its name."""
        states = [optimiser.state_dict() for optimiser in self.optimisers]
        saved = {"model": self.model.state_dict(), "optimisers": states, "step": self.step}
        torch.save(saved, self.path.with_suffix(".new"))
        self.path.with_suffix(".new").rename(self.path)

    def loss(self, batch: np.ndarray, weights: np.ndarray | None = None) -> torch.Tensor:
        """Mean loss of a batch of rows, every token weighing the same unless told otherwise."""
        tokens = torch.from_numpy(batch)
        inputs, targets = tokens[:, :-1], tokens[:, 1:]
        each = torch.ones(targets.shape) if weights is None else torch.from_numpy(weights)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.compiled_loss(inputs, targets, each)

    def learn(self, batch: np.ndarray, weights: np.ndarray, share: float) -> float:
        """One step of both optimisers."""
        for optimiser, full in zip(self.optimisers, (MATRIX_RATE, OTHER_RATE)):
            optimiser.param_groups[0]["lr"] = full * share
        loss = self.loss(batch, weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        return loss.item()

    def held_out_loss(self, data: np.ndarray) -> float:
        """Mean loss on rows that are never learned from."""
        with torch.no_grad():
            losses = [self.loss(data[i : i + BATCH]).item() for i in range(0, len(data), BATCH)]
        return sum(losses) / len(losses)


def train(run: Run, data: np.ndarray, steps: int, decay: int) -> None:
    """Learn until `steps`, printing and saving on the way, and measure what rounding costs."""
    held_out, learned = data[:HELD_OUT_ROWS], data[HELD_OUT_ROWS:]
    rare = np.bincount(data.ravel(), minlength=Config().vocab_size) < RARE * data.size
    began = time.time()
    while run.step < steps:
        run.model.set_fake_quantise(run.step >= steps - QUANTISED_STEPS)
        start = run.step * BATCH % (len(learned) - BATCH)
        batch = learned[start : start + BATCH]
        extra = CARRY_WEIGHT - 1 if run.step in CARRY_STEPS else 0.0
        weights = 1 + np.float32(extra) * carried(batch, rare)
        loss = run.learn(batch, weights, rate(run.step, steps, decay))
        if run.step % 20 == 0:
            print(f"step {run.step} loss {loss:.4f} seconds {time.time() - began:.0f}", flush=True)
        if run.step % SAVE_EVERY == 0 or run.step == steps:
            run.save()
            print(f"step {run.step} held-out loss {run.held_out_loss(held_out):.4f}", flush=True)
    for rounded in (False, True):
        run.model.set_fake_quantise(rounded)
        print(f"rounded {rounded}: held-out loss {run.held_out_loss(held_out):.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1020)
    parser.add_argument("--decay", type=int, default=350)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = rows(arguments.corpus, Tokenizer.from_file(str(arguments.tokenizer)))
    print(f"{len(data)} rows of {ROW} tokens", flush=True)
    train(Run(arguments.run), data, arguments.steps, arguments.decay)


if __name__ == "__main__":
    main()
