"""Tensors: what shares memory goes on sharing it, gradients come along, unchanged ones count as unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stepmill.artifacts.values import load_values, same_values, save_values

if TYPE_CHECKING:
    from stepmill.artifacts.store import Store

torch = pytest.importorskip("torch")


def stored(store: Store, values: dict[str, Any]) -> dict[str, Any]:
    saved = save_values(store, values, definitions={}, namespace={})
    assert not saved.problems
    return load_values(store, saved.refs, definitions={}, namespace={})


def test_a_view_of_a_tensor_is_one_after_loading(store: Store) -> None:
    whole = torch.arange(6.0)
    loaded = stored(store, {"whole": whole, "part": whole[2:4], "other": torch.arange(6.0)})
    loaded["part"].zero_()
    assert loaded["whole"].tolist() == [0, 1, 0, 0, 4, 5]
    assert loaded["other"].tolist() == [0, 1, 2, 3, 4, 5]
    assert whole.tolist() == [0, 1, 2, 3, 4, 5]


def test_two_views_within_one_value_share(store: Store) -> None:
    whole = torch.arange(4.0)
    pair = stored(store, {"pair": [whole, whole.reshape(2, 2)]})["pair"]
    pair[1][0, 0] = 9.0
    assert pair[0][0].item() == 9.0


def test_a_tensor_over_an_array_shares_with_it(store: Store) -> None:
    array = np.arange(4.0)
    loaded = stored(store, {"array": array, "tensor": torch.from_numpy(array)})
    loaded["tensor"][0] = 9.0
    assert loaded["array"][0] == 9.0


def test_tied_weights_stay_tied_and_gradients_come_along(store: Store) -> None:
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    second.weight = first.weight
    net = torch.nn.Sequential(first, second)
    net(torch.ones(1, 2)).sum().backward()
    loaded = stored(store, {"net": net})["net"]
    assert loaded[0].weight is loaded[1].weight
    assert torch.equal(loaded[0].weight.grad, first.weight.grad)
    loaded(torch.ones(1, 2)).sum().backward()  # adds to what was there
    assert torch.equal(loaded[0].bias.grad, 2 * first.bias.grad)


def test_training_goes_on_as_in_one_process(store: Store) -> None:
    def train(net: Any, optimizer: Any) -> list[float]:
        for _ in range(3):
            optimizer.zero_grad()
            ((net(torch.ones(4, 3)) - 1) ** 2).sum().backward()
            optimizer.step()
        return [float(value) for parameter in net.parameters() for value in parameter.detach().view(-1)]

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    train(net, optimizer)
    loaded = stored(store, {"net": net, "optimizer": optimizer})
    assert train(loaded["net"], loaded["optimizer"]) == train(net, optimizer)


def test_an_unchanged_tensor_is_seen_to_be_unchanged(store: Store) -> None:
    value = {"net": torch.nn.Linear(3, 2), "x": torch.ones(3)}
    refs = save_values(store, value, definitions={}, namespace={}).refs
    loaded = load_values(store, refs, definitions={}, namespace={})
    loaded["net"](loaded["x"])
    assert same_values(store, refs, loaded, definitions={}, namespace={}) == {"net": True, "x": True}
    loaded["x"][0] = 2.0
    assert same_values(store, refs, loaded, definitions={}, namespace={}) == {"net": True, "x": False}


def test_a_tensor_that_backward_goes_through_is_refused(store: Store) -> None:
    weight = torch.ones(2, requires_grad=True)
    loss = (weight * 2).sum()
    values = {"loss": loss, "history": [loss.detach(), loss], "kept": loss.detach(), "weight": weight}
    saved = save_values(store, values, definitions={}, namespace={})
    assert set(saved.problems) == {"loss", "history"}
    assert "backward() goes on to others" in saved.problems["history"].message
    assert "detach()" in saved.problems["loss"].hint
