"""What a plug-in could keep from one call to the next, or change for others: nothing of it is there."""

from __future__ import annotations

import json

import pytest

from pipeline.rules.plugins import call, replaced, source
from tests.unit.pipeline.rules.plugins.asked import asked

REMEMBERS = [
    "import numpy as np\nA = np.zeros(2)[1:]\ndef f(t, x):\n    A.base[1] += 1\n    return A[0]",
    "import numpy as np\nA = np.array([[], 1], dtype=object)\ndef f(t, x):\n"
    "    A[0].append(1)\n    return len(A[0])",
    "E = Exception([])\ndef f(t, x):\n    E.args[0].append(1)\n    return len(E.args[0])",
    "SEEN = []\ndef f(t, x):\n    SEEN.append(x['n'])\n    return len(SEEN)",
    "SEEN = []\ndef f(t, x):\n    seen = SEEN\n    seen += [1]\n    return len(seen)",
    "SEEN = {}\ndef f(t, x):\n    SEEN[x['n']] = 1\n    return len(SEEN)",
    "SEEN = {}\ndef f(t, x): return SEEN.setdefault('first', x['n'])",
    "SEEN = {'all': [1]}\ndef f(t, x):\n    SEEN['all'].append(1)\n    return len(SEEN['all'])",
    "SEEN = ([],)\ndef f(t, x):\n    SEEN[0].append(1)\n    return len(SEEN[0])",
    "SEEN = set()\ndef f(t, x):\n    SEEN.add(x['n'])\n    return len(SEEN)",
    "SEEN = bytearray()\ndef f(t, x):\n    SEEN.append(1)\n    return len(SEEN)",
    "def g(x, seen=[]):\n    seen.append(1)\n    return len(seen)\ndef f(t, x): return g(x)",
    "def g(x, *, seen={}):\n    seen[len(seen)] = 1\n    return len(seen)\ndef f(t, x): return g(x)",
    "def make():\n    seen = []\n    def g():\n        seen.append(1)\n"
    "        return len(seen)\n    return g\nG = make()\n"
    "def f(t, x): return G()",
    "class C:\n    seen = []\ndef f(t, x):\n    C.seen.append(1)\n    return len(C.seen)",
    "class C:\n    def __init__(self): self.n = 0\nKEPT = C()\ndef f(t, x):\n"
    "    KEPT.n += 1\n    return KEPT.n",
    "class C:\n    def __init__(self): self.seen = []\nKEPT = C()\n"
    "def f(t, x):\n    KEPT.seen.append(1)\n    return len(KEPT.seen)",
    "class C(list): pass\nKEPT = C()\ndef f(t, x):\n    KEPT.append(1)\n    return len(KEPT)",
    "class C(dict): pass\nKEPT = {'a': C()}\ndef f(t, x):\n"
    "    KEPT['a'][x['n']] = 1\n    return len(KEPT['a'])",
    "import collections\nSEEN = collections.Counter()\ndef f(t, x):\n"
    "    SEEN[x['n']] += 1\n    return SEEN[x['n']]",
    "import collections\nSEEN = collections.Counter()\ndef f(t, x):\n"
    "    SEEN.update('a')\n    return SEEN['a']",
    "import collections\nSEEN = collections.deque(maxlen=3)\ndef f(t, x):\n"
    "    SEEN.append(1)\n    return len(SEEN)",
    "import collections\nSEEN = collections.defaultdict(int)\ndef f(t, x):\n"
    "    SEEN['a'] += 1\n    return SEEN['a']",
    "import collections\nSEEN = collections.OrderedDict(a=1, b=2)\n"
    "def f(t, x):\n    SEEN.move_to_end('a')\n    return list(SEEN)",
    "import numpy as np\nSEEN = np.zeros(1)\ndef f(t, x):\n    SEEN[0] += 1\n    return SEEN[0]",
    "import numpy as np\nSEEN = [np.zeros(1)]\ndef f(t, x):\n"
    "    np.add(SEEN[0], 1, out=SEEN[0])\n    return SEEN[0][0]",
    "import heapq\nSEEN = []\ndef f(t, x):\n    heapq.heappush(SEEN, 1)\n    return len(SEEN)",
    "import bisect\nSEEN = []\ndef f(t, x):\n    bisect.insort(SEEN, 1)\n    return len(SEEN)",
    "import operator\nSEEN = []\ndef f(t, x): return len(operator.iadd(SEEN, [1]))",
    "import functools\nSEEN = functools.partial(max, [])\ndef f(t, x):\n"
    "    SEEN.args[0].append(1)\n    return len(SEEN.args[0])",
    "import enum\nclass E(enum.Enum):\n    A = [1]\ndef f(t, x):\n"
    "    E.A.value.append(1)\n    return len(E.A.value)",
    "import dataclasses\n@dataclasses.dataclass\nclass C:\n    n: int = 0\n"
    "KEPT = C()\ndef f(t, x):\n    KEPT.n += 1\n    return KEPT.n",
    "from typing import NamedTuple\nclass P(NamedTuple):\n    seen: list\n"
    "KEPT = P([])\ndef f(t, x):\n    KEPT.seen.append(1)\n"
    "    return len(KEPT.seen)",
]


@pytest.mark.parametrize("text", REMEMBERS)
def test_a_plugin_that_remembers_fails_at_its_first_call_as_at_every_other(text: str) -> None:
    function = vars(call._module(text + "\n", "own.py"))["f"]
    for _ in range(2):
        with pytest.raises((TypeError, AttributeError, ValueError)):
            function({}, {"n": 1})


@pytest.mark.parametrize(
    "text",
    [
        "import re\nSEEN = re.compile('a').scanner('aaaa')\ndef f(t, x): return SEEN.match().start()",
        "import itertools\nNEXT = itertools.count()\ndef f(t, x): return next(NEXT)",
        "NEXT = (n for n in range(100))\ndef f(t, x): return next(NEXT)",
        "NEXT = [iter([1, 2, 3])]\ndef f(t, x): return next(NEXT[0])",
        "import hashlib\nSEEN = hashlib.sha256()\ndef f(t, x): return SEEN.update(b'a')",
        "def g(n=iter([1, 2])): return next(n)\ndef f(t, x): return g()",
    ],
)
def test_what_moves_on_by_itself_is_not_kept(text: str) -> None:
    with pytest.raises(TypeError, match="is kept between calls, and changes with each"):
        call._module(text + "\n", "own.py")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "import functools\n@functools.lru_cache\ndef g(n): return str(n)\ndef f(t, x): return g(x['n'])",
            None,
        ),
        (
            "import functools\n@functools.cache\ndef g(): return []\ndef f(t, x):\n"
            "    g().append(1)\n    return len(g())",
            None,
        ),
        (
            "import functools\nclass C:\n    @functools.cached_property\n"
            "    def all(self): return []\nKEPT = C()\ndef f(t, x):\n"
            "    KEPT.all.append(1)\n    return len(KEPT.all)",
            None,
        ),
    ],
)
def test_what_is_remembered_lasts_for_one_call(text: str, expected: object) -> None:
    function = vars(call._module(text + "\n", "own.py"))["f"]
    alone = []
    for given in (1, 1.0, True, 1):
        alone.append(function({}, {"n": given}))
        replaced.forget()
    assert alone in (["1", "1.0", "True", "1"], [1, 1, 1, 1], [0, 0, 0, 0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "TABLE = [1, 2, 3]\n"
            "def f(t, x): return TABLE[x['n']] + len(TABLE + [4]) + TABLE[-1] + max(TABLE)",
            12,
        ),
        (
            "TABLE = {'a': [1]}\n"
            "def f(t, x): return {**TABLE, 'b': 2} == {'a': [1], 'b': 2} and TABLE['a'] == [1]",
            True,
        ),
        ("TABLE = {'a': 1}\ndef f(t, x):\n    own = dict(TABLE)\n    own['b'] = 2\n    return len(own)", 2),
        (
            "TABLE = {'a': 1}\ndef f(t, x):\n    own = TABLE.copy()\n"
            "    own['b'] = 2\n    return len(own) + len(TABLE)",
            3,
        ),
        ("ALL = {'a', 'b'}\ndef f(t, x):\n    own = ALL | {'c'}\n    own.add('d')\n    return len(own)", 4),
        (
            "ALL = {'a', 'b'}\ndef f(t, x):\n    own = ALL.copy()\n    own.add('d')\n    return sorted(own)",
            ["a", "b", "d"],
        ),
        (
            "import collections\nD = collections.defaultdict(list, a=[1])\n"
            "def f(t, x): return (D['a'], D['z'], 'z' in D)",
            ([1], [], False),
        ),
        (
            "import collections\nC = collections.Counter('aab')\ndef f(t, x):\n"
            "    own = C + collections.Counter('b')\n    own.update('z')\n"
            "    return own['b'], own['z'], C['b'], C['no']",
            (2, 1, 1, 0),
        ),
        (
            "import collections\nD = collections.deque([1, 2], 2)\ndef f(t, x):\n"
            "    own = D.copy()\n    own.append(3)\n    return list(own), own.maxlen",
            ([2, 3], 2),
        ),
        (
            "import numpy as np\nW = np.array([1.0, 2.0])\ndef f(t, x):\n"
            "    own = W.copy()\n    own[0] = 5\n    return (own @ W).item()",
            9.0,
        ),
        (
            "import re, json\nWORDS = re.compile('a+')\n"
            'TABLE = json.loads(\'{"a": {"b": [1]}}\')\n'
            "def f(t, x): return bool(WORDS.match('aa')) and isinstance(TABLE, dict) and "
            "json.dumps(TABLE)",
            '{"a": {"b": [1]}}',
        ),
        (
            "class C:\n    def __init__(self): self.n = 1\ndef f(t, x):\n"
            "    one = C()\n    one.n += 1\n    return one.n",
            2,
        ),
        (
            "class C:\n    kinds = ['a']\n    def __init__(self): self.own = []\n"
            "def f(t, x):\n    one = C()\n    one.own.append(1)\n"
            "    return one.own + C.kinds",
            [1, "a"],
        ),
        (
            "import heapq\ndef f(t, x):\n    h = []\n    heapq.heappush(h, 2)\n"
            "    heapq.heappush(h, 1)\n    return h[0]",
            1,
        ),
        (
            "import functools\n@functools.lru_cache\n"
            "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
            "def f(t, x): return fib(80)",
            23416728348467685,
        ),
        ("def f(t, x): return 7 % 3 + len('%s' % 'ab') + (5 - 2) + (6 & 3)", 8),
        (
            "import numpy as np\nclass C: a = 7\ndef f(t, x):\n    c, d, n = C(), [9, 8], np.arange(5)\n"
            "    c.a %= 4\n    d[[0, 5 // 0 if d == [] else 1][1]] %= 5\n    n[1:4] %= 2\n"
            "    at = iter([0, 1])\n    d[next(at)] %= 6\n    return c.a, d, n.tolist()",
            (3, [3, 3], [0, 1, 0, 1, 4]),
        ),
        (
            "import enum\nKINDS = (str, int)\nBY = {str: 'text', int: 'number'}\n"
            "class Color(str, enum.Enum):\n    RED = 'red'\nclass Id(str): pass\n"
            "def g(x: str) -> str:\n    match x:\n        case str(found): return found\n"
            "def f(t, x): return (isinstance('a', str), isinstance(1, str), isinstance('a', KINDS),"
            " type('a') is str, type('a') == str, type('a') in KINDS, BY[type('a')], issubclass(Id, str),"
            " issubclass(int, str), Color('red') == 'red', isinstance(Color.RED, str), Id('x') + 'y', g('z'),"
            " str.upper('a'), str(1), str(b'a', 'ascii'), str.join(',', ['a', 'b']), isinstance(Id('a'), Id),"
            " isinstance('a', Id), str(), repr('a'), ascii('\u00e9'), format(1, '03'))",
            (
                *(True, False, True, True, True, True, "text", True, False, True, True, "xy", "z"),
                *("A", "1", "a", "a,b", True, False, "", "'a'", "'\\xe9'", "001"),
            ),
        ),
        (
            "import numpy as np\ndef f(t, x): return (np.array([1.5]).astype(str).tolist(),"
            " np.array(['a', 'b'], dtype=str).tolist(), np.array2string(np.array([1, 2])),"
            " np.where(np.array([True]), 'y', 'n').tolist())",
            (["1.5"], ["a", "b"], "[1 2]", ["y"]),
        ),
        ("def f(t, x): return f'{x[\"n\"]:>{4}}|{x!r:10}|'", "   1|{'n': 1}  |"),
        ("A = []\nB = [A, A]\nA.append(B)\ndef f(t, x): return B[0] is B[1] and B[0][0] is B", True),
        (
            "def f(t, x): return {1, 2} <= {1, 2, 3} and {'a'} == {'a'} and isinstance({1}, set)"
            " and set('ab') - {'a'} == {'b'} and len(frozenset([1, 1])) == 1 and 'DE' in {'DE', 'FR'}",
            True,
        ),
    ],
)
def test_what_a_plugin_only_reads_or_makes_anew_is_as_ever(text: str, expected: object) -> None:
    assert asked(text, 1, 1) == [expected, expected]


@pytest.mark.parametrize(
    "text",
    [
        "A = []\ndef f(t, x): return list.append(A, 1)",
        "A = {}\ndef f(t, x): return dict.update(A, a=1)",
        "import numpy as np\nA = np.zeros(1)\ndef f(t, x): return A.setflags(write=True)",
        "import numpy as np\nA = np.zeros(1)\ndef f(t, x):\n    A.flags.writeable = True",
        "import typing\ndef f(t, x): return len(typing.get_overloads(f))",
        "import typing, json\ndef f(t, x): return typing.no_type_check(json.JSONEncoder)",
        "import hashlib\ndef f(t, x): return len(hashlib.algorithms_available)",
    ],
)
def test_a_way_to_remember_or_to_change_what_others_use_is_refused_by_its_text(text: str) -> None:
    assert source.problems(text + "\n", "f", takes_model=False) != []


def test_what_former_calls_did_to_the_context_of_decimals_is_not_seen() -> None:
    text = (
        "import decimal\ndef f(t, x):\n    with decimal.localcontext() as c:\n"
        "        seen = c.flags[decimal.Inexact]\n"
        "    return seen, str(decimal.Decimal(1) / 3)[:5]"
    )
    assert asked(text, 1, 1) == [(False, "0.333"), (False, "0.333")]


def test_what_a_plugin_marks_is_not_marked_for_others() -> None:
    assert asked(
        "import typing, json\ndef f(t, x): return typing.final(json.JSONEncoder) is json.JSONEncoder"
    ) == [True]
    assert not hasattr(json.JSONEncoder, "__final__")
