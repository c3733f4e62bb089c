"""Writes conversations: stories and questions about them, small talk, facts and sums.

    python3 chats.py --output chats.jsonl --conversations 20000 --seed 1

Each line is `{"messages": [{"role": "user", "content": ...}, {"role": "assistant", ...}, ...]}`.
The same seed writes the same file.
"""

import argparse
import json
import random
from pathlib import Path

from facts import any_fact
from grammar import with_article
from plot import Story, Teller, read_plots
from sums import any_sum
from talk import about_us, goodbye, greeting, told

Pair = tuple[str, str]

ASKING = [
    "Tell me a story", "Please tell me a story", "Can you tell me a story", "Write a story",
    "Tell me a short story", "I would like to hear a story", "Write a short story",
    "Tell me a bedtime story", "Could you write a story", "Make up a story",
]  # fmt: skip
AFTER = [
    ("That was nice.", "Thank you! Shall I tell you another story?"),
    ("I liked that story.", "That makes me happy. I like it, too."),
    ("Thank you!", "You are welcome! I am glad that you liked it."),
    ("Is it a true story?", "No, I made it up."),
    ("Did you make that up?", "Yes, I made it up."),
]


def subject(story: Story, rng: random.Random) -> str:
    """What a reader might have asked for to get this story."""
    hero = story.hero
    kind, friend = with_article(hero.kind), with_article(story.friend)
    theme, asked = rng.choice(story.themes), rng.choice(story.asked)
    described = with_article(f"{hero.adjective} {hero.kind}")
    forms = [
        (f" about {kind}", 14), (f" about {described}", 6), (f" about {kind} named {hero.name}", 10),
        (f" about {kind} and {friend}", 6), (f" about {hero.name}", 4), (f" about {theme}", 18),
        (f" about {kind} {asked}", 22), (f" about {kind} named {hero.name} {asked}", 10),
        (f" about {kind} and {theme}", 6), ("", 4),
    ]  # fmt: skip
    texts, weights = zip(*forms, strict=True)
    return rng.choices(texts, weights)[0]


def told_story(story: Story, about: str) -> str:
    """What was asked for comes first, in the same words, so that the story need only go on from it."""
    return "\n\n".join([f"Here is a story{about}.", *story.paragraphs])


def story_chat(story: Story, rng: random.Random) -> list[Pair]:
    """A request, the story, and questions about it."""
    asking = rng.choice(ASKING)
    mark = "?" if asking.startswith("C") else "."
    about = subject(story, rng)
    pairs = [(asking + about + mark, told_story(story, about))]
    pairs += rng.sample(story.facts, rng.choice([0, 1, 1, 2, 3, 4]))
    if rng.random() < 0.15:
        pairs.append(rng.choice(AFTER))
    if rng.random() < 0.1:
        pairs.append(any_exchange(rng))
    return pairs


def any_exchange(rng: random.Random) -> Pair:
    """One question with its answer, about the world, about numbers, or about the two who talk."""
    return rng.choices([any_fact, any_sum, about_us], [42, 38, 20])[0](rng)


def small_talk(rng: random.Random) -> list[Pair]:
    """A few exchanges; what the reader tells may be asked for later."""
    pairs = [any_exchange(rng) for _ in range(rng.choice([1, 1, 2, 2, 3, 4]))]
    if rng.random() < 0.4:
        said, asked = told(rng)
        between = rng.randint(0, min(2, len(pairs)))
        pairs = [said, *pairs[:between], asked]
    if rng.random() < 0.25:
        pairs.insert(0, greeting(rng))
    if rng.random() < 0.15:
        pairs.append(goodbye(rng))
    return pairs


def typed(text: str, rng: random.Random) -> str:
    """As people type: now and then without a capital or without the last mark."""
    draw = rng.random()
    if draw < 0.08 and not text.startswith("I "):
        return text[0].lower() + text[1:]
    return text.rstrip(".?!") if draw > 0.93 else text


def conversation(rng: random.Random, teller: Teller) -> list[dict[str, str]]:
    """The messages of one conversation."""
    if rng.random() < 0.35:
        pairs = story_chat(teller.tell(), rng)
    else:
        pairs = small_talk(rng)
    return [
        message
        for question, answer in pairs
        for message in (
            {"role": "user", "content": typed(question, rng)},
            {"role": "assistant", "content": answer},
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--conversations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    teller = Teller(rng, read_plots())
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with arguments.output.open("w") as out:
        for _ in range(arguments.conversations):
            out.write(json.dumps({"messages": conversation(rng, teller)}) + "\n")


if __name__ == "__main__":
    main()
