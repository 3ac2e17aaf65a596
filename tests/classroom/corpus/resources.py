"""Submissions that use up time, memory, processes or files."""

from tests.classroom.corpus import CORRECT, DENIED, NOT_COLLECTED, NOT_YET, RIGHT, Case, spoiled

OWN = "costs its own exercise only"
STOPPED = (NOT_YET, NOT_COLLECTED)  # by the engine, or by the box where the machine is slow
NOBODY = "costs nobody anything"

CASES = [
    # ---- Time --------------------------------------------------------------------------------------------------------
    Case(
        "endless loop in a cell",
        OWN,
        **spoiled("04.6", "while True:\n    pass", NOT_COLLECTED),
        says="too much time",
        slow=True,
    ),
    Case(
        "endless loop in an answer",
        OWN,
        **spoiled("04.1", "def alarm_rates(counts):\n    while True:\n        pass", NOT_COLLECTED),
        says="too much time",
        slow=True,
    ),
    Case("a cell that sleeps", NOBODY, "import time\ntime.sleep(10_000)"),
    Case(
        "a loop that catches everything",
        NOBODY,
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
        slow=True,
    ),
    Case(
        "signals are ignored, then a loop",
        NOBODY,
        """
import signal
for each in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    attempt(lambda: signal.signal(each, signal.SIG_IGN))
while True:
    pass
""",
        slow=True,
    ),
    Case("a loop in C that holds the interpreter", NOBODY, "import itertools\nsum(itertools.repeat(0))", slow=True),
    Case("a regular expression that never ends", NOBODY, "import re\nre.match('(a+)+b', 'a' * 60)", slow=True),
    Case("a power without end", NOBODY, "10 ** 10 ** 10", slow=True),
    Case("waits for a person", NOBODY, "seen = attempt(input)", sees=DENIED),
    Case(
        "an iterator without end as an answer",
        OWN,
        **spoiled("04.6", "import itertools\ndoctor = {'counts': (n for n in itertools.count())}", NOT_YET),
        slow=True,
    ),
    Case(
        "the alarm of the check is taken away",
        OWN,
        **spoiled(
            "04.1",
            """
import signal
def alarm_rates(counts):
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True:
        pass
""",
            NOT_COLLECTED,
        ),
        slow=True,
    ),
    # ---- Memory ------------------------------------------------------------------------------------------------------
    Case("a list that grows", NOBODY, "found = []\nwhile True:\n    found.append(bytearray(2**24))", slow=True),
    Case("one huge request", NOBODY, "seen = attempt(lambda: len(bytes(2**40)))", sees=DENIED),
    Case("a huge array", NOBODY, "import numpy\nseen = attempt(lambda: float(numpy.ones(2**34).sum()))", sees=DENIED),
    Case("mapped memory", NOBODY, "import mmap\nseen = attempt(lambda: len(mmap.mmap(-1, 2**38)))", sees=DENIED),
    Case("memory as a file", NOBODY, "import os\nseen = attempt(lambda: os.memfd_create('all'))", sees=DENIED),
    Case("recursion without end", NOBODY, "def f():\n    return f()\nf()"),
    Case(
        "recursion in C",
        NOBODY,
        """
import sys
sys.setrecursionlimit(2**30)
class A:
    def __repr__(self):
        return repr(self)
repr(A())
""",
        slow=True,
    ),
    Case("a cell of a million brackets", "costs its own cell", "(" * 1_000_000, slow=True),
    Case("a cell of a hundred thousand signs", "costs its own cell", "x = " + "-" * 100_000 + "1", slow=True),
    # ---- Processes and threads ---------------------------------------------------------------------------------------
    Case(
        "a fork bomb",
        "no process is started",
        "import os\nseen = attempt(lambda: [os.fork() for _ in range(9)])\nwhile seen != 'denied':\n    os.fork()",
        sees=DENIED,
    ),
    Case(
        "another program",
        "no process is started",
        "import subprocess\nseen = attempt(lambda: subprocess.run(['true']).returncode)",
        sees=DENIED,
    ),
    Case("a shell command", "nothing is run", "!touch a\nimport os\nseen = os.path.exists('a')", sees=False),
    Case("a shell cell", "nothing is run", "%%bash\ntouch a"),
    Case(
        "os.system",
        "no process is started",
        "import os\nseen = attempt(lambda: os.system('touch a')) and os.path.exists('a')",
        sees=False,
    ),
    Case(
        "another program in its own place",
        "no program is started",
        "import os\nseen = attempt(lambda: os.execv('/bin/sh', ['sh']))",
        sees=DENIED,
    ),
    Case(
        "multiprocessing",
        "no process is started",
        """
import multiprocessing
def work():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, [1])
seen = attempt(work)
""",
        sees=DENIED,
    ),
    Case(
        "threads that stay",
        "costs at most its own answers, which they slow down",
        """
import threading
def spin():
    while True:
        pass
for _ in range(8):
    threading.Thread(target=spin).start()
""",
        outcomes=dict.fromkeys(RIGHT, (CORRECT, NOT_COLLECTED)),
        slow=True,
    ),
    Case(
        "threads without number",
        NOBODY,
        """
import threading, time
def start():
    while True:
        threading.Thread(target=time.sleep, args=(10_000,)).start()
seen = attempt(start)
""",
        sees=DENIED,
        slow=True,
    ),
    Case(
        "work left for the end of the process",
        NOBODY,
        """
import atexit, time
atexit.register(time.sleep, 10_000)
""",
        slow=True,
    ),
    # ---- Output and files --------------------------------------------------------------------------------------------
    Case("prints without end", NOBODY, "while True:\n    print('x' * 10_000)", slow=True),
    Case(
        "prints past Python",
        NOBODY,
        "import os\nfor _ in range(1000):\n    os.write(1, b'x' * 10_000)\n    os.write(2, b'x' * 10_000)",
        slow=True,
    ),
    Case(
        "a huge file",
        "the file stays small",
        """
def fill():
    with open("huge", "wb") as file:
        for _ in range(1000):
            file.write(bytes(2**20))
seen = attempt(fill)
""",
        sees=DENIED,
    ),
    Case(
        "many files",
        "there is little room",
        """
def fill():
    for number in range(100):
        with open(f"part{number}", "wb") as file:
            file.write(bytes(2**22))
        import time
        time.sleep(0.02)
seen = attempt(fill)
""",
        slow=True,
    ),
    Case(
        "shared memory",
        "there is little room",
        """
def fill():
    for number in range(100):
        with open(f"/dev/shm/part{number}", "wb") as file:
            file.write(bytes(2**22))
seen = attempt(fill)
""",
        sees=DENIED,
        slow=True,
    ),
    Case(
        "files beyond number",
        "there is little room",
        """
import os
def fill():
    for number in range(100_000):
        os.mkdir(str(number))
seen = attempt(fill)
""",
        slow=True,
    ),
    Case(
        "folders deeper than a path may be",
        "they are removed",
        """
import os
for _ in range(3000):
    os.mkdir("d", 0o700)
    os.chdir("d")
""",
        slow=True,
    ),
    Case("a folder that nobody may enter", "it is removed", "import os\nos.mkdir('closed', 0)"),
    Case(
        "an answer of ten million characters",
        OWN,
        **spoiled("04.6", "doctor = {'counts': 'x' * 10**7}", NOT_YET),
        says="characters",
        slow=True,
    ),
    Case(
        "an answer of two million values",
        OWN,
        **spoiled("04.6", "doctor = {'counts': list(range(2 * 10**6))}", STOPPED),
        slow=True,
    ),
]
