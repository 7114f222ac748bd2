"""What a pickle says, apart from which equal strings happened to be one object.

Pickle writes a string once and points to it afterwards, by identity. Identities of equal strings
change when a value is loaded (attribute names get interned), and no user code depends on them. Here
every pointer to text or bytes becomes the text again, and objects are renumbered without them.
"""

from __future__ import annotations

import pickle

_LIMIT_BYTES = 2 << 20  # about a fifth of a second; larger streams are named by their raw bytes

_TEXT = b"\xf0"  # no pickle opcodes
_OBJECT = b"\xf1"


def _sizes() -> dict[int, int]:
    """Return opcode -> bytes of its argument; negative: the width of a count before it."""
    plain = (
        *(
            pickle.MARK,
            pickle.STOP,
            pickle.POP,
            pickle.POP_MARK,
            pickle.NONE,
            pickle.NEWTRUE,
            pickle.NEWFALSE,
        ),
        *(pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.EMPTY_TUPLE, pickle.EMPTY_SET, pickle.FROZENSET),
        *(pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.APPEND, pickle.APPENDS),
        *(pickle.SETITEM, pickle.SETITEMS, pickle.ADDITEMS, pickle.REDUCE, pickle.BUILD, pickle.NEWOBJ),
        *(pickle.NEWOBJ_EX, pickle.STACK_GLOBAL, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER, pickle.DICT),
        *(pickle.MEMOIZE, pickle.DUP, pickle.LIST, pickle.BINPERSID),
    )
    sizes = {code[0]: 0 for code in plain}
    fixed = {1: (pickle.PROTO, pickle.BININT1, pickle.BINGET), 2: (pickle.BININT2,)}
    fixed |= {4: (pickle.BININT, pickle.LONG_BINGET), 8: (pickle.BINFLOAT, pickle.FRAME)}
    counted = {-1: (pickle.SHORT_BINUNICODE, pickle.SHORT_BINBYTES, pickle.LONG1)}
    counted |= {-4: (pickle.BINUNICODE, pickle.BINBYTES, pickle.LONG4)}
    counted |= {-8: (pickle.BINUNICODE8, pickle.BINBYTES8, pickle.BYTEARRAY8)}
    for size, codes in (fixed | counted).items():
        sizes.update({code[0]: size for code in codes})
    return sizes


_SIZES = _sizes()
_TEXT_CODES = frozenset(
    code[0]
    for code in (
        *(pickle.SHORT_BINUNICODE, pickle.BINUNICODE, pickle.BINUNICODE8),
        *(pickle.SHORT_BINBYTES, pickle.BINBYTES, pickle.BINBYTES8),
    )
)
_BYTES_CODES = frozenset(code[0] for code in (pickle.SHORT_BINBYTES, pickle.BINBYTES, pickle.BINBYTES8))
_GETS = frozenset((pickle.BINGET[0], pickle.LONG_BINGET[0]))
_MEMOIZE, _FRAME = pickle.MEMOIZE[0], pickle.FRAME[0]


def identity_of(stream: bytes) -> bytes | None:
    """Return bytes that are equal for pickles of equal meaning, None if there is no cheap way."""
    if len(stream) > _LIMIT_BYTES:
        return None
    out: list[bytes] = []
    memo: list[bytes] = []
    at = copied = objects = 0
    text: bytes | None = None  # the string that was written last, if nothing came after it
    while at < len(stream):
        code, start = stream[at], at
        size = _SIZES.get(code)
        if size is None:
            return None
        at += 1
        if size < 0:
            width, size = -size, int.from_bytes(stream[at : at - size], "little")
            at += width
        at += size
        if code == _MEMOIZE:
            if text is None:
                memo.append(_OBJECT + objects.to_bytes(4, "little"))
                objects += 1
            else:
                memo.append(text)
        text = None
        if code in _TEXT_CODES:
            kind = b"b" if code in _BYTES_CODES else b"s"
            text = token = _TEXT + kind + size.to_bytes(8, "little") + stream[at - size : at]
        elif code in _GETS:
            token = memo[int.from_bytes(stream[start + 1 : at], "little")]
        elif code in (_MEMOIZE, _FRAME):
            token = b""
        else:
            continue
        out += (stream[copied:start], token)
        copied = at
    out.append(stream[copied:])
    return b"".join(out)
