"""The commands `labkit class ...`; the work is in `labkit.classroom`, which is imported when one is called."""

import typer

from labkit.course.commands.grade_command import grade_class
from labkit.course.commands.release_command import release_to_class

class_commands = typer.Typer(
    name="class", no_args_is_help=True, help="Hand out notebooks to a class, and grade what comes back in a box."
)
class_commands.command("release")(release_to_class)
class_commands.command("grade")(grade_class)
