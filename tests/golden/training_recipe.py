"""nanochat as first published, and how it is trained: one graph, plain operations, any precision.

Model: `mlx_lm/models/nanochat.py` 0.32.2. Optimizers: AdamW (Loshchilov and Hutter, 2019), without
decay, and Muon (Jordan et al., 2024). Weights are a flat dictionary under the original names.
"""

import math
from dataclasses import dataclass

import mlx.core as mx

HEAD, EMBEDDING = "lm_head.weight", "transformer.wte.weight"


@dataclass(frozen=True)
class Recipe:
    """The geometry and every hyperparameter."""

    layers: int = 2
    width: int = 32
    heads: int = 2
    vocabulary: int = 64
    context: int = 24
    num_iterations: int = 10
    norm_epsilon: float = 1e-5
    rope_theta: float = 10_000.0
    soft_cap: float = 15.0
    clip_norm: float = 1.0
    clip_epsilon: float = 1e-6
    warmdown_ratio: float = 0.2
    adam_betas: tuple = (0.8, 0.95)
    adam_epsilon: float = 1e-10
    head_learning_rate: float = 0.004
    embedding_learning_rate: float = 0.2
    adam_reference_width: int = 768
    muon_learning_rate: float = 0.02
    muon_momenta: tuple = (0.85, 0.95)
    muon_momentum_steps: int = 300
    newton_schulz_steps: int = 5
    newton_schulz_coefficients: tuple = (3.4445, -4.7750, 2.0315)
    newton_schulz_epsilon: float = 1e-7

    def shapes(self) -> dict[str, tuple]:
        """Outputs by inputs, in the order of the network."""
        width, blocks = self.width, {}
        for layer in range(self.layers):
            for part in ("c_q", "c_k", "c_v", "c_proj"):
                blocks[f"transformer.h.{layer}.attn.{part}.weight"] = (width, width)
            blocks[f"transformer.h.{layer}.mlp.c_fc.weight"] = (4 * width, width)
            blocks[f"transformer.h.{layer}.mlp.c_proj.weight"] = (width, 4 * width)
        table = (self.vocabulary, width)
        return {EMBEDDING: table, **blocks, HEAD: table}

    def learning_rate_multiplier(self, iteration: int) -> float:
        """The share of every peak learning rate at an iteration, counted from 0."""
        warmdown = round(self.warmdown_ratio * self.num_iterations)
        if iteration <= self.num_iterations - warmdown:
            return 1.0
        return (self.num_iterations - iteration) / warmdown

    def muon_momentum(self, iteration: int) -> float:
        share = min(iteration / self.muon_momentum_steps, 1.0)
        first, last = self.muon_momenta
        return (1 - share) * first + share * last

    def peak_learning_rate(self, name: str) -> float:
        scale = (self.width / self.adam_reference_width) ** -0.5
        if name == HEAD:
            return self.head_learning_rate * scale
        if name == EMBEDDING:
            return self.embedding_learning_rate * scale
        rows, columns = self.shapes()[name]
        return self.muon_learning_rate * math.sqrt(max(1.0, rows / columns))


def initial_deviation(name: str, shape: tuple) -> float:
    """Standard deviation of the normal distribution that a weight is drawn from; 0 is all zeros."""
    if name == EMBEDDING:
        return 1.0
    if name == HEAD or "c_proj" in name:
        return 0.0
    rows, columns = shape
    return min(1.0, math.sqrt(rows / columns)) / math.sqrt(columns)


def rms_norm(recipe: Recipe, x: mx.array) -> mx.array:
    return x * mx.rsqrt(mx.mean(x * x, axis=-1, keepdims=True) + recipe.norm_epsilon)


def rotate_backwards(recipe: Recipe, x: mx.array) -> mx.array:
    """RoPE over a head's halves, by minus the angle; x is (rows, heads, tokens, head_dim)."""
    half = x.shape[-1] // 2
    frequencies = [recipe.rope_theta ** (-index / half) for index in range(half)]
    angles = [[position * one for one in frequencies] for position in range(x.shape[-2])]
    cosine = mx.array([[math.cos(a) for a in row] for row in angles], dtype=x.dtype)
    sine = mx.array([[math.sin(a) for a in row] for row in angles], dtype=x.dtype)
    first, second = x[..., :half], x[..., half:]
    rotated = first * cosine + second * sine, second * cosine - first * sine
    return mx.concatenate(rotated, axis=-1)


def attention(recipe: Recipe, weights: dict, layer: int, x: mx.array) -> mx.array:
    rows, tokens, width = x.shape

    def projected(part: str) -> mx.array:
        weight = weights[f"transformer.h.{layer}.attn.{part}.weight"]
        return (x @ weight.T).reshape(rows, tokens, recipe.heads, -1).transpose(0, 2, 1, 3)

    queries = rms_norm(recipe, rotate_backwards(recipe, projected("c_q")))
    keys = rms_norm(recipe, rotate_backwards(recipe, projected("c_k")))
    scores = queries @ keys.transpose(0, 1, 3, 2) / math.sqrt(queries.shape[-1])
    future = mx.triu(mx.ones((tokens, tokens), dtype=mx.bool_), k=1)
    shares = mx.softmax(mx.where(future, -math.inf, scores), axis=-1)
    mixed = (shares @ projected("c_v")).transpose(0, 2, 1, 3).reshape(rows, tokens, width)
    return mixed @ weights[f"transformer.h.{layer}.attn.c_proj.weight"].T


def mlp(weights: dict, layer: int, x: mx.array) -> mx.array:
    expanded = mx.maximum(x @ weights[f"transformer.h.{layer}.mlp.c_fc.weight"].T, 0)
    return (expanded * expanded) @ weights[f"transformer.h.{layer}.mlp.c_proj.weight"].T


def logits(recipe: Recipe, weights: dict, tokens: mx.array) -> mx.array:
    """(rows, tokens) ids to (rows, tokens, vocabulary)."""
    x = rms_norm(recipe, weights[EMBEDDING][tokens])
    for layer in range(recipe.layers):
        x = x + attention(recipe, weights, layer, rms_norm(recipe, x))
        x = x + mlp(weights, layer, rms_norm(recipe, x))
    raw = rms_norm(recipe, x) @ weights[HEAD].T
    return recipe.soft_cap * mx.tanh(raw / recipe.soft_cap)


def summed_loss(recipe: Recipe, weights: dict, batch: dict) -> mx.array:
    """Nats, summed over the counted targets."""
    found = logits(recipe, weights, batch["inputs"])
    of_target = mx.take_along_axis(found, batch["targets"][..., None], axis=-1)[..., 0]
    nats = mx.logsumexp(found, axis=-1) - of_target
    return mx.sum(mx.where(batch["counted"] != 0, nats, 0))


def accumulated(recipe: Recipe, weights: dict, micro_batches: list) -> tuple:
    """The mean loss over the counted targets of all micro-batches, and its gradients."""
    count = sum(int(mx.sum(batch["counted"]).item()) for batch in micro_batches)
    loss, gradients = 0.0, {name: mx.zeros_like(weight) for name, weight in weights.items()}
    for batch in micro_batches:
        of = mx.value_and_grad(lambda current: summed_loss(recipe, current, batch))  # noqa: B023
        part, parts = of(weights)
        loss = loss + part / count
        gradients = {name: gradients[name] + parts[name] / count for name in gradients}
    return loss, gradients


def global_norm(gradients: dict) -> mx.array:
    return mx.sqrt(sum(mx.sum(gradient * gradient) for gradient in gradients.values()))


def newton_schulz(recipe: Recipe, x: mx.array) -> mx.array:
    """Pulls the singular values of a matrix towards 1."""
    if x.shape[0] > x.shape[1]:
        return newton_schulz(recipe, x.T).T
    a, b, c = recipe.newton_schulz_coefficients
    x = x / (mx.sqrt(mx.sum(x * x)) + recipe.newton_schulz_epsilon)
    for _ in range(recipe.newton_schulz_steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x


class Training:
    """Weights, the optimizers' states, and the steps that change them."""

    def __init__(self, recipe: Recipe, weights: dict):
        self.recipe, self.weights, self.iteration = recipe, dict(weights), 0
        self.states = {}
        for name, weight in weights.items():
            for moment in self.moments(name):
                self.states[f"{name}.{moment}"] = mx.zeros_like(weight)

    @staticmethod
    def moments(name: str) -> tuple:
        return ("first_moment", "second_moment") if name in (HEAD, EMBEDDING) else ("momentum",)

    def step(self, micro_batches: list) -> dict:
        """One optimizer step; returns loss, gradients and norm as they were before it."""
        loss, gradients = self.accumulated(micro_batches)
        norm = global_norm(gradients)
        clip = mx.minimum(self.recipe.clip_norm / (norm + self.recipe.clip_epsilon), 1.0)
        for name, gradient in gradients.items():
            update = self.adamw if name in (HEAD, EMBEDDING) else self.muon
            rate = self.recipe.peak_learning_rate(name)
            rate *= self.recipe.learning_rate_multiplier(self.iteration)
            moved = self.weights[name] - rate * update(name, clip * gradient)
            self.weights[name] = self.rounded(moved)
        self.iteration += 1
        mx.eval(self.weights, self.states, loss, gradients, norm)
        return {"loss": loss, "gradients": gradients, "gradient_norm": norm}

    def accumulated(self, micro_batches: list) -> tuple:
        return accumulated(self.recipe, self.weights, micro_batches)

    def rounded(self, weight: mx.array) -> mx.array:
        return weight

    def adamw(self, name: str, gradient: mx.array) -> mx.array:
        first_beta, second_beta = self.recipe.adam_betas
        first = self.averaged(f"{name}.first_moment", first_beta, gradient)
        second = self.averaged(f"{name}.second_moment", second_beta, gradient * gradient)
        first = first / (1 - first_beta ** (self.iteration + 1))
        second = second / (1 - second_beta ** (self.iteration + 1))
        return first / (mx.sqrt(second) + self.recipe.adam_epsilon)

    def muon(self, name: str, gradient: mx.array) -> mx.array:
        momentum = self.recipe.muon_momentum(self.iteration)
        average = self.averaged(f"{name}.momentum", momentum, gradient)
        nesterov = (1 - momentum) * gradient + momentum * average
        return newton_schulz(self.recipe, nesterov)

    def averaged(self, state: str, kept: float, value: mx.array) -> mx.array:
        self.states[state] = kept * self.states[state] + (1 - kept) * value
        return self.states[state]


class RoundedTraining(Training):
    """Weights that bfloat16 has: passes run in it, optimizers in float32, and a new weight becomes one of
    its neighbours, the nearer one more often (Gupta et al., 2015)."""

    def __init__(self, recipe: Recipe, weights: dict, key: mx.array):
        super().__init__(recipe, weights)
        self.key = key

    def accumulated(self, micro_batches: list) -> tuple:
        narrow = {name: weight.astype(mx.bfloat16) for name, weight in self.weights.items()}
        loss, gradients = accumulated(self.recipe, narrow, micro_batches)
        wide = {name: gradient.astype(mx.float32) for name, gradient in gradients.items()}
        return loss.astype(mx.float32), wide

    def rounded(self, weight: mx.array) -> mx.array:
        self.key, used = mx.random.split(self.key)
        noise = mx.random.randint(0, 1 << 16, weight.shape, dtype=mx.uint32, key=used)
        return ((weight.view(mx.uint32) + noise) & 0xFFFF0000).view(mx.float32)
