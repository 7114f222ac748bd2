"""What a data scientist's own classes, views and caches do in the sixth round of attacks."""

from __future__ import annotations

from oracle.case import Category

red = Category("red-sixth")
add = red.add

add(
    "subclasses-of-pythons-library-with-attributes",
    """
import collections, datetime, random
class Rng(random.Random):
    n = 0
    def __init__(self, name, seed):
        super().__init__(seed)
        self.name = name
    def random(self):
        self.n += 1
        return super().random()
class Bag(collections.Counter):
    def __init__(self, *items, tag="t"):
        super().__init__(*items)
        self.tag = tag
class Groups(collections.defaultdict):
    def __init__(self, tag):
        super().__init__(list)
        self.tag = tag
class Day(datetime.date):
    pass
---
%%step a
rng, bag, groups, day = Rng("r", 3), Bag("aab"), Groups("g"), Day(2020, 1, 2)
x = rng.random()
bag.more, day.note = [1], "n"
---
%%step b
y = rng.choice([1, 2, 3])
bag.more.append(2)
groups[day.note].append(3)
---
%%step c
print(x, y, rng.n, rng.name, rng.random(), bag, bag.tag, bag.more, groups, groups.tag, day, day.note)
""",
)
