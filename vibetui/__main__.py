"""``python -m vibetui`` is the console script ``vibetui``."""

from vibetui.cli import main

if __name__ == "__main__":
    main()
