#!/usr/bin/env python3
"""Makes the texts over which the benchmark compares next tokens, as ids of the shipped model.

    make_agreement_tokens.py    writes agreement_tokens.json beside itself

Three stretches of 1,000 tokens of assets/make/sample.txt: from its beginning, and from the first
story that begins after a third and after two thirds of it. It needs `tokenizers`, which
comes with what requirements.txt names. To be run again when the sample or the tokenizer changes.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer

STRETCHES = 3
TOKENS = 1_000
BEGINNING = "<|bos|>"


def main() -> None:
    here = Path(__file__).resolve().parent
    assets = here.parents[1] / "assets"
    tokenizer = Tokenizer.from_file(str(assets / "storyteller/tokenizer.json"))
    text = (assets / "make/sample.txt").read_text()
    stretches = [
        stretch(tokenizer, text, number * len(text) // STRETCHES) for number in range(STRETCHES)
    ]
    (here / "agreement_tokens.json").write_text(json.dumps(stretches) + "\n")


def stretch(tokenizer: Tokenizer, text: str, start: int) -> list[int]:
    if start > 0:
        start = text.index(BEGINNING, start)
    ids = tokenizer.encode(text[start:], add_special_tokens=False).ids
    assert len(ids) >= TOKENS, "the text ends before its last stretch"
    return ids[:TOKENS]


if __name__ == "__main__":
    main()
