"""Close a box around a process that then does nothing: does it work on this machine?"""

import json
import sys

from labkit.classroom.box.inside._sealing import seal

LIMITS = {"cpu": 10, "memory": 2**28, "file": 2**20, "disk": 2**22}

if __name__ == "__main__":
    import os

    settings = json.loads(sys.argv[1])
    out = os.dup(1)
    seal(settings, LIMITS | {"folder": settings["folder"]}, [out])
    os.write(out, b"sealed\n")
