"""`python -m mimas.platform.cli` is `mimas`."""

from . import main

main(prog_name="mimas")
