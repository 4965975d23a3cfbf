"""`python -m mlview` is `mlview`."""

from mlview.cli import main

if __name__ == "__main__":
    main()
