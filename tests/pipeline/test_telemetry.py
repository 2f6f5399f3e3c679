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
