"""Tensors: what shares memory goes on sharing it, gradients come along, unchanged ones count as unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stepmill.artifacts.values import load_values, same_values, save_values
from stepmill.errors import ArtifactError

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


def test_a_tensor_that_backward_goes_through_is_handed_on_without_the_way_back(store: Store) -> None:
    weight = torch.ones(2, requires_grad=True)
    loss = torch.nn.functional.mse_loss(weight * 2, torch.zeros(2))
    loaded = stored(store, {"loss": loss, "history": [loss.detach(), loss], "weight": weight})
    assert repr(loaded["loss"]) == repr(loss) == "tensor(4., grad_fn=<MseLossBackward0>)"
    assert loaded["loss"] is loaded["history"][1]
    row = (weight * 2).reshape(1, 2)[0]
    assert repr(stored(store, {"row": row})["row"]) == repr(row)
    assert (loaded["loss"].is_leaf, loaded["loss"].requires_grad) == (False, True)
    assert repr(loaded["loss"] + 1) == repr(loss + 1)
    loaded["loss"] += 1
    assert [value.item() for value in loaded["history"]] == [5.0, 5.0]


@pytest.mark.parametrize(
    "back",
    [
        lambda loss, _: loss.backward(),
        lambda loss, weight: (loss + weight.sum()).backward(),
        lambda loss, weight: loss.backward(inputs=[weight]),
        lambda loss, weight: torch.autograd.grad(loss * weight[0], weight),
        lambda loss, weight: torch.autograd.grad(loss, weight, allow_unused=True),
        lambda loss, weight: torch.autograd.grad([weight.sum(), loss], weight),
        lambda loss, weight: torch.autograd.backward([weight.sum(), loss]),
    ],
)
def test_nobody_goes_back_through_a_graph_that_is_lost(store: Store, back: Any) -> None:
    weight = torch.ones(2, requires_grad=True)
    loaded = stored(store, {"loss": (weight * 2).sum(), "weight": weight})
    with pytest.raises(ArtifactError, match="tensor of another step"):
        back(loaded["loss"], loaded["weight"])


def test_other_ways_back_stay_open(store: Store) -> None:
    weight = torch.ones(2, requires_grad=True)
    loaded = stored(store, {"loss": (weight * 2).sum(), "weight": weight})
    fresh = (loaded["weight"] * loaded["loss"].detach()).sum()
    assert torch.autograd.grad(fresh, loaded["weight"])[0].tolist() == [4.0, 4.0]


def test_an_unchanged_tensor_without_its_graph_counts_as_unchanged(store: Store) -> None:
    weight = torch.ones(2, requires_grad=True)
    refs = save_values(store, {"loss": (weight * 2).sum()}, definitions={}, namespace={}).refs
    loaded = load_values(store, refs, definitions={}, namespace={})
    assert same_values(store, refs, loaded, definitions={}, namespace={}) == {"loss": True}
    loaded["loss"] = loaded["loss"] * 1
    assert same_values(store, refs, loaded, definitions={}, namespace={}) == {"loss": False}


def test_a_tensor_in_a_graph_that_is_more_than_its_value_is_refused(store: Store) -> None:
    weight = torch.ones(2, 2, requires_grad=True)
    kept, hooked = weight * 2, weight * 2
    kept.retain_grad()
    hooked.register_hook(lambda gradient: gradient)
    values = {"row": weight[0], "kept": kept, "hooked": hooked, "all": [kept], "value": kept.detach()}
    saved = save_values(store, values, definitions={}, namespace={})
    assert set(saved.problems) == {"row", "kept", "hooked", "all"}
    assert "backward() goes on to others" in saved.problems["all"].message
    assert "detach()" in saved.problems["row"].hint
