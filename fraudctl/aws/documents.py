"""What AWS takes and answers, in AWS' own shapes.

Which these may be, cfn-lint, cfn-guard and botocore's models say: types of ours would be a second model of
them, and an older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
"""a template, a resource of one, a policy, or a part of these"""
Resources = dict[str, Document]
"""by their names in the template"""
Answer = Mapping[str, Any]
"""what a service says"""
