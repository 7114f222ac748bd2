"""Everything stepmill raises on purpose.

StepmillError                 base; anything else that escapes is a bug
├── UsageError                wrong use of the command line or the API (exit code 2)
│   ├── ParameterError        unknown parameter, or a value of the wrong type
│   └── ConfigError           a setting that cannot be understood
├── NotebookError             the file is no notebook that we can read
├── PipelineError             the notebook is no pipeline: diagnostics say why
├── SuggestionRefused         no steps can be proposed for the notebook
├── ExportRefused             the pipeline has no plain module: something in it exists only in a notebook
├── KernelError               the kernel is missing, does not start, or died
├── StepFailed                a cell of the user's raised; carries the user's traceback
├── ArtifactError             a value cannot be stored or loaded
│   ├── UnstorableValue       no materializer holds it exactly
│   ├── DamagedArtifact       the stored bytes are not what was stored
│   ├── DefinitionMismatch    a stored value needs a class or function that is absent or different
│   └── UntrustedArtifact     the stored value was not made by this user
├── ProjectLocked             another run holds the project
├── RunCancelled              interrupted by the user (exit code 130)
├── DiskFull                  no space is left, or the user's quota is used up
└── PluginError               a plug-in is unknown or does not import

Every class pickles unaided: what is not the message is a keyword with a default.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from stepmill.model.diagnostic import Diagnostic


class StepmillError(Exception):
    """Base of every error we raise on purpose; anything else is a bug."""

    code: ClassVar[str] = "SM000"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cell: int | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.cell = cell
        self.line = line
        self.column = column

    def __str__(self) -> str:
        text = f"[{self.code}] {self.message}"
        return f"{text}\nhint: {self.hint}" if self.hint else text


class UsageError(StepmillError):
    """The command line or the API was used in a way that cannot work."""

    code = "SM001"
    exit_code = 2


class ParameterError(UsageError):
    """A parameter that the notebook does not have, or a value of the wrong type."""

    code = "SM002"


class ConfigError(UsageError):
    """A setting that cannot be understood."""

    code = "SM003"


class NotebookError(StepmillError):
    """The file is missing, damaged, or no notebook that we can read."""

    code = "SM010"


class PipelineError(StepmillError):
    """The notebook cannot run as a pipeline; `diagnostics` say where and why."""

    code = "SM020"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cell: int | None = None,
        line: int | None = None,
        column: int | None = None,
        diagnostics: tuple[Diagnostic, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint, cell=cell, line=line, column=column)
        self.diagnostics = diagnostics

    @classmethod
    def of(cls, diagnostics: tuple[Diagnostic, ...], before: str = "") -> PipelineError:
        """Return the error for these diagnostics, at least one; it speaks of the first that has a place."""
        first = next((d for d in diagnostics if d.cell is not None), diagnostics[0])
        more = f" (and {len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
        return cls(
            f"{before}{first.code}: {first.message}{more}",
            hint=first.hint,
            cell=first.cell,
            line=first.line,
            column=first.column,
            diagnostics=diagnostics,
        )


class SuggestionRefused(StepmillError):
    """No division of the notebook into steps is worth proposing: it says what is in the way."""

    code = "SM021"


class ExportRefused(StepmillError):
    """The pipeline cannot leave as a plain module; its code is that of the reason, SM501 and up."""

    code = "SM500"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cell: int | None = None,
        line: int | None = None,
        column: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message, hint=hint, cell=cell, line=line, column=column)
        self.reason = reason
        self.__dict__["code"] = reason or ExportRefused.code


class KernelError(StepmillError):
    """The kernel is missing, does not start, or died."""

    code = "SM030"


class StepFailed(StepmillError):
    """A cell of the user's raised.

    `step` is the step's name, `traceback` the text that Jupyter shows (ANSI colours kept).
    """

    code = "SM031"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cell: int | None = None,
        line: int | None = None,
        column: int | None = None,
        step: str = "",
        traceback: str = "",
    ) -> None:
        super().__init__(message, hint=hint, cell=cell, line=line, column=column)
        self.step = step
        self.traceback = traceback


class ArtifactError(StepmillError):
    """A value cannot be stored or loaded."""

    code = "SM040"


class UnstorableValue(ArtifactError):
    """No materializer holds the value exactly; `name` is the variable, `type_name` its type."""

    code = "SM041"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cell: int | None = None,
        line: int | None = None,
        column: int | None = None,
        name: str = "",
        type_name: str = "",
    ) -> None:
        super().__init__(message, hint=hint, cell=cell, line=line, column=column)
        self.name = name
        self.type_name = type_name


class DamagedArtifact(ArtifactError):
    """The stored bytes are missing or not what was stored."""

    code = "SM042"


class DefinitionMismatch(ArtifactError):
    """A stored value needs a class or function of the notebook that is absent or different."""

    code = "SM043"


class UntrustedArtifact(ArtifactError):
    """The stored value is whole, but this user's key did not sign it: loading it could run foreign code."""

    code = "SM044"


class ProjectLocked(StepmillError):
    """Another run of the same project holds the lock."""

    code = "SM050"


class RunCancelled(StepmillError):
    """The user interrupted the run."""

    code = "SM051"
    exit_code = 130


class DiskFull(StepmillError):
    """No space is left on the disk, or the user's quota is used up."""

    code = "SM052"


def disk_full(error: OSError, where: str = "") -> DiskFull | None:
    """Return what to say of `error` if it is for want of space, else None; `where` is what has no room."""
    if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return None
    what = ": ".join(filter(None, (error.strerror, where or error.filename)))
    return DiskFull(f"the disk is full: {what}", hint="make room and run again: finished steps are kept")


def told_by_system(error: OSError) -> StepmillError | None:
    """Return what to say of `error` if it is the machine's, and somebody can do something, else None."""
    full = disk_full(error)
    if full is not None or error.errno not in _OF_THE_MACHINE:
        return full
    return StepmillError(
        ": ".join(filter(None, (error.strerror, error.filename))), hint=_OF_THE_MACHINE[error.errno]
    )


_OF_THE_MACHINE = {
    **dict.fromkeys((errno.EACCES, errno.EPERM), "look who may read and write there"),
    errno.EROFS: "that place can only be read",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "too many files are open: see `ulimit -n`"),
    **dict.fromkeys((errno.EIO, getattr(errno, "ESTALE", errno.EIO)), "the disk or the network folder fails"),
    errno.ENOMEM: "close something, or run fewer steps at a time (--jobs)",
}


class PluginError(StepmillError):
    """A plug-in is unknown, or it does not import."""

    code = "SM060"
