"""Texts and files that name things of the notebook: queries, formulas, pickles."""

from __future__ import annotations

import ast
import re

from stepmill.analysis.namespace import Namespace
from stepmill.analysis.values import NO_CONSTANT, UNKNOWN, Kind, Value, definitions_of
from stepmill.syntax import TABLE, parse_or_empty

_IN_FORMULA = re.compile(r"(?<![\w.])[^\W\d]\w*")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAMED_IN_FORMULAS = frozenset({Kind.FUNCTION, Kind.CLASS, Kind.MODULE, Kind.LIBRARY})


class Texts(Namespace):
    """Names that do not stand in the code that reads them."""

    def pickle_by_name(self, values: list[Value]) -> None:
        """`pickle.dump(x, file)` writes the names of the functions and classes that belong to `x`."""
        pickled = frozenset[str]().union(*map(definitions_of, values))
        self.world["pickled"] = self.world.get("pickled", frozenset()) | pickled
        self.effects.by_text |= {n for n, value in self._definitions().items() if value.what in pickled}

    def pickled(self, node: ast.AST) -> frozenset[str]:
        """Read the functions and classes that a pickle may name; return their definitions.

        These are the ones of what the notebook has pickled so far; any, if it has pickled nothing.
        """
        pickled = self.world.get("pickled")
        known = self._definitions()
        named = [name for name, value in known.items() if pickled is None or value.what in pickled]
        self.effects.by_text.update(named)
        return frozenset[str]().union(*(definitions_of(self.read_global(name, node)) for name in named))

    def examine(self, node: ast.AST) -> None:
        """`doctest.testmod()` goes through all functions and classes there are and runs what they say."""
        for name in self._definitions():
            self.effects.by_text.add(name)
            self.escape([self.read_global(name, node)], node)

    def run_examples(self, texts: list[str], node: ast.AST) -> None:
        """Read what examples in docstrings name, and call the functions and classes among it."""
        self._run_with(frozenset[str]().union(*map(_named_in_examples, texts)), node)

    def time_texts(self, given: list[Value], node: ast.AST) -> None:
        """`timeit("f(x)", setup="from __main__ import f, x")` runs texts, many times."""
        texts = [value.constant for value in given if isinstance(value.constant, str)]
        if any(value.is_immutable and value.constant is NO_CONSTANT for value in given):
            self.effects.find("SM213", self.place(node))
        self._run_with(frozenset[str]().union(*map(_named_in, texts)), node)

    def _run_with(self, names: frozenset[str], node: ast.AST) -> None:
        """Go through code that is not ours to follow and that names `names`."""
        for name in sorted(names):
            if name in self.env:
                self.effects.by_text.add(name)
                value = self.read_global(name, node)
                if value.is_callable_of_notebook:
                    self.escape([value], node)
                else:
                    self.change(value, node, deep=True, doubtful=True)

    def _definitions(self) -> dict[str, Value]:
        found = {name: self.env.get(name, UNKNOWN) for name in sorted(self.answer("like *"))}
        return {name: value for name, value in found.items() if value.is_callable_of_notebook}

    def names_in_strings(self, values: list[Value], node: ast.AST) -> None:
        """`df.query("a > @limit")` reads `limit`."""
        for value in values:
            text = value.constant
            if isinstance(text, str):
                for piece in text.split("@")[1:]:
                    name = ""
                    for character in piece:
                        if not (name + character).isidentifier():
                            break
                        name += character
                    if name:
                        self._need_global(name, node)
            elif value.is_immutable and value.constant is NO_CONSTANT:
                self.effects.find("SM213", self.place(node))

    def names_in_expressions(self, values: list[Value], node: ast.AST) -> None:
        """`pd.eval("a + b")` reads both, as if they stood there."""
        for value in values:
            if isinstance(value.constant, str):
                for found in ast.walk(parse_or_empty(value.constant.replace("@", ""))):
                    if isinstance(found, ast.Name) and found.id in self.env:
                        self._need_global(found.id, node)

    def tables_in_query(self, values: list[Value], node: ast.AST) -> None:
        """`duckdb.sql("select a from df")` looks for a table `df` among the variables."""
        for value in values:
            if isinstance(value.constant, str):
                for name in TABLE.findall(_QUOTED.sub("", value.constant)):
                    if name in self.env:
                        self._need_global(name, node)

    def names_in_formula(self, formula: Value, node: ast.AST) -> frozenset[str]:
        """`smf.ols("y ~ np.log(x)", df)` looks up what is no column, as if it stood in the call.

        A formula that is put together may call any function and name any module. A variable in it is
        not seen: where one is missing, the library says so. Return the definitions that it names.
        """
        text = formula.constant
        if isinstance(text, str):
            names = set(_IN_FORMULA.findall(_QUOTED.sub("", text)))
        else:
            self.effects.find("SM213", self.place(node))
            names = {n for n in self.answer("like *") if self.env.get(n, UNKNOWN).kind in _NAMED_IN_FORMULAS}
        found: set[str] = set()
        for name in sorted(names):
            if name in self.env and (self.frame is None or self.frame.home(name) is None):
                value = self.read_global(name, node)
                self.effects.by_text.add(name)
                self.escape([value], node)
                found |= definitions_of(value)
        return frozenset(found)

    def _need_global(self, name: str, node: ast.AST) -> None:
        if self.frame is None or self.frame.home(name) is None:
            self.need(name, self.place(node))


def _named_in_examples(text: str) -> frozenset[str]:
    """Return the names in the examples of a docstring."""
    import doctest  # here: it loads the debugger and unittest

    try:
        examples = [example.source for example in doctest.DocTestParser().get_examples(text)]
    except ValueError:  # then doctest raises as well
        return frozenset()
    return frozenset[str]().union(*map(_named_in, examples))


def _named_in(code: str) -> frozenset[str]:
    """Return the names in a piece of code, imported ones included."""
    found = list(ast.walk(parse_or_empty(code)))
    imported = (alias.name for node in found if isinstance(node, ast.ImportFrom) for alias in node.names)
    return frozenset((*imported, *(node.id for node in found if isinstance(node, ast.Name))))
