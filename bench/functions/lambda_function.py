import sys
import time

begun = []


def lambda_handler(event, context):
    return {"message": "Hello " + event["name"]}


def take(event, context):
    """Of a mapping, a topic, a rule: nothing."""


def stamp(event, context):
    """Notes when it begins on an event; asked with an empty one, tells, and forgets."""
    if event:
        begun.append(time.time_ns())
        return None
    told = list(begun)
    begun.clear()
    return told


def facts(event, context):
    """How this interpreter was started, for the floors to do the same."""
    standard = getattr(sys, "stdlib_module_names", None)
    modules = [name for name in list(sys.modules) if "." not in name and name != "__main__"
               and (standard is None or name in standard)]
    argv = list(getattr(sys, "orig_argv", []))
    flags = [a for a in argv[1:] if a.startswith("-")]
    return {"version": "{}.{}.{}".format(*sys.version_info), "flags": flags, "modules": sorted(modules)}
