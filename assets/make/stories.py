"""Writes the plain text that a model learns first: stories, and some short lessons.

    python3 stories.py --output DIRECTORY --documents 20000 --seed 1

The directory gets `stories_00000.jsonl` and so on, one `{"text": ...}` a line; by the convention of
training data the last of them is held out. The same seed writes the same files.
"""

import argparse
import json
import random
from pathlib import Path

from lessons import lesson
from plot import Story, Teller, read_plots

SHARDS = 20
LESSON_SHARE = 0.15


def plain(story: Story, rng: random.Random) -> str:
    """A story as a document of its own, more often than not with its title."""
    title = [story.title] if rng.random() < 0.6 else []
    end = ["The end."] if rng.random() < 0.3 else []
    return "\n\n".join([*title, *story.paragraphs, *end])


def document(rng: random.Random, teller: Teller) -> str:
    return lesson(rng) if rng.random() < LESSON_SHARE else plain(teller.tell(), rng)


def write_shards(directory: Path, documents: list[str]) -> None:
    """Shards of equal length, but for the last."""
    length = max(1, -(-len(documents) // SHARDS))
    directory.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, len(documents), length)):
        with (directory / f"stories_{number:05}.jsonl").open("w") as out:
            for text in documents[first : first + length]:
                out.write(json.dumps({"text": text}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    teller = Teller(rng, read_plots())
    write_shards(arguments.output, [document(rng, teller) for _ in range(arguments.documents)])


if __name__ == "__main__":
    main()
