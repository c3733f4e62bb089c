"""The table of golden cases, a file for each family.

A case is its family's published config with a few keys changed, a storage dtype, a
file layout and perhaps a quantisation. Reading these files is enough to know what the
fixtures cover; how they are written and computed is in `checkpoint.py` and
`reference.py`.
"""

from table import gemma3, gemma3_text, gemma3n, llama, nanochat, openelm, phi3, qwen3, smollm3
from table.case import ABSENT, Case

PUBLISHED = {
    "gemma3": gemma3.PUBLISHED,
    "gemma3_text": gemma3_text.PUBLISHED,
    "gemma3n": gemma3n.PUBLISHED,
    "gemma3n_text": gemma3n.PUBLISHED_TEXT,
    "llama": llama.PUBLISHED,
    "nanochat": nanochat.PUBLISHED,
    "openelm": openelm.PUBLISHED,
    "phi3": phi3.PUBLISHED,
    "qwen3": qwen3.PUBLISHED,
    "smollm3": smollm3.PUBLISHED,
}
"""Each family's `config.json` as published, shrunk to a tiny model."""

CASES = [
    case
    for family in (llama, qwen3, smollm3, phi3, openelm, nanochat, gemma3_text, gemma3, gemma3n)
    for case in family.CASES
]

__all__ = ["ABSENT", "CASES", "PUBLISHED", "Case"]
