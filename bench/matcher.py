"""Pattern matching on one thread beside event-ruler, the matcher that EventBridge publishes, in one
run: the kinds of rules of its benchmark, over parcels of a city that never was. Both must find the
same matches."""

import json
import pathlib
import random
import shutil
import subprocess
import tempfile

from harness import BenchError, Row, median, run_json
from peers import HOME, SOURCES, NotRun, files, install

RULER = "1.8.1"
PARCELS = 20_000
STREETS = ("ALDER", "BIRCH", "CEDAR", "DOGWOOD", "ELM", "FIR", "GINKGO", "HAZEL", "IVY", "JUNIPER",
           "LARCH", "MAPLE", "OAK", "PINE", "ROWAN", "SPRUCE", "TAMARACK", "WALNUT", "YEW")
KINDS = ("ST", "AVE", "WAY", "CT", "BLVD", "TER")


def parcels():
    """Their lines, the same in every run."""
    draw = random.Random(7)
    for number in range(PARCELS):
        block, lot = "{:04}".format(number // 40), "{:03}".format(number % 40 + 1)
        x, y = -122 - draw.randrange(10**9) / 10**9, 37 + draw.randrange(10**9) / 10**9
        first = draw.randrange(1, 2000)
        shape = [[round(x + n * 0.0001, 9), round(y + n * 0.00013, 9), 0.0]
                 for n in range(draw.randrange(5, 11))]
        yield json.dumps({
            "type": "Feature",
            "properties": {"parcel": block + lot, "block": block, "lot": lot, "from": str(first),
                           "to": str(first + 2), "street": draw.choice(STREETS),
                           "kind": draw.choice(KINDS), "side": draw.choice("EO")},
            "geometry": {"type": "Polygon", "coordinates": [shape],
                         "corner": {"x": round(x, 3), "y": round(y, 3)}}}, separators=(",", ":"))


def of(**properties):
    return {"properties": {name: value if isinstance(value, list) else [value]
                           for name, value in properties.items()}}


# A handful of each kind, as there; each matches from none to a tenth of the parcels.
RULES = {
    "exact": [of(parcel="0001003"), of(street="OAK", side="E"), of(block="0123"),
              of(street="NOWHERE"), of(lot="017", kind="CT")],
    "prefix": [of(parcel={"prefix": "00"}), of(street={"prefix": "AL"}), of(block={"prefix": "049"}),
               of(street={"prefix": "X"}), of(**{"from": {"prefix": "19"}})],
    "suffix": [of(street={"suffix": "WOOD"}), of(parcel={"suffix": "0031"}),
               of(street={"suffix": "Z"}), of(to={"suffix": "99"})],
    "equals-ignore-case": [of(street={"equals-ignore-case": "oak"}),
                           of(kind={"equals-ignore-case": "blvd"}, lot="001"),
                           of(street={"equals-ignore-case": "nowhere"})],
    "wildcard": [of(parcel={"wildcard": "0*1*7"}), of(street={"wildcard": "*IN*"}),
                 of(street={"wildcard": "*Q*"}), of(block={"wildcard": "1*5"})],
    "numeric": [{"geometry": {"corner": {"x": [{"numeric": ["=", -122.5]}]}}},
                {"geometry": {"corner": {"y": [{"numeric": [">", 37.2, "<=", 37.25]}]}}},
                {"geometry": {"corner": {"x": [{"numeric": ["<", -122.95]}]}}},
                {"geometry": {"corner": {"x": [{"numeric": [">", 0]}]}}}],
    "anything-but": [of(kind={"anything-but": ["ST", "AVE", "WAY", "CT", "BLVD"]}),
                     of(side={"anything-but": "O"}, block="0007"),
                     of(street={"anything-but": {"prefix": "A"}}, lot="020"),
                     of(street={"anything-but": {"suffix": "R"}}, block={"prefix": "00"})],
    "arrays": [{"geometry": {"type": ["Polygon"], "coordinates": [-122.5]}},
               {"geometry": {"type": ["Polygon"], "coordinates": [{"numeric": ["=", 0]}]},
                "properties": {"block": ["0100"]}},
               {"geometry": {"type": ["Point"]}, "properties": {"side": ["E"]}}],
}


class Ruler:
    """event-ruler, with what it needs, and the program that drives it."""

    def __init__(self):
        HOME.mkdir(parents=True, exist_ok=True)
        files()
        if not shutil.which("javac"):
            raise NotRun("there is no JDK")
        pom = (SOURCES / "ruler.xml").read_text().replace("VERSION", RULER)
        (HOME / "ruler.xml").write_text(pom)
        install("ruler", "mvn", ["-q", "-B", "-f", "ruler.xml", "dependency:copy-dependencies",
                                 "-DoutputDirectory=" + str(HOME / "ruler")], pom)
        source = (HOME / "Ruler.java").read_text()
        install("ruler-program", "javac", ["-cp", str(HOME / "ruler/*"), "-d",
                                           str(HOME / "ruler-program"), "Ruler.java"], source)
        self.command = ["java", "-Xmx2g", "-cp",
                        "{}/ruler/*:{}/ruler-program".format(HOME, HOME), "Ruler"]


def rows(bench):
    """Pattern matching on one thread, events a second, beside event-ruler's (Maven Central)."""
    try:
        ruler, why = Ruler(), ""
    except (NotRun, subprocess.SubprocessError) as error:
        ruler, why = None, str(error)
    with tempfile.TemporaryDirectory() as home:
        events = pathlib.Path(home, "parcels")
        events.write_text("\n".join(parcels()))
        every = [rule for rules in RULES.values() for rule in rules]
        for kind, rules in [*RULES.items(), ("all of these at once", every)]:
            path = pathlib.Path(home, "rules")
            path.write_text("\n".join(json.dumps(rule) for rule in rules))
            yield compared(bench, kind, ruler, why, path, events)


def compared(bench, kind, ruler, why, path, events):
    theirs, ours = [], []
    for _ in range(min(bench.rounds, 3)):
        mine = run_json([bench.programs.matcher, path, events, bench.seconds])
        ours.append(mine["per_second"])
        if not ruler:
            continue
        other = run_json([*ruler.command, path, events, bench.seconds])
        theirs.append(other["per_second"])
        if other["matches"] != mine["matches"]:
            raise BenchError("{}: {} matches, event-ruler has {}".format(
                kind, mine["matches"], other["matches"]))
    ratio = median([o / t for o, t in zip(ours, theirs)]) if theirs else None
    return Row("pattern matching, {} ({:,} matches)".format(kind, mine["matches"]),
               "event-ruler {:,.0f}/s".format(median(theirs)) if theirs else "not run: " + why,
               "{:,.0f}/s".format(median(ours)), ratio, "≥ 2 ×", ratio >= 2 if ratio else None,
               {"theirs_per_second": theirs, "ours_per_second": ours})
