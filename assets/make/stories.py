"""Writes the text the storyteller learns from: stories and chats, the same for every seed.

    python stories.py --out corpus.jsonl
    python stories.py --out sample.txt --sample
"""

import argparse
import json
import random
from pathlib import Path

from chats import small_talk
from grammar import with_article
from markup import render
from plot import Story, Teller, read_plot

SAMPLE_DOCUMENTS = 110
PLOTS = Path(__file__).parent / "plots"
SYSTEMS = [
    "You are a helpful assistant.", "You tell stories to children.", "You are a kind storyteller.",
    "You are a small model that ships with Headroom.", "Answer in simple words.",
]
ASKING = [
    "Tell me a story", "Please tell me a story", "Can you tell me a story", "Write a story",
    "Tell me a short story", "I would like to hear a story", "Write a short story",
    "Tell me a bedtime story", "Could you write a story", "Make up a story",
]
THANKS = [
    ("Thank you!", "You are welcome! I am glad that you liked it."),
    ("That was nice.", "Thank you! Shall I tell you another story?"),
    ("I liked that story.", "That makes me happy. I like it, too."),
    ("Thanks, good night.", "Good night! Sleep well."),
    ("Is it a true story?", "No, I made it up."),
]

Turn = dict[str, str]


def turn(role: str, text: str) -> Turn:
    """One message of a chat."""
    return {"role": role, "content": text}


def plain(story: Story, rng: random.Random) -> str:
    """A story as a document of its own, sometimes with its title."""
    body = "\n\n".join(story.paragraphs)
    title = f"{story.title}\n\n" if rng.random() < 0.25 else ""
    end = "\n\nThe end." if rng.random() < 0.3 else ""
    return title + body + end


def subject(story: Story, rng: random.Random) -> str:
    """What a reader might have asked for to get this story."""
    hero, theme = story.hero, rng.choice(story.themes)
    kind = with_article(hero.kind)
    return rng.choice([
        f" about {kind}", f" about {kind}", f" about {with_article(hero.adjective + ' ' + hero.kind)}",
        f" about {kind} named {hero.name}", f" about {kind} and {with_article(story.friend)}",
        f" about {theme}", f" about {theme}", f" about {kind} and {theme}", f" about {hero.name}", "",
    ])


def story_chat(story: Story, rng: random.Random) -> list[Turn]:
    """A request for a story, the story, and perhaps questions about it."""
    asking = rng.choice(ASKING)
    mark = "?" if asking.startswith("C") else "."
    turns = [turn("user", asking + subject(story, rng) + mark)]
    turns.append(turn("assistant", "\n\n".join(story.paragraphs)))
    for question, answer in rng.sample(story.facts, rng.choice([0, 0, 1, 2, 3])):
        turns += [turn("user", question), turn("assistant", answer)]
    if rng.random() < 0.15:
        said, reply = rng.choice(THANKS)
        turns += [turn("user", said), turn("assistant", reply)]
    return turns


def document(rng: random.Random, teller: Teller) -> str | list[Turn]:
    """One document: plain text, or the turns of a chat."""
    draw = rng.random()
    if draw < 0.38:
        return plain(teller.tell(), rng)
    if draw < 0.72:
        turns = story_chat(teller.tell(), rng)
    else:
        turns = [turn(role, text) for role, text in small_talk(rng)]
    if rng.random() < 0.2:
        turns.insert(0, turn("system", rng.choice(SYSTEMS)))
    return turns


def documents(count: int, seed: int):
    """Yield `count` documents; the same seed yields the same ones."""
    rng = random.Random(seed)
    teller = Teller(rng, [read_plot(path) for path in sorted(PLOTS.glob("*.txt"))])
    for _ in range(count):
        yield document(rng, teller)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=90_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sample", action="store_true", help="the first documents, readable")
    arguments = parser.parse_args()
    if arguments.sample:
        texts = [render(text) for text in documents(SAMPLE_DOCUMENTS, arguments.seed)]
        arguments.out.write_text("\n\n".join(texts) + "\n")
        return
    with arguments.out.open("w") as out:
        for text in documents(arguments.documents, arguments.seed):
            out.write(json.dumps(text) + "\n")


if __name__ == "__main__":
    main()
