#!/usr/bin/env python3
"""Makes the benchmark's checkpoints: a random Qwen3 of 108M parameters, in two precisions.

    make_models.py DIRECTORY    writes qwen3-108m-bfloat16 and qwen3-108m-4bit there

Both are written by mlx-lm itself, so they are what mlx-community publishes, scales in bfloat16
included. The weights are random, because speed and memory do not depend on them. Beside them lie
prompts of a known number of tokens, `prompt-256.txt` for one. A second run with the same recipe
does nothing.
"""

import argparse
import random
import shutil
from importlib import import_module
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.convert import convert
from mlx_lm.utils import save_config, save_model
from mlx.utils import tree_flatten, tree_map
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

# Changes when what this script makes changes.
RECIPE = "5"
SEED = 20_251
PROMPT_TOKENS = [32, 256, 3072]
END = "<|endoftext|>"
# A token that no text gives stands between messages, so that none melts into its neighbour.
CHAT_TEMPLATE = f"{{% for message in messages %}}{END}{{{{ message.content }}}}{{% endfor %}}{END}"
CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_act": "silu",
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "intermediate_size": 2304,
    "num_attention_heads": 12,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "vocab_size": 32_768,
    "max_position_embeddings": 32_768,
    "rope_theta": 1_000_000.0,
    "rms_norm_eps": 1e-6,
    "attention_bias": False,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "eos_token_id": 0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    stamp = directory / "stamp"
    if stamp.is_file() and stamp.read_text() == RECIPE:
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    mx.set_default_device(mx.cpu)
    dense = directory / "qwen3-108m-bfloat16"
    tokenizer = byte_level_bpe()
    for tokens in PROMPT_TOKENS:
        (directory / f"prompt-{tokens}.txt").write_text(prompt(tokenizer, tokens))
    write_dense(dense, tokenizer, CONFIG)
    convert(
        str(dense),
        str(directory / "qwen3-108m-4bit"),
        quantize=True,
        q_group_size=64,
        q_bits=4,
    )
    stamp.write_text(RECIPE)


def write_dense(directory: Path, bpe: Tokenizer, config: dict) -> None:
    save_model(directory, random_model(config), donate_model=True)
    save_config(dict(config), directory / "config.json")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END)
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(directory)


def random_model(config: dict) -> nn.Module:
    mx.random.seed(SEED)
    module = import_module(f"mlx_lm.models.{config['model_type']}")
    model = module.Model(module.ModelArgs.from_dict(config))
    if config["model_type"] == "gemma3_text":
        # It ties its head when the weights hold none.
        model.sanitize({})
    # The end's logit is the product with its row: zeros give 0, which is never the largest of
    # 32,768, so that no generation ends before its last token.
    for _, weight in tree_flatten(model.parameters()):
        if weight.shape[0] == config["vocab_size"]:
            weight[config["eos_token_id"]] = 0
    model.update(tree_map(lambda weight: weight.astype(mx.bfloat16), model.parameters()))
    mx.eval(model.parameters())
    return model


def byte_level_bpe() -> Tokenizer:
    """A vocabulary of the right size with real merges, learned from made-up words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"],
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(made_up_words(60_000), trainer)
    assert tokenizer.get_vocab_size() == CONFIG["vocab_size"]
    return tokenizer


def prompt(tokenizer: Tokenizer, tokens: int) -> str:
    """Words for as long as they fit; a word's tokens do not depend on its neighbours."""
    text, left = "", tokens
    for word in made_up_words(2 * tokens):
        length = len(tokenizer.encode(word).ids)
        if length <= left:
            text, left = text + word, left - length
    assert len(tokenizer.encode(text).ids) == tokens
    return text


def made_up_words(count: int):
    source = random.Random(SEED)
    onsets, vowels = "b c d f g h k l m n p r s t v w st tr pl".split(), "a e i o u ea ou".split()
    for _ in range(count):
        syllables = source.randint(1, 4)
        word = "".join(source.choice(onsets) + source.choice(vowels) for _ in range(syllables))
        yield " " + word + source.choice(["", "n", "r", "s"])


if __name__ == "__main__":
    main()
