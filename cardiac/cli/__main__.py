"""``python -m cardiac.cli``: the command line without the console script."""

from cardiac.cli import main

main()
