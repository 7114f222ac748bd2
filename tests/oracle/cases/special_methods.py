"""Special methods that bind a global, called where no code names them."""

from __future__ import annotations

from oracle.case import Category

special_methods = Category("special-method")

METHODS = {
    "next": ("def __next__(self): bump(); return 1", "next({})"),
    "star": ("def __iter__(self): bump(); return iter([1])", "[*{}]"),
    "mapping": ("def keys(self): bump(); return ['k']\n    def __getitem__(self, k): return 1", "dict(**{})"),
    "index": ("def __index__(self): bump(); return 0", "[5][{}]"),
    "percent": ("def __str__(self): bump(); return 'x'", "'%s' % ({},)"),
    "mapped": ("def __str__(self): bump(); return 'x'", "''.join(map(str, [{}]))"),
    "reversed": ("def __reversed__(self): bump(); return iter([1])", "list(reversed({}))"),
    "divmod": ("def __divmod__(self, o): bump(); return (1, 1)", "divmod({}, 1)"),
    "bytes": ("def __bytes__(self): bump(); return b''", "bytes({})"),
    "unequal": ("def __eq__(self, o): bump(); return True\n    __hash__ = None", "{} != 1"),
    "reflected": ("def __gt__(self, o): bump(); return True", "1 < {}"),
    "item-in-place": (
        "def __getitem__(self, k): return 1\n    def __setitem__(self, k, x): bump()",
        "{}[0] += 1",
    ),
    "pattern": ("@property\n    def v(self): bump(); return 1", "match {}:\n        case A(v=1): pass"),
    "list-of-addable": (
        "def __add__(self, o): return o\n    def go(self): bump()",
        "[p.go() for p in [{}] + [1][1:]]",
    ),
}
HOLDERS = {
    "object": ("o = A()", "o"),
    "element": ("d = {'k': [A()]}", "d['k'][0]"),
}
NOTEBOOK = """
%%step a
counter = 0
log = []
def bump():
    global counter
    counter += 1
    log.append(counter)
class A:
    METHOD
HOLDER
---
%%step b
for _ in range(3):
    USE
---
%%step c
print(counter, log)
"""

for _number, (_name, (_method, _use)) in enumerate(METHODS.items()):
    _kind = ("object", "element")[_number % 2] if _name != "item-in-place" else "element"
    _holder, _expression = HOLDERS[_kind]
    _cells = NOTEBOOK.replace("METHOD", _method).replace("HOLDER", _holder)
    special_methods.add(
        f"{_name}-of-an-{_kind}",
        _cells.replace("USE", _use.format(_expression)),
        why="the method is the only one that binds the global",
    )
special_methods.add(
    "list-of-objects-that-add-is-extended",
    """
%%step a
class V:
    def __init__(self, x): self.x = x
    def __add__(self, other): return V(self.x + other.x)
    def __iadd__(self, other): return V(self.x + other.x)
vs = [V(1)]
same = vs
---
%%step b
vs += [V(2)]
both = vs + [V(3)]
both[0].x = 7
---
%%step c
print([v.x for v in same], [v.x for v in both])
""",
    why="the list is extended, its elements are not added",
)
