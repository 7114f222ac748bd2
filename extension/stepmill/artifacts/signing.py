"""Whom stored values come from: documents are signed with a key that only this user can read.

The key lies beside Jupyter's own data, as its notebook secret does, not in the project: a project that
somebody hands over brings values, but no key. `STEPMILL_SIGNING_KEY` names another file, for people who
share a store.
"""

from __future__ import annotations

import hmac
import json
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.hashing import digest_bytes
from stepmill.atomic import secret_bytes
from stepmill.errors import ConfigError, DamagedArtifact

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_VARIABLE = "STEPMILL_SIGNING_KEY"
_KEY_BYTES = 32
_PURPOSE = b"stepmill stored document 1 "
_SEAL, _SIGNATURE = "blake3", "signature"


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that is as it was written; `is_ours`: this user's key signed it."""

    document: Any
    is_ours: bool


class Signer:
    """Seals documents, and tells which are whole and whose they are. The key is read when first needed.

    Where it lies is settled when this is made: what a step does to the environment changes nothing.
    """

    def __init__(self, places: tuple[Path, ...] | None = None) -> None:
        self._places = key_places() if places is None else places
        self._key = b""

    def close(self, document: Mapping[str, Any], *, indent: int | None = None) -> bytes:
        """Return the document's text, with its digest and our signature of it."""
        document = json.loads(json.dumps(document))  # as `open` sees it: keys are text, tuples are lists
        seal = _seal(document)
        signed = {**document, _SEAL: seal, _SIGNATURE: self._signature(seal)}
        return json.dumps(signed, ensure_ascii=True, indent=indent).encode()

    def open(self, text: bytes) -> Opened:
        """Return what `close` was given; text without a seal is of an earlier version, and nobody's.

        Raises
        ------
        ValueError, DamagedArtifact
            It is no JSON; it is not what was written.
        """
        document = json.loads(text)
        if not isinstance(document, dict) or _SEAL not in document:
            return Opened(document, is_ours=False)
        seal, signature = document.pop(_SEAL), document.pop(_SIGNATURE, "")
        if seal != _seal(document):
            raise DamagedArtifact("a stored document is not what was written")
        ours = self._signature(seal)
        return Opened(document, is_ours=hmac.compare_digest(json.dumps(signature), json.dumps(ours)))

    def _signature(self, seal: str) -> str:
        if not self._key:
            self._key = _first_key(self._places)
        return hmac.new(self._key, _PURPOSE + seal.encode(), "sha256").hexdigest()


def key_places() -> tuple[Path, ...]:
    """Return where this user's key may lie; the first one that can be used is taken."""
    named = os.environ.get(KEY_VARIABLE)
    if named:
        return (Path(named),)
    return (_jupyter_data() / "stepmill" / "signing_key", _in_temporary_folder())


def _jupyter_data() -> Path:
    """Return Jupyter's data folder of this user, as jupyter_core has it; it is not imported here."""
    named = os.environ.get("JUPYTER_DATA_DIR")
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home) / "jupyter"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def _in_temporary_folder() -> Path:
    """Return the place for users whose home cannot be written: until the machine starts anew."""
    user = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"stepmill-{user}" / "signing_key"


def _first_key(places: tuple[Path, ...]) -> bytes:
    problems = []
    for place in places:
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _refuse_foreign(place.parent)
            return secret_bytes(place, _KEY_BYTES)
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
    raise ConfigError(
        f"the key that signs stored values can be kept nowhere: {'; '.join(problems)}",
        hint=f"name a file that you can write in the environment variable {KEY_VARIABLE}",
    )


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder in the common temporary one that somebody else has made."""
    if sys.platform != "win32" and folder == _in_temporary_folder().parent:
        found = folder.lstat()
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise PermissionError(f"{folder} is not this user's alone")


def _seal(document: Mapping[str, Any]) -> str:
    return digest_bytes(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
