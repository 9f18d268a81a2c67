"""First file the interpreter runs. Kept tiny: a script is compiled anew at every start, while the
bytecode of the package it hands over to is kept."""

import sys

if __name__ == "__main__":
    from lapwing_runtime import loop

    loop.main(sys.path[0])
