"""Entry point. Imports nothing heavier than `sys` until it must."""

import sys


def main() -> None:
    """Run the command line and turn every error into one line and an exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):  # the only special-cased fast path
        from rehabctl import __version__

        sys.stdout.write(f"rehabctl {__version__}\n")
        return
    from rehabctl.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
