"""A log of decisions that shows when it was changed: a chain of hashes, its head, and anchors that are kept apart.

**The log** is a file of JSON lines. The first entry, with number 0, is the header: format, version, a random identifier
of the log, and how inputs are hashed. Each later entry is a decision or a repair. A line is
``{"entry":{...},"hash":"..."}``: the hash is the SHA-256 of the bytes of the entry, and each entry has the hash of the
one before it. Entries are canonical JSON, the only spelling that is accepted: keys in the order of their characters, no
spaces, ASCII alone (other characters as ``\\u`` and four lowercase digits), floats as Python's ``repr`` writes them
(the shortest digits that give the same float again), no NaN or infinity. So no byte can be changed unnoticed.

**The head** is a small file that is replaced with every call: how many entries there are after the header, and the hash
of the last. **Anchors** are heads that were copied apart, at entries 0, 1,000, 2,000 and so on: one file, one line
each. Both are beside the log unless you name other places, and protect it only from those who cannot write there.

**What is durable.** ``append`` returns when the entry is on the disk (fsync of the log, then of the new head, then of
the folder): a crash or a power failure cannot take it back. A crash before that leaves at most one incomplete line, or
after a power failure zero bytes, and `repair_log` cuts them off and records that; or whole entries that the head does
not have yet: one, or where `append_many` had announced a batch in the head (up to 1,000 entries), as many as that. They
are kept if they continue the chain. So a call that was interrupted may have added entries: look before you repeat it.
A full disk takes nothing back either: of what could not be written as a whole, nothing stays.

**What is an error when something is appended**, and leaves all files as they are: a log of another version, or whose
last entries the head does not know; an incomplete last line, until it is repaired; a head or anchors that are missing,
damaged or of another log; another key than the log was begun with; another writer, after a minute of waiting; a value
out of range. ``append`` looks at the end of the log alone; `verify` reads all of it. A clock that was set back is
accepted, and a notice of `verify`. Locks are those of the operating system: on network folders they may not work.

**What the log does not have** is anything about people but hashes of the inputs. A hash of inputs that can be guessed
(an age and a postal code) can be found by trying; with a secret key (HMAC) only by those who have the key.

**What nobody finds.** The log is no signature: those who may append can log what is false, under any name, or leave
something out. Those who can write the log and the head can change what came after the last anchor that they cannot
write, or put back older copies of both; those who can write all three files can change everything. One more entry that
continues the chain looks like a crash before the head was written. So keep anchors, or copies of the head, where those
who run the log cannot write: on another machine, on paper, or with somebody else.
"""
