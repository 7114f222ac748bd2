"""What `stepmill verify` asks the kernel of Run All where a step ends: are these values the pipeline's?

Called in requests that are silent and leave no history, so that the notebook cannot tell.
"""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.artifacts.differences import IncomparableError, first_mismatch, short_text
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import Saved, load_values, save_values
from stepmill.errors import ArtifactError
from stepmill.model.codec import from_json, to_json
from stepmill.model.verification import Aspect, Border, BorderResult, Compared
from stepmill_magics.generators import is_loaded, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef

MISSING = "is not defined"


def compare(path: str, namespace: dict[str, Any]) -> None:
    """Compare the values of a border with `namespace`; the result goes into the file that it names."""
    border = from_json(Border, json.loads(Path(path).read_text(encoding="utf-8")))
    found = _Comparison(border, namespace).run()
    result = to_json(BorderResult(step=border.step, compared=found))
    atomic.write_text(Path(border.result), json.dumps(result))


@dataclass(slots=True)
class _Comparison:
    """One border. What the pipeline gave is loaded only where the digests differ."""

    border: Border
    namespace: dict[str, Any]
    store: Store = field(init=False)
    definitions: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(self.border.store)
        self.definitions = {known.name: known.digest for known in self.border.definitions}

    def run(self) -> tuple[Compared, ...]:
        states = {name: read_state(name) for name in self.border.random if is_loaded(name)}
        here = {name: self.namespace[name] for name in self.border.values if name in self.namespace}
        return (
            *self._compared(self.border.values, here, Aspect.VALUE),
            *self._compared(self.border.random, states, Aspect.RANDOM),
        )

    def _compared(
        self, refs: Mapping[str, ArtifactRef], here: Mapping[str, Any], aspect: Aspect
    ) -> Iterator[Compared]:
        both = {name: value for name, value in here.items() if not refs[name].is_absent}
        saved = save_values(self.store, both, definitions=self.definitions, namespace=self.namespace)
        for name, ref in refs.items():
            if name in both:
                yield self._one(name, ref, saved, aspect)
            elif name in here:
                yield Compared(
                    name=name, aspect=aspect, same=False, here=short_text(here[name]), there=MISSING
                )
            else:
                there = "" if ref.is_absent else self._text(name, ref)
                yield Compared(name=name, aspect=aspect, same=ref.is_absent, here=MISSING, there=there)
        yield from _sharing(refs, saved)

    def _one(self, name: str, ref: ArtifactRef, saved: Saved, aspect: Aspect) -> Compared:
        mine = saved.refs.get(name)
        if mine is None:
            return Compared(name=name, aspect=aspect, problem=saved.problems[name].message)
        if mine.digest == ref.digest:
            return Compared(name=name, aspect=aspect)
        try:
            # both as a step would get them: what only a live object has never crosses a border
            mismatch = first_mismatch(self._load(name, mine), self._load(name, ref))
        except (ArtifactError, IncomparableError) as error:
            return Compared(name=name, aspect=aspect, problem=str(error))
        if mismatch is None:
            return Compared(name=name, aspect=aspect)
        return Compared(
            name=name,
            aspect=aspect,
            same=False,
            where=mismatch.where.strip(),
            here=mismatch.left,
            there=mismatch.right,
            ref=mine,
        )

    def _load(self, name: str, ref: ArtifactRef) -> Any:
        refs = {name: ref}
        with _apart_from_pyplot():
            return load_values(self.store, refs, definitions=self.definitions, namespace=self.namespace)[name]

    def _text(self, name: str, ref: ArtifactRef) -> str:
        try:
            return short_text(self._load(name, ref))
        except ArtifactError:
            return ref.type_name


@contextmanager
def _apart_from_pyplot() -> Iterator[None]:
    """Keep pyplot from taking a loaded figure for one of the notebook's."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        yield
        return
    known, helpers.Gcf.figs = helpers.Gcf.figs, OrderedDict()
    try:
        yield
    finally:
        helpers.Gcf.figs = known


def _sharing(refs: Mapping[str, ArtifactRef], saved: Saved) -> Iterator[Compared]:
    """Yield the groups of names that share objects in one of the two only; members of a bundle share."""
    names = saved.refs.keys()
    bundles: dict[str, set[str]] = {}
    for name, ref in refs.items():
        if ref.member and name in names:
            bundles.setdefault(ref.digest, set()).add(name)
    theirs = {frozenset(group) for group in bundles.values() if len(group) > 1}
    mine = set(saved.shared)
    for group in sorted(mine ^ theirs, key=sorted):
        texts = ("share an object", "share none") if group in mine else ("share none", "share an object")
        about = ", ".join(sorted(group))
        yield Compared(name=about, aspect=Aspect.SHARING, same=False, here=texts[0], there=texts[1])
