"""What Elasticsearch is asked and answers: JSON in its own shapes, which differ from version to version.

Only members that are needed are looked up; what is no answer of Elasticsearch is told apart where it comes in
(`server`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
"""a question, an answer, or a part of one"""
Seen = Mapping[str, Any]
"""the same where it is only looked at"""
