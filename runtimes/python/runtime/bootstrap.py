"""First file the interpreter runs: puts the import path in order, then hands over.

Kept tiny: a script is compiled at every start, a package's cached bytecode is not.
"""

import sys

if __name__ == "__main__":
    # The interpreter put this folder first; the function's own modules come before it.
    _here = sys.path.pop(0)
    sys.path.insert(0, _here)
    from lapwing_runtime import loop

    loop.main(_here)
