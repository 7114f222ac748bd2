"""`stepmill ui`: MLflow's pages on this project's runs."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.page_server import serve
from stepmill.cli.render.console import open_console
from stepmill.planning.project import Project
from stepmill.tracking.ui import HOST, server_address, ui_command, ui_environment

HELP = """Open MLflow's pages on this project's runs in the browser.

The server listens on this machine only and stops with Ctrl-C. Where MLFLOW_TRACKING_URI names a
server, its own pages are opened instead. With --json nothing is started: address and command are
printed.
"""
EXAMPLES = (
    ("compare runs in the browser", "stepmill ui"),
    ("on a machine without a browser", "stepmill ui --port 5050 --no-browser"),
)


@click.command("ui", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to serve on.  [default: a free one from 5000]"
)
@click.option("--no-browser", is_flag=True, help="Only serve; print the address.")
@project_option
@json_option
def command(port: int | None, no_browser: bool, project: Path | None, as_json: bool) -> int:
    """Serve until Ctrl-C, which is how it is meant to end: exit code 0."""
    root = api.project_root(Path.cwd(), project)
    remote = server_address(root, os.environ)
    line = [] if remote else ui_command(root, port=port, environ=os.environ)
    address = remote or f"http://{HOST}:{line[line.index('--port') + 1]}"
    if as_json:
        print_json({"schema": 1, "address": address, "command": line})
        return 0
    screen = open_console()

    def announce() -> None:
        screen.write(f"{address}   (Ctrl-C stops it)" if line else address)
        if not no_browser:
            webbrowser.open(address)

    if not line:
        announce()
        return 0
    home = Project(root)
    home.prepare()  # runs may be tracked elsewhere, and none was made here yet
    screen.write("starting MLflow's server, this takes some seconds")
    log = home.state / "ui.log"
    return serve(line, ui_environment(os.environ), address, log=log, on_ready=announce)
