#!/usr/bin/env python3
"""Writes the text that the training benchmark learns: made-up words, enough for 65,536 tokens.

make_training_text.py DIRECTORY    2,000 documents of 400 words in two shards, the same every time
"""

import itertools
import json
import sys
from pathlib import Path

from make_models import made_up_words

WORDS = 400
# The last shard is held out.
SHARDS = {"learned.jsonl": 1_980, "unseen.jsonl": 20}


def main() -> None:
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True)
    words = made_up_words(sum(SHARDS.values()) * WORDS)
    for name, documents in SHARDS.items():
        with (directory / name).open("w") as shard:
            for _ in range(documents):
                text = "".join(itertools.islice(words, WORDS)).strip()
                shard.write(json.dumps({"text": text}) + "\n")


if __name__ == "__main__":
    main()
