"""A small Qwen3 in PyTorch whose parameters carry the Hugging Face names.

While `fake_quantise` is on, every matrix is rounded in the forward pass exactly as
the export will round it, and gradients pass straight through, so the model learns
weights that survive the rounding.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantise import round_to_grid


@dataclass(frozen=True)
class Config:
    """The `config.json` of the model, as Hugging Face and MLX read it."""

    hidden_size: int = 256
    num_hidden_layers: int = 6
    intermediate_size: int = 640
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    head_dim: int = 64
    vocab_size: int = 3072
    max_position_embeddings: int = 1024
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6
    tie_word_embeddings: bool = True

    def to_json(self, eos_token_id: list[int]) -> dict:
        """The content of `config.json`, before quantisation."""
        return {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "hidden_act": "silu",
            "attention_bias": False,
            "eos_token_id": eos_token_id,
            "torch_dtype": "bfloat16",
            **asdict(self),
        }


class Matrix(nn.Module):
    """A weight without bias that can pretend to be quantised."""

    def __init__(self, rows: int, columns: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(rows, columns) * columns**-0.5)
        self.fake_quantise = False

    def value(self) -> Tensor:
        """The weight as the forward pass uses it."""
        if not self.fake_quantise:
            return self.weight
        return self.weight + (round_to_grid(self.weight) - self.weight).detach()

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.value())


class Norm(nn.Module):
    """Root-mean-square normalisation."""

    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.eps)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions, halves paired as Qwen does; x is (batch, heads, length, head)."""
    left, right = x.chunk(2, -1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)


class Attention(nn.Module):
    """Grouped-query attention with normalised queries and keys."""

    def __init__(self, c: Config):
        super().__init__()
        self.heads, self.kv_heads, self.head = c.num_attention_heads, c.num_key_value_heads, c.head_dim
        self.q_proj = Matrix(self.heads * self.head, c.hidden_size)
        self.k_proj = Matrix(self.kv_heads * self.head, c.hidden_size)
        self.v_proj = Matrix(self.kv_heads * self.head, c.hidden_size)
        self.o_proj = Matrix(c.hidden_size, self.heads * self.head)
        self.q_norm, self.k_norm = Norm(self.head, c.rms_norm_eps), Norm(self.head, c.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q = self.q_norm(self.q_proj(x).view(batch, length, self.heads, self.head)).transpose(1, 2)
        k = self.k_norm(self.k_proj(x).view(batch, length, self.kv_heads, self.head)).transpose(1, 2)
        v = self.v_proj(x).view(batch, length, self.kv_heads, self.head).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 1) for t in (k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, c: Config):
        super().__init__()
        self.gate_proj = Matrix(c.intermediate_size, c.hidden_size)
        self.up_proj = Matrix(c.intermediate_size, c.hidden_size)
        self.down_proj = Matrix(c.hidden_size, c.intermediate_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """One decoder layer."""

    def __init__(self, c: Config):
        super().__init__()
        self.self_attn, self.mlp = Attention(c), FeedForward(c)
        self.input_layernorm = Norm(c.hidden_size, c.rms_norm_eps)
        self.post_attention_layernorm = Norm(c.hidden_size, c.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Embedding, layers and last norm: everything under the prefix `model.`."""

    def __init__(self, c: Config):
        super().__init__()
        self.embed_tokens = Matrix(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.num_hidden_layers))
        self.norm = Norm(c.hidden_size, c.rms_norm_eps)


class Storyteller(nn.Module):
    """The language model; its output head is the embedding."""

    def __init__(self, c: Config):
        super().__init__()
        self.model = Decoder(c)
        angles = torch.arange(0, c.head_dim, 2) / c.head_dim
        positions = torch.arange(c.max_position_embeddings)
        turned = positions[:, None] * c.rope_theta ** -angles
        self.register_buffer("cos", turned.cos(), persistent=False)
        self.register_buffer("sin", turned.sin(), persistent=False)
        self._balance()

    @torch.no_grad()
    def _balance(self) -> None:
        """Start with embeddings as strong as what the layers add to them.

        A weak embedding drowns in the layers' output, and then the model cannot carry a
        name from the first sentence to the last. The last norm starts small in return,
        because the same table turns its output into logits.
        """
        self.model.embed_tokens.weight.mul_(8.0)
        self.model.norm.weight.fill_(0.06)
        for layer in self.model.layers:
            layer.self_attn.o_proj.weight.mul_(0.3)
            layer.mlp.down_proj.weight.mul_(0.3)

    def set_fake_quantise(self, on: bool) -> None:
        """Turn the pretended quantisation of all matrices on or off."""
        for module in self.modules():
            if isinstance(module, Matrix):
                module.fake_quantise = on

    def loss(self, tokens: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Weighted mean cross entropy of the next token, in nats."""
        table = self.model.embed_tokens.value()
        cos, sin = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        x = F.embedding(tokens, table)
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        logits = F.linear(self.model.norm(x), table)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
        return (losses * weights.flatten()).sum() / weights.sum()
