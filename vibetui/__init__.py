"""Development containers that anyone reaches with nothing but ``ssh``."""

__version__ = "0.1.0"
