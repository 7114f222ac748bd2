"""What a process has loaded, and whether a process that starts now would load the same.

A fork server that waits for its next run must not give it yesterday's code: a package that was upgraded or
edited in place, a settings file that a library reads at its import, a file that hides a module.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import os
import stat
import sys
import time

_STAT = os.stat  # the original: it is replaced in `os` to hear who asks
_NO_FILES = ("/proc/", "/sys/", "/dev/")
_DESCRIPTIONS = (".dist-info", ".egg-info", ".egg-link")
_SKEW_NS = 2_000_000_000  # clocks of file servers, coarse times
_STARTING = ("sitecustomize", "usercustomize")  # looked for by every interpreter


class Sources:
    """All files that counted for what is loaded, each as it was then. Made when the interpreter has started.

    Parameters
    ----------
    package_folders
        Where installed packages lie.
    """

    def __init__(self, package_folders):
        self._late_ns = time.time_ns() - _SKEW_NS
        self._package_folders = tuple(package_folders)
        self._stamps = {one: _stamp(one, deep=True) for one in package_folders}
        self._modules = set()
        self._in_front = None
        for path in self._of_the_start():
            self.look(path)

    def look(self, path, *, deep=False):
        """Note a file that an import opens, or asks about; `deep`: a folder that it lists."""
        if type(path) is bytes:
            path = os.fsdecode(path)
        elif hasattr(path, "__fspath__"):
            path = path.__fspath__()
        if type(path) is not str or path.endswith(".pyc"):  # judged by its source
            return
        path = os.path.abspath(path)
        known = self._stamps.get(path, ())
        is_known = path in self._stamps and not (deep and known is not None and len(known) == 1)
        if not is_known and not path.startswith(_NO_FILES):
            self._stamps[path] = _stamp(path, deep=deep)

    def note_modules(self):
        """Note the files of modules that were loaded meanwhile."""
        for name in [one for one in sys.modules if one not in self._modules]:
            self._modules.add(name)
            module = sys.modules[name]
            self.look(_own(module, "__file__"))
            for folder in _parts(_own(module, "__path__")):
                self.look(folder, deep=True)

    def settle(self):
        """Look at all files. Return which may not be the one any more that was loaded, or ""."""
        for path in _mapped():
            self.look(path)
        self._in_front = self._what_is_in_front()
        for path, found in (*self._stamps.items(), *self._in_front.items()):
            if path.endswith(" (deleted)") or (found and len(found) > 2 and found[2] >= self._late_ns):
                return path
        return self.changed()

    def changed(self):
        """Return what is no more as it was, or ""."""
        for path, found in self._stamps.items():
            if _stamp(path, deep=found is not None and len(found) == 2) != found:
                return path
        if self._what_is_in_front() != self._in_front:
            return "a file that hides a module"
        return ""

    def _of_the_start(self):
        """Return the files that the interpreter reads at its start and tells nobody of."""
        yield os.path.join(sys.prefix, "pyvenv.cfg")
        yield os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "pyvenv.cfg")
        yield os.path.realpath(sys.executable)
        for folder in self._package_folders:
            names = os.listdir(folder) if os.path.isdir(folder) else ()
            for path in (os.path.join(folder, one) for one in names if one.endswith(".pth")):
                yield path
                try:
                    with open(path, encoding="utf-8", errors="replace") as file:
                        lines = file.read().splitlines()
                except OSError:  # no more than a name, for the interpreter too
                    continue
                yield from (os.path.join(folder, line.strip()) for line in lines if line.strip())

    def _what_is_in_front(self):
        """Return what counts in folders of `sys.path` that are not those of packages: it hides a module.

        Or describes a distribution.
        """
        tops = {name.partition(".")[0] for name in self._modules} | {*_STARTING}
        found = {}
        for entry in sys.path:
            folder = os.path.abspath(entry)
            if folder in self._package_folders:
                continue
            try:
                names = os.listdir(folder)
            except OSError:
                found[folder] = _stamp(folder)  # a zip file
                continue
            for name in names:
                if name.partition(".")[0] in tops or name.endswith(_DESCRIPTIONS):
                    found[os.path.join(folder, name)] = _whole(os.path.join(folder, name))
        return found


def _own(module, name):
    return getattr(module, "__dict__", {}).get(name)


def _parts(path):
    try:
        return [one for one in path or () if type(one) is str]
    except Exception:  # a namespace package whose parent is hidden
        return []


def _stamp(path, *, deep=False):
    """Return how a file is now; of a folder only which it is, or `deep`, also when something came or went."""
    found = _whole(path)
    if found is None or not stat.S_ISDIR(found[-1]):
        return found
    return (found[1], found[3]) if deep else (found[1],)


def _whole(path):
    try:
        found = _STAT(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size, found.st_mode


def _mapped():
    """Return the files of compiled code in memory."""
    found = set()
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            parts = line.split(maxsplit=5)
            if len(parts) == 6 and parts[5].startswith("/") and "x" in parts[1]:
                found.add(parts[5].rstrip("\n"))
    return {one for one in found if not one.startswith(("/memfd:", *_NO_FILES))}
