"""Plots: files that say who takes part, what is fixed at the start, and what happens.

A plot file has a header (`title`, `themes`, `asked`, `cast`, `let`, `hero_not`), then beats
divided by blank lines, each with several `*` variants of the same step, then `ask:`
lines with questions about the finished story. Whatever `let` binds stays the same
through the whole story, so that its end follows from its beginning. `asked` are what a
reader may want the hero to be or do.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path

import words
from grammar import Character, Scene

PLOTS = Path(__file__).parent / "plots"

OPENINGS = """\
Once upon a time, [there was|there lived] {hero.a}. {he} lived in {hero.home} near {place}.
Once upon a time, in {hero.home}, there lived {hero.a}. [Every day {he} walked to {place}.|It was not far from {place}.]
[Long ago|A long time ago|Many years ago], {hero.a} lived near {place}. {his} home was {hero.home}.
{hero.the} lived in {hero.home}, not far from {place}. {his} name was {hero.name}.
{hero.name} was {hero.a} who lived near {place}. [{he} liked {hero.treat} more than anything.|{his} home was {hero.home}.]
In {hero.home}, close to {place}, lived {hero.a}. [Everybody knew {him}.|{he} loved to eat {hero.treat}.]
There was once {hero.a} who lived in {hero.home}. From the door {he} could see {place}.
This is the story of {hero.name}, {hero.a}. {he} lived in {hero.home} near {place}.
One day, {hero.the} woke up early. {his} name was {hero.name}, and {he} lived in {hero.home} near {place}.
Near {place}, in {hero.home}, lived {hero.a}, who [was always in a good mood|liked to sing|was known to everyone].""".split("\n")


@dataclass
class Plot:
    """One plot skeleton, as read from its file."""

    title: str = ""
    themes: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    cast: list[str] = field(default_factory=list)
    hero_not: str = ""
    lets: list[tuple[list[str], str]] = field(default_factory=list)
    beats: list[list[str]] = field(default_factory=list)
    asks: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Story:
    """A told story: its text, what it is about, and questions about it."""

    title: str
    paragraphs: list[str]
    hero: Character
    friend: str
    themes: list[str]
    asked: list[str]
    facts: list[tuple[str, str]]


def read_plot(path: Path) -> Plot:
    """Parse one plot file."""
    plot = Plot()
    for block in path.read_text().split("\n\n"):
        lines = block.strip().splitlines()
        variants = [line[2:] for line in lines if line.startswith("* ")]
        if variants:
            plot.beats.append(variants)
        for line in lines:
            if not line.startswith("* "):
                _read_header(plot, *line.split(": ", 1))
    return plot


def _read_header(plot: Plot, key: str, value: str) -> None:
    match key:
        case "title" | "hero_not":
            setattr(plot, key, value)
        case "themes" | "asked":
            setattr(plot, key, value.split("; "))
        case "cast":
            plot.cast = value.split(", ")
        case "let":
            names, source = value.split(" = ", 1)
            plot.lets.append((names.split(", "), source))
        case "ask":
            plot.asks.append(tuple(value.split(" => ")))
        case _:
            raise ValueError(f"unknown plot header {key!r}")


def read_plots() -> list[Plot]:
    """Every plot there is, in a fixed order."""
    return [read_plot(path) for path in sorted(PLOTS.glob("*.txt"))]


class Teller:
    """Tells plots: casts the characters, binds the words, walks through the beats."""

    def __init__(self, rng: random.Random, plots: list[Plot]):
        self.rng = rng
        self.plots = plots

    def tell(self) -> Story:
        """One complete story."""
        plot = self.rng.choice(self.plots)
        scene = Scene(self.rng)
        self._cast(plot, scene)
        self._set_the_scene(scene)
        for names, source in plot.lets:
            scene.bound.update(zip(names, self._draw(source, len(names), scene)))
        paragraphs = [scene.tell(self.rng.choice(OPENINGS))]
        paragraphs += [scene.tell(self.rng.choice(beat)) for beat in plot.beats]
        return Story(
            title=_headline(scene.say(plot.title)),
            paragraphs=self._merge(paragraphs),
            hero=scene.bound["hero"],
            friend=scene.bound[plot.cast[0].split("=")[0]].kind,
            themes=[scene.say(theme) for theme in plot.themes],
            asked=[scene.say(deed) for deed in plot.asked],
            facts=self._facts(plot, scene),
        )

    def _cast(self, plot: Plot, scene: Scene) -> None:
        roles = dict(part.partition("=")[::2] for part in ["hero", *plot.cast])
        fixed = [kind for kind in [*roles.values(), plot.hero_not] if kind]
        free = [kind for kind in words.KINDS if kind[0] not in fixed]
        kinds = self.rng.sample(free, len(roles))
        adjectives = self.rng.sample(words.ADJECTIVES, len(roles))
        for (role, wanted), drawn, adjective in zip(roles.items(), kinds, adjectives):
            kind = next((k for k in words.KINDS if k[0] == wanted), drawn)
            scene.bound[role] = self._character(kind, adjective, scene)

    def _character(self, kind: tuple, adjective: str, scene: Scene) -> Character:
        noun, home, treat = kind
        gender = self.rng.choice(["he", "she"])
        gender = "she" if noun in words.ONLY_SHE else "he" if noun in words.ONLY_HE else gender
        names = words.SHE_NAMES if gender == "she" else words.HE_NAMES
        taken = {c.name for c in scene.bound.values() if isinstance(c, Character)}
        name = self.rng.choice([name for name in names if name not in taken])
        return Character(name, noun, adjective, gender, home, treat)

    def _set_the_scene(self, scene: Scene) -> None:
        pick = self.rng.choice
        home = scene.bound["hero"].home
        elsewhere = [place for place in words.PLACES if place[0] not in home]
        place, in_place, spots = pick(elsewhere)
        self.spots = self.rng.sample(spots, len(spots))
        scene.bound.update(
            place=place, in_place=in_place, spot=self.spots[-1], day=pick(words.DAYS),
            weather=pick(words.WEATHER), calm=pick(["quiet", "warm", "sunny"]),
            colour=pick(words.COLOURS), game=pick(words.GAMES), number=pick(words.NUMBERS),
        )

    def _draw(self, source: str, count: int, scene: Scene) -> list[str]:
        if source.startswith("["):
            return scene.rng.choice(source[1:-1].split("|")).split(";")
        if source == "spots":
            return self.spots[:count]
        drawn = self.rng.choice(getattr(words, source.upper()))
        return [drawn] if isinstance(drawn, str) else list(drawn)

    def _facts(self, plot: Plot, scene: Scene) -> list[tuple[str, str]]:
        general = [
            ("What is the name of the {hero.kind}?", "The {hero.kind} is called {hero.name}."),
            ("Who is the story about?", "It is about {hero.name}, {hero.a}."),
            ("Where did {hero.name} live?", "{hero.name} lived in {hero.home} near {place}."),
        ]
        return [(scene.tell(q), scene.tell(a)) for q, a in general + plot.asks]

    def _merge(self, paragraphs: list[str]) -> list[str]:
        """Sometimes run two beats together, so that paragraphs differ in length."""
        merged = paragraphs[:1]
        for paragraph in paragraphs[1:]:
            if self.rng.random() < 0.35:
                merged[-1] += " " + paragraph
            else:
                merged.append(paragraph)
        return merged


def _headline(title: str) -> str:
    small = {"a", "an", "the", "and", "about", "to", "of", "who", "for", "not"}
    parts = [w if w in small else w[0].upper() + w[1:] for w in title.split()]
    return " ".join([parts[0][0].upper() + parts[0][1:], *parts[1:]])
