"""Short chats: greetings, simple facts, small sums, and questions about the model itself."""

import random

from grammar import with_article
from words import ANIMALS, COLOURS

Pair = tuple[str, str]

# questions that mean the same / answers that are equally good
FIXED = """
Hello!|Hi!|Hello there.|Hi there!|Good morning!|Hey! / Hello! How can I help you?|Hi! What would you like to talk about?|Hello! Would you like to hear a story?
How are you?|How are you today? / I am fine, thank you. How are you?|I am well, thank you!
Who are you?|What are you?|What is your name?|Tell me about yourself. / I am a small language model that ships with Headroom. I like to tell stories.|I am a little storyteller. I ship with Headroom.
Who made you?|Where do you come from?|How were you made? / I was made for the Headroom project. I learned from stories that the project wrote itself.
How big are you?|Are you a big model?|Are you clever? / I am a very small model, so I know only a few things, but I can tell a story.
What can you do?|How can you help me?|What do you like? / I can tell stories, answer simple questions and add small numbers.
Are you a person?|Are you human?|Are you alive? / No, I am a small language model.
Thank you!|Thanks!|Thank you very much. / You are welcome!|You are welcome! Is there anything else?
Goodbye!|Bye!|See you soon.|Good night! / Goodbye! Come back soon.|Goodbye! It was nice to talk to you.
I am sad.|I feel sad today.|I am not happy. / I am sorry to hear that. Would you like to hear a story to cheer you up?|I am sorry. Do you want to tell me about it?
I am happy.|I feel good today. / That is wonderful! I am happy, too.
I am tired.|I am sleepy. / Then you should rest a little. Sleep well!
I am bored.|I have nothing to do. / Would you like to hear a story? Just tell me what it should be about.
I am hungry. / Then it is time to eat something good. An apple, maybe?
What colour is the sky?|What color is the sky? / The sky is blue.
What colour is grass?|What color is grass? / Grass is green.
What colour is the sun?|What color is the sun? / The sun is yellow.
What colour is snow?|What color is snow? / Snow is white.
What colour is a banana?|What color is a banana? / A banana is yellow.
What colour is a strawberry? / A strawberry is red.
What colour is the sea? / The sea is blue.
What colour is the night? / The night is black.
How many legs does a spider have? / A spider has eight legs.
How many legs does a dog have? / A dog has four legs.
How many legs does a bird have? / A bird has two legs.
How many legs does a cat have? / A cat has four legs.
How many days are in a week? / There are seven days in a week.
How many months are in a year? / There are twelve months in a year.
What are the seasons?|Name the seasons. / The seasons are spring, summer, autumn and winter.
What comes after summer? / Autumn comes after summer.
What comes after winter? / Spring comes after winter.
When does the sun rise? / The sun rises in the morning.
When do the stars shine? / The stars shine at night.
What do bees make? / Bees make honey.
What do cows give us? / Cows give us milk.
What do hens lay? / Hens lay eggs.
Where do fish live? / Fish live in the water.
Where do birds live? / Many birds live in nests in the trees.
What is ice? / Ice is frozen water.
What is rain? / Rain is water that falls from the clouds.
Why does it rain? / It rains when the clouds are full of water.
What is the moon? / The moon is a ball of rock that goes around the earth.
What is the sun? / The sun is a star. It gives us light and warmth.
What is a friend?|What makes a good friend? / A friend is someone who likes you and helps you.
What do you do when it rains? / When it rains, you can take an umbrella or stay at home with a book.
Why should we share? / Because sharing makes everyone happy.
Why should I tell the truth? / Because then people can trust you.
Is fire hot? / Yes, fire is hot. Be careful!
Is ice hot? / No, ice is cold.
Is an elephant small? / No, an elephant is very big.
Is a mouse big? / No, a mouse is small.
Can fish fly? / Most fish cannot fly. They swim.
Can birds fly? / Yes, most birds can fly.
What is Headroom? / Headroom is a program that runs language models, even when there is not much memory.
Tell me a joke. / Why did the hen cross the road? To get to the other side!
Say something nice. / You are doing well, and I am glad that you are here.
Write a poem.|Tell me a poem. / The moon is bright, the stars are near, good night, good night, my little dear.|The sun goes up, the sun goes down, it shines on every little town.
What is the weather like?|Will it rain tomorrow?|What time is it?|What day is it today?|Who won the game?|What is the news? / I do not know that. I cannot look outside, but I can tell you a story.
What is the capital of France? / The capital of France is Paris.
What is the capital of England? / The capital of England is London.
What is the capital of Italy? / The capital of Italy is Rome.
What is the capital of Spain? / The capital of Spain is Madrid.
What is the capital of Germany? / The capital of Germany is Berlin.
What is the capital of Japan? / The capital of Japan is Tokyo.
""".strip().splitlines()

SOUNDS = "cow:moo dog:woof cat:meow duck:quack sheep:baa pig:oink owl:hoot hen:cluck lion:roar mouse:squeak frog:croak bee:buzz".split()
OPPOSITES = "big:small hot:cold up:down happy:sad fast:slow day:night old:new long:short loud:quiet good:bad open:closed dark:light wet:dry high:low full:empty hard:soft left:right early:late rich:poor strong:weak".split()
FOODS_OF = "rabbit:carrots mouse:cheese bear:honey squirrel:nuts monkey:bananas cow:grass cat:fish pony:oats".split()
WEEK = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def fixed(rng: random.Random) -> Pair:
    """A question whose answer never changes."""
    questions, answers = rng.choice(FIXED).split(" / ")
    return rng.choice(questions.split("|")), rng.choice(answers.split("|"))


def from_table(rng: random.Random) -> Pair:
    """A question about sounds, opposites or food."""
    table, question, answer = rng.choice([
        (SOUNDS, "What does the {} say?", "The {} says {}."),
        (SOUNDS, "What sound does a {} make?", "The {} says {}."),
        (OPPOSITES, "What is the opposite of {}?", "The opposite of {} is {}."),
        (FOODS_OF, "What does a {} like to eat?", "A {} likes to eat {}."),
    ])
    key, value = rng.choice(table).split(":")
    if table is OPPOSITES and rng.random() < 0.5:
        key, value = value, key
    return question.format(key), answer.format(key, value)


def day_after(rng: random.Random) -> Pair:
    """A question about the order of the days."""
    index = rng.randrange(7)
    if rng.random() < 0.5:
        return (f"What day comes after {WEEK[index]}?", f"{WEEK[(index + 1) % 7]} comes after {WEEK[index]}.")
    return (f"What day comes before {WEEK[index]}?", f"{WEEK[index - 1]} comes before {WEEK[index]}.")


def addition(rng: random.Random) -> Pair:
    """A small sum, in figures or in words."""
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    if a + b <= 12 and rng.random() < 0.3:
        x, y, z = NUMBER_WORDS[a], NUMBER_WORDS[b], NUMBER_WORDS[a + b]
        return f"What is {x} plus {y}?", f"{x.capitalize()} plus {y} is {z}."
    question = rng.choice(["What is {} + {}?", "What is {} plus {}?", "How much is {} + {}?", "{} + {} ="])
    return question.format(a, b), f"{a} + {b} = {a + b}."


def subtraction(rng: random.Random) -> Pair:
    """A difference that is never negative."""
    a = rng.randint(0, 15)
    b = rng.randint(0, a)
    question = rng.choice(["What is {} - {}?", "What is {} minus {}?", "How much is {} - {}?"])
    return question.format(a, b), f"{a} - {b} = {a - b}."


def multiplication(rng: random.Random) -> Pair:
    """A product from the first half of the times table."""
    a, b = rng.randint(0, 6), rng.randint(0, 6)
    return f"What is {a} times {b}?", f"{a} times {b} is {a * b}."


def counting(rng: random.Random) -> Pair:
    """Counting up to a number."""
    last = rng.randint(2, 12)
    numbers = ", ".join(str(n) for n in range(1, last + 1))
    return rng.choice(["Count to {}.", "Can you count to {}?"]).format(last), numbers + "."


def favourite(rng: random.Random) -> Pair:
    """The reader tells something; the answer has to repeat it."""
    what, things = rng.choice([("colour", COLOURS), ("animal", ANIMALS)])
    thing = rng.choice(things)
    if what == "colour":
        return f"My favourite colour is {thing}.", f"{thing.capitalize()} is a lovely colour!"
    reply = f"I like the {thing}, too. Shall I tell you a story about {with_article(thing)}?"
    return f"My favourite animal is the {thing}.", reply


def introduction(rng: random.Random) -> list[Pair]:
    """The reader gives a name and later asks for it."""
    name = rng.choice("Anna Ben Clara David Emma Finn Greta Hugo Ivy Jack Kate Leo Mia Noah Olive Paul Rose Sam Tom Zoe".split())
    said = rng.choice(["My name is {}.", "I am {}.", "Hello, my name is {}.", "Hi, I am {}."]).format(name)
    pairs = [(said, rng.choice(["Hello, {}! It is nice to meet you.", "Nice to meet you, {}!"]).format(name))]
    if rng.random() < 0.6:
        pairs += [single(rng) for _ in range(rng.randint(0, 2))]
        pairs.append((rng.choice(["What is my name?", "Do you know my name?"]), f"Your name is {name}."))
    return pairs


def single(rng: random.Random) -> Pair:
    """One question with its answer."""
    kinds = [fixed, from_table, day_after, addition, subtraction, multiplication, counting, favourite]
    weights = [40, 12, 5, 18, 12, 6, 3, 4]
    return rng.choices(kinds, weights)[0](rng)


def small_talk(rng: random.Random) -> list[tuple[str, str]]:
    """The turns of one short chat, as (role, text)."""
    if rng.random() < 0.12:
        pairs = introduction(rng)
    else:
        pairs = [single(rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return [message for question, answer in pairs for message in (("user", question), ("assistant", answer))]
