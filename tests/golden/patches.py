"""What mlx-lm must be changed in, because no config key does it: each a context manager.

A case's expected logits are computed under its `correction`, its contrast under its
`misread` where it has one. `check_transformers.py` holds the corrections to transformers.
"""

from contextlib import AbstractContextManager, ExitStack, nullcontext
from unittest.mock import patch

import mlx.core as mx
from mlx_lm.models import nanochat, phi3
from mlx_lm.models.cache import RotatingKVCache
from mlx_lm.models.rope_utils import DynamicNTKScalingRoPE


def applied(name: str | None, config: dict, tokens: int) -> AbstractContextManager:
    """The change of that name, for a model of this config and a prompt of so many tokens."""
    return PATCHES[name](config, tokens) if name else nullcontext()


def rope_of_the_whole_prompt(config: dict, tokens: int) -> AbstractContextManager:
    """Dynamic RoPE takes its base from the length of the whole sequence, not of what came so far.

    mlx-lm takes another base with every piece, and leaves the cached keys as they are.
    """
    as_it_is = DynamicNTKScalingRoPE.__call__

    def whole(rope, x, offset=0):
        length = max(tokens, rope.max_position_embeddings)
        stretch = rope.factor * length / rope.max_position_embeddings - (rope.factor - 1)
        plain = DynamicNTKScalingRoPE(
            rope.dims,
            mx.iinfo(mx.int32).max,
            rope.traditional,
            rope.base * stretch ** (rope.dims / (rope.dims - 2)),
            rope.factor,
        )
        return as_it_is(plain, x, offset)

    return patch.object(DynamicNTKScalingRoPE, "__call__", whole)


def nanochat_as_configured(config: dict, tokens: int) -> AbstractContextManager:
    """Epsilon and soft cap from the config, as transformers reads them; mlx-lm fixes both."""
    epsilon = config.get("rms_norm_eps", 1e-6)
    cap = config.get("final_logit_softcapping", 15.0)
    changes = ExitStack()
    changes.enter_context(
        patch.object(nanochat, "rms_norm", lambda x: mx.fast.rms_norm(x, None, epsilon))
    )
    changes.enter_context(
        patch.object(nanochat, "softcap", lambda x: cap * mx.tanh(x / cap) if cap else x)
    )
    return changes


def phi3_sliding_window(config: dict, tokens: int) -> AbstractContextManager:
    """Every layer looks back over `sliding_window` tokens; mlx-lm does not read the key."""
    window = config["sliding_window"]
    if window is None:
        return nullcontext()

    def caches(model):
        return [RotatingKVCache(window) for _ in model.layers]

    return patch.object(phi3.Model, "make_cache", caches, create=True)


PATCHES = {
    "nanochat-as-configured": nanochat_as_configured,
    "phi3-sliding-window": phi3_sliding_window,
    "rope-of-the-whole-prompt": rope_of_the_whole_prompt,
}
