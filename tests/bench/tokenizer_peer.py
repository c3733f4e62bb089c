#!/usr/bin/env python3
"""Learns a byte-level BPE with `tokenizers` in Python, from the documents that headroom learns from.

    tokenizer_peer.py --data DIRECTORY --like tokenizer.json --vocabulary N --output tokenizer.json

How words are split is taken from a tokenizer that headroom made, so that both learn the same. What
headroom holds out is not read: the last shard.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    like = Tokenizer.from_file(str(arguments.like))
    special = list(like.get_added_tokens_decoder().values())
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = like.pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=arguments.vocabulary - len(special),
        min_frequency=0,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents(arguments.data), trainer)
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(arguments.output))


def documents(data: Path) -> Iterator[str]:
    for shard in sorted(data.iterdir())[:-1]:
        with shard.open() as lines:
            yield from (json.loads(line)["text"] for line in lines)


if __name__ == "__main__":
    main()
