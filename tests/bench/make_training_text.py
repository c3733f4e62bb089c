#!/usr/bin/env python3
"""Writes the text that the training benchmark learns: made-up words, enough for 65,536 tokens.

make_training_text.py FILE.jsonl    2,000 documents of 400 words, the same every time
"""

import itertools
import json
import sys
from pathlib import Path

from make_models import made_up_words

DOCUMENTS, WORDS = 2_000, 400


def main() -> None:
    words = made_up_words(DOCUMENTS * WORDS)
    with Path(sys.argv[1]).open("w") as file:
        for _ in range(DOCUMENTS):
            text = "".join(itertools.islice(words, WORDS)).strip()
            file.write(json.dumps({"text": text}) + "\n")


if __name__ == "__main__":
    main()
