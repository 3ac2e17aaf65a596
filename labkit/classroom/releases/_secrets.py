"""Numbers that follow from the seed of a release, and from which nobody finds the seed."""

import hashlib
import hmac

ROUNDS = 200_000  # of PBKDF2: whoever guesses seeds pays this for each guess
NUMBERS = range(100_000, 1_000_000)  # of variants: six digits


def stretch_seed(seed: str) -> bytes:
    """Return the key that belongs to a seed, at the price of about a tenth of a second.

    The numbers of variants are known to students. With a key that is found at once, they could try every word of a
    dictionary as the seed.
    """
    return hashlib.pbkdf2_hmac("sha256", seed.encode(), b"labkit class release", ROUNDS)


def draw_seed(key: bytes, student: str, exercise: str) -> int:
    """Return 64 bits for a student and an exercise, from HMAC-SHA256.

    Parameters
    ----------
    key : bytes
        From `stretch_seed`.
    student, exercise : str
        Ids; "" for what is the same for the whole class, or for all exercises.
    """
    message = b"\0".join(part.encode() for part in (student, exercise))
    return int.from_bytes(hmac.digest(key, message, "sha256")[:8], "big")


def draw_number(key: bytes, student: str) -> int:
    """Return the number of a student, or of the class (""), which picks the variants of exercises."""
    return NUMBERS[draw_seed(key, student, "") % len(NUMBERS)]
