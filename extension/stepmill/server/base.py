"""What all handlers share: the size and shape of requests, and how errors are answered."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from stepmill.errors import StepmillError
from stepmill.model.documents import error_document
from stepmill.model.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from stepmill.server.services import Services

F = TypeVar("F", bound="Callable[..., Any]")

_STATUS = {
    "SM000": HTTPStatus.INTERNAL_SERVER_ERROR,
    "SM040": HTTPStatus.INTERNAL_SERVER_ERROR,
    "SM042": HTTPStatus.INTERNAL_SERVER_ERROR,
    "SM050": HTTPStatus.CONFLICT,
    "SM060": HTTPStatus.INTERNAL_SERVER_ERROR,
    "SM070": HTTPStatus.INTERNAL_SERVER_ERROR,
    "SM090": HTTPStatus.INTERNAL_SERVER_ERROR,
    "SM091": HTTPStatus.CONFLICT,
    "SM092": HTTPStatus.NOT_FOUND,
}
"""By the code of the error; the others are the user's to mend: 422."""


def allowed(action: str) -> Callable[[F], F]:
    """Let only those in whom Jupyter knows, and whom its authorizer allows `action` on "stepmill"."""

    def decorate(method: F) -> F:
        return cast("F", authenticated(authorized(action)(method)))

    return decorate


class RefusedError(HTTPError):
    """An error that another process described: the reply is its document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        error = document.get("error", {})
        status = _STATUS.get(error.get("code", ""), HTTPStatus.UNPROCESSABLE_ENTITY)
        super().__init__(status, "%s", error.get("message", ""))
        self.document = document


class StepmillHandler(APIHandler):
    """Replies JSON; whatever goes wrong is `{"schema", "error": {code, message, hint, …}, "message"}`."""

    auth_resource = "stepmill"

    def initialize(self, services: Services) -> None:
        """Take what the extension keeps for all requests; called by tornado."""
        self.services = services
        self._is_gone = False

    def on_connection_close(self) -> None:
        """Remember that nobody waits for the reply any more; called by tornado."""
        self._is_gone = True

    def is_gone(self) -> bool:
        """Tell whether the client has closed the connection."""
        return self._is_gone

    def path_argument(self) -> str:
        """Return the contents path `?path=` as it was sent; "" if it is missing."""
        return self.get_query_argument("path", "", strip=False)

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object."""
        body, limit = self.request.body, self.services.max_body_bytes
        if len(body) > limit:
            message = "the request has %d bytes, more than %d (StepmillApp.max_body_mb)"
            raise HTTPError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, len(body), limit)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPError(HTTPStatus.BAD_REQUEST, "the request is no JSON: %s", error) from error
        if not isinstance(document, dict):
            raise HTTPError(HTTPStatus.BAD_REQUEST, "the request is no JSON object")
        return document

    def reply(self, document: Mapping[str, Any] | bytes | str, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Finish with a document, or with its text."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        text = document if isinstance(document, (bytes, str)) else json_text(document, indent=None)
        self.finish(text)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Reply to an exception; our own errors have a status of their own."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, StepmillError):
            status_code = _STATUS.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
        super().send_error(int(status_code), **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        document = dict(_described(error, status_code))
        self.set_header("Content-Type", "application/json")
        self.finish(json_text({**document, "message": document["error"]["message"]}, indent=None))

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what is nobody's mistake but ours with a traceback, the rest in one line."""
        if isinstance(value, StepmillError):
            self.log.info("stepmill: %s %s: %s", self.request.method, self.request.path, value.message)
        else:
            super().log_exception(typ, value, tb)


def _described(error: BaseException | None, status: int) -> Mapping[str, Any]:
    if isinstance(error, RefusedError):
        return error.document
    if isinstance(error, StepmillError):
        return error_document(error)
    if isinstance(error, HTTPError):
        return _of_http(status, _formatted(error))
    return error_document(StepmillError("the server met an error that nobody foresaw; its log has more"))


def _of_http(status: int, message: str) -> Mapping[str, Any]:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else str(status)
    document: dict[str, Any] = dict(error_document(StepmillError(message or phrase)))
    return {**document, "error": {**document["error"], "code": f"HTTP{status}"}}


def _formatted(error: HTTPError) -> str:
    return error.log_message % error.args if error.log_message else error.reason or ""
