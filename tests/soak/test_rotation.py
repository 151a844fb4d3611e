"""Every password and certificate of servers elsewhere is changed at once, while events arrive.

Among the long ones since it does not pass each time: in one run of some the writer to PostgreSQL was still
behind when the test gave up waiting, three minutes after the change. It has to go on by itself, and soon.
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
