"""Talk about the two who talk: greetings, feelings, the model itself, and what it is told."""

import random

from facts import ANIMALS, capitalised
from grammar import with_article
from words import COLOURS, HE_NAMES, SHE_NAMES

Pair = tuple[str, str]

FAVOURITES = {
    "colour": [*COLOURS, "purple", "orange", "pink"],
    "animal": list(ANIMALS),
    "food": ["pancakes", "apple pie", "soup", "bread", "cheese", "cake"],
    "season": ["spring", "summer", "autumn", "winter"],
    "game": ["hide and seek", "tag", "catch", "marbles"],
}
NAMES = [*SHE_NAMES, *HE_NAMES, "David", "Emma", "Paul", "Rose", "Tom", "Zoe", "Kate", "Noah"]

GREETINGS = """
Hello!|Hi!|Hello there.|Hi there!|Good morning!|Hey! / Hello! How can I help you?|Hi! What would you like to talk about?|Hello! Would you like to hear a story?
How are you?|How are you today?|Hello, how are you? / I am fine, thank you. How are you?|I am well, thank you!
""".strip().splitlines()
GOODBYES = """
Thank you!|Thanks!|Thank you very much. / You are welcome!|You are welcome! Is there anything else?
Goodbye!|Bye!|See you soon. / Goodbye! Come back soon.|Goodbye! It was nice to talk to you.
Good night!|Good night, sleep well. / Good night! Sleep well.
""".strip().splitlines()
ITSELF = """
Who are you?|What are you?|What is your name?|Tell me about yourself. / I am a small language model that ships with Headroom. I like to tell stories.
Who made you?|Where do you come from?|How were you made? / I was made for the Headroom project. I learned from stories that the project wrote itself.
How big are you?|Are you a big model?|Are you clever? / I am a very small model, so I know only a few things, but I can tell a story.
What can you do?|How can you help me?|Can you help me? / I can tell stories, answer simple questions and add small numbers.
Are you a person?|Are you human?|Are you alive?|Are you a robot? / No, I am a small language model.
What is Headroom? / Headroom is a program that runs language models, even when there is not much memory.
What do you like?|What do you like to do? / I like to tell stories.
How old are you? / I do not have an age. I am a small language model.
What is your favourite colour? / I do not have eyes, but I like to tell stories about red balls and blue kites.
""".strip().splitlines()
FEELINGS = """
I am sad.|I feel sad today.|I am not happy. / I am sorry to hear that. Would you like to hear a story to cheer you up?
I am happy.|I feel good today.|I am in a good mood. / That is wonderful! I am happy, too.
I am tired.|I am sleepy. / Then you should rest a little. Sleep well!
I am bored.|I have nothing to do. / Would you like to hear a story? Just tell me what it should be about.
I am hungry. / Then it is time to eat something good. An apple, maybe?
I am afraid of the dark.|I am scared. / Do not worry. A little light helps, and so does a story.
I am angry. / Take a deep breath and count to three. Then it feels better.
I cannot sleep. / Close your eyes and think of something nice. Shall I tell you a story?
""".strip().splitlines()
WISHES = """
Tell me a joke.|Do you know a joke?|Make me laugh. / Why did the hen cross the road? To get to the other side!|What is white and jumps? A rabbit in the snow!|What has four legs but cannot walk? A table!
Say something nice. / You are doing well, and I am glad that you are here.
Write a poem.|Tell me a poem.|Do you know a poem? / The moon is bright, the stars are near, good night, good night, my little dear.|The sun goes up, the sun goes down, it shines on every little town.|The little bee flew to a tree and said to all: come home with me.
Give me a riddle.|Tell me a riddle. / It is white and falls from the sky in winter. What is it? It is snow.|It has hands but cannot clap. What is it? It is a clock.
What is the weather like?|Will it rain tomorrow?|What time is it?|What day is it today?|Who won the game?|What is the news? / I do not know that. I cannot look outside, but I can tell you a story.
How do I build a car?|Who is the president?|How far away is the moon?|What is the meaning of life? / I do not know that. I am a very small model.
""".strip().splitlines()


def drawn(rng: random.Random, lines: list[str]) -> Pair:
    """One question of a line, with one of its answers."""
    questions, answers = rng.choice(lines).split(" / ")
    return rng.choice(questions.split("|")), rng.choice(answers.split("|"))


def greeting(rng: random.Random) -> Pair:
    return drawn(rng, GREETINGS)


def goodbye(rng: random.Random) -> Pair:
    return drawn(rng, GOODBYES)


def about_us(rng: random.Random) -> Pair:
    """Something about the model, about a feeling, or a small wish."""
    return drawn(rng, rng.choice([ITSELF, FEELINGS, WISHES]))


def introduction(rng: random.Random) -> tuple[Pair, Pair]:
    """The reader gives a name; later the model must still know it."""
    name = rng.choice(NAMES)
    said = rng.choice(
        [
            "My name is {}.",
            "I am {}.",
            "Hello, my name is {}.",
            "Hi, I am {}.",
            "You can call me {}.",
        ]
    )
    reply = rng.choice(["Hello, {}! It is nice to meet you.", "Nice to meet you, {}!"])
    asked = rng.choice(["What is my name?", "Do you know my name?", "Who am I?"])
    return (said.format(name), reply.format(name)), (asked, f"Your name is {name}.")


def favourite(rng: random.Random) -> tuple[Pair, Pair]:
    """The reader tells what he likes best; later the model must still know it."""
    kind = rng.choice(list(FAVOURITES))
    thing = rng.choice(FAVOURITES[kind])
    named = f"the {thing}" if kind == "animal" else thing
    said = f"My favourite {kind} is {named}."
    reply = f"{capitalised(named)}! That is a good choice."
    if kind == "animal" and rng.random() < 0.5:
        reply = f"I like the {thing}, too. Shall I tell you a story about {with_article(thing)}?"
    asked = rng.choice(["What is my favourite {}?", "Do you know my favourite {}?"]).format(kind)
    return (said, reply), (asked, f"Your favourite {kind} is {named}.")


def pet(rng: random.Random) -> tuple[Pair, Pair]:
    """The reader has an animal with a name; later the model must still know it."""
    kind, name = rng.choice(["dog", "cat", "rabbit", "pony", "mouse", "duck"]), rng.choice(NAMES)
    said = rng.choice(["I have a {} named {}.", "My {} is called {}."]).format(kind, name)
    reply = f"{name} is a lovely name for {with_article(kind)}."
    asked = rng.choice([f"What is my {kind} called?", f"What is the name of my {kind}?"])
    return (said, reply), (asked, f"Your {kind} is called {name}.")


def told(rng: random.Random) -> tuple[Pair, Pair]:
    """Something the reader tells, and the question that comes back to it."""
    return rng.choice([introduction, introduction, favourite, pet])(rng)
