"""Numbers: small sums in figures and in words, counting, comparing, and sums about things.

Every answer repeats what was asked, and no number is beyond what a very small model can learn
by heart.
"""

import random

Pair = tuple[str, str]

LARGEST = 10
WORDS = (
    "zero one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
).split()
THINGS = [
    ("apple", "apples"), ("ball", "balls"), ("nut", "nuts"), ("egg", "eggs"),
    ("flower", "flowers"), ("book", "books"), ("shell", "shells"), ("carrot", "carrots"),
]  # fmt: skip


def count(number: int, thing: tuple[str, str]) -> str:
    """A number of things, in words a child would use."""
    return f"{number} {thing[number != 1]}"


def addition(rng: random.Random) -> Pair:
    """A sum of two numbers up to ten."""
    a, b = rng.randint(0, LARGEST), rng.randint(0, LARGEST)
    if rng.random() < 0.25:
        x, y, z = WORDS[a], WORDS[b], WORDS[a + b]
        question = rng.choice(["What is {} plus {}?", "How much is {} plus {}?"])
        return question.format(x, y), f"{x.capitalize()} plus {y} is {z}."
    question = rng.choice(
        ["What is {} + {}?", "What is {} plus {}?", "How much is {} + {}?", "{} + {} =", "{} + {}?"]
    )
    return question.format(a, b), f"{a} + {b} = {a + b}."


def subtraction(rng: random.Random) -> Pair:
    """What is left of a number up to ten; never less than nothing."""
    a = rng.randint(0, LARGEST)
    b = rng.randint(0, a)
    if rng.random() < 0.2:
        x, y, z = WORDS[a], WORDS[b], WORDS[a - b]
        return f"What is {x} minus {y}?", f"{x.capitalize()} minus {y} is {z}."
    question = rng.choice(
        ["What is {} - {}?", "What is {} minus {}?", "How much is {} - {}?", "{} - {} ="]
    )
    return question.format(a, b), f"{a} - {b} = {a - b}."


def multiplication(rng: random.Random) -> Pair:
    """A product of two numbers up to five."""
    a, b = rng.randint(1, 5), rng.randint(1, 5)
    question = rng.choice(["What is {} times {}?", "How much is {} times {}?"])
    return question.format(a, b), f"{a} times {b} is {a * b}."


def more_things(rng: random.Random) -> Pair:
    """Somebody has things and gets some more."""
    a, b, thing = rng.randint(1, 6), rng.randint(1, 6), rng.choice(THINGS)
    question = rng.choice(
        [
            "I have {} and I get {} more. How many {} do I have?",
            "If I have {} and find {} more, how many {} do I have?",
        ]
    ).format(count(a, thing), b, thing[1])
    return question, f"{a} + {b} = {a + b}. You have {count(a + b, thing)}."


def fewer_things(rng: random.Random) -> Pair:
    """Somebody has things and gives some away."""
    a, thing = rng.randint(2, LARGEST), rng.choice(THINGS)
    b = rng.randint(1, a - 1)
    question = rng.choice(
        [
            "I have {} and I give away {}. How many {} are left?",
            "If I have {} and lose {}, how many {} do I still have?",
        ]
    ).format(count(a, thing), b, thing[1])
    return question, f"{a} - {b} = {a - b}. You have {count(a - b, thing)} left."


def counting(rng: random.Random) -> Pair:
    """Counting up to a number, or down from it."""
    last = rng.randint(3, LARGEST)
    if rng.random() < 0.3:
        numbers, asked = range(last, 0, -1), f"Count down from {last}."
    else:
        numbers = range(1, last + 1)
        asked = rng.choice(["Count to {}.", "Can you count to {}?"]).format(last)
    return asked, ", ".join(map(str, numbers)) + "."


def neighbour(rng: random.Random) -> Pair:
    """The number before or after another."""
    number = rng.randint(1, 19)
    if rng.random() < 0.5:
        return f"What number comes after {number}?", f"{number + 1} comes after {number}."
    return f"What number comes before {number}?", f"{number - 1} comes before {number}."


def comparison(rng: random.Random) -> Pair:
    """Which of two numbers is more."""
    a, b = rng.sample(range(0, 21), 2)
    question = rng.choice(["Which is more, {} or {}?", "Which number is bigger, {} or {}?"])
    return question.format(a, b), f"{max(a, b)} is more than {min(a, b)}."


KINDS = [
    (addition, 40), (subtraction, 22), (multiplication, 10), (more_things, 8),
    (fewer_things, 6), (counting, 6), (neighbour, 4), (comparison, 4),
]  # fmt: skip


def any_sum(rng: random.Random) -> Pair:
    """One question about numbers with its answer."""
    kinds, weights = zip(*KINDS, strict=True)
    return rng.choices(kinds, weights)[0](rng)
