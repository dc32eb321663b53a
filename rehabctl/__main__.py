"""Entry point. Imports nothing heavier than `os` and `sys` until it must."""

import os
import sys


def main() -> None:
    """Run the command line and turn every error into one line and an exit code."""
    _open_standard_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):  # the only special-cased fast path
        from rehabctl import __version__

        try:
            sys.stdout.write(f"rehabctl {__version__}\n")
            sys.stdout.flush()
        except OSError as error:
            sys.stdout = None  # type: ignore[assignment]
            sys.exit(f"rehabctl: error: cannot write: {error.strerror}. Check standard output.")
        return
    from rehabctl.cli import run

    sys.exit(run(sys.argv[1:]))


def _open_standard_streams() -> None:
    """Give every closed standard stream a place, so that no file opened later takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


if __name__ == "__main__":
    main()
