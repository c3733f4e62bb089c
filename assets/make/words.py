"""The words that stories draw from: characters, places and things.

Few of each kind: a small model keeps a colour or a name through a story only when it has met
that word often.
"""

# noun, home, favourite food
KINDS = [
    ("fox", "a warm den under the roots of an old oak", "blackberries"),
    ("rabbit", "a cosy burrow under a green hill", "carrots"),
    ("bear", "a dry cave behind a waterfall", "honey"),
    ("mouse", "a tiny hole behind the barn", "cheese"),
    ("owl", "a hollow tree", "seed cake"),
    ("hedgehog", "a heap of brown leaves", "apples"),
    ("frog", "a hollow log by the water", "berry soup"),
    ("duck", "a nest among the reeds", "bread"),
    ("squirrel", "a round nest high in a beech tree", "nuts"),
    ("turtle", "a quiet corner by the pond", "lettuce"),
    ("cat", "a yellow house with a red door", "warm milk"),
    ("dog", "a little house with a blue roof", "biscuits"),
    ("lion", "a sunny cave on the plain", "melon"),
    ("elephant", "a grassy field beside a big tree", "bananas"),
    ("penguin", "a round house made of snow", "fish pie"),
    ("pig", "a neat brick house", "turnips"),
    ("pony", "a wooden stable", "oats"),
    ("goat", "a stone hut on the mountain", "fresh grass"),
    ("lamb", "a small barn on the farm", "clover"),
    ("badger", "a deep sett in the woods", "mushrooms"),
    ("monkey", "a tree house full of ropes", "bananas"),
    ("dragon", "a big cave on top of a hill", "hot pepper soup"),
    ("robot", "a workshop full of tools", "warm oil"),
    ("giant", "a tall house made of logs", "pancakes"),
    ("girl", "a white house with a garden", "pancakes"),
    ("boy", "a small house by the road", "apple pie"),
    ("princess", "a castle with four towers", "cherry cake"),
    ("prince", "a castle by a lake", "plum cake"),
    ("knight", "an old stone tower", "bread and jam"),
    ("wizard", "a crooked house full of books", "pumpkin soup"),
]
ANIMALS = [kind for kind, _, _ in KINDS[:21]]
ONLY_SHE, ONLY_HE = {"girl", "princess"}, {"boy", "prince"}

ADJECTIVES = (
    "little small young clever kind brave curious cheerful gentle friendly shy happy"
).split()

SHE_NAMES = (
    "Lily Rosie Mia Ella Nora Daisy Poppy Ruby Hazel Molly Luna Ivy Anna Bella Clara Sophie"
).split()
HE_NAMES = (
    "Tim Rusty Ben Max Oscar Finn Leo Sam Toby Jack Milo Hugo Otto Felix Charlie Bruno"
).split()

# place, "in"-phrase, three spots that belong to it
PLACES = [
    ("the forest", "in the forest", ["under a pile of leaves", "behind a mossy stone", "inside a hollow log", "at the foot of a tall pine", "between the roots of an oak"]),
    ("the meadow", "in the meadow", ["in the long grass", "under a wild rose bush", "beside the wooden fence", "behind a heap of hay", "among the daisies"]),
    ("the river", "by the river", ["under the old bridge", "among the reeds", "behind a big grey rock", "on the sandy bank", "beneath a willow tree"]),
    ("the village", "in the village", ["behind the bakery", "next to the well", "under a wooden bench", "beside the clock tower", "on the steps of the school"]),
    ("the beach", "on the beach", ["behind a sand dune", "under an old boat", "in a rock pool", "beside a heap of shells", "among the smooth stones"]),
    ("the farm", "on the farm", ["in the hay barn", "behind the hen house", "under the red cart", "next to the stone wall", "beside the apple trees"]),
    ("the mountain", "on the mountain", ["behind a snowy rock", "in a small cave", "under a bent pine tree", "beside a cold stream", "on a narrow path"]),
    ("the garden", "in the garden", ["under the cabbage leaves", "behind the watering can", "inside the little shed", "beneath the apple tree", "between the flower pots"]),
    ("the lake", "by the lake", ["under the wooden pier", "among the water lilies", "behind a fallen tree", "beside an upturned boat", "on a flat white stone"]),
    ("the park", "in the park", ["under the slide", "behind the fountain", "next to the swings", "beneath a chestnut tree", "beside the duck pond"]),
]

COLOURS = "red blue green yellow white silver golden".split()
TOYS = (
    "kite|ball|scarf|hat|drum|toy boat|whistle|bell|lantern|blanket|bucket|umbrella"
).split("|")
BABIES = [
    ("duckling", "duck", "quack"), ("kitten", "cat", "meow"), ("puppy", "dog", "woof"),
    ("foal", "horse", "neigh"), ("chick", "hen", "cheep"), ("calf", "cow", "moo"),
    ("piglet", "pig", "oink"), ("owlet", "owl", "hoot"),
]
SEEDS = [
    ("sunflower", "a tall yellow sunflower"), ("pumpkin", "a huge orange pumpkin"),
    ("strawberry", "a patch of sweet red strawberries"), ("bean", "a bean plant as high as the roof"),
    ("carrot", "a row of crisp orange carrots"), ("apple", "a young apple tree"),
    ("tomato", "a bush full of round red tomatoes"), ("rose", "a bush of pink roses"),
]
FOODS = (
    "apple pie|honey cake|vegetable soup|blueberry muffins|fresh bread|cheese rolls|"
    "strawberry jam|roasted nuts|plum cake|oat biscuits|lemon tarts|mushroom stew"
).split("|")
GAMES = (
    "hide and seek|tag|catch|leapfrog|marbles|follow the leader|pirates"
).split("|")
WEATHER = (
    "sunny|windy|cloudy|cold|warm|bright"
).split("|")
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBERS = "three four five six seven eight nine ten eleven twelve".split()
