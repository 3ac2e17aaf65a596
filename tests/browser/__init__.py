"""The course as people see it, in a real browser: JupyterLab as `make lab` starts it, and every page."""
