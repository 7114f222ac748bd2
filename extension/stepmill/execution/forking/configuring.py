"""Settings of a kernel's parts: looked for where there are any, and its command line read with one parser.

traitlets searches all settings again for each of the some thirty objects that a kernel consists of, and
builds a parser of some fifty options to read two. The parser is built in the fork server, once, and objects
for whose classes nothing is set are not searched for. Both only while the kernel is put together: what the
user's code makes later goes the usual way, through classes that are as they were.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import inspect
import sys


class Configuration:
    """Shortcuts for one way to make a kernel; none where traitlets is of another kind than known here."""

    def __init__(self):
        self._undo = []
        self._names = {}  # class -> the sections in which its settings may stand
        self._made = None

    # in the fork server ----------------------------------------------------------------------------

    def prepare(self):
        """Build the parser of the kernel's command line."""
        application = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
        loading = sys.modules.get("traitlets.config.loader")
        if application is None or not _is_known(loading):
            return
        one = application.__new__(application)  # without its `__init__`, which sets up logging
        one.classes = [application, *one.classes]  # as that does
        flags, aliases = one.flatten_flags()
        classes = list(one._classes_with_config_traits())
        loader = loading.KVArgParseConfigLoader([], aliases, flags, classes=classes)
        loader._create_parser()
        wanted = (list(one.classes), aliases, flags, classes)
        self._made = wanted, loader.parser, loader.argparse_traits

    # in the kernel ---------------------------------------------------------------------------------

    def __enter__(self):
        if self._made is not None:
            self._replace_search(sys.modules["traitlets.config.configurable"].Configurable)
            self._replace_parser(sys.modules["traitlets.config.loader"].KVArgParseConfigLoader)
            self._replace_classes(sys.modules["traitlets.config.application"].Application)

    def __exit__(self, *_):
        while self._undo:
            setattr(*self._undo.pop())
        self._made = None

    def _replace(self, owner, name, new):
        if isinstance(owner, type):
            owner = next(one for one in owner.__mro__ if name in vars(one))
        self._undo.append((owner, name, vars(owner)[name]))
        setattr(owner, name, new)

    def _replace_search(self, configurable):
        # The function of the handler, not the handler: subclasses that are made meanwhile inherit that.
        handler = vars(configurable)["_config_changed"]
        observed, load = handler.func, configurable._load_config

        def _config_changed(one, change, *more):
            if more or type(one)._load_config is not _load_config or self._may_be_set(one, change["new"]):
                observed(one, change, *more)

        def _load_config(one, cfg, *arguments, **options):
            if self._may_be_set(one, cfg):
                load(one, cfg, *arguments, **options)

        self._replace(configurable, "_load_config", _load_config)
        self._replace(handler, "func", _config_changed)

    def _may_be_set(self, one, settings):
        """Tell whether any section, wherever it stands, is called like the object's class or one above it."""
        kind = type(one)
        if kind not in self._names:
            self._names[kind] = frozenset(kind.section_names())
        return not self._names[kind].isdisjoint(_sections(settings))

    def _replace_parser(self, kind):
        (_, aliases, flags, classes), parser, traits = self._made
        create = kind._create_parser

        def _create_parser(loader):
            if (loader.aliases, loader.flags, loader.classes) != (aliases, flags, classes):
                create(loader)
            else:
                loader.parser, loader.argparse_traits = parser, traits

        self._replace(kind, "_create_parser", _create_parser)

    def _replace_classes(self, application):
        (given, *_, found), find = self._made[0], application._classes_with_config_traits

        def _classes_with_config_traits(one, classes=None):
            return iter(found) if classes is None and one.classes == given else find(one, classes)

        self._replace(application, "_classes_with_config_traits", _classes_with_config_traits)


def _is_known(loading):
    """Tell whether this is a traitlets whose parts have the shape that the shortcuts count on."""
    configurable = getattr(sys.modules.get("traitlets.config.configurable"), "Configurable", None)
    create = getattr(getattr(loading, "KVArgParseConfigLoader", None), "_create_parser", None)
    observer = vars(configurable).get("_config_changed") if configurable is not None else None
    return (
        callable(getattr(observer, "func", None))
        and callable(getattr(configurable, "section_names", None))
        and callable(getattr(configurable, "_load_config", None))
        and create is not None
        and list(inspect.signature(create).parameters) == ["self"]
        and hasattr(sys.modules["traitlets.config.application"].Application, "_classes_with_config_traits")
    )


def _sections(settings):
    """Return the names of all sections, also of those in others."""
    found = set(settings)
    for value in settings.values():
        if isinstance(value, dict):
            found |= _sections(value)
    return found
