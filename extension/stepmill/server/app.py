"""The extension as Jupyter's server sees it: settings, routes, start and stop."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Int

from stepmill.server.copies import OpenStepHandler, SuggestHandler
from stepmill.server.handlers import AnalyzeHandler, PlanHandler, StatusHandler
from stepmill.server.history import ComparisonHandler, DeletionHandler, HistoryHandler
from stepmill.server.logs import LogHandler, OutputsHandler, ValuesHandler
from stepmill.server.runs import EventsHandler, RunHandler, RunsHandler
from stepmill.server.services import Services
from stepmill.server.steps import ArtifactHandler, NotebookHandler, PictureHandler, StepHandler
from stepmill.server.stream import StreamHandler

_BASE = r"/stepmill/api"


class StepmillApp(ExtensionApp):
    """Serves the side panel: see `openapi.yaml` beside this file."""

    name = "stepmill"
    load_other_extensions = True

    max_body_mb = Int(32, min=1, help="The largest request, in megabytes, that is looked at.").tag(
        config=True
    )
    keep_alive_s = Float(15.0, min=0.1, help="Seconds between signs of life on an idle stream.").tag(
        config=True
    )
    poll_s = Float(0.25, min=0.02, help="Seconds between looks at the runs that a stream follows.").tag(
        config=True
    )

    def initialize_settings(self) -> None:
        """Make what all handlers share; nothing is started before it is asked for."""
        self.services = Services(
            max_body_bytes=self.max_body_mb * 1_000_000,
            keep_alive_s=self.keep_alive_s,
            poll_s=self.poll_s,
        )

    def initialize_handlers(self) -> None:
        """Add the routes."""
        routes = {
            "status": StatusHandler,
            "analyze": AnalyzeHandler,
            "plan": PlanHandler,
            "runs": RunsHandler,
            r"runs/([^/]+)": RunHandler,
            r"runs/([^/]+)/events": EventsHandler,
            r"runs/([^/]+)/log": LogHandler,
            r"runs/([^/]+)/outputs": OutputsHandler,
            r"runs/([^/]+)/values": ValuesHandler,
            r"runs/([^/]+)/deletion": DeletionHandler,
            r"runs/([^/]+)/step": StepHandler,
            r"runs/([^/]+)/notebook": NotebookHandler,
            r"runs/([^/]+)/picture": PictureHandler,
            r"runs/([^/]+)/artifact": ArtifactHandler,
            "history": HistoryHandler,
            "comparison": ComparisonHandler,
            "stream": StreamHandler,
            "open-step": OpenStepHandler,
            "suggest": SuggestHandler,
        }
        shared = {"services": self.services}
        self.handlers.extend((rf"{_BASE}/{route}", handler, shared) for route, handler in routes.items())

    async def stop_extension(self) -> None:
        """End streams and helping processes when the server stops; runs go on."""
        self.services.close()
