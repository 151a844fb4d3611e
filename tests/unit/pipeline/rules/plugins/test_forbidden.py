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
        "from collections import Counter, namedtuple\nP = namedtuple('P', 'a')\n"
        "def f(t, x): return P(1)._replace(a=2).a == 2 and Counter('aa')['a'] == 2",
        "from collections.abc import Mapping\ndef f(t, x): return isinstance(t, Mapping)",
        "def f(t, x): return '{:.2f} {a}'.format(1.0, a=2) == '1.00 2'",
        "import json, re\ndef f(t, x): return json.loads('[1]') == [1] and bool(re.search('a', 'ba'))",
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n a: int = 1\ndef f(t, x): return P().a == 1",
        "import operator, functools\n"
        "def f(t, x): return functools.reduce(operator.add, [1, 2]) == operator.itemgetter(0)([3])",
        "import enum\nclass E(enum.Enum):\n    A = 1\ndef f(t, x): return E.A.value == 1",
        "import decimal, fractions, statistics\n"
        "def f(t, x): return statistics.mean([decimal.Decimal(1), 3]) == fractions.Fraction(2)",
    ],
)
def test_what_computes_is_allowed_and_runs(text: str) -> None:
    assert source.problems(text + "\n", "f", takes_model=False) == []
    assert call._module(text + "\n", "own.py")["f"]({}, {}) is True


@pytest.mark.parametrize("module", sorted(doors.MODULES | doors.SUBMODULES))
def test_a_view_has_no_modules_but_those_that_are_views_themselves(module: str) -> None:
    inside = {name: value for name, value in vars(doors.view(module)).items() if not name.startswith("__")}
    modules = {value.__name__ for value in inside.values() if isinstance(value, type(doors))}
    assert modules <= doors.SUBMODULES
    assert inside or module == "__future__"
