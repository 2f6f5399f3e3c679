"""Adapters to model libraries, and the only modules that import them."""

import os
from typing import Final

NO_TELEMETRY: Final = "ORT_DISABLE_TELEMETRY"

# onnxruntime reports about its use to its maker over the internet unless this is set before it is
# imported, whoever imports it (its Privacy.md). Nothing leaves this machine that its operator did
# not ask for.
os.environ[NO_TELEMETRY] = "1"
