"""A scoring process as it is, but for three molecules at which its QED hangs, kills it, or eats all its memory.

Tests start it in the place of `python -m engine.chemistry.worker`, whose arguments it is given.
"""

import os
import runpy
import signal
import sys
import time
from dataclasses import replace

import numpy as np
from rdkit import Chem

from engine.chemistry.properties import PROPERTIES

HANGS, KILLS, EATS = "CCCCCCCCCF", "CCCCCCCCCCl", "CCCCCCCCCBr"
usual = PROPERTIES["qed"].compute


def hostile(molecule: Chem.Mol, prepared: object) -> float:
    smiles, eaten = Chem.MolToSmiles(molecule), []
    if smiles == HANGS:
        time.sleep(1000)
    if smiles == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    while smiles == EATS:
        eaten.append(np.empty(1 << 27, np.uint8))
    return usual(molecule, prepared)


PROPERTIES["qed"] = replace(PROPERTIES["qed"], compute=hostile)
if __name__ == "__main__":
    sys.argv = sys.argv[2:]  # without "-m" and the module's name
    sys.argv[0] = "engine.chemistry.worker"
    runpy.run_module("engine.chemistry.worker", run_name="__main__", alter_sys=False)
