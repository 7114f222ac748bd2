"""Names that only exist at run time."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

HINTS = {
    "get_ipython().display_formatter": "give the class a `_repr_html_` method, which goes with its values",
    "dir()": "ask for the value instead: set it to None above, and test for that",
    "locals()": "use the names themselves: at the top level of a cell they are the notebook's",
    "__main__": "use the names themselves: in a notebook they are those of `__main__`",
    "exec()": "write the code into the cell, or into a function of a module",
    "run_docstring_examples()": "call it in the step that defines the function: what fails tells its line",
    "runpy.run_path()": "use `%run f.py`, or import the file as a module and call a function of it",
    "runpy.run_module()": "import the module and call a function of it",
    "eval()": "write the expression itself; for data there are `ast.literal_eval` and `json.loads`",
}
"""What to do, by what was found."""

RULE = Rule(
    code="SM331",
    severity=Severity.ERROR,
    title="names that only exist at run time",
    message="`{name}` reads or binds names that cannot be known before the run",
    label="cannot be followed",
    hint="use the names themselves, or a dict of your own (`values[key]`)",
    why="What flows between steps must be visible in the source.",
    bad=("%%step a\nx = input()\nexec(x)",),
    at=(0, 3),
    good=("%%step a\nvalues = {'x': input()}\ny = values['x']",),
)
