"""IPython: magics, shell commands, `get_ipython()`."""

from __future__ import annotations

import ast
import re

from stepmill.analysis.blocks import Blocks
from stepmill.analysis.effects import ANY_FILE
from stepmill.analysis.purity import is_read_only, magic_kind
from stepmill.analysis.values import (
    IMMUTABLE,
    UNKNOWN,
    Kind,
    Value,
    constant,
    library,
)
from stepmill.model.pipeline import Volatile

_SHOWN_FILE = re.compile(r"(?:-[sr]\s+\S+\s+)*[\w./:-]+\.py")
"""What `%load` is given where it names a file: else it may be lines of the history, or a variable."""
_VERSIONS_OF_ALL = frozenset({"-iv", "--iversions"})
"""Of `%watermark`: tell the versions of all modules that have a name in the notebook."""
_PYLAB_MODULES = {
    "numpy": "numpy", "np": "numpy", "matplotlib": "matplotlib", "pylab": "matplotlib.pylab",
    "mlab": "matplotlib.mlab", "pyplot": "matplotlib.pyplot", "plt": "matplotlib.pyplot",
}  # fmt: skip
_PYLAB_NAMES = (
    "IPython.core.pylabtools.figsize",
    "IPython.core.pylabtools.getfigs",
    "IPython.display.display",
)
"""What `%pylab` binds, whether or not it imports everything from these modules too."""


class Shell(Blocks):
    """What calls of the shell do, which is also what `%magic` and `!command` have become."""

    def call_shell(self, method: str, args: list[Value], node: ast.AST) -> Value:
        """`get_ipython().method(…)`, which is also what `%magic` and `!command` have become."""
        texts = [a.constant if isinstance(a.constant, str) else "" for a in args]
        if method in ("system", "getoutput", "getoutput_list"):
            self._command(texts[0] if texts else "", node)
            return self.fresh(Kind.CONTAINER) if method != "system" else IMMUTABLE
        if (
            method in ("run_line_magic", "magic")
            and len(args) == 2
            and args[1].constant != ""  # as it stands for the result of `x = %timeit -o …`
            and texts[:1] in (["time"], ["timeit"], ["prun"])
        ):
            self.effects.find("SM331", self.place(node), f"get_ipython().{method}")
        if method in ("run_line_magic", "magic"):
            if method == "magic" and texts:
                name, _, rest = texts[0].lstrip("%").partition(" ")
                texts = [name, rest]
            return self._line_magic(texts[0] if texts else "", texts[1] if len(texts) > 1 else "", node)
        if method == "run_cell_magic":
            return self._cell_magic(texts, node)
        if method == "ex" and args:
            return self.run_text(args[0], "get_ipython().ex", node)
        if method == "push" and len(args) == 1 and args[0].keys and args[0].parts is not None:
            for name, value in zip(args[0].keys, args[0].parts, strict=True):
                self.bind_global(name, value, self.place(node))
            return IMMUTABLE
        if method in ("ast_node_interactivity", "colors", "set_next_input"):
            return IMMUTABLE
        self.effects.find("SM331", self.place(node), f"get_ipython().{method}")
        return UNKNOWN

    def _pylab(self, line: str, node: ast.AST) -> Value:
        """`%pylab inline`: sets the backend of pictures, and imports what IPython's `import_pylab` does."""
        self.effects.session.append(self.place(node))
        self.effects.settings.add("matplotlib")
        self.effects.imports |= {"numpy", "matplotlib"}
        for name, module in _PYLAB_MODULES.items():
            self.bind(name, Value(Kind.MODULE, module), node)
        if "--no-import-all" not in line:
            self.import_star("matplotlib.pylab", node)
            self.import_star("numpy", node)
        for dotted in _PYLAB_NAMES:
            self.bind(dotted.rpartition(".")[2], library(dotted), node)
        return IMMUTABLE

    def _xdel(self, line: str, node: ast.AST) -> Value:
        """The last word is the variable: `%xdel -n x`."""
        for word in filter(str.isidentifier, line.split()[-1:]):
            shared = self.heap.shallow(self.heap.node(word)) & ~self.heap.node(word)
            if self.heap.named(shared):  # all names of the object go
                self.effects.find("SM333", self.place(node), "%xdel")
            self.need(word, self.place(node))
            self.unbind(word, node)
        return IMMUTABLE

    def _line_magic(self, name: str, line: str, node: ast.AST) -> Value:
        if name == "cd":
            words = [word for word in line.split() if not word.startswith("-")]
            self.change_folder(constant(words[0]) if words else UNKNOWN, node)
            return IMMUTABLE
        if name in ("load", "loadpy") and _SHOWN_FILE.fullmatch(line.strip()):
            self.read_file(
                constant(line.rsplit(maxsplit=1)[-1]), node
            )  # its text is put into the editor, not run
            return IMMUTABLE
        if name == "xdel":
            return self._xdel(line, node)
        if name == "pylab":
            return self._pylab(line, node)
        if name == "watermark" and _VERSIONS_OF_ALL & set(line.split()):
            for imported in [n for n, v in self.env.items() if v.kind in (Kind.MODULE, Kind.LIBRARY)]:
                self.need(imported, self.place(node))
        kind = magic_kind(f"%{name}")
        if name == "pipeline":  # ours: about the notebook, no part of what it does
            kind = "quiet" if self.unit is not None and self.unit.owner is None else "dynamic"
        if kind == "session":
            if "stepmill" not in line and "autoreload" not in line:
                self.effects.session.append(self.place(node))
            if name == "matplotlib" or "InlineBackend" in line:
                self.effects.settings.add("matplotlib")
            return IMMUTABLE
        if name in ("system", "sx"):
            self._command(line, node)
            return self.fresh(Kind.CONTAINER)
        if kind == "script":  # `%mkdir out`: IPython's own aliases of shell commands
            self._command(f"{name} {line}", node)
            return IMMUTABLE
        code = {"names": "SM330", "dynamic": "SM333", "quiet": ""}.get(kind, "SM210")
        if code:
            self.effects.find(code, self.place(node), f"%{name}")
        return self.fresh(Kind.UNKNOWN)

    def _cell_magic(self, texts: list[str], node: ast.AST) -> Value:
        name, body = texts[0] if texts else "", texts[2] if len(texts) > 2 else ""
        kind = magic_kind(f"%%{name}")
        words = texts[1].split() if len(texts) > 1 else []
        if name in ("writefile", "file") and words:
            self.write_file(constant(words[-1]), node, whole="-a" not in words and "--append" not in words)
            return IMMUTABLE
        if kind == "script":
            for line in body.splitlines() or [""]:
                self._command(line, node)
        elif kind != "quiet":
            self.effects.find("SM210", self.place(node), f"%%{name}")
        return self.fresh(Kind.UNKNOWN)

    def _command(self, line: str, node: ast.AST) -> None:
        """A shell command may read and write any file, unless it is one that only looks."""
        place = self.place(node)
        words = line.replace("|", " ").split()
        self.effects.volatile.append(Volatile(what=f"subprocess (!{' '.join(words[:3])})", place=place))
        if not words or words[0].startswith("#"):
            return
        if is_read_only(words[0]) and ">" not in line and "&&" not in line and ";" not in line:
            if words[0] not in ("echo", "pip", "pip3", "conda", "date", "uv"):
                self.need(ANY_FILE, place)
            return
        self.need(ANY_FILE, place)
        self.write_file(UNKNOWN, node)

    def run_text(self, code: Value, name: str, node: ast.AST) -> Value:
        raise NotImplementedError

    def change_folder(self, path: Value, node: ast.AST) -> None:
        raise NotImplementedError

    def read_file(self, path: Value, node: ast.AST) -> None:
        raise NotImplementedError

    def write_file(self, path: Value, node: ast.AST, *, whole: bool = True) -> None:
        raise NotImplementedError
