"""Kubernetes' objects, as the API server has them: their schemas are the cluster's and its operators'.

What we make of the chart is checked against these schemas where it is made; what is read here is looked up
member by member, since a cluster of another version may leave out or add some.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
"""one object, or a part of one"""
Seen = Mapping[str, Any]
"""the same where it is only looked at"""
