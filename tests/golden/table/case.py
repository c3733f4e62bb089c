"""What one golden case is: a checkpoint, and what it is there to catch."""

from dataclasses import dataclass, field

ABSENT = object()
"""A config value that says: this key is not in the file at all."""


@dataclass(frozen=True)
class Quantization:
    """How MLX packs the weights, and what `config.json` says about it."""

    bits: int
    group_size: int
    layers: dict = field(default_factory=dict)
    """Module path -> its own parameters, or False to keep it dense."""
    unwritten: tuple = ()
    """Paths in `layers` on which `config.json` is silent, so that shapes must tell."""
    mode: str = "affine"
    """MLX's name for how the values are packed."""
    mode_written: bool = True
    """False leaves out `"mode": "affine"`, as older converters did."""


@dataclass(frozen=True)
class Case:
    name: str
    """Directory name; its first word is the family."""
    why: str
    config: dict = field(default_factory=dict)
    """Config keys that differ from the family's published config, in its `text_config` too."""
    dtype: str = "bfloat16"
    publisher: str = "mlx"
    """Whose layout the files have: `mlx` (mlx-lm convert) or `transformers`."""
    shards: int = 1
    quantization: Quantization | None = None
    leftovers: tuple = ()
    """Tensors in the files that the model must ignore: see `leftovers.py`."""
    own_head: bool = False
    """Whether the files hold a head, where mlx-lm goes by that and not by the config."""
    names: tuple = ()
    """Pairs (pattern, replacement) from mlx-lm's weight names to the published; None leaves out."""
    gains: dict = field(default_factory=dict)
    """Part of a tensor's name -> factor on its random values."""
    tokens: int = 24
    caches: bool = False
    """Whether the prompt also goes through each of mlx-lm's KV caches: see `caches.py`."""
    contrast: dict = field(default_factory=dict)
    """Config keys which, read like this instead, must visibly move the logits."""
    reference: dict = field(default_factory=dict)
    """Keys that mlx-lm must be told because it does not read the file's spelling."""
    correction: str | None = None
    """Name in `patches.py` of what mlx-lm computes unlike transformers, put right."""
    misread: str | None = None
    """Name in `patches.py` of what no config key can misread; the contrast is its config."""

    @property
    def family(self) -> str:
        return self.name.split("-")[0]
