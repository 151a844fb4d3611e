"""Makes takeover.onnx: a small gradient boosting model over this project's own generated traffic.

    pip install scikit-learn==1.9.1 skl2onnx==1.20.0     # beside fraudctl, for this script only
    python docs/examples/model/train.py

The frauds of the scenario `account-takeover` are the positive cases, its ordinary traffic the others. The
features are computed by the reference implementation, so the model learns from what it will be given. What
it learns is what that scenario contains: it shows how a model is wired in, not how to catch your frauds.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import average_precision_score

from fraudctl.traffic import generator, scenario
from pipeline.rules import ruleset
from pipeline.scoring import order, reference

HERE = Path(__file__).parent
START_MS = 1_767_225_600_000


def cases(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels of ten minutes of traffic."""
    chosen = scenario.find("account-takeover", HERE.parents[2] / "scenarios")
    planned = list(generator.stream(generator.Run(chosen, seed, START_MS, 60.0, 600_000)))
    content = yaml.safe_load((HERE / "rules.yaml").read_text())
    rules: dict[str, Any] = {"every": {"when": "amount > 0", "points": 1}}
    bare = {key: content[key] for key in ("version", "features", "thresholds")} | {"rules": rules}
    records = [order.Record(0, one.number, START_MS + one.offset_ms, one.value) for one in planned]
    row = plugin().row
    rows, labels = [], []
    for scored in reference.Reference(ruleset.parse(bare).plan()).process(order.stamp(records)):
        if scored.values["user_tx_1h"] >= 2:
            amount = scored.stamped.transaction.amount_units / 10_000
            rows.append(row({"amount": amount}, scored.values))
            labels.append(planned[scored.stamped.offset].part is not None)
    return np.array(rows, dtype=np.float32), np.array(labels)


def plugin() -> Any:
    spec = importlib.util.spec_from_file_location("takeover", HERE / "takeover.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    rows, labels = cases(seed=1)
    model = GradientBoostingClassifier(n_estimators=30, max_depth=3, random_state=0).fit(rows, labels)
    unseen, truth = cases(seed=2)
    score = average_precision_score(truth, model.predict_proba(unseen)[:, 1])
    print(f"{len(rows)} rows, {labels.sum()} frauds; average precision on unseen traffic {score:.3f}")
    inputs = [("features", FloatTensorType([None, rows.shape[1]]))]
    written = to_onnx(model, initial_types=inputs, options={"zipmap": False}, target_opset=18)
    written.producer_name, written.producer_version, written.doc_string = "fraudctl", "", ""
    (HERE / "takeover.onnx").write_bytes(written.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
