"""A small pipeline, plan and run made by hand, as the command line gets them."""

from __future__ import annotations

from stepmill.model.cell import StepOptions
from stepmill.model.diagnostic import Diagnostic, OtherPlace, Place, Severity
from stepmill.model.pipeline import (
    Definition,
    Edge,
    EdgeKind,
    Fragment,
    Input,
    Output,
    Parameter,
    Pipeline,
    Step,
    Volatile,
)
from stepmill.model.plan import Cause, Plan, PlanStatus, Reason, StepPlan
from stepmill.model.run import Event, RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.model.verification import Aspect, Difference, Verdict, Verification

SOURCES = {
    1: "alpha = 0.1\ntitle = 'churn'",
    2: "import pandas as pd\ndef clean(frame):\n    return frame.dropna()",
    3: "%%step load\nraw = pd.read_csv('données.csv')",
    4: "%%step features\ndf = clean(raw)\nX, y = df.drop(columns='y'), df['y']",
    6: "%%step train --retries 1\nmodel = Ridge(alpha=alpha)\nmodel.fit(X, y)",
    7: "%%step 評価\nscore = model.score(X, y)",
}
LOAD = Step(
    name="load",
    cells=(3,),
    outputs=(Output(name="raw", group=1),),
    setup=(Fragment(cell=2, line=1, source="import pandas as pd"),),
    imports=("pandas",),
    files_read=("données.csv",),
)
FEATURES = Step(
    name="features",
    cells=(4,),
    inputs=(Input(name="raw", producer="load", doubtful=True, unchanged=False),),
    outputs=(Output(name="X"), Output(name="y"), Output(name="df", required=False)),
    setup=(Fragment(cell=2, line=2, source="def clean(frame):\n    return frame.dropna()"),),
    definitions=(Definition(name="clean", digest="d1"),),
)
TRAIN = Step(
    name="train",
    cells=(6,),
    options=StepOptions(retries=1),
    inputs=(Input(name="X", producer="features"), Input(name="y", producer="features")),
    outputs=(Output(name="model"),),
    parameters=("alpha",),
    volatile=(Volatile(what="the clock", place=Place(cell=6, line=3)),),
)
SCORE = Step(
    name="評価",
    cells=(7,),
    inputs=(
        Input(name="X", producer="features"),
        Input(name="y", producer="features"),
        Input(name="model", producer="train"),
    ),
    outputs=(Output(name="score", required=False),),
    after=("load",),
)
PIPELINE = Pipeline(
    name="churn",
    steps=(LOAD, FEATURES, TRAIN, SCORE),
    edges=(
        Edge(
            producer="load",
            consumer="features",
            name="raw",
            doubtful=True,
            evidence=(Place(cell=3, line=2), Place(cell=4, line=2)),
        ),
        Edge(
            producer="features",
            consumer="train",
            name="X",
            evidence=(Place(cell=4, line=3), Place(cell=6, line=3)),
        ),
        Edge(
            producer="features",
            consumer="train",
            name="y",
            evidence=(Place(cell=4, line=3), Place(cell=6, line=3)),
        ),
        Edge(
            producer="features",
            consumer="評価",
            name="X",
            evidence=(Place(cell=4, line=3), Place(cell=7, line=2)),
        ),
        Edge(
            producer="train",
            consumer="評価",
            name="model",
            evidence=(Place(cell=6, line=2), Place(cell=7, line=2)),
        ),
        Edge(
            producer="load",
            consumer="評価",
            name="",
            kind=EdgeKind.ORDER,
            evidence=(Place(cell=3, line=1), Place(cell=7, line=1)),
        ),
    ),
    parameters=(
        Parameter(name="alpha", type="float", default=0.1, place=Place(cell=1), span=(1, 8, 1, 11)),
        Parameter(name="title", type="str", default="churn", place=Place(cell=1, line=2), span=(2, 8, 2, 15)),
    ),
    diagnostics=(
        Diagnostic(
            code="SM212",
            severity=Severity.WARNING,
            message="`raw` may be changed by `clean(raw)`",
            cell=4,
            line=2,
            column=11,
            name="raw",
            hint="nothing to do: the first run finds out",
            end_column=14,
            why="stepmill does not know this function.",
            label="may change it",
            others=(OtherPlace(cell=3, line=2, column=0, end_column=3, message="made here"),),
        ),
        Diagnostic(
            code="SM301",
            severity=Severity.ERROR,
            message="the name `Ridge` is nowhere defined",
            cell=6,
            line=2,
            column=8,
            name="Ridge",
            hint="import it in an untagged cell: from sklearn.linear_model import Ridge",
        ),
        Diagnostic(code="SM101", severity=Severity.INFO, message="the notebook names no kernel"),
    ),
)
PLAN = Plan(
    steps=(
        StepPlan(
            step="load",
            status=PlanStatus.CACHED,
            reasons=(Reason(cause=Cause.UNCHANGED, message="nothing changed since run r1"),),
            expected_seconds=12.3,
        ),
        StepPlan(
            step="features",
            status=PlanStatus.CACHED,
            reasons=(Reason(cause=Cause.UNCHANGED, message="nothing changed since run r1"),),
            expected_seconds=0.04,
        ),
        StepPlan(
            step="train",
            status=PlanStatus.STALE,
            reasons=(
                Reason(cause=Cause.PARAMETER, message="alpha changed from 0.1 to 0.3", subject="alpha"),
                Reason(
                    cause=Cause.LIBRARY,
                    message="scikit-learn changed from 1.6.1 to 1.7.0",
                    subject="scikit-learn",
                ),
            ),
            expected_seconds=75.0,
        ),
        StepPlan(
            step="評価",
            status=PlanStatus.STALE,
            reasons=(Reason(cause=Cause.UPSTREAM, message="its input model comes from train, which runs"),),
        ),
    )
)
TRACEBACK = (
    "\x1b[31m---------------------------------------------------------------------------\x1b[39m\n"
    "\x1b[31mValueError\x1b[39m                                Traceback (most recent call last)\n"
    "Cell \x1b[32mIn[4], line 3\x1b[39m\n"
    "----> 3 model.fit(X, y)\n"
    "\x1b[31mValueError\x1b[39m: Input X contains NaN."
)
FAILED_RUN = RunSummary(
    run_id="20261121-101500-ab12",
    status=RunStatus.FAILED,
    pipeline="churn",
    notebook_source="/home/ada/churn.ipynb",
    started_s=1_795_255_200.0,
    seconds=4.1,
    parameters={"alpha": 0.3, "title": "churn"},
    steps={
        "load": StepOutcome(
            status=StepStatus.CACHED, reason="nothing changed since run r1", outputs={"raw": "b3:11"}
        ),
        "features": StepOutcome(
            status=StepStatus.EXECUTED, reason="first run", seconds=1.26, outputs={"X": "b3:22"}
        ),
        "train": StepOutcome(
            status=StepStatus.FAILED,
            reason="ValueError in cell 6",
            seconds=2.0,
            notebook="/home/ada/.stepmill/runs/r/steps/train/executed.ipynb",
            error={
                "ename": "ValueError",
                "evalue": "Input X contains NaN.",
                "cell": 6,
                "line": 3,
                "traceback": TRACEBACK,
            },
        ),
        "評価": StepOutcome(status=StepStatus.SKIPPED, reason="train failed"),
    },
    notebook="/home/ada/.stepmill/runs/r/notebook.ipynb",
    mlflow_run_id="0123456789abcdef",
    metrics={"f1": 0.8125},
)


def event(number: int, kind: str, step: str | None = None, /, **data: object) -> Event:
    return Event(number=number, kind=kind, run_id="r1", time_s=1000.0 + number, step=step, data=data)


VERIFIED = Verification(verdict=Verdict.EQUAL, notebook="churn.ipynb", values=17, outputs=23)
_MODEL = Difference(
    aspect=Aspect.VALUE,
    cell=6,
    line=2,
    step="train",
    name="model",
    where=".coef_[0]",
    run_all="1.25",
    pipeline="1.5",
)
_CLOCK = "cell [6], line 3 reads what changes: clock (time.time)"
NOT_EQUAL = Verification(
    verdict=Verdict.DIFFERENT,
    notebook="churn.ipynb",
    values=4,
    outputs=3,
    differences=(
        _MODEL,
        Difference(
            aspect=Aspect.VALUE, cell=7, line=2, step="評価", name="score", run_all="0.91", pipeline="0.87"
        ),
        Difference(
            aspect=Aspect.OUTPUT,
            cell=7,
            step="評価",
            where="line 3",
            run_all="the score of the model on the rows that it has not seen is 0.91",
            pipeline="the score of the model on the rows that it has not seen is 0.87",
        ),
    ),
    not_reproducible=(
        Difference(
            aspect=Aspect.VALUE,
            cell=6,
            line=3,
            step="train",
            name="started",
            run_all="1.1",
            pipeline="1.2",
            again="1.3",
            cause=_CLOCK,
        ),
    ),
    remarks=("cell [4] writes something else to stderr; that does not count",),
    repeated=True,
)
UNSTABLE = Verification(
    verdict=Verdict.EQUAL,
    notebook="churn.ipynb",
    values=4,
    outputs=3,
    not_reproducible=NOT_EQUAL.not_reproducible,
    repeated=True,
)
