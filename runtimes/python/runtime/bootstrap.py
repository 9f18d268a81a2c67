"""First file the interpreter runs. Kept tiny: a script is compiled again at every start, while the
bytecode of the packages it hands over to is kept.

`awslambdaricmain` is where agents look for the client, in `__main__`.
"""

import os

import awslambdaric.__main__ as awslambdaricmain
from lapwing_runtime import loop


def main():
    loop.main(os.path.dirname(os.path.abspath(__file__)), awslambdaricmain)


if __name__ == "__main__":
    main()
