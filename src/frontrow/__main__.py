"""`python -m frontrow` is `frontrow`."""

from frontrow.cli import main

if __name__ == "__main__":
    main()
