"""A log of decisions that shows when it was changed: a chain of hashes, its head, and anchors that are kept apart.

**The log** is a file of JSON lines. The first entry, with number 0, is the header: format, version, a random identifier
of the log, and how inputs are hashed. Each later entry is a decision or a repair. A line is
``{"entry":{...},"hash":"..."}``: the hash is the SHA-256 of the bytes of the entry, and each entry has the hash of the
one before it. Entries are canonical JSON, which is the only spelling that is accepted: keys in the order of their
characters, no spaces, ASCII alone (other characters as ``\\u`` and four lowercase digits), floats as Python's ``repr``
writes them (the shortest digits that give the same float again), no NaN or infinity. So no byte of a line can be
changed unnoticed.

**The head** is a small file that is replaced after every call: how many entries there are after the header, and the
hash of the last. **Anchors** are heads that were copied apart, at entries 0, 1,000, 2,000 and so on: one file, one line
each. Both are beside the log unless you name other places, and they protect it only from those who cannot write there.

**What is durable.** ``append`` returns when the entry is on the disk (fsync of the log, then of the new head, then of
the folder): a crash or a power failure cannot take it back. A crash before that leaves the log with at most one
incomplete line, which `repair_log` cuts off and records, or with entries that the head does not have yet: one, or where
`append_many` had announced a batch in the head (up to 1,000 entries), as many as it announced. They are kept if they
continue the chain. A full disk takes nothing back either: what was not written as a whole is removed again.

**What the log does not have** is anything about people but hashes of the inputs. A hash of inputs that can be guessed
(an age and a postal code) can be guessed by trying; with a secret key (HMAC) only those who have the key can do so.
"""
