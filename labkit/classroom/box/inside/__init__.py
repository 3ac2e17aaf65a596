"""What runs inside the box: a template process, and one child per submission that seals itself before it runs cells."""
