"""What the bystander (bystander.py) takes for an attack that costs too much, and what for a machine
that others disturb."""
import os
import subprocess
import sys

from bystander import FACTOR, exceeds, foreign_seconds

USUAL = 0.010
CALLS = 1000
SLOW = USUAL * FACTOR * 2


def with_slow(*fifths):
    """Every tenth call of these fifths of the window is slow."""
    return [SLOW if i // (CALLS // 5) in fifths and i % 10 == 0 else USUAL / 2
            for i in range(CALLS)]


def test_what_is_quick_is_well():
    assert not exceeds(with_slow(), USUAL, foreign=0)[1]
    assert not exceeds(with_slow(), USUAL, foreign=0.9)[1]


def test_on_a_quiet_machine_every_delay_is_the_attacks():
    assert exceeds(with_slow(2), USUAL, foreign=0.02)[1]


def test_where_others_disturb_a_part_of_the_window_may_be_slow():
    assert not exceeds(with_slow(1, 4), USUAL, foreign=0.5)[1]


def test_an_attack_is_found_on_a_disturbed_machine_too():
    assert exceeds(with_slow(0, 1, 2, 3, 4), USUAL, foreign=0.9)[1]
    assert exceeds(with_slow(0, 2, 4), USUAL, foreign=0.9)[1]


def test_too_few_calls_are_not_cut_further():
    assert exceeds(with_slow(1)[:400], USUAL, foreign=0.9)[1]


def test_foreign_is_what_others_compute():
    def both():
        return foreign_seconds() - foreign_seconds(os.getpid())
    before = both()
    subprocess.run([sys.executable, "-c", "import time\nend = time.process_time() + 0.5\n"
                    "while time.process_time() < end: pass"], check=True)
    # The child's time is foreign to others, not to the test, and stays when it has ended.
    assert 0.4 <= both() - before < 5
