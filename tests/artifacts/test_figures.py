from __future__ import annotations

import io
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest

from stepmill.artifacts.values import describe, load_values, same_values, save_values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from stepmill.artifacts.store import Store

mpl.use("agg")


def _figure() -> Figure:
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots(2)
    axes[0].plot([1, 2, 3], label="line")
    axes[0].legend()
    axes[1].hist(np.arange(10))
    return figure


def test_a_figure_comes_back_and_draws_the_same(store: Store) -> None:
    figure = _figure()
    saved = save_values(store, {"f": figure}, definitions={}, namespace={})
    loaded = load_values(store, saved.refs, definitions={}, namespace={})["f"]
    assert same_values(store, saved.refs, {"f": loaded}, definitions={}, namespace={})["f"]
    pictures = []
    for drawn in (figure, loaded):
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png", metadata={"Software": None})
        pictures.append(buffer.getvalue())
    assert pictures[0] == pictures[1]


def test_a_picture_lies_beside_it(store: Store) -> None:
    saved = save_values(store, {"f": _figure()}, definitions={}, namespace={})
    shown = describe(store, saved.refs["f"])
    assert bytes(store.get_blob(shown["picture"])).startswith(b"\x89PNG")


def test_storing_does_not_change_a_figure_or_pyplot(store: Store) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2])
    first = save_values(store, {"f": figure}, definitions={}, namespace={})
    assert plt.get_fignums() == [figure.number]
    assert plt.gcf() is figure
    assert save_values(store, {"f": figure}, definitions={}, namespace={}).refs == first.refs
    plt.close("all")


def test_axes_and_figure_of_one_plot_stay_together(store: Store) -> None:
    figure = _figure()
    saved = save_values(store, {"f": figure, "axes": figure.axes[0]}, definitions={}, namespace={})
    assert saved.shared == (frozenset({"f", "axes"}),)
    loaded = load_values(store, saved.refs, definitions={}, namespace={})
    assert loaded["axes"].figure is loaded["f"]


def test_a_figure_that_cannot_be_drawn_is_stored_without_a_picture(store: Store) -> None:
    figure = _figure()
    figure.axes[0].set_title(r"$\nonsense$")
    with pytest.raises(ValueError, match="nonsense"):
        figure.savefig(io.BytesIO())
    saved = save_values(store, {"f": figure}, definitions={}, namespace={})
    assert describe(store, saved.refs["f"])["picture"] is None
