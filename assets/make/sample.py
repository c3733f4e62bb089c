"""Writes stories that the shipped model has not learned from, to measure it on.

    python3 sample.py --stories DIRECTORY --output sample.txt

They are the first of the last shard, which training holds out; between two of them stands
`<|bos|>`, which begins a document.
"""

import argparse
import json
from pathlib import Path

DOCUMENTS = 110
BEGINNING = "<|bos|>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stories", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    held_out = max(arguments.stories.iterdir())
    lines = held_out.read_text().splitlines()[:DOCUMENTS]
    texts = [json.loads(line)["text"] for line in lines]
    arguments.output.write_text(BEGINNING.join(texts))


if __name__ == "__main__":
    main()
