"""What is measured together computes the same: the contenders of each spec agree in value, in each framework's own process."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.frameworks import FRAMEWORKS, ONE_THREAD

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys, warnings
import numpy as np
from benchmarks.frameworks import FRAMEWORKS

warnings.simplefilter("ignore")
framework = FRAMEWORKS[sys.argv[1]]()
for spec in framework.specs:
    inputs = [framework.tensor(array) for array in spec.inputs("tiny")]
    values = {name: framework.numpy(loss(*inputs)).ravel().tolist() for name, loss in framework.contenders(spec).items()}
    print(json.dumps([spec.name, values]))
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_contenders_compute_the_same(name):
    needs = [name, *FRAMEWORKS[name].needs]
    if missing := [one for one in needs if not find_spec(one)]:
        pytest.skip(f"{', '.join(missing)} is not installed: it is what is measured")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("[")]
    assert len({spec for spec, _ in found}) == len(found) > 10
    for spec, values in found:
        assert {"native", "polyloss"} <= set(values)
        for contender, value in values.items():
            assert value == pytest.approx(values["native"], rel=2e-5, abs=2e-6), (spec, contender)
