"""The figure of rates for a phone, drawn as SVG without matplotlib: it takes no time, and letters stay legible."""
