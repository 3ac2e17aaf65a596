"""Grade a class of 300 on notebook 04, generated from 40 different students: seconds, and seconds of the processor.

Run it alone on the machine: ``python -m tests.benchmarks.classes [STUDENTS] [WORKERS]``
"""

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from labkit.classroom.grading import grade
from labkit.classroom.releases import release
from tests.classroom.simulated import write_class

DIFFERENT = 40


def main(students: int = 300, workers: int = 2) -> None:
    """Grade a class twice, the second time without changes, and print what it took."""
    with tempfile.TemporaryDirectory(prefix="labkit-class-") as name:
        folder = Path(name)
        handed_out = release(["04"], folder / "release", seed="benchmark")
        write_class(folder / "submissions", handed_out, DIFFERENT)
        for number in range(DIFFERENT, students):
            one = folder / "submissions" / f"s{number % DIFFERENT:03d}"
            shutil.copytree(one, folder / "submissions" / f"s{number:03d}")
        for which in ("first run", "second run, nothing changed"):
            began, used = time.perf_counter(), processor()
            found = grade(folder / "submissions", folder / "grades", release=handed_out, workers=workers)
            seconds, cpu = time.perf_counter() - began, processor() - used
            assert found.complete and found.graded + found.kept == students
            said = f"{which}: {students} students, {workers} workers, {found.graded} notebooks graded"
            print(f"{said}, {seconds:.0f} s, {cpu:.0f} s of the processor")


def processor() -> float:
    """Return the seconds of the processor that this process and its children have used."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usages)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
