"""Pictures of programs in a plain terminal and in the pane: ``python -m tools.pictures``."""
