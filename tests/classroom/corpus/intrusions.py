"""Submissions that look for what is not theirs, or attack what runs them."""

from tests.classroom.corpus import DENIED, NOT_COLLECTED, Case, spoiled

NOTHING = "finds nothing"
UNHARMED = "the grader goes on"

CALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return libc.syscall(number, *arguments)
"""

CASES = [
    # ---- Files -------------------------------------------------------------------------------------------------------
    Case(
        "the judges of the package",
        NOTHING,
        """
import importlib
seen = attempt(lambda: importlib.import_module("labkit.chapters.ch04.exercises_rates").__name__)
""",
        sees=DENIED,
    ),
    Case(
        "the answers among all files",
        NOTHING,
        """
import os
seen = []
for top in ("/", "<<REPOSITORY>>", "<<ABOVE>>"):
    for folder, below, names in os.walk(top):
        below[:] = [each for each in below if each not in ("proc", "usr", "sys", "lib", "site-packages", ".pyenv")]
        seen += [n for n in names if n.startswith(("exercises_", "04_measuring")) or "solutions" in folder]
seen = sorted(set(seen))
""",
        sees=[],
    ),
    Case(
        "the judges by their path",
        NOTHING,
        "seen = attempt(lambda: open('<<REPOSITORY>>/labkit/chapters/ch04/exercises_rates.py').read())",
        sees=DENIED,
    ),
    Case(
        "the solutions by their path",
        NOTHING,
        "seen = attempt(lambda: open('<<REPOSITORY>>/notebooks/solutions/04_measuring.py').read())",
        sees=DENIED,
    ),
    Case(
        "compiled judges",
        NOTHING,
        """
import glob, labkit, os
seen = glob.glob(os.path.dirname(labkit.__file__) + "/**/exercises_*", recursive=True)
""",
        sees=[],
    ),
    Case(
        "a reference through the engine",
        NOTHING,
        """
from labkit.exercises import exercises
seen = attempt(lambda: [each.id for each in exercises()])
""",
        sees=[],
    ),
    Case("the work of another student", NOTHING, "seen = attempt(lambda: open('<<FILE>>').read())", sees=DENIED),
    Case(
        "a symbolic link out",
        NOTHING,
        "import os\nos.symlink('<<FILE>>', 'link')\nseen = attempt(lambda: open('link').read())",
        sees=DENIED,
    ),
    Case(
        "a hard link out",
        NOTHING,
        "import os\nseen = attempt(lambda: os.link('<<FILE>>', 'link') or open('link').read())",
        sees=DENIED,
    ),
    Case(
        "a path that climbs out",
        NOTHING,
        "seen = attempt(lambda: open('../' * 30 + '<<FILE>>'.lstrip('/')).read())",
        sees=DENIED,
    ),
    Case(
        "writes into labkit",
        "the next submission is judged alike",
        """
import labkit.exercises.answers as answers
seen = attempt(lambda: open(answers.__file__, "a").write("broken"))
""",
        sees=DENIED,
    ),
    Case(
        "writes into the libraries",
        "the next submission is judged alike",
        """
import numpy, os
seen = attempt(lambda: open(os.path.dirname(numpy.__file__) + "/planted.py", "w").write("broken"))
""",
        sees=DENIED,
    ),
    Case(
        "writes over the work of another student",
        NOTHING,
        "seen = attempt(lambda: open('<<FILE>>', 'w').write('mine'))",
        sees=DENIED,
    ),
    Case(
        "takes the rights of a file away",
        NOTHING,
        "import os\nseen = attempt(lambda: os.chmod('<<FILE>>', 0))",
        sees=DENIED,
    ),
    Case(
        "changes the times of a file",
        NOTHING,
        "import os\nseen = attempt(lambda: os.utime('<<FILE>>', (0, 0)))",
        sees=DENIED,
    ),
    Case(
        "leaves a file for the next one",
        "the next one does not find it",
        """
import os
for folder in (".", os.environ["HOME"], os.environ["TMPDIR"], "/tmp", "/dev/shm", "/box", "/var/tmp", "/"):
    attempt(lambda: open(folder + "/left-behind", "w").write("04.1"))
""",
    ),
    Case(
        "looks for what others left",
        NOTHING,
        """
import os
seen = []
for folder in (".", os.environ["HOME"], os.environ["TMPDIR"], "/tmp", "/dev/shm", "/box", "/var/tmp", "/"):
    if os.path.exists(folder + "/left-behind"):
        seen.append(folder)
""",
        sees=[],
    ),
    Case(
        "makes a device",
        NOTHING,
        "import os, stat\nseen = attempt(lambda: os.mknod('disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0)))",
        sees=DENIED,
    ),
    Case(
        "mounts, changes the root, leaves the namespace",
        NOTHING,
        CALL
        + """
seen = [call(165, b"none", b"/tmp", b"tmpfs", 0, 0), call(161, b"/tmp"), call(272, 0x10000000), call(308, 0, 0)]
""",
        sees=[-1] * 4,
        only="x86_64",
    ),
    # ---- /proc, environment, network ---------------------------------------------------------------------------------
    Case(
        "other processes in /proc",
        NOTHING,
        """
import os
seen = attempt(lambda: [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()])
seen = [] if seen == "denied" else seen
""",
        sees=[],
    ),
    Case(
        "memory and environment of the first process",
        NOTHING,
        """
def read(who, what):
    return open(f"/proc/{who}/{what}", "rb").read(9).hex()
seen = [attempt(lambda: read(who, what)) for who in (1, "<<GRADER>>") for what in ("mem", "environ")]
""",
        sees=[DENIED] * 4,
    ),
    Case(
        "settings of the kernel",
        NOTHING,
        "seen = attempt(lambda: open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/true'))",
        sees=DENIED,
    ),
    Case(
        "the environment of the grader",
        NOTHING,
        """
import os
seen = [name for name in os.environ if "SECRET" in name or "secret" in os.environ[name]]
seen += ["found"] if b"secret-of-the-grader" in open("/proc/self/environ", "rb").read() else []
""",
        sees=[],
    ),
    Case(
        "a server of this machine",
        NOTHING,
        """
import socket
seen = attempt(lambda: socket.create_connection(("127.0.0.1", <<PORT>>), 1).recv(9).decode())
""",
        sees=DENIED,
    ),
    Case(
        "the internet",
        NOTHING,
        """
import urllib.request
seen = attempt(lambda: urllib.request.urlopen("http://192.0.2.1/", timeout=1).status)
""",
        sees=DENIED,
    ),
    Case(
        "a datagram",
        NOTHING,
        """
import socket
seen = attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)))
""",
        sees=DENIED,
    ),
    Case(
        "a socket without a file",
        NOTHING,
        "import socket\nseen = attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0grader'))",
        sees=DENIED,
    ),
    # ---- Attacks on the grader ---------------------------------------------------------------------------------------
    Case("kills its parent", UNHARMED, "import os\nattempt(lambda: os.kill(os.getppid(), 9))"),
    Case("kills everybody", UNHARMED, "import os\nattempt(lambda: os.kill(-1, 9))\nattempt(lambda: os.killpg(0, 9))"),
    Case(
        "kills the first process and the grader",
        UNHARMED,
        "import os\nfor who in (1, <<GRADER>>):\n    attempt(lambda: os.kill(who, 9))",
    ),
    Case("kills itself", UNHARMED, "import os\nos.kill(os.getpid(), 9)"),
    Case(
        "lets the kernel kill the grader",
        UNHARMED,
        """
import fcntl, os, signal
out, into = os.pipe()
def own(who):
    fcntl.fcntl(out, fcntl.F_SETOWN, who)
    fcntl.fcntl(out, 10, signal.SIGKILL)
    fcntl.fcntl(out, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(into, b"x")
for who in (os.getppid(), <<GRADER>>):
    if who:
        attempt(lambda: own(who))
""",
    ),
    Case(
        "takes the limits of the grader away",
        UNHARMED,
        """
import os, resource
def limit(who):
    resource.prlimit(who, resource.RLIMIT_NOFILE, (0, 0))
seen = [attempt(lambda: limit(who)) for who in (os.getppid() or 1, <<GRADER>>)]
""",
        sees=[DENIED] * 2,
    ),
    Case(
        "raises its own limits",
        "they stay",
        """
import resource
kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
seen = [attempt(lambda: resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2)) for kind in kinds]
""",
        sees=[DENIED] * 4,
    ),
    Case(
        "looks into the grader",
        NOTHING,
        CALL + "seen = [call(101, 16, who, 0, 0) for who in (1, <<GRADER>>)]",
        sees=[-1, -1],
    ),
    Case(
        "writes into the grader",
        NOTHING,
        CALL + "seen = [call(311, who, 0, 0, 0, 0, 0) for who in (1, <<GRADER>>)]",
        sees=[-1, -1],
    ),
    Case(
        "the calls of the other instruction set",
        NOTHING,
        CALL + "seen = [call(0x40000000 | 41, 2, 1, 0), call(425, 8, 0)]",
        sees=[-1, -1],
    ),
    Case("os._exit in a cell", "costs its own cell", "import os\nos._exit(0)"),
    Case(
        "os._exit in an answer",
        "costs its own exercise only",
        **spoiled("04.1", "import os\ndef alarm_rates(counts):\n    os._exit(0)", NOT_COLLECTED),
        says="ended the program",
    ),
    Case("sys.exit, exit and quit", "costs nobody anything", "import sys\nattempt(exit)\nattempt(quit)\nsys.exit(1)"),
    Case("raises an interruption", "costs nobody anything", "raise KeyboardInterrupt"),
    Case("aborts", "costs its own cell", "import os\nos.abort()"),
    Case("a crash in C", "costs its own cell", "import ctypes\nctypes.string_at(0)"),
    Case("stops itself", "costs its own cell", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", slow=True),
    Case(
        "a crash in an answer",
        "costs its own exercise only",
        **spoiled("04.1", "import ctypes\ndef alarm_rates(counts):\n    return ctypes.string_at(0)", NOT_COLLECTED),
        says="crashed",
    ),
]
