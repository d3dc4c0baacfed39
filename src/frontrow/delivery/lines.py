"""The predictor that ships: surprises of lines that others measured, until a service has sessions of its own.

Fitted with `throughput.fit` on the rates that RobustMPC saw on Pensieve's training traces (46 broadband lines of the
FCC and 96 commuters' HSDPA lines), four starts a trace; runs that also lie in Sabre's 3Glogs were left out.
"""

from __future__ import annotations

import numpy as np

from frontrow.delivery.throughput import Predictor, PredictorConfig

MEASURED = Predictor(
    PredictorConfig(),
    volatilities=np.array([0.0479, 0.1299, 0.2031, 0.3416]),
    surprises=np.array([
        [-0.6183, -0.2044, -0.0622, -0.0146, 0.0030, 0.0168, 0.0378, 0.1258],
        [-0.7823, -0.4137, -0.1911, -0.0726, -0.0025, 0.0555, 0.1233, 0.2854],
        [-0.8107, -0.4562, -0.2170, -0.0623, 0.0384, 0.1175, 0.2037, 0.3833],
        [-0.9252, -0.5807, -0.3340, -0.1216, 0.0545, 0.1819, 0.2950, 0.5073],
    ]),
    first_volatility=0.1810,
)  # fmt: skip
