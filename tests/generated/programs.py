"""Programs: statements after the rules, put into cells after a kind of boundary."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from hypothesis import strategies as st

import generated.rules  # noqa: F401 - fills the tables
from generated.grammar import MAKES, PRELUDE, PROBES, RULES, Rule
from oracle.case import Case, cells_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

BOUNDARIES = (
    "same step",
    "step to step",
    "setup to step",
    "scratch between",
    "interleaved",
    "redefinition",
    "parameters",
    "after",
)
KINDS = tuple(RULES)

DEFINITIONS = {
    "mutator": (
        "def {0}(v):\n    v.append({#})\n    return v",
        "def {0}(v, *rest, **more):\n    for item in [{#}]:\n        v.append(item)\n    return v",
        "def {0}(v):\n    w = v\n    w += [{#}]\n    return w",
        "def {0}(v, n={#}):\n    if n:\n        v.insert(0, n)\n    return [*v]",
        "def {0}(v):\n    def inner():\n        v.append({#})\n    inner()\n    return v",
        "def {0}(v):\n    if len(v) < {#}:\n        v.append(1)\n        return {0}(v)\n    return v",
    ),
    "reader": (
        "def {0}():\n    return len({list})",
        "def {0}():\n    return {int} + {#}",
        "def {0}():\n    {list}.append({#})\n    return len({list})",
        "{0} = lambda: ({int}, {#})",
    ),
    "wrapper": (
        "def {0}(f, *args):\n    return f(*args)",
        "def {0}(f, v):\n    for g in (f,):\n        found = g(v)\n    return found",
    ),
    "maker": (
        "def {0}(n):\n    return [n, {#}]",
        "def {0}(n):\n    return [n, len({list})]",
        "def {0}(n):\n    made = []\n    made.append(n)\n    return made",
        "def {0}(n):\n    return {list}",
    ),
    "iterator": ("{0} = iter({list})",),
    "maybe": ("{0} = {#}",),
}
WRAPPERS = (
    "if {#}:\n{code}",
    "for _ in range(1):\n{code}",
    "try:\n{code}\nfinally:\n    pass",
    "with open(os.devnull):\n{code}",
    "if {#} >= 0:\n{code}\nelse:\n    pass",
    "match 1:\n    case 1:\n    {code}",
)
_DIGIT = re.compile(r"\{#\}")
_TYPE_SLOT = re.compile(r"\{(" + "|".join(MAKES) + r")\}")


class Choices(Protocol):
    """Where a program's choices come from."""

    def below(self, count: int) -> int:
        """Return an integer from 0 up to but without `count`."""
        ...


@dataclass(slots=True)
class _Writer:
    """The program so far: the live names by type."""

    choices: Choices
    live: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def pick(self, items: Sequence[T]) -> T:
        return items[self.choices.below(len(items))]

    def fresh(self, prefix: str = "v") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def names_of(self, kind: str) -> list[str]:
        return [name for name, known in self.live.items() if known == kind]

    def digits(self, text: str) -> str:
        return _DIGIT.sub(lambda _: str(self.choices.below(8) + 1), text)

    def make(self, kind: str, name: str) -> list[str]:
        """Return statements that bind `name` to a new object of type `kind`, what that needs first."""
        if kind in DEFINITIONS:
            return self._fill(self.pick(DEFINITIONS[kind]).replace("{0}", name), name, kind)
        expressions = MAKES[kind]
        simple = self.choices.below(3) == 0
        expression = self.pick(expressions[:1] if simple or self.count > 14 else expressions)
        return self._fill(f"{name} = {expression}", name, kind)

    def _fill(self, text: str, name: str, kind: str) -> list[str]:
        before: list[str] = []

        def needed(found: re.Match[str]) -> str:
            lines, used = self.one_of(found[1])
            before.extend(lines)
            return used

        filled = _TYPE_SLOT.sub(needed, text).replace("{{", "{").replace("}}", "}")
        self.live[name] = kind
        return [*before, self.digits(filled.replace("{0}", name))]

    def one_of(self, kind: str) -> tuple[list[str], str]:
        """Return a live name of that type, and the statements that make it if there was none."""
        known = self.names_of(kind)
        if known and self.choices.below(6):
            return [], self.pick(known)
        name = self.fresh()
        return self.make(kind, name), name

    def apply(self, rule: Rule) -> tuple[list[str], str]:
        """Return what has to be made first, and the statement."""
        before: list[str] = []
        names: dict[str, str] = {}
        for key, kind in rule.needs:
            lines, names[key] = self.one_of(kind)
            before += lines
        given: dict[str, str] = {}
        for key, kind in rule.gives:
            if key.startswith("def"):
                name = self.fresh("f")
                *first, code = self.make(kind, name)
                return [*before, *first], code
            known = self.names_of(kind)
            again = known and (key == "again" or not self.choices.below(5))
            names[key] = self.pick(known) if again else self.fresh()
            given[names[key]] = kind
        code = self.digits(rule.code)
        for key, name in names.items():
            code = code.replace("{" + key + "}", name)
        code = code.replace("{{", "{").replace("}}", "}")
        if rule.wrap and not self.choices.below(4):
            code = self._wrapped(code)
        self.live.update(given)
        return before, code

    def _wrapped(self, code: str) -> str:
        wrapper = self.digits(self.pick(WRAPPERS))
        depth = "    " if "case" not in wrapper else "        "
        return wrapper.replace("    {code}", "{code}").replace("{code}", textwrap.indent(code, depth))

    def probe(self, name: str) -> str:
        return PROBES[self.live[name]].format(name)

    def probes(self) -> list[str]:
        return [self.probe(name) for name in self.live if self.live[name] in PROBES]

    def look(self) -> list[str]:
        """Return a probe of one name or none."""
        seen = [n for n, kind in self.live.items() if kind in PROBES and kind not in ("reader", "maybe")]
        return [self.probe(self.pick(seen))] if seen and self.choices.below(3) else []


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a boundary is drawn through: objects made, things done to them, the last look."""

    makes: list[str]
    effects: list[str]
    probes: list[str]
    writer: _Writer


def write_program(choices: Choices, kind: str, boundary: str) -> Case:
    """Return a program with an effect of `kind` across a `boundary`, and some more effects around it."""
    writer = _Writer(choices)
    makes: list[str] = []
    effects: list[str] = []
    if kind == "seeded across":
        makes += [writer.digits("np.random.seed({#})"), writer.digits("random.seed({#})")]
    if choices.below(2):
        makes += writer.one_of("list")[0] + writer.one_of("nested")[0]
    kinds = [kind] * (1 + choices.below(2)) + [writer.pick(_COMPANY) for _ in range(choices.below(3))]
    if choices.below(2):
        kinds.reverse()
    late = False
    for each in kinds:
        first, code = writer.apply(writer.pick(RULES[each]))
        late = late or not choices.below(4)  # what is made later may need what was made late
        (effects if late else makes).extend(first)
        effects.append(code)
    parts = _Parts(makes, effects, writer.probes(), writer)
    text, parameters = _LAYOUTS[boundary](parts)
    source = _with_prelude(text)
    return Case(
        name=f"generated/{kind}/{boundary}",
        category=kind,
        cells=cells_of(source),
        expect="either",
        parameters=parameters,
    )


_COMPANY = [k for k in KINDS if k not in ("seeded across", "file", "session", "iterator")]
Laid = tuple[str, dict[str, object]]


def _cells(*cells: tuple[str, list[str]]) -> str:
    return "\n---\n".join("\n".join([head, *(lines or ["pass"])]).strip() for head, lines in cells)


def _split(parts: _Parts) -> tuple[list[str], list[str]]:
    cut = parts.writer.choices.below(len(parts.effects) + 1)
    return parts.effects[:cut], parts.effects[cut:]


def _same_step(parts: _Parts) -> Laid:
    return _cells(
        ("%%step a", [*parts.makes, *parts.effects, *parts.probes]),
        ("%%step b", parts.probes),
    ), {}


def _step_to_step(parts: _Parts) -> Laid:
    first, second = _split(parts)
    cells = [("%%step a", parts.makes), ("%%step b", first), ("%%step c", second), ("%%step d", parts.probes)]
    return _cells(*[cell for cell in cells if cell[1]]), {}


def _setup_to_step(parts: _Parts) -> Laid:
    first, second = _split(parts)
    cells = [("", parts.makes), ("%%step a", first), ("%%step b", second), ("%%step c", parts.probes)]
    return _cells(*[cell for cell in cells if cell[1]]), {}


def _scratch_between(parts: _Parts) -> Laid:
    first, second = _split(parts)
    looks = [line for line in parts.probes if "()" not in line][:2] or ["print('scratch')"]
    known = (
        [
            line
            for line in looks
            if re.search(r"\b" + re.findall(r"'(\w+)'", line)[0] + r"\b", "\n".join(parts.makes))
        ]
        if "scratch" not in looks[0]
        else looks
    )
    return _cells(
        ("%%step a", parts.makes),
        ("", known or ["print('scratch')"]),
        ("%%step b", first),
        ("%%scratch", ["print('noted')"]),
        ("%%step c", second),
        ("%%step d", parts.probes),
    ), {}


def _interleaved(parts: _Parts) -> Laid:
    return _cells(
        ("%%step a", parts.makes),
        ("%%step other", ["beside = [1]", "beside.append(2)"]),
        ("%%step a", parts.effects),
        ("%%step other", ["print(beside)"]),
        ("%%step b", [*parts.probes, "print(beside)"]),
    ), {}


def _redefinition(parts: _Parts) -> Laid:
    first, second = _split(parts)
    again = [line for line in parts.makes if "=" in line and not line.startswith(("def", "class"))]
    return _cells(
        ("%%step a", [*parts.makes, *first]),
        ("%%step early", parts.writer.look() if not first and not second else ["print('early')"]),
        ("%%step b", [*again, *parts.effects[:0]]),
        ("%%step c", second),
        ("%%step d", parts.probes),
    ), {}


def _parameters(parts: _Parts) -> Laid:
    writer = parts.writer
    digits = [i for i, line in enumerate(parts.makes) if re.search(r"(?<![\w.'])[1-8](?![\w.'])", line)]
    makes = list(parts.makes)
    for index in digits[:2]:
        makes[index] = re.sub(r"(?<![\w.'])[1-8](?![\w.'])", "alpha", makes[index], count=1)
    value = 1 + writer.choices.below(8)
    text = _cells(
        ("%%parameters", ["alpha = 2", "names = ['p', 'q']"]),
        ("", ["derived = alpha * 2"]),
        ("%%step a", makes),
        ("%%step b", [*parts.effects, "print(names, derived)"]),
        ("%%step c", [*parts.probes, "print(alpha, derived)"]),
    )
    return text, {"alpha": value} if writer.choices.below(4) else {"alpha": value, "names": ["r"]}


def _after(parts: _Parts) -> Laid:
    return _cells(
        ("%%step a", [*parts.makes, *parts.effects]),
        ("%%step lone --after a", ["print('lone')"]),
        ("%%step b --after lone", parts.probes),
    ), {}


_LAYOUTS: dict[str, Callable[[_Parts], Laid]] = dict(
    zip(
        BOUNDARIES,
        (
            _same_step,
            _step_to_step,
            _setup_to_step,
            _scratch_between,
            _interleaved,
            _redefinition,
            _parameters,
            _after,
        ),
        strict=True,
    )
)


def _with_prelude(text: str) -> str:
    used = {name for name in PRELUDE if re.search(rf"\b{name}\b", text)}
    if "Pair" in used:
        used.add("dataclasses")
    lines = [
        PRELUDE[name] for name in PRELUDE if name in used and PRELUDE[name].startswith(("import", "from"))
    ]
    lines += [
        PRELUDE[name] for name in PRELUDE if name in used and not PRELUDE[name].startswith(("import", "from"))
    ]
    head = "\n".join(lines)
    if text.startswith("%%parameters") or not head:
        return text if not head else f"{head}\n---\n{text}"
    return f"{head}\n---\n{text}"


class _Drawn:
    """Choices of hypothesis."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def below(self, count: int) -> int:
        return self._draw(st.integers(0, count - 1)) if count > 1 else 0


@st.composite
def programs(draw: Callable[[st.SearchStrategy[int]], int], kind: str, boundary: str) -> Case:
    """Draw programs of one kind and boundary."""
    return write_program(_Drawn(draw), kind, boundary)
