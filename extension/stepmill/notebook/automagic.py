"""Magics without `%`: `pip install x`, `cd data`. IPython takes them only in a cell of one line."""

from __future__ import annotations

import re

_WORDS = """
alias alias_magic autoawait autocall automagic autosave bookmark cat cd clear code_wrap colors conda
config connect_info cp debug dhist dirs doctest_mode ed edit env gui hist history killbgscripts ldir less
lf lk ll load load_ext loadpy logoff logon logstart logstate logstop ls lsmagic lx macro magic mamba man
matplotlib micromamba mkdir more mv notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd
pprint precision prun psearch psource pushd pwd pycat pylab qtconsole quickref recall rehashx reload_ext
rep rerun reset reset_selective rm rmdir run save sc set_env subshell sx system tb time timeit unalias
unload_ext uv who who_ls whos xdel xmode
"""
MAGICS = frozenset(_WORDS.split())
"""The line magics of IPython and ipykernel, shell aliases included."""

_LINE = re.compile(r"\s*([A-Za-z_]\w*)(.*)", re.DOTALL)


def automagic_name(line: str) -> str | None:
    """Return the magic that IPython takes this only line of a cell for, unless a variable has that name.

    The rules are IPython's: a magic's name, and no assignment or comma after it.
    """
    match = _LINE.fullmatch(line.rstrip("\r\n"))
    if match is None or match[1] not in MAGICS:
        return None
    rest = match[2].lstrip()
    if rest[:1] in ("=", ","):
        return None
    # IPython splits the name off at the first character that no name, `.` or `*` has
    return None if match[2][:1] in (".", "*") else match[1]
