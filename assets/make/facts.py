"""What the model is to know: simple facts, as questions with answers that repeat them."""

import random

from grammar import with_article

Pair = tuple[str, str]

# name: what it looks like / home / food / sound / size, the smallest first / what it can do
ANIMALS = {
    "mouse": "a long tail and round ears/in a hole/cheese and seeds/squeak/1/run",
    "frog": "green skin and long legs/near the water/flies/croak/2/swim",
    "squirrel": "a big bushy tail/in a tree/nuts/-/3/climb",
    "hedgehog": "many small spines/under leaves/beetles and worms/-/4/run",
    "owl": "big round eyes/in a hollow tree/mice/hoot/5/fly",
    "hen": "soft feathers and a red comb/in a hen house/seeds/cluck/6/run",
    "duck": "a flat yellow bill/near the water/grass and snails/quack/7/swim and fly",
    "rabbit": "long ears and a short tail/in a burrow/grass and carrots/-/8/run",
    "cat": "soft fur and whiskers/in a house/fish and mice/meow/9/climb",
    "fox": "red fur and a bushy tail/in a den/mice and berries/-/10/run",
    "penguin": "black and white feathers/in the cold south/fish/-/11/swim",
    "dog": "a wet nose and a wagging tail/in a house/meat and bones/woof/12/run and swim",
    "sheep": "thick white wool/in a meadow/grass/baa/13/run",
    "goat": "two horns and a beard/on a mountain/grass and leaves/-/14/climb",
    "pig": "pink skin and a curly tail/in a sty/turnips and corn/oink/15/run",
    "lion": "golden fur and sharp teeth/on the plain/meat/roar/16/run",
    "bear": "thick brown fur/in a cave/honey and fish/growl/17/climb and swim",
    "cow": "two horns and a long tail/on a farm/grass/moo/18/run",
    "horse": "a long mane and strong legs/in a stable/oats and hay/neigh/19/run",
    "elephant": "a long trunk and big ears/on the plain/leaves and grass/-/20/swim",
}
TWO_LEGS = ["owl", "hen", "duck", "penguin"]
PLURALS = {"mouse": "mice", "fox": "foxes", "sheep": "sheep"}
ABILITIES = ["fly", "swim", "climb"]

COLOUR_OF = {
    "blue": ["the sky", "the sea"],
    "green": ["grass", "a leaf", "a frog"],
    "yellow": ["the sun", "a banana", "a lemon"],
    "white": ["snow", "milk", "a cloud"],
    "red": ["a strawberry", "a tomato", "a cherry"],
    "orange": ["a carrot", "a pumpkin"],
    "black": ["the night", "coal"],
    "grey": ["an elephant", "a stone"],
    "brown": ["chocolate", "a bear", "earth"],
    "pink": ["a pig"],
}
GROUPS = {
    "fruit": "an apple|a banana|a pear|a cherry|a plum|a lemon|a strawberry".split("|"),
    "vegetable": "a carrot|a turnip|a pumpkin|a cabbage|a bean|an onion".split("|"),
    "animal": "a fox|a cat|a dog|a cow|a lion|a frog|a horse".split("|"),
    "toy": "a ball|a kite|a drum|a doll|a toy boat".split("|"),
}
OPPOSITES = [
    pair.split(":")
    for pair in (
        "big:small hot:cold up:down happy:sad fast:slow day:night old:new long:short "
        "loud:quiet good:bad open:closed dark:light wet:dry high:low full:empty hard:soft "
        "left:right early:late rich:poor strong:weak"
    ).split()
]
RHYMES = [
    pair.split(":")
    for pair in (
        "cat:hat dog:frog mouse:house moon:spoon bear:chair star:car tree:bee cake:lake "
        "king:ring ball:wall night:light boat:goat"
    ).split()
]
CAPITALS = {
    "France": "Paris", "England": "London", "Italy": "Rome", "Spain": "Madrid",
    "Germany": "Berlin", "Japan": "Tokyo", "Greece": "Athens", "Egypt": "Cairo",
}  # fmt: skip
WEEK = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
SEASONS = "spring summer autumn winter".split()

# questions that mean the same / the answer
SINGLE = """
How many days are in a week?|How many days does a week have? / There are seven days in a week.
How many months are in a year?|How many months does a year have? / There are twelve months in a year.
What are the seasons?|Name the seasons. / The seasons are spring, summer, autumn and winter.
What are the days of the week?|Name the days of the week. / Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday.
When does the sun rise? / The sun rises in the morning.
When does the sun set? / The sun sets in the evening.
When do the stars shine? / The stars shine at night.
What do bees make? / Bees make honey.
What do cows give us?|Where does milk come from? / Cows give us milk.
What do hens lay?|Where do eggs come from? / Hens lay eggs.
What is bread made of? / Bread is made of flour and water.
What is butter made of? / Butter is made of milk.
What is a book made of? / A book is made of paper.
Where do fish live? / Fish live in the water.
Where do birds live? / Many birds live in nests in the trees.
What is ice? / Ice is frozen water.
What is snow? / Snow is frozen water that falls from the clouds.
What is rain? / Rain is water that falls from the clouds.
Why does it rain? / It rains when the clouds are full of water.
What is the moon? / The moon is a ball of rock that goes around the earth.
What is the sun? / The sun is a star. It gives us light and warmth.
What is a star? / A star is a ball of hot gas, far away.
What is the earth? / The earth is the planet we live on.
What is a friend?|What makes a good friend? / A friend is someone who likes you and helps you.
What is a baby cat called? / A baby cat is called a kitten.
What is a baby dog called? / A baby dog is called a puppy.
What is a baby cow called? / A baby cow is called a calf.
What is a baby sheep called? / A baby sheep is called a lamb.
What is a baby hen called? / A baby hen is called a chick.
What is a baby duck called? / A baby duck is called a duckling.
What do plants need? / Plants need water and light.
What do we see with? / We see with our eyes.
What do we hear with? / We hear with our ears.
What do we smell with? / We smell with our nose.
How many fingers do you have on one hand?|How many fingers are on a hand? / A hand has five fingers.
How many legs does a spider have? / A spider has eight legs.
How many legs does a bee have? / A bee has six legs.
Is fire hot? / Yes, fire is hot. Be careful!
Is ice hot? / No, ice is cold.
Why should we share? / Because sharing makes everyone happy.
Why should I tell the truth? / Because then people can trust you.
What do you do when it rains? / When it rains, you can take an umbrella or stay at home with a book.
""".strip().splitlines()


def capitalised(text: str) -> str:
    return text[0].upper() + text[1:]


def looks(animal: str) -> list[str]:
    return ANIMALS[animal].split("/")


def plural(animal: str) -> str:
    return PLURALS.get(animal, animal + "s")


def single(rng: random.Random) -> Pair:
    """A question whose answer never changes."""
    questions, answer = rng.choice(SINGLE).split(" / ")
    return rng.choice(questions.split("|")), answer


def animal(rng: random.Random) -> Pair:
    """One thing about one animal."""
    name = rng.choice(list(ANIMALS))
    appearance, home, food, sound, _, _ = looks(name)
    one = with_article(name)
    legs = "two" if name in TWO_LEGS else "four"
    pairs = [
        (f"Where does {one} live?", f"{capitalised(one)} lives {home}."),
        (f"What does {one} eat?", f"{capitalised(one)} eats {food}."),
        (f"What does {one} look like?", f"{capitalised(one)} has {appearance}."),
        (f"How many legs does {one} have?", f"{capitalised(one)} has {legs} legs."),
    ]
    if sound != "-":
        question = rng.choice([f"What does the {name} say?", f"What sound does {one} make?"])
        pairs += 2 * [(question, f"The {name} says {sound}.")]
    return rng.choice(pairs)


def about_animal(rng: random.Random) -> Pair:
    """All about one animal, in three short sentences."""
    name = rng.choice(list(ANIMALS))
    appearance, home, food, *_ = looks(name)
    one = with_article(name)
    question = rng.choice(
        [
            f"Tell me about {plural(name)}.",
            f"What is {one}?",
            f"What do you know about {plural(name)}?",
        ]
    )
    kind = "a bird" if name in TWO_LEGS else "an animal"
    return (
        question,
        f"{capitalised(one)} is {kind} with {appearance}. It lives {home}. It eats {food}.",
    )


def ability(rng: random.Random) -> Pair:
    """Whether an animal can do something."""
    name, verb = rng.choice([name for name in ANIMALS if name != "hen"]), rng.choice(ABILITIES)
    if verb in ("swim", "climb") and verb not in looks(name)[5]:
        verb = "fly"
    can = verb in looks(name)[5]
    one = with_article(name)
    return (
        f"Can {one} {verb}?",
        f"{'Yes' if can else 'No'}, {one} {'can' if can else 'cannot'} {verb}.",
    )


def size(rng: random.Random) -> Pair:
    """Which of two animals is bigger; never of two that are much alike."""
    while True:
        pair = rng.sample(list(ANIMALS), 2)
        small, big = sorted(pair, key=lambda name: int(looks(name)[4]))
        if int(looks(big)[4]) - int(looks(small)[4]) >= 4:
            break
    a, b = (with_article(name) for name in pair)
    small, big = with_article(small), with_article(big)
    if rng.random() < 0.7:
        return f"Which is bigger, {a} or {b}?", f"{capitalised(big)} is bigger than {small}."
    return f"Which is smaller, {a} or {b}?", f"{capitalised(small)} is smaller than {big}."


def colour(rng: random.Random) -> Pair:
    """The colour of something, or something of a colour."""
    hue = rng.choice(list(COLOUR_OF))
    thing = rng.choice(COLOUR_OF[hue])
    if rng.random() < 0.2:
        return f"What is {hue}?", f"{capitalised(thing)} is {hue}."
    word = rng.choice(["colour", "colour", "color"])
    return f"What {word} is {thing}?", f"{capitalised(thing)} is {hue}."


def group(rng: random.Random) -> Pair:
    """What something belongs to, or three things of a kind."""
    kind = rng.choice(list(GROUPS))
    if rng.random() < 0.4:
        a, b, c = rng.sample(GROUPS[kind], 3)
        return f"Name three {kind}s.", f"{capitalised(a)}, {b} and {c}."
    thing, asked = rng.choice(GROUPS[kind]), rng.choice(list(GROUPS))
    right = f"{thing} is {with_article(kind)}."
    return f"Is {thing} {with_article(asked)}?", f"{'Yes' if asked == kind else 'No'}, {right}"


def opposite(rng: random.Random) -> Pair:
    """A word and its opposite, either way."""
    word, other = rng.sample(rng.choice(OPPOSITES), 2)
    return f"What is the opposite of {word}?", f"The opposite of {word} is {other}."


def rhyme(rng: random.Random) -> Pair:
    """A word that rhymes with another."""
    word, other = rng.sample(rng.choice(RHYMES), 2)
    question = rng.choice(["What rhymes with {}?", "Tell me a word that rhymes with {}."])
    return question.format(word), f"{capitalised(other)} rhymes with {word}."


def capital(rng: random.Random) -> Pair:
    """A country's capital."""
    country, city = rng.choice(list(CAPITALS.items()))
    return f"What is the capital of {country}?", f"The capital of {country} is {city}."


def calendar(rng: random.Random) -> Pair:
    """What comes after or before a day, a month or a season."""
    kind, names = rng.choice([("day", WEEK), ("day", WEEK), ("month", MONTHS), ("season", SEASONS)])
    index = rng.randrange(len(names))
    step, word = rng.choice([(1, "after"), (-1, "before")])
    other = names[(index + step) % len(names)]
    return (
        f"What {kind} comes {word} {names[index]}?",
        f"{capitalised(other)} comes {word} {names[index]}.",
    )


KINDS = [
    (single, 22), (animal, 20), (about_animal, 8), (ability, 6), (size, 8), (colour, 12),
    (group, 8), (opposite, 10), (rhyme, 4), (capital, 5), (calendar, 8),
]  # fmt: skip


def any_fact(rng: random.Random) -> Pair:
    """One question about the world with its answer."""
    kinds, weights = zip(*KINDS, strict=True)
    return rng.choices(kinds, weights)[0](rng)
