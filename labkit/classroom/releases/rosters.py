"""Who is in the class."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Student:
    """A person on the roster.

    Attributes
    ----------
    id : str
        As the roster has it; no two students have the same.
    name, email : str
        Empty where the roster does not say.
    login : str
        The name that a learning platform knows the person by; empty where the roster does not say.
    folder : str
        Name of the folder with what this student gets; safe on every system.
    """

    id: str
    name: str = ""
    email: str = ""
    login: str = ""
    folder: str = ""
