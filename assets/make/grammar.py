"""A small story grammar: bracketed choices, bound names, pronouns and articles.

`[a|b|c]` picks one branch (branches may nest), `{name}` inserts what the scene
has bound to that name, `{friend.his}` a pronoun of a bound character,
`{friend.a}` an introduction (with the name, unless the same template gives it), and
every `a` becomes "a" or "an". Sentences are capitalised after everything is in place.
"""

import random
import re
from dataclasses import dataclass

PRONOUNS = {
    "he": {"he": "he", "his": "his", "him": "him", "himself": "himself"},
    "she": {"he": "she", "his": "her", "him": "her", "himself": "herself"},
}
INNERMOST_CHOICE = re.compile(r"\[([^\[\]]*)\]")
REFERENCE = re.compile(r"\{([a-z_0-9.]+)\}")
ARTICLE = re.compile(r"\b([Aa]) (?=([a-z]))")
SPEECH = "laughed|said|asked|cried|shouted|called|thought|whispered|sighed|told|answered"
PLACED = "in|on|at|by|under|behind|beside|between|beneath|among|next|inside"
# What goes on after speech that ends in ! or ?, and does not say whose speech it was.
AFTER_SPEECH = re.compile(
    rf'([?!]" )(?=(?:{PLACED}) |(?:the \w+ \w+|he|she|they|it|a|an) (?!(?:{SPEECH})\b))([a-z])'
)
SENTENCE_START = re.compile(r'(^|[.!?] |\." |\n)(")?([a-z])')


def with_article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


@dataclass(frozen=True)
class Character:
    """Someone in a story, with every way in which the text may refer to them."""

    name: str
    kind: str
    adjective: str
    gender: str
    home: str
    treat: str

    def refer(self, form: str, rng: random.Random) -> str:
        """The words for one reference: a pronoun, an attribute, or the name."""
        if form in PRONOUNS[self.gender]:
            return PRONOUNS[self.gender][form]
        if form == "the":
            return f"the {self.adjective} {self.kind}"
        if form:
            return getattr(self, form)
        return self.name if rng.random() < 0.85 else f"the {self.adjective} {self.kind}"

    def introduce(self, with_name: bool) -> str:
        """The words that bring someone into the story for the first time."""
        words = f"a {self.adjective} {self.kind}"
        return f"{words} named {self.name}" if with_name else words


class Scene:
    """The state of one text: a random source and the names bound so far."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.bound: dict[str, str | Character] = {}

    def say(self, template: str) -> str:
        """Expand a template into words."""
        text = self.choose(template)
        while REFERENCE.search(text):
            text = self.choose(REFERENCE.sub(self._resolve, text))
        return ARTICLE.sub(self._article, re.sub(r" +", " ", text).strip())

    def tell(self, template: str) -> str:
        """Expand a template into whole sentences, each with its capital."""
        text = self.say(template)
        text = AFTER_SPEECH.sub(lambda m: m[1] + m[2].upper(), text)
        return SENTENCE_START.sub(lambda m: m[1] + (m[2] or "") + m[3].upper(), text)

    def choose(self, template: str) -> str:
        """Replace every bracketed choice, innermost first."""
        while INNERMOST_CHOICE.search(template):
            template = INNERMOST_CHOICE.sub(
                lambda m: self.rng.choice(m[1].split("|")), template
            )
        return template

    def _resolve(self, match: re.Match) -> str:
        name, _, form = match[1].partition(".")
        if name in PRONOUNS["he"]:
            name, form = "hero", name
        value = self.bound[name]
        if form == "a":
            return value.introduce("{%s.name}" % name not in match.string)
        return value.refer(form, self.rng) if isinstance(value, Character) else value

    @staticmethod
    def _article(match: re.Match) -> str:
        return match[1] + ("n " if match[2].lower() in "aeiou" else " ")
