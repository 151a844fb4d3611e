"""Runs when the TaskManager's Python starts, or a job is handed to Flink, and hides Beam from PyFlink.

PyFlink imports Beam to see whether it is there, but only its process mode uses it. The import brings pandas,
boto3 and more: two seconds of processor time, just when a TaskManager that was killed has none to spare.
"""

import sys

sys.modules["apache_beam"] = None  # type: ignore[assignment]
