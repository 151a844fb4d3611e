"""Ways out of a plug-in, each of which has led out of some sandbox: its text is refused, and what the text
check would let pass fails when it runs."""

from __future__ import annotations

import pytest

from pipeline.rules.plugins import call, doors, source

WAYS_OUT = [
    "import collections\ndef f(t, x): return collections._sys.modules['os'].system('id')",
    "import json\ndef f(t, x): return json.codecs.open('/etc/passwd').read()",
    "import json\ndef f(t, x): return json.decoder.scanner",
    "from json import codecs\ndef f(t, x): return codecs.open('/etc/passwd')",
    "import collections as c\ndef f(t, x): return c._sys",
    "import statistics\ndef f(t, x): return statistics.sys",
    "import re\ndef f(t, x): return re.enum.sys",
    "import operator\ndef f(t, x): return operator.attrgetter('__class__')(t)",
    "from operator import attrgetter\ndef f(t, x): return attrgetter('__class__')(t)",
    "from operator import methodcaller as m\ndef f(t, x): return m('__dir__')(t)",
    "def f(t, x): return '{0.__class__.__base__}'.format(t)",
    "def f(t, x): return '{0:{1.__class__}}'.format(t, x)",
    "def f(t, x): return '{0[a]}'.format(t)",
    "def f(t, x):\n    text = '{0.__class__}'\n    return text.format(t)",
    "def f(t, x): return '{a.__class__}'.format_map(t)",
    "import string\ndef f(t, x): return string.Formatter().vformat('{0.__class__}', [t], {})",
    "import functools, json\ndef f(t, x): return functools.update_wrapper(t, json.dumps, ('__globals__',))",
    "from functools import wraps\ndef f(t, x): return wraps(t)",
    "import typing\ndef f(t, x): return typing.get_type_hints(f)",
    "from typing import get_type_hints\ndef f(t, x): return get_type_hints(f)",
    "def f(t, x):\n    match t:\n        case object(__class__=found):\n            return found",
    "import collections\ndef f(t, x):\n    match collections:\n        case object(_sys=s): return s",
    "def f(t, x): return (one for one in t).gi_frame.f_back.f_globals",
    "def f(t, x): return type(f).mro()",
    "def f(t, x):\n    try:\n        t.a\n    except AttributeError as e:\n        return e.tb_frame",
    "def f(t, x): return license",
    "import numpy as np\ndef f(t, x): return np.load('/etc/passwd', allow_pickle=True)",
    "import numpy\ndef f(t, x): return numpy.array([1]).dump('/tmp/x')",
    "import numpy\ndef f(t, x): return numpy.array([1]).tofile('/tmp/x')",
    "import numpy\ndef f(t, x): return numpy.array([1]).ctypes.data",
    "import numpy\ndef f(t, x): return numpy.lib.npyio.os",
    "import numpy.lib.npyio as n\ndef f(t, x): return n.DataSource().open('x')",
    "from numpy import memmap\ndef f(t, x): return memmap('/etc/passwd')",
    "import numpy.linalg as la\ndef f(t, x): return la.linalg",
    "import hashlib\ndef f(t, x): return hashlib.file_digest(t, 'sha1')",
    "import base64\ndef f(t, x): return base64.main()",
    "import onnxruntime as o\ndef f(t, x): return o.SessionOptions().register_custom_ops_library('x.so')",
    "import onnxruntime as o\ndef f(t, x):\n    s = o.SessionOptions()\n    s.enable_profiling = True",
    "import onnxruntime as o\ndef f(t, x): return o.capi",
    "def f(t, x): return __loader__",
    "C = type('C', (), {'__match_args__': ('__globals__',)})\ndef f(t, x): return C",
    "class C:\n    match ('__globals__',):\n        case __match_args__: pass\ndef f(t, x): return C",
    "class C:\n    match ['a']:\n        case [*__slots__]: pass\ndef f(t, x): return C",
    "class C:\n    match {}:\n        case {**__annotations__}: pass\ndef f(t, x): return C",
    "class C:\n    __match_args__: tuple = ('__globals__',)\ndef f(t, x): return C",
    "class C: pass\ndef f(t, x):\n    match f:\n        case C(found): return found",
    "int = t\ndef f(t, x):\n    match t:\n        case int(found): return found",
    "def f(t, x):\n    match t:\n        case dict(a, b): return a",
    "def f(t, x):\n    match '{0.__globals__}':\n        case str(format=said): return said(f)",
    "import math as __builtins__\ndef f(t, x): return 1",
    "def __import__(name): return name\ndef f(t, x): return 1",
    "class __build_class__: pass\ndef f(t, x): return 1",
    "def g(__import__): return 1\ndef f(t, x): return 1",
    "def f(t, x):\n    try: t()\n    except TypeError as __builtins__: pass",
    "def f(t, x): return g(__globals__=1)",
    "class C:\n    def __getattr__(self, name): return 1\ndef f(t, x): return C()",
    "class C:\n    def __getattribute__(self, name): return 1\ndef f(t, x): return C()",
    "class C:\n    def __array_interface__(self): return {}\ndef f(t, x): return C()",
    "class C:\n    def __array_struct__(self): return {}\ndef f(t, x): return C()",
    "class C:\n    def __del__(self): pass\ndef f(t, x): return C()",
    "class C:\n    def __subclasshook__(cls, c): return True\ndef f(t, x): return C()",
    "class C:\n    def __instancecheck__(cls, c): return True\ndef f(t, x): return C()",
    "class C(metaclass=print): pass\ndef f(t, x): return C()",
    "class C(**{'metaclass': f}): pass\ndef f(t, x): return C()",
    "import dataclasses\ndef f(t, x): return dataclasses.make_dataclass('C', ['__match_args__'])",
    "import enum\ndef f(t, x): return enum.global_enum(t)",
    "import enum\ndef f(t, x): return enum.EnumType",
    "import typing\ndef f(t, x): return typing.get_origin(typing.Type[int])('C', (), {})",
    "import collections\ndef f(t, x): return collections.ChainMap.new_child(t, 'C')",
    "from collections import UserList\ndef f(t, x): return UserList.copy(int)",
    "import collections.abc\ndef f(t, x): return collections.abc.Mapping.register(int)",
    "import collections.abc as c\ndef f(t, x):\n    match c.Mapping:\n        case object(register=r): r(t)",
    "import decimal\ndecimal.DefaultContext.prec = 2\ndef f(t, x): return 1",
    "import statistics\ndef f(t, x): return statistics.NormalDist().samples(1)",
    "import numpy as np\ndef f(t, x): return np.zeros(1).resize(9, refcheck=False)",
    "import numpy as np\ndef f(t, x): return np.datetime64('now')",
    "from numpy import datetime64\ndef f(t, x): return datetime64(' Today')",
    "import numpy as np\ndef f(t, x): return np.sctypeDict",
    "def f(t, x): raise KeyboardInterrupt",
    "def g():\n    try: yield\n    finally: f(1, 2)\ndef f(t, x): return g()",
    "import decimal\ndef g():\n    with decimal.localcontext() as c: yield c\ndef f(t, x): return g()",
    "def f(t, x): return \uff45\uff56\uff41\uff4c('1')",
    "def f(t, x): return f.__\U0001d420lobals__",
    "def f(t, x): return f'{f.__globals__!r:>10}'",
]


@pytest.mark.parametrize("text", WAYS_OUT)
def test_a_way_out_is_refused_by_its_text(text: str) -> None:
    assert source.problems(text + "\n", "f", takes_model=False) != []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import collections\nx = collections\nfound = x._sys", AttributeError),
        ("import json\nx = [json]\nfound = x[0].codecs", AttributeError),
        ("import operator\nx = operator\nfound = x.attrgetter", AttributeError),
        ("import numpy\nx = numpy\nfound = x.load", AttributeError),
        ("import numpy\nx = numpy\nfound = x.lib", AttributeError),
        ("import functools\nx = functools\nfound = x.wraps", AttributeError),
        ("import onnxruntime\nfound = onnxruntime.InferenceSession('/etc/passwd')", TypeError),
        ("from json import codecs", ImportError),
        ("import os", ImportError),
        ("import encodings", ImportError),
        ("found = __import__('subprocess')", ImportError),
        ("found = __import__('json', None, None, ['codecs']).codecs", AttributeError),
        ("found = open", NameError),
        ("found = license", NameError),
        ("made = type('C', (), {})", TypeError),
        ("made = type(int)", TypeError),
        ("import collections\nmade = collections.Counter.copy(int)", TypeError),
        ("import enum\nmade = enum.Enum('E', {'__array_interface__': {}, 'A': 1})", TypeError),
        ("import enum\nclass E(enum.IntFlag): pass\nmade = E('E', 'A')", TypeError),
        ("import json\njson.JSONEncoder.default = 1", AttributeError),
        ("import json\na, json.JSONEncoder.default = 1, 2", AttributeError),
        ("import json\nfor json.dumps in [1]: pass", AttributeError),
        ("import math\nmath.floor = 1", AttributeError),
        ("import fractions\ndel fractions.Fraction.limit_denominator", AttributeError),
        ("class C: a = 1\nC.a += 1", AttributeError),
        ("def g(): pass\ng.a = 1", AttributeError),
        ("import numpy\nmade = numpy.ndarray((1,), 'O', bytearray(8))", TypeError),
        ("import numpy\nmade = type(numpy.zeros(1))((1,), 'O', bytearray(8))", TypeError),
        ("import numpy\nfound = numpy.recarray", AttributeError),
        ("raise KeyboardInterrupt", NameError),
    ],
)
def test_what_its_text_hides_is_not_there_when_it_runs(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        call._module(text + "\n", "own.py")


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\ndef f(t, x): return bool(np.linalg.norm(np.array([1.0])) > 0)",
        "import numpy.linalg as la\ndef f(t, x): return bool(la.norm([3.0, 4.0]) == 5.0)",
        "import datetime\ndef f(t, x): return datetime.datetime.strptime('2026', '%Y').year == 2026",
        "import datetime\ndef f(t, x): return datetime.date(2026, 1, 2).strftime('%d.%m.') == '02.01.'",
        "from collections import Counter, namedtuple\nP = namedtuple('P', 'a')\n"
        "def f(t, x): return P(1)._replace(a=2).a == 2 and Counter('aa')['a'] == 2",
        "from collections.abc import Mapping\ndef f(t, x): return isinstance(t, Mapping)",
        "def f(t, x): return '{:.2f} {a}'.format(1.0, a=2) == '1.00 2'",
        "import json, re\ndef f(t, x): return json.loads('[1]') == [1] and bool(re.search('a', 'ba'))",
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n a: int = 1\ndef f(t, x): return P().a == 1",
        "import operator, functools\n"
        "def f(t, x): return functools.reduce(operator.add, [1, 2]) == operator.itemgetter(0)([3])",
        "import enum\nclass E(enum.Enum):\n    A = 1\ndef f(t, x): return E.A.value == 1",
        "class P:\n    def __init__(self): self.a = 1\n    def __add__(self, o): return self.a + o\n"
        "def f(t, x): return P() + 1 == 2",
        "import numpy as np\ndef f(t, x):\n    a = np.empty(4)\n"
        "    a.shape = (2, 2)\n    return a.tolist() == [[0, 0], [0, 0]]",
        "import decimal\ndef f(t, x):\n    with decimal.localcontext() as c:\n        c.prec = 2\n"
        "        return str(decimal.Decimal(1) / 3) == '0.33'",
        "def f(t, x):\n    match [1, 'a']:\n        case [int(n), str() as s]: return (n, s) == (1, 'a')",
        "import enum\nclass E(enum.IntFlag):\n    A = enum.auto()\n    B = enum.auto()\n"
        "def f(t, x): return (E.A | E.B) == 3 and E(1) is E.A and len(E) == 2",
        "def f(t, x): return type(1) is type(2)",
        "import numpy as np\n"
        "def f(t, x): return isinstance(np.zeros(1), np.ndarray) and type(np.zeros(1)) is np.ndarray",
        "def f(t, x): return 'stra\u00dfe'.encode('cp1252').decode('cp1252') == 'stra\u00dfe'",
        "import decimal, fractions, statistics\n"
        "def f(t, x): return statistics.mean([decimal.Decimal(1), 3]) == fractions.Fraction(2)",
    ],
)
def test_what_computes_is_allowed_and_runs(text: str) -> None:
    assert source.problems(text + "\n", "f", takes_model=False) == []
    assert vars(call._module(text + "\n", "own.py"))["f"]({}, {}) is True


@pytest.mark.parametrize("module", sorted(doors.MODULES | doors.SUBMODULES))
def test_a_view_has_no_modules_but_those_that_are_views_themselves(module: str) -> None:
    inside = {name: value for name, value in vars(doors.view(module)).items() if not name.startswith("__")}
    modules = {value.__name__ for value in inside.values() if isinstance(value, type(doors))}
    assert modules <= doors.SUBMODULES
    assert inside or module == "__future__"
