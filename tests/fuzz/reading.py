# SPDX-License-Identifier: BSD-3-Clause
"""Read mutants of one reader's input in a process of limited memory; print what goes wrong.

    python -m tests.fuzz.reading READER FOLDER FIRST COUNT

Each line of the output is a JSON object: the mutant that is read now, or one that ended with
anything but a right answer or an error of ours in one line.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import warnings
from pathlib import Path

from napari_mtmri.errors import MtmriError
from tests.fuzz.mutants import mutant
from tests.fuzz.seeds import SEEDS

MEMORY = 2**30  # bytes more than after reading the whole input
LONGEST_S = 20


def too_long(*_: object) -> None:
    raise TimeoutError(f"took more than {LONGEST_S} s")


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def fault_of(reader: str, path: Path) -> str:
    """Return what is wrong with how the file is read; empty if nothing."""
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    try:
        SEEDS[reader].read(path)
    except MtmriError as why:
        return "" if str(why).strip() and "\n" not in str(why) else f"no sentence: {why!r}"
    except BaseException as why:  # noqa: BLE001 - this is what is looked for
        trace, place = why.__traceback__, ""
        while trace is not None:
            place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
            trace = trace.tb_next
        return f"{type(why).__name__}: {why} ({place})"[:300]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def main(reader: str, folder: Path, first: int, count: int) -> None:
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, too_long)
    seed = SEEDS[reader]
    files = seed.make(folder)
    kept = {path: path.read_bytes() for at in {path.parent for path in files} for path in at.iterdir() if path.is_file()}  # fmt: skip
    for path in files:
        whole = fault_of(reader, path)
        assert not whole, f"{path.name}, not mutated: {whole}"
    limit_memory()
    for number in range(first, first + count):
        path = files[number % len(files)]
        path.write_bytes(mutant(kept[path], number, of_header=seed.header))
        print(json.dumps({"reading": number}), flush=True)  # noqa: T201
        if fault := fault_of(reader, path):
            print(json.dumps({"number": number, "file": path.name, "fault": fault}), flush=True)  # noqa: T201
        for other, content in kept.items():
            if not other.is_file() or other == path or other.suffix == ".json":
                other.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
