"""What would make an answer depend on the process, the machine or the calls before: nothing does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from pipeline.rules.plugins import call
from tests.unit.pipeline.rules.plugins.asked import asked

ASKED = """
import json, sys
from pipeline.rules.plugins import barrier, call
barrier.build()
answers = []
for text in json.load(sys.stdin):
    function = vars(call._module(text, "own.py"))["f"]
    answers.append([repr(function({}, {"n": n})) for n in (1, 2, 1)])
print(json.dumps(answers))
"""

FROM_ANYWHERE = [
    "def f(t, x):\n    try:\n        assert x['n'] > 5\n"
    "    except AssertionError:\n        return 1\n    return 2",
    "def f(t, x):\n    try:\n        return len(str(10**5000))\n    except ValueError:\n        return 0",
    "def f(t, x): return ', '.join({'north', 'south', 'east', 'west', 'up', 'down'})",
    "def f(t, x): return list(set('the order of letters'))",
    "def f(t, x): return [one for one in {c + 'x' for c in 'abcdefghij'}]",
    "def f(t, x): return str(frozenset(['b', 'a', 'c', 'd'])), f'{set(\"wxyz\")}'",
    "def f(t, x): return tuple({'a', 'b', 'c', 'd'} | {'e', 'f'}), sum({0.1, 0.7, 1e17, 0.3, -1e17})",
    "def f(t, x): return list({'a': 1, 'b': 2, 'c': 3}.keys() - {'b'}), list(set('abc').union('xyz'))",
    "def f(t, x):\n    left = set('abcdefgh')\n    left ^= {'z'}\n"
    "    return left.pop(), left.pop(), next(iter(left))",
    "def f(t, x): return list({('a', 1), ('b', 2), 'c', 3, None, 'd'})",
    "SEEN = frozenset('qwertz')\ndef f(t, x): return [*SEEN], max(SEEN, key=lambda one: 1)",
    "import datetime\ndef f(t, x): return str(datetime.datetime.fromtimestamp(86400 * x['n']))",
    "import datetime\ndef f(t, x): return datetime.datetime(2026, 7, 1).timestamp()",
    "import datetime\ndef f(t, x): return str(datetime.datetime(2026, 1, 1).astimezone())",
    "import datetime\ndef f(t, x): return str(datetime.date.fromtimestamp(0))",
    "import datetime\n"
    "def f(t, x): return datetime.datetime(2026, 1, 1, "
    "tzinfo=datetime.timezone.utc).astimezone().strftime('%Z %H')",
]


def answers(**environment: str) -> list[list[str]]:
    told = {**os.environ, **environment}
    argv = [sys.executable, "-c", ASKED]
    done = subprocess.run(
        argv, input=json.dumps(FROM_ANYWHERE), capture_output=True, text=True, check=True, env=told
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_the_answer_is_that_of_every_process_and_every_machine() -> None:
    here = answers(PYTHONHASHSEED="1", TZ="America/Los_Angeles", PYTHONOPTIMIZE="1")
    there = answers(PYTHONHASHSEED="2", TZ="Asia/Kathmandu", PYTHONINTMAXSTRDIGITS="0")
    assert [text for text, one, other in zip(FROM_ANYWHERE, here, there, strict=True) if one != other] == []


PLACES = [
    "def f(t, x): return str(object())",
    "def f(t, x): return f'{object()}'",
    "def f(t, x): return f'{object()!s:>90}'",
    "def f(t, x): return f'{object()!s:.26}'",
    "def f(t, x): return '{}'.format(f)",
    "def f(t, x): return '%s' % f",
    "def f(t, x): return b'%a' % f",
    "def f(t, x): return repr([f])",
    "class C: pass\ndef f(t, x): return format(C(), '')",
    "def f(t, x): return ascii(one for one in t)",
    "def f(t, x): return f'{x}{f}'",
    "def f(t, x): return list(map(str, [object()]))",
    "def f(t, x): return sorted([object()], key=repr) and str([f])",
    "def f(t, x):\n    s = str\n    return s(f)",
    "def g(x, made=repr): return made(x)\ndef f(t, x): return g(f)",
    "BY = {'a': str, 'b': ascii}\ndef f(t, x): return [made(f) for made in BY.values()]",
    "class C:\n    made = str\ndef f(t, x): return C.made(f)",
    "class S(str): pass\ndef f(t, x): return S(f)",
    "def f(t, x): return str(f).encode(), str(object=f), str(repr(f).encode(), 'ascii')",
    "import hashlib\ndef f(t, x): return str(hashlib.sha256())",
    "import json\ndef f(t, x): return json.dumps(object(), default=str)",
    "import string\ndef f(t, x): return string.Template('$a').substitute(a=f)",
    "import string\ndef f(t, x): return string.Template('$a').safe_substitute({'a': object()})",
    "import string\nclass T(string.Template): delimiter = '%'\ndef f(t, x): return T('%a').substitute(a=f)",
    "def f(t, x):\n    form = '%s'\n    return form % f",
    "def f(t, x):\n    text = '%s'\n    text %= f\n    return text",
    "class C: pass\ndef f(t, x):\n    c = C()\n    c.a = '%s'\n    c.a %= f\n    return c.a",
    "def f(t, x):\n    d = {'a': '%s'}\n    d['a'] %= f\n    return d['a']",
    "class C:\n    def __getitem__(self, at): return '%s'\n"
    "    def __setitem__(self, at, held): self.held = held\n"
    "def f(t, x):\n    c = C()\n    c[1:2, ...] %= f\n    return c.held",
    "import operator\ndef f(t, x): return operator.mod('%s', f)",
    "import functools\ndef f(t, x): return functools.partial(str, f)()",
    "import itertools\ndef f(t, x): return list(itertools.starmap(repr, [(f,)]))",
    "import enum\nclass E(enum.Enum):\n    A = 1\n"
    "def f(t, x):\n    try:\n        return E(f)\n    except ValueError as e:\n        return e.args",
    "import ipaddress\ndef f(t, x):\n    try:\n        return ipaddress.ip_address(f)\n"
    "    except ValueError as error:\n        return error.args[0]",
    "import enum\nclass E(enum.Enum):\n    A = object()\ndef f(t, x): return repr(E.A)",
    "import numpy as np\ndef f(t, x): return np.array([f]).astype(str)[0]",
    "import numpy as np\ndef f(t, x):\n    made = np.array([f]).astype\n    return made('U80').tolist()",
    "import numpy as np\ndef f(t, x): return np.array([f], dtype=str)[0], np.array([f], 'S80')[0]",
    "import numpy as np\ndef f(t, x): return np.array2string(np.array([f])), np.array_str(np.array([f]))",
    "import numpy as np\ndef f(t, x): return np.array_repr(np.array([f])), np.full(1, f, 'U80')[0]",
    "import numpy as np\ndef f(t, x): return np.array(f, 'U80').item(), np.array(f, 'U80')[()]",
    "import numpy as np\ndef f(t, x): return np.vectorize(str)([f])[0], np.frompyfunc(str, 1, 1)(f)",
]


def test_no_text_says_where_something_lies_in_memory() -> None:
    said = {text: repr(asked(text)[0]) for text in PLACES}
    assert {text: one for text, one in said.items() if re.search(r"0x[1-9a-f]", one)} == {}
    assert [text for text, one in said.items() if "0x" not in one] == []


@pytest.mark.parametrize(
    "text",
    [
        "class C: pass\ndef f(t, x): return list({C(), C()})",
        "class C: pass\ndef f(t, x): return list({C(), 1})",
        "import numpy as np\ndef f(t, x):\n    a = np.zeros(1, 'U80')\n    a[0] = f",
        "import numpy as np\ndef f(t, x):\n    a = np.zeros(1, 'U80')\n    a.flat[0] = f",
        "import numpy as np\ndef f(t, x):\n    a = np.zeros(1, 'U80')\n    for a[0] in [f]: pass",
        "import numpy as np\ndef f(t, x): return np.zeros(1, 'U80').fill(f)",
        "import numpy as np\ndef f(t, x): return np.put(np.zeros(1, 'U80'), 0, f)",
        "import numpy as np\ndef f(t, x):\n"
        "    np.copyto(np.zeros(1, 'U80'), np.array([f]), casting='unsafe')",
    ],
)
def test_what_would_come_out_by_its_place_in_memory_is_an_error(text: str) -> None:
    with pytest.raises(TypeError, match=r"has no order|stores nothing into arrays of texts"):
        asked(text)


def test_a_name_that_looks_like_a_place_in_memory_silences_no_rule() -> None:
    text = (
        "def f(t, x):\n    seen = {t['merchant_id'], None}\n"
        "    return len(list(seen)), f\"at {t['merchant_id']}\", '%s' % t['merchant_id']"
    )
    function = vars(call._module(text + "\n", "own.py"))["f"]
    assert function({"merchant_id": "<m at 0x1f>"}, {}) == (2, "at <m at 0x0>", "<m at 0x0>")


@pytest.mark.parametrize(
    "act", ["compile('abc', 128)", "sub('a', 'b', 'c', 0, 128)", "search('a', 'b', flags=128)"]
)
def test_a_pattern_is_never_printed(act: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="prints nothing"):
        asked(f"import re\ndef f(t, x): return re.{act}")
    assert capfd.readouterr().out == ""
