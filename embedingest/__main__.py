"""`python -m embedingest`: the same as the console script."""

from embedingest.cli import main

if __name__ == "__main__":
    main()
