"""Cuts the corpus into rows of equal length."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from tokenizer import texts

ROW = 512
HELD_OUT_ROWS = 64


def rows(corpus: Path, tokenizer: Tokenizer, documents: int | None = None) -> np.ndarray:
    """Rows of ROW + 1 tokens that each begin with a document; the last one is cut off.

    The first HELD_OUT_ROWS rows are for measuring and are never learned from.
    """
    finished, row = [], []
    texts_left = list(texts(corpus, documents))
    for start in range(0, len(texts_left), 1000):
        for encoded in tokenizer.encode_batch(texts_left[start : start + 1000]):
            row += encoded.ids
            if len(row) > ROW:
                finished.append(row[: ROW + 1])
                row = []
    return np.array(finished, dtype=np.int64)
