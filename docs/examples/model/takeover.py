"""Asks the model of takeover.onnx, which train.py has made from generated traffic."""

import numpy as np
import onnxruntime as ort

NAMES = ("user_tx_1h", "user_mean_24h", "user_age_ms", "user_device_age_ms", "user_country_age_ms")
ABSENT = -1.0


def row(transaction, features):
    """What the model is given: the amount, then the features; ages in minutes, absent ones -1."""
    values = [float(transaction["amount"])]
    for name in NAMES:
        value = features.get(name)
        scale = 60_000 if name.endswith("_ms") else 1
        values.append(ABSENT if value is None else float(value) / scale)
    return values


def load(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def risk(transaction, features, session):
    """Up to 90 points in steps of 5: by that, other processors' rounding does not show."""
    given = np.array([row(transaction, features)], dtype=np.float32)
    probability = float(session.run(["probabilities"], {"features": given})[0][0][1])
    if probability < 0.5:
        return False
    return 5 * round(18 * probability), f"{probability:.0%} likely to be a taken over account"
