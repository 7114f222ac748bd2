"""Generators of random numbers and files: what flows beside the names."""

from __future__ import annotations

import ast
import posixpath
import re

from stepmill.analysis.effects import ANY_FILE, CARRIED, FILE, FOLDER, RANDOM, Change
from stepmill.analysis.purity import Entry
from stepmill.analysis.texts import Texts
from stepmill.analysis.values import (
    ADDRESS,
    OPEN_FILE,
    UNKNOWN,
    Kind,
    Value,
    constant,
)
from stepmill.model.pipeline import Volatile

OPENERS = frozenset(
    {
        "bz2.open",
        "codecs.open",
        "gzip.open",
        "h5py.File",
        "io.open",
        "lzma.open",
        "open",
        "tarfile.open",
        "wave.open",
        "zipfile.ZipFile",
    }
)
"""What opens the file of the first argument, by default for reading, in the mode of the second."""
HERE = "/."
"""How the pattern of an absolute path below the notebook's folder begins."""
WRITE_MODES = frozenset("wax+")


_ONE_GENERATOR = {"keras": "tensorflow", "tf_keras": "tensorflow"}
_DRAWING = re.compile(r"random|layers|initializers|Sequential|Model$|shuffle|dropout|^(fit|train|sample)")
"""Names of functions, classes and methods of other libraries that draw random numbers."""


class Channels(Texts):
    """Pseudo-names of generators and files, and what reads and writes them."""

    # -- generators --------------------------------------------------------------------------------

    def draw(self, generators: frozenset[str], node: ast.AST) -> None:
        """Drawing reads and advances a generator that the notebook has seeded."""
        for generator in sorted(generators - {ADDRESS}):
            name = RANDOM + generator
            if name in self.env:
                self.change_pseudo(name, node)
            else:
                self.effects.unseeded.setdefault(generator, self.place(node))

    def seed_elsewhere(self, dotted: str, node: ast.AST) -> None:
        """`cupy.random.seed(1)` of a library that is not in the tables."""
        root = dotted.partition(".")[0]
        if dotted.endswith(".random.seed") and not self.is_local(root):
            self.bind_pseudo(RANDOM + root, node)

    def draw_elsewhere(self, dotted: str, call: str, node: ast.AST) -> None:
        """Draw from a generator that the notebook has seeded, of a library that is not in the tables.

        `dotted` is a function or class of the library, `call` what is called of it: what makes layers and
        what fits draws; what only applies a model does not.
        """
        root = dotted.partition(".")[0]
        generator = RANDOM + _ONE_GENERATOR.get(root, root)
        if root not in CARRIED and generator in self.env and _DRAWING.search(call):
            self.change_pseudo(generator, node)

    def know_pseudo(self, name: str) -> None:
        """Take note that there is such a generator or file; of modules also in which order."""
        self.env.setdefault(name, UNKNOWN)
        if name.endswith(".py"):
            known = self.world.get("modules", ())
            if name not in known:
                self.world["modules"] = (*known, name)

    def bind_pseudo(self, name: str, node: ast.AST) -> None:
        """A seeded generator, a written file: known from here on, whatever was before."""
        self.know_pseudo(name)
        self.effects.binds[name] = self.place(node)
        self.effects.must.add(name)

    def change_pseudo(self, name: str, node: ast.AST, *, doubtful: bool = False) -> None:
        self.need(name, self.place(node))
        self.know_pseudo(name)
        self.effects.changes.setdefault(name, Change(self.place(node), doubtful or self.doubt > 0))

    # -- files -------------------------------------------------------------------------------------

    def open_file(self, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
        mode = keywords.get("mode", args[1] if len(args) > 1 else constant("r")).constant
        path = args[0] if args else keywords.get("file", UNKNOWN)
        text = re.split("[:|]", mode)[0] if isinstance(mode, str) else "r+"  # "r:xz"
        if WRITE_MODES & set(text):
            self.write_file(path, node, whole="w" in text or "x" in text)
        if not WRITE_MODES & set(text) or "+" in text:
            self.read_file(path, node)
        return self.fresh(Kind.HANDLE, OPEN_FILE)

    def touch_files(
        self,
        entry: Entry,
        args: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
        owner: Value | None = None,
    ) -> None:
        for option in entry.options("reads"):
            self.read_file(_argument(option, args, keywords), node)
        for option in entry.options("writes"):
            if not option.isdigit() and option not in keywords:
                continue
            path = _argument(option, args, keywords)
            if not (entry.flags & {"frame"} or (path is UNKNOWN and option == "0" and not args)):
                self.write_file(path, node)
        if entry.has("reads-any"):
            self.read_file(UNKNOWN, node)
        if entry.has("writes-any"):
            self.write_file(UNKNOWN, node)
        if entry.has("writes-guess") or entry.has("reads-guess"):
            paths = [v for v in args if isinstance(v.constant, str)]
            for path in paths[:1]:
                (self.write_file if entry.has("writes-guess") else self.read_file)(path, node)
        folder = entry.option("writes-folder")
        if folder is not None:
            self.make_folder(_argument(folder, args, keywords), keywords, node)
        if (
            owner is not None
            and not owner.is_immutable
            and any(flag.startswith("path") for flag in entry.flags)
        ) and owner.kind is Kind.UNKNOWN:
            self.path_method(owner, entry, args, keywords, node)

    def path_method(
        self, owner: Value, entry: Entry, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        if entry.has("path-read"):
            self.read_file(owner, node)
        if entry.has("path-write"):
            self.write_file(owner, node)
        if entry.has("path-folder"):
            self.make_folder(owner, keywords, node)
        if entry.has("path-open"):
            self.open_file([owner, *args], keywords, node)

    def read_file(self, path: Value, node: ast.AST) -> None:
        """Record the read of a file; one that cannot be named may be any."""
        if path.kind in (Kind.HANDLE, Kind.CONTAINER, Kind.OBJECT) or path.constant == ":memory:":
            return
        name = self.file_name(path)
        if "://" in name:
            self.effects.volatile.append(
                Volatile(what=f"network ({name[len(FILE) :]})", place=self.place(node))
            )
            return
        self.need(name, self.place(node))
        self.know_pseudo(name)

    def write_file(self, path: Value, node: ast.AST, *, whole: bool = True) -> None:
        """Record the write of a file."""
        if path.kind in (Kind.HANDLE, Kind.OBJECT) or path.constant == ":memory:":
            return
        name = self.file_name(path)
        self.effects.made.discard(name)
        parent = posixpath.dirname(name[len(FILE) :])
        if parent and name != ANY_FILE and FILE + parent not in self.effects.must:
            self.need(FOLDER + parent, self.place(node))
        if whole and _is_exact(name):
            self.bind_pseudo(name, node)
        else:
            self.change_pseudo(name, node, doubtful=name == ANY_FILE)

    def make_folder(self, path: Value, keywords: dict[str, Value], node: ast.AST) -> None:
        """Record that a folder is made; with `exist_ok` it is no matter whether somebody made it before."""
        name, effects = self.file_name(path), self.effects
        as_it_was = name in effects.made or name not in effects.writes
        effects.folders.add(name)
        self.write_file(path, node)
        if as_it_was and is_true(keywords.get("exist_ok")) and _is_exact(name):
            effects.made.add(name)

    def change_folder(self, path: Value, node: ast.AST) -> None:
        """`os.chdir`: relative paths mean other files from here on."""
        before, after = self.folder, self._folder_named(path)
        if after is None or after.strip("./"):
            self.read_file(path, node)
        if self.conditional and after != before:
            after = None
        self.world["folder"] = after
        self.effects.moves.append((before, after))
        self.effects.session.append(self.place(node))

    def _folder_named(self, path: Value) -> str | None:
        """Return the folder that `path` means, relative to the notebook's; None if that cannot be known."""
        name = self.file_name(path)[len(FILE) :]
        return None if "*" in name or "?" in name else "" if name == "." else name

    def absolute_path(self, path: Value) -> Value:
        """Return the path that does not depend on the working folder; below the notebook's if it can be."""
        name = self.file_name(path)
        if name == ANY_FILE or "://" in name:
            return Value(Kind.IMMUTABLE, pattern="*")
        text = name[len(FILE) :]
        return Value(Kind.IMMUTABLE, pattern=text if posixpath.isabs(text) else posixpath.join(HERE, text))

    def file_name(self, path: Value) -> str:
        """Return the pseudo-name of a file: its path, a pattern of it, or that of any file."""
        text = path.constant if isinstance(path.constant, str) else path.pattern
        if not text:
            return ANY_FILE
        if "://" in text:
            return FILE + text
        if f"{text}/".startswith(f"{HERE}/"):
            return FILE + posixpath.normpath(posixpath.join(".", text[len(HERE) + 1 :]))
        if self.folder is None and not posixpath.isabs(text):
            return ANY_FILE
        return FILE + posixpath.normpath(posixpath.join(self.folder or "", text))


def _is_exact(name: str) -> bool:
    """Tell whether a file's pseudo-name is that of one file."""
    return not {"*", "?"} & set(name)


def _argument(option: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    if option.isdigit():
        position = int(option)
        if position < len(args):
            return args[position]
        for key in (
            "path",
            "path_or_buf",
            "filepath_or_buffer",
            "fname",
            "file",
            "filename",
            "io",
            "f",
            "buf",
        ):
            if key in keywords:
                return keywords[key]
        return UNKNOWN
    return keywords.get(option, UNKNOWN)


def is_true(value: Value | None) -> bool:
    """Tell whether an argument may be given and true."""
    return value is not None and value.constant is not False and value.constant is not None
