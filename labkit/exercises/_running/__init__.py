"""Running a student's code within limits, with everything as before afterwards (see `_containment`)."""
