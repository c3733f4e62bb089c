"""Trains the byte-level BPE tokenizer and writes it with its chat template.

    python tokenizer.py --corpus corpus.jsonl --out storyteller
"""

import argparse
import itertools
import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from markup import CHAT_TEMPLATE, DOCUMENT_END, MESSAGE_END, SPECIAL, render

VOCABULARY = 3072


def texts(corpus: Path, limit: int | None = None):
    """Yield the rendered documents of a corpus file."""
    with corpus.open() as lines:
        for line in itertools.islice(lines, limit):
            yield render(json.loads(line))


def train(corpus: Path) -> Tokenizer:
    """A byte-level BPE tokenizer; every digit is a token, so that sums can be learned."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts(corpus, 8000), trainer)
    return tokenizer


def settings(context: int) -> dict:
    """What `tokenizer_config.json` holds."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": MESSAGE_END,
        "pad_token": DOCUMENT_END,
        "additional_special_tokens": SPECIAL[2:],
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "chat_template": CHAT_TEMPLATE,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--context", type=int, default=1024)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.corpus).save(str(arguments.out / "tokenizer.json"))
    config = json.dumps(settings(arguments.context), indent=2)
    (arguments.out / "tokenizer_config.json").write_text(config + "\n")


if __name__ == "__main__":
    main()
