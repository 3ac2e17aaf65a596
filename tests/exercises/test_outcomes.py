"""What is shown below a cell."""

from labkit.exercises.outcomes import mark_code, show_code


def test_code_is_marked():
    """Backticks become code; HTML is shown as text."""
    assert mark_code("use `a < b`\nnow") == "use <code>a &lt; b</code><br>now"


def test_code_is_shown_as_it_is(shown):
    """Stars, backticks and `<` of a program are no marks, and its lines stay lines."""
    show_code("The code", "a = [`b`] * 2\nif a < 2 * 3:")
    (bundle,) = shown
    assert bundle["text/plain"] == "The code\na = [`b`] * 2\nif a < 2 * 3:"
    assert "<pre><code>a = [`b`] * 2\nif a &lt; 2 * 3:</code></pre>" in bundle["text/html"]
