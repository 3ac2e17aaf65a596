"""Sliders that draw a figure again, and the same figure standing still, for pages and for runs without a hand."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from labkit.plots import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VIEW = "application/vnd.jupyter.widget-view+json"


def explore(
    draw: "Callable[..., tuple[Figure, str]]", *, start: dict[str, float], ranges: dict[str, tuple[float, float, float]]
) -> None:
    """Show a figure for the starting values, and a slider a setting above it that draws it for others.

    Where nobody can move a slider (papermill, a page), the figure for the starting values is all there is, and a line
    of text says so. In JupyterLab the figure for the values that the sliders show appears between the sliders and the
    first figure, so that both can be compared.

    Parameters
    ----------
    draw : callable
        Takes the settings by name; returns a figure and its text for readers who cannot see it. An error in it is shown
        below the sliders.
    start : dict of str to float
        The first value of each setting.
    ranges : dict of str to (float, float, float)
        Lowest value, highest value and step of each setting that gets a slider; the others keep their first value.

    Raises
    ------
    ValueError
        A range for a setting that has no first value, or whose first value is not in it.
    """
    import ipywidgets
    from IPython.display import display

    for name, (low, high, _) in ranges.items():
        if name not in start:
            raise ValueError(f"ranges has {name!r}, which has no first value; start has {', '.join(start)}")
        if not low <= start[name] <= high:
            raise ValueError(f"{name} starts at {start[name]!r}, outside its range {low} to {high}")
    sliders = {
        name: ipywidgets.FloatSlider(
            start[name], min=low, max=high, step=step, description=name.replace("_", " "), continuous_update=False,
            style={"description_width": "9em"}, layout={"width": "28em"},
        )
        for name, (low, high, step) in ranges.items()
    }  # fmt: skip
    moved = ipywidgets.Output()

    def redraw(change) -> None:
        moved.clear_output(wait=True)
        with moved:
            figure, alt = draw(**start | {name: slider.value for name, slider in sliders.items()})
            show(figure, alt=alt)

    for slider in sliders.values():
        slider.observe(redraw, "value")
    box = ipywidgets.VBox([*sliders.values(), moved])
    names = ", ".join(name.replace("_", " ") for name in sliders)
    bundle = box._repr_mimebundle_() | {"text/plain": f"[In JupyterLab, sliders stand here: {names}.]"}
    display(bundle, raw=True)
    figure, alt = draw(**start)
    show(figure, alt=alt)
