"""Settings of the process, which the later steps repeat that can notice them."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from stepmill.analysis.bringing import brought
from stepmill.analysis.drafts import Draft
from stepmill.analysis.rules.unrepeatable_process_state import MODULE_DATA, PROCESS
from stepmill.analysis.taking import Taking
from stepmill.analysis.values import Kind

if TYPE_CHECKING:
    from stepmill.analysis.effects import Effects

PLOTTING = frozenset({"matplotlib", "seaborn"})
LIBRARY_FAMILIES = {
    "matplotlib": PLOTTING,
    "matplotlib_inline": PLOTTING,
    "seaborn": PLOTTING,
    "pandas": frozenset({"pandas"}),
    "numpy": frozenset({"numpy", "pandas", "scipy", "sklearn"}),
    "sklearn": frozenset({"sklearn"}),
}
"""Libraries whose settings only these libraries read."""
NEVER_TRAINS = sys.stdlib_module_names | {
    *(
        "IPython",
        "duckdb",
        "h5py",
        "matplotlib",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "scipy",
        "seaborn",
        "tqdm",
    )
}
"""Libraries that mlflow's autologging leaves alone; anything else, your own modules included, may train."""
NEVER_DRAWS = NEVER_TRAINS - {"matplotlib", "seaborn"} | {
    *(
        "bs4",
        "jinja2",
        "joblib",
        "nltk",
        "openpyxl",
        "psutil",
        "pydantic",
        "requests",
        "sklearn",
        "sympy",
        "yaml",
    ),
}
"""Libraries that draw nothing, but for their functions that say so; anything else may use matplotlib."""
IDLE_SETTING = re.compile(r"%(matplotlib\s+inline|(re)?load_ext\s|autoreload\b)")
"""Magics that change nothing in what cells above them show."""


_MAY_BE_OWN = frozenset({Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN, Kind.CONTAINER})
"""Kinds of values that may have methods of a module of one's own."""


def _kinds_of(family: frozenset[str]) -> set[Kind]:
    """Return the kinds of values that may make a library of the family work without naming it."""
    if family == PLOTTING:
        return {Kind.FIGURE, Kind.INSTANCE}
    return {Kind.FRAME, Kind.ARRAY, Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN, Kind.CONTAINER}


def _process_changed(effects: Effects) -> str:
    """Return what changes, and by what if that is known: the call may stand in a function."""
    setters = dict.fromkeys(effects.setters if len(effects.setters) == len(effects.session) else ())
    return f"{PROCESS}, by {', '.join(f'`{name}`' for name in setters)}," if setters else PROCESS


class Settings(Taking):
    """Drafts with the settings that they repeat."""

    def _add_sessions(self) -> None:
        """Settings are replayed in every later step, and imports that are there for what they do."""
        for index in self.flow.those("brings"):
            if brought(self.flow, index):
                for draft in self._later(index):
                    self._own(draft.name).replayed.add(index)
        undone = self._undone_moves()
        for index, seen in self._outward():
            if "__future__" in seen.effects.imports:  # holds for all code below
                for draft in list(self.drafts.values()):
                    if draft.units and draft.units[-1] > index:
                        self._own(draft.name).replayed.add(index)
            if not seen.effects.session:
                continue
            for draft in self._later(index):
                back = undone.get(index, index)
                inside = (*draft.units, *self._own(draft.name).replayed)
                if back != index and not any(index < unit <= back for unit in inside):
                    continue
                if not self._is_relevant(index, draft):
                    continue
                if self.flow.replayable[index]:
                    own = self._own(draft.name)
                    own.replayed |= self._with_needs({index}, own)
                    self._check_setting(own, index)
                else:
                    place, kept = seen.effects.session[0], seen.effects.kept
                    only_kept = len(kept) == len(seen.effects.session)
                    names = ", ".join(f"`{name}`" for name in dict.fromkeys(kept)) if only_kept else ""
                    detail = MODULE_DATA.format(names) if names else _process_changed(seen.effects)
                    self._conflict("SM320", place, names, detail)

    def _later(self, index: int) -> list[Draft]:
        """Return the other steps that have statements below a unit."""
        owner = self.seen(index).unit.owner
        return [d for d in self.drafts.values() if d.name != owner and d.units and d.units[-1] > index]

    def _undone_moves(self) -> dict[int, int]:
        """Return changes of the working folder that the same step takes back, and where it does."""
        found: dict[int, int] = {}
        moves: list[int] = []
        for index, seen in self._outward():
            if not seen.effects.only_moves:
                continue
            if moves and self.seen(moves[-1]).unit.owner != seen.unit.owner:
                moves = []
            moves.append(index)
            after = seen.effects.moves[-1][1]
            first = next((m for m in moves if after == self.seen(m).effects.moves[0][0] is not None), None)
            if first is not None and self._may_be_left_out(moves[moves.index(first) :]):
                found |= dict.fromkeys(moves[moves.index(first) :], index)
                del moves[moves.index(first) :]
        return found

    def _may_be_left_out(self, units: list[int]) -> bool:
        """Untagged settings run with the implicit step only if they can be repeated."""
        return self.seen(units[0]).unit.owner is not None or all(self.flow.replayable[u] for u in units)

    def _check_setting(self, draft: Draft, index: int) -> None:
        """A setting between a step's cells is replayed above them all: the first ones must not see it."""
        before = Draft(draft.name, [unit for unit in draft.units if unit < index], inputs=draft.inputs)
        text = self.seen(index).unit.source.strip()
        if not before.units or IDLE_SETTING.match(text) or not self._is_relevant(index, before):
            return
        settings = [s for unit, s in self._outward() if unit < index and s.effects.session]
        if not settings or settings[-1].unit.source.strip() != text:
            place = self.seen(index).effects.session[0]
            self._conflict("SM322", place, "", draft.name, other=self._start(before))

    def _is_relevant(self, index: int, draft: Draft) -> bool:
        """Settings of a library only matter to steps that can come to use it."""
        effects = self.seen(index).effects
        libraries = {
            v.what.split(".")[0] for v in effects.seen.values() if v.kind in (Kind.MODULE, Kind.LIBRARY)
        }
        libraries |= effects.settings
        autologging = libraries == {"mlflow"}
        own = frozenset[str]().union(*(self.seen(unit).effects.own for unit in self.flow.those("own")))
        if libraries and libraries <= own:  # what a module of one's own keeps
            used, _, kinds = self._uses(draft)
            return bool(used & own or kinds & _MAY_BE_OWN)
        if not libraries or not (autologging or libraries <= LIBRARY_FAMILIES.keys()):
            return True
        used, plots, kinds = self._uses(draft)
        if autologging:  # importing mlflow costs a step a second: not for one that only reads a table
            return bool(used - NEVER_TRAINS or kinds & {Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN})
        family = frozenset[str]().union(*(LIBRARY_FAMILIES[library] for library in libraries))
        draws = family >= PLOTTING and (plots or used - NEVER_DRAWS)
        return bool(used & family or draws or kinds & _kinds_of(family))

    def _uses(self, draft: Draft) -> tuple[set[str], bool, set[Kind | None]]:
        """Return the libraries that a step names, whether it plots, and the kinds of its inputs."""
        own = [self.seen(unit) for unit in {*draft.units, *draft.replayed, *draft.carried}]
        used: set[str] = set()
        for seen in own:
            values = seen.effects.seen.values()
            used |= {v.what.split(".")[0] for v in values if v.kind in (Kind.MODULE, Kind.LIBRARY)}
            used |= {module.split(".")[0] for module in seen.effects.imports}
        kinds = {self.seen(unit).kinds.get(name) for unit in draft.units for name in draft.inputs}
        return used, any(seen.effects.plots for seen in own), kinds
