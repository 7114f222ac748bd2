"""`python -m stepmill …`: the command line of exactly this Python, wherever `stepmill` on the path leads."""

from stepmill.cli.main import main

if __name__ == "__main__":
    main()
