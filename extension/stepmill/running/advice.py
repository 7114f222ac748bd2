"""What to do about a step that failed, as far as that depends on the kernel and on the pipeline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stepmill.planning.keys import derived_seed

if TYPE_CHECKING:
    from stepmill.execution.executors.base import CellError
    from stepmill.model.pipeline import Pipeline, Step
    from stepmill.planning.kernels import Kernel

_MISSING = re.compile(r"No module named '(?P<module>[^'.]+)'$|Missing optional dependency '(?P<extra>[^']+)'")

PACKAGES: Final = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Bio": "biopython",
    "cairosvg": "CairoSVG",
    "community": "python-louvain",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "imblearn": "imbalanced-learn",
    "lightning_fabric": "lightning-fabric",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "osgeo": "GDAL",
    "PIL": "pillow",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pkg_resources": "setuptools",
    "pylab": "matplotlib",
    "pywt": "PyWavelets",
    "pytorch_lightning": "pytorch-lightning",
    "sentence_transformers": "sentence-transformers",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "slugify": "python-slugify",
    "umap": "umap-learn",
    "usb": "pyusb",
    "wx": "wxPython",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""Modules that come with a package of another name."""

# fmt: off
GONE = frozenset(
    {
        "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "commands", "ConfigParser",
        "cookielib", "cPickle", "crypt", "cStringIO", "distutils", "HTMLParser", "httplib", "imghdr",
        "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "Queue", "smtpd",
        "sndhdr", "spwd", "StringIO", "sunau", "telnetlib", "Tkinter", "tkMessageBox", "urllib2",
        "urlparse", "uu", "xdrlib",
    }
)
# fmt: on
"""Modules that were part of Python once. No package of such a name should be installed instead."""

_SEEDING = {"numpy": "np.random.seed", "random": "random.seed", "torch": "torch.manual_seed"}
_MOST_SEEDS = 3


def advice(step: Step, error: CellError | None, pipeline: Pipeline, kernel: Kernel, run_seed: int) -> str:
    """Return what to do about `error`; "" if there is nothing to say.

    For a module that is not there: which package to install into which environment. For another
    error of a step that draws random numbers which nobody seeds, or takes what came of such: the
    seeds, by which it can be repeated.
    """
    if error is None:
        return ""
    missing = _MISSING.search(error.evalue) if error.ename in ("ModuleNotFoundError", "ImportError") else None
    if missing:
        return _installing(missing["module"] or missing["extra"], kernel)
    return _seeds(step, pipeline, run_seed)


def _installing(module: str, kernel: Kernel) -> str:
    where = f"the kernel {kernel.title or kernel.name} ({_short(kernel.executable)})"
    if module in GONE:
        return (
            f"`{module}` was part of an older Python; {where} has Python {kernel.python_version}: change"
            " the code, or choose a kernel with the Python that the notebook was written for"
        )
    package = PACKAGES.get(module, module)
    own = f"; a module of your own has to lie beside the notebook ({module}.py)" if package == module else ""
    way_out = f"execute `%pip install {package}` once in the notebook, then run again"
    return f"{where} has no `{module}`: {way_out}{own}"


def _short(executable: str) -> str:
    """Return an interpreter's path as one writes it, with ~ for the home folder."""
    path = Path(executable)
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # not below it, or there is no home
        return str(path)


def _seeds(step: Step, pipeline: Pipeline, run_seed: int) -> str:
    before = {step.name}
    while more := {name for one in before for name in pipeline.upstream(one)} - before:
        before |= more
    drawing = [one for one in pipeline.steps if one.name in before and one.unseeded][-_MOST_SEEDS:]
    told = [
        f"`{one.name}` drew after "
        + " and ".join(f"`{_SEEDING[g]}({derived_seed(run_seed, one.name)})`" for g in one.unseeded)
        for one in drawing
    ]
    return f"random numbers that nothing seeds: {'; '.join(told)}, as each run does" if told else ""
