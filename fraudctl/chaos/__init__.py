"""Breaks a part of the running stack on purpose, while events flow, and checks that nothing is lost by it.

`fault.py` says what a fault is, `reading.py` reads one from its file, `means/` holds one module for each way
to break something, `ledger.py` keeps on disk what is to be undone, `guardian.py` undoes it when the command
dies, `watch.py` measures who falls behind, `experiment.py` runs the whole and `judgement.py` says whether it
was borne.
"""
