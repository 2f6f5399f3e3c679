"""Nothing is told to the makers of the libraries."""

import os
import subprocess
import sys

import pytest

from pipeline.engines import NO_TELEMETRY

LOOK = f"""
import importlib.abc, os, sys

class Look(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "onnxruntime":
            print(os.environ.get({NO_TELEMETRY!r}))

sys.meta_path.insert(0, Look())
import ENTRY
import onnxruntime
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "entry", ["server.app", "pipeline.engines.whisper", "server.cli.transcribe"]
)
def test_onnxruntime_is_told_to_report_nothing_before_it_is_imported(entry: str) -> None:
    environment = {name: text for name, text in os.environ.items() if name != NO_TELEMETRY}
    looked = subprocess.run(
        [sys.executable, "-c", LOOK.replace("ENTRY", entry)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert looked.stdout == "1\n"


LISTEN = """
import os, sys
import numpy as np

def look(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print(event)

os.environ["PYANNOTE_METRICS_ENABLED"] = "1"  # What a user's environment may say.
os.environ["OTEL_SDK_DISABLED"] = "false"
sys.addaudithook(look)

from pipeline.engines.pyannote import SegmentationEngine
from pipeline.models import Registry

engine = SegmentationEngine(Registry.default().path("pyannote-segmentation"))
engine.speakers(np.zeros(16_000, np.float32))

from pyannote.audio.telemetry import metrics

metrics.provider.force_flush()  # Reports wait for each other first.
print("heard")
"""


@pytest.mark.process
@pytest.mark.model
def test_pyannote_reports_nothing_whatever_the_environment_says() -> None:
    looked = subprocess.run(
        [sys.executable, "-c", LISTEN], capture_output=True, text=True, check=True
    )
    assert looked.stdout == "heard\n"
