"""Notebooks full of recursion over objects that share others: the hardest there are for the analyzer."""

from __future__ import annotations


def recursive_notebooks() -> dict[str, list[str]]:
    """Return the cells of each notebook by its name."""
    return {"autodiff": _parts(_AUTODIFF), "solver": _parts(_SOLVER), "game search": _parts(_GAME)}


def _parts(text: str) -> list[str]:
    return [part.strip("\n") for part in text.split("---\n")]


_AUTODIFF = """
import math
import random
---
class Value:
    def __init__(self, data, _children=(), _op='', label=''):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(_children)
        self._op = _op
        self.label = label

    def __repr__(self):
        return f"Value(data={self.data})"

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), '+')
        def _backward():
            self.grad += 1.0 * out.grad
            other.grad += 1.0 * out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), '*')
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def __pow__(self, other):
        out = Value(self.data ** other, (self,), f'**{other}')
        def _backward():
            self.grad += other * (self.data ** (other - 1)) * out.grad
        out._backward = _backward
        return out

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other ** -1

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __radd__(self, other):
        return self + other

    def tanh(self):
        x = self.data
        t = (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1)
        out = Value(t, (self,), 'tanh')
        def _backward():
            self.grad += (1 - t ** 2) * out.grad
        out._backward = _backward
        return out

    def exp(self):
        x = self.data
        out = Value(math.exp(x), (self,), 'exp')
        def _backward():
            self.grad += out.data * out.grad
        out._backward = _backward
        return out

    def backward(self):
        topo = []
        visited = set()
        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)
        build_topo(self)
        self.grad = 1.0
        for node in reversed(topo):
            node._backward()
---
%%step expression
x1 = Value(2.0, label='x1')
x2 = Value(0.0, label='x2')
w1 = Value(-3.0, label='w1')
w2 = Value(1.0, label='w2')
b = Value(6.88, label='b')
x1w1 = x1 * w1
x2w2 = x2 * w2
total = x1w1 + x2w2
n = total + b
e = (2 * n).exp()
o = (e - 1) / (e + 1)
o.backward()
---
class Neuron:
    def __init__(self, nin):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(random.uniform(-1, 1))

    def __call__(self, x):
        act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return act.tanh()

    def parameters(self):
        return self.w + [self.b]

class Layer:
    def __init__(self, nin, nout):
        self.neurons = [Neuron(nin) for _ in range(nout)]

    def __call__(self, x):
        outs = [n(x) for n in self.neurons]
        return outs[0] if len(outs) == 1 else outs

    def parameters(self):
        return [p for neuron in self.neurons for p in neuron.parameters()]

class MLP:
    def __init__(self, nin, nouts):
        sz = [nin] + nouts
        self.layers = [Layer(sz[i], sz[i + 1]) for i in range(len(nouts))]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]
---
%%step network
random.seed(1)
net = MLP(3, [4, 4, 1])
out = net([2.0, 3.0, -1.0])
---
%%step data
xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
ys = [1.0, -1.0, -1.0, 1.0]
---
%%step train
for k in range(20):
    ypred = [net(x) for x in xs]
    loss = sum(((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred)), Value(0.0))
    for p in net.parameters():
        p.grad = 0.0
    loss.backward()
    for p in net.parameters():
        p.data += -0.05 * p.grad
    print(k, loss.data)
---
%%step report
predictions = [net(x).data for x in xs]
error = sum((a - b) ** 2 for a, b in zip(predictions, ys))
"""

_SOLVER = """
from itertools import permutations, product
---
class Cell:
    def __init__(self, row, column, candidates):
        self.row, self.column = row, column
        self.candidates = set(candidates)
        self.cages = []
        self.value = None

class Cage:
    def __init__(self, target, operator, cells):
        self.target, self.operator, self.cells = target, operator, cells
        for cell in cells:
            cell.cages.append(self)

    def is_satisfied(self):
        values = [cell.value for cell in self.cells]
        if None in values:
            return True
        return self.apply(values) == self.target

    def apply(self, values):
        if self.operator == '+':
            return sum(values)
        result = values[0]
        for value in values[1:]:
            result = result * value if self.operator == '*' else abs(result - value)
        return result

class Board:
    def __init__(self, size, cages):
        self.size = size
        self.cells = {(r, c): Cell(r, c, range(1, size + 1)) for r in range(size) for c in range(size)}
        self.cages = [Cage(t, op, [self.cells[p] for p in places]) for t, op, places in cages]
        self.trail = []

    def peers(self, cell):
        others = [c for c in self.cells.values() if c is not cell]
        return [c for c in others if c.row == cell.row or c.column == cell.column]

    def assign(self, cell, value):
        removed = []
        cell.value = value
        for peer in self.peers(cell):
            if value in peer.candidates:
                peer.candidates.discard(value)
                removed.append(peer)
        self.trail.append((cell, value, removed))
        possible = all(peer.candidates or peer.value for peer in removed)
        return possible and all(cage.is_satisfied() for cage in cell.cages)

    def undo(self):
        cell, value, removed = self.trail.pop()
        cell.value = None
        for peer in removed:
            peer.candidates.add(value)

    def next_cell(self):
        free = [cell for cell in self.cells.values() if cell.value is None]
        return min(free, key=lambda cell: len(cell.candidates)) if free else None

    def copy(self):
        other = Board(self.size, [])
        other.cages = self.cages
        for key, cell in self.cells.items():
            other.cells[key].candidates = set(cell.candidates)
            other.cells[key].value = cell.value
        return other
---
def solve(board, depth=0, log=None):
    log = [] if log is None else log
    cell = board.next_cell()
    if cell is None:
        return board
    for value in sorted(cell.candidates):
        log.append((depth, cell, value))
        if board.assign(cell, value):
            found = solve(board, depth + 1, log)
            if found is not None:
                return found
        board.undo()
    return None

def solve_copying(board):
    cell = board.next_cell()
    if cell is None:
        return board
    for value in sorted(cell.candidates):
        trial = board.copy()
        if trial.assign(trial.cells[cell.row, cell.column], value):
            found = solve_copying(trial)
            if found:
                return found
    return None

def queens(size, placed=()):
    if len(placed) == size:
        return [placed]
    found = []
    for column in range(size):
        if all(column != c and abs(column - c) != len(placed) - r for r, c in enumerate(placed)):
            found.extend(queens(size, (*placed, column)))
    return found
---
%%step boards
cages = [(3, '+', [(0, 0), (0, 1)]), (2, '*', [(1, 0), (1, 1)]), (1, '-', [(2, 0), (2, 1)])]
cages.append((6, '+', [(0, 2), (1, 2), (2, 2)]))
board = Board(3, cages)
other = Board(3, cages[:2])
---
%%step solve
log = []
solution = solve(board, log=log)
second = solve_copying(other)
---
%%step show
def rows(board):
    return [[board.cells[r, c].value for c in range(board.size)] for r in range(board.size)]
table = rows(solution)
grids = [rows(b) for b in (board, other) if b]
---
%%step queens
placements = queens(6)
boards = [[(row, column) for row, column in enumerate(p)] for p in placements]
"""

_GAME = """
import functools
from collections import namedtuple, defaultdict
import random
---
Move = namedtuple('Move', 'weigh left right')

class State:
    def __init__(self, sure, heavy, light, unknown, parent=None):
        self.sure, self.heavy, self.light, self.unknown = sure, heavy, light, unknown
        self.parent = parent
        self.children = {}

    def key(self):
        return tuple(len(part) for part in (self.sure, self.heavy, self.light, self.unknown))

    def after(self, move, outcome):
        if outcome not in self.children:
            child = State(list(self.sure), list(self.heavy), list(self.light), list(self.unknown), self)
            for ball in move.left + move.right:
                child.unknown = [b for b in child.unknown if b is not ball]
                (child.heavy if outcome > 0 else child.light).append(ball)
            self.children[outcome] = child
        return self.children[outcome]

class Tree:
    def __init__(self, state, move=None, branches=()):
        self.state, self.move, self.branches = state, move, list(branches)

    def depth(self):
        return 1 + max((branch.depth() for branch in self.branches), default=0)

    def leaves(self):
        if not self.branches:
            return [self]
        return [leaf for branch in self.branches for leaf in branch.leaves()]
---
memo = {}

def moves(state):
    pool = state.heavy + state.light + state.unknown
    for size in range(1, len(pool) // 2 + 1):
        yield Move(size, pool[:size], pool[size:2 * size])

def search(state, depth, memo=memo):
    key = (state.key(), depth)
    if key in memo:
        return memo[key]
    if depth == 0:
        memo[key] = Tree(state) if len(state.unknown) <= 1 else None
        return memo[key]
    best = None
    for move in moves(state):
        branches = []
        for outcome in (-1, 0, 1):
            branch = search(state.after(move, outcome), depth - 1, memo)
            if branch is None:
                break
            branches.append(branch)
        else:
            tree = Tree(state, move, branches)
            if best is None or tree.depth() < best.depth():
                best = tree
    memo[key] = best
    return best

def play(tree, ball, history=None):
    history = history if history is not None else []
    if not tree.branches:
        return history
    history.append(tree)
    outcome = 1 if ball in tree.move.left else (-1 if ball in tree.move.right else 0)
    return play(tree.branches[outcome + 1], ball, history)
---
%%step start
balls = [f'ball {n}' for n in range(6)]
start = State([], [], [], balls)
---
%%step search
best = search(start, 2)
games = {ball: play(best, ball) for ball in balls} if best else {}
---
@functools.lru_cache(maxsize=None)
def wins(pile, turn):
    return any(not wins(pile - take, 1 - turn) for take in (1, 2, 3) if take <= pile)

class Node:
    def __init__(self, board, player):
        self.board, self.player, self.kids, self.score = board, player, [], None

    def expand(self):
        for place, mark in enumerate(self.board):
            if mark is None:
                board = self.board[:place] + [self.player] + self.board[place + 1:]
                self.kids.append(Node(board, -self.player))
        return self.kids

def negamax(node, depth, table):
    found = table.get(tuple(node.board))
    if found is not None:
        return found
    if depth == 0 or None not in node.board:
        node.score = sum(mark or 0 for mark in node.board)
    else:
        node.score = max(-negamax(kid, depth - 1, table).score for kid in node.expand())
    table[tuple(node.board)] = node
    return node
---
%%step games
table = {}
root = negamax(Node([None] * 4, 1), 3, table)
line = []
node = root
while node.kids:
    node = min(node.kids, key=lambda kid: kid.score)
    line.append(node)
---
%%step report
summary = {'nim': [wins(n, 0) for n in range(10)], 'score': root.score, 'length': len(line)}
leaves = best.leaves() if best else []
"""
