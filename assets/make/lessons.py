"""Short lessons as plain text: the answers of one kind of question, one after the other."""

import random

import facts
import sums

# what a lesson is called, what it tells, and how much there may be of it
LESSONS = [
    ("Animals", facts.animal, 8), ("About Animals", facts.about_animal, 4),
    ("Big and Small", facts.size, 8), ("Colours", facts.colour, 10),
    ("Opposites", facts.opposite, 10), ("Rhymes", facts.rhyme, 8),
    ("Cities", facts.capital, 6), ("Days, Months and Seasons", facts.calendar, 10),
    ("Good to Know", facts.single, 8), ("Counting", sums.counting, 6),
    ("One More, One Less", sums.neighbour, 10), ("Which Is More?", sums.comparison, 10),
    ("Plus", sums.addition, 14), ("Plus", sums.addition, 14), ("Plus", sums.addition, 14),
    ("Minus", sums.subtraction, 14), ("Minus", sums.subtraction, 14),
    ("Times", sums.multiplication, 12),
]  # fmt: skip


def lesson(rng: random.Random) -> str:
    """A title and sentences that are all different."""
    title, kind, most = rng.choice(LESSONS)
    answers = [kind(rng)[1] for _ in range(rng.randint(most // 2, most))]
    return f"{title}\n\n{' '.join(dict.fromkeys(answers))}"
