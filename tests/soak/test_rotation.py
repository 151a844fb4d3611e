"""Every password and certificate of servers elsewhere is changed at once, while events arrive.

What went wrong there once is tried quickly among the contracts, in `test_kafka_security.py`.
"""

from __future__ import annotations

from fraudctl.home.stack import Stack
from tests.stack import test_servers_elsewhere as on_servers_elsewhere
from tests.stack.elsewhere import Elsewhere

stack, elsewhere = on_servers_elsewhere.stack, on_servers_elsewhere.elsewhere


def test_every_password_and_certificate_is_changed_and_nothing_is_lost_or_decided_twice(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    on_servers_elsewhere.change_every_password_and_certificate(stack, elsewhere)
