"""Training with torch, split into steps, goes as in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest

import stepmill
from stepmill.execution.forking.servers import is_possible

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("torch")
pytestmark = [pytest.mark.kernel, pytest.mark.slow]

CELLS = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
# %%
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.last(torch.relu(self.hidden(x))).squeeze(-1)
# %%
%%step data
X = torch.randn(64, 4)
y = (X.sum(1) > 0).double()
batches = DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True)
# %%
%%step model
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
# %%
def epoch():
    for xs, ys in batches:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(net(xs), ys)
        loss.backward()
        optimizer.step()
    return loss
# %%
%%step train
loss = epoch()
print(loss)
# %%
%%step again
losses = [loss, epoch()]
out = net(X)
# %%
%%step look
print(losses, out[:2], (out > 0).double().eq(y).double().mean().item(), torch.rand(1))
"""


def test_a_pipeline_that_trains_gives_what_run_all_gives(tmp_path: Path) -> None:
    document = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS.split("# %%\n")]
    )
    nbformat.write(document, tmp_path / "n.ipynb")
    found = stepmill.verify(tmp_path / "n.ipynb")
    assert found.is_equal, found
    assert found.equal_values >= 10


@pytest.mark.skipif(not is_possible(), reason="only Linux can fork safely")
def test_kernels_with_torch_are_forked_and_draw_anew(tmp_path: Path) -> None:
    cells = [f"%%step {name}\nimport torch\nprint(torch.initial_seed())" for name in ("a", "b")]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(document, tmp_path / "n.ipynb")
    run = stepmill.run(tmp_path / "n.ipynb", tracking=False, project=tmp_path, forked=True).check()
    assert [event for event in run.events() if event.kind == "step-kernel"] == []
    shown = nbformat.read(run.notebook, as_version=4)
    assert len({cell.outputs[0].text for cell in shown.cells}) == 2
