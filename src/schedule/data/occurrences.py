#!/usr/bin/env python3
"""Writes occurrences.json: a second implementation, which walks day by day and knows the zones from
Python's zoneinfo. Run with no arguments after adding a line to occurrences.txt, and read what changed.

A case: dialect, zone, expression, instant, how many occurrences to list, frame. Where there are fewer,
null stands at the end.
"""
import ast
import calendar
import datetime
import json
import pathlib
import re
import zoneinfo

UTC = datetime.timezone.utc
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()
DIALECTS = {"R": "rule", "S": "scheduler"}


def value(text, names, base):
    return names.index(text.upper()) + base if text.upper() in names else int(text)


def values(field, low, high, names=()):
    out = set()
    for item in field.split(","):
        item, _, step = item.partition("/")
        if item == "*":
            first, last = low, high
        elif "-" in item:
            first, last = (value(x, names, low) for x in item.split("-"))
        else:
            first = value(item, names, low)
            last = high if step else first
        span = list(range(first, last + 1)) if first <= last else (
            list(range(first, high + 1)) + list(range(low, last + 1)))
        out.update(span[::int(step or 1)])
    return out


def weekday(date):  # 1 is Sunday
    return date.isoweekday() % 7 + 1


def nearest(date):
    for away in (0, -1, 1, -2, 2):
        other = date + datetime.timedelta(away)
        if other.month == date.month and other.isoweekday() < 6:
            return other


def day_matches(date, of_month, of_week):
    last = calendar.monthrange(date.year, date.month)[1]
    if of_week != "?":
        text = of_week.upper()
        if text == "L":
            return weekday(date) == 7
        if text.endswith("L"):
            return weekday(date) == value(text[:-1], DAYS, 1) and date.day + 7 > last
        if "#" in text:
            day, nth = text.split("#")
            return weekday(date) == value(day, DAYS, 1) and (date.day - 1) // 7 + 1 == int(nth)
        return weekday(date) in values(of_week, 1, 7, DAYS)
    text = of_month.upper()
    if text == "L":
        return date.day == last
    if text == "LW":
        return date == nearest(date.replace(day=last))
    if text.endswith("W"):
        return int(text[:-1]) <= last and date == nearest(date.replace(day=int(text[:-1])))
    return date.day in values(of_month, 1, 31)


def cron(text, zone, after):
    minutes, hours, of_month, months, of_week, years = text.split()
    minutes, hours = sorted(values(minutes, 0, 59)), sorted(values(hours, 0, 23))
    months, years = values(months, 1, 12, MONTHS), values(years, 1970, 2199)
    date = max(after.astimezone(zone).date() - datetime.timedelta(2), datetime.date(1970, 1, 1))
    while date.year < 2200:
        if date.year not in years:
            date = date.replace(year=date.year + 1, month=1, day=1)
            continue
        if date.month in months and day_matches(date, of_month, of_week):
            for hour in hours:
                for minute in minutes:
                    local = datetime.datetime(date.year, date.month, date.day, hour, minute)
                    utc = local.replace(tzinfo=zone).astimezone(UTC)
                    if utc.astimezone(zone).replace(tzinfo=None) == local and utc > after:
                        yield utc
        date += datetime.timedelta(1)


def rate(text, after, frame):
    count, unit = text.split()
    unit = unit.lower().rstrip("s") + "s"
    try:
        period = datetime.timedelta(**{unit: int(count)})
        due = frame["start"] if "start" in frame else frame["anchor"] + period
        if due <= after:
            due += ((after - due) // period + 1) * period
        while due.year < 2200:
            yield due
            due += period
    except OverflowError:
        return


def occurrences(zone, expression, after, frame):
    word, inside = re.fullmatch(r"(\w+)\((.*)\)", expression).groups()
    if word == "rate":
        found = rate(inside, after, frame)
    elif word == "cron":
        start = frame.get("start", after) - datetime.timedelta(microseconds=1)
        found = cron(inside, zone, max(after, start))
    else:
        local = datetime.datetime.fromisoformat(inside)
        utc = local.replace(tzinfo=zone).astimezone(UTC)
        if utc.astimezone(zone).replace(tzinfo=None) == local and utc > after:
            yield utc
        return
    for due in found:
        if "end" in frame and due > frame["end"]:
            return
        yield due


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def form(time):
    text = time.astimezone(UTC).isoformat(timespec="milliseconds" if time.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def run(dialect, zone, expression, after, count, frame=None):
    frame = frame or {}
    found = []
    for due in occurrences(zoneinfo.ZoneInfo(zone), expression, parse(after),
                           {k: parse(v) for k, v in frame.items()}):
        found.append(form(due))
        if len(found) == count:
            break
    else:
        found.append(None)
    return [dialect, zone, expression, after, found] + ([frame] if frame else [])


def load():
    path = pathlib.Path(__file__).with_name("occurrences.txt")
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            dialect, rest = line.split(",", 1)
            yield DIALECTS[dialect], *ast.literal_eval(f"({rest})")


def main():
    out = [json.dumps(run(*case)) for case in load()]
    path = pathlib.Path(__file__).with_name("occurrences.json")
    path.write_text("[\n" + ",\n".join(out) + "\n]\n")
    print(len(out), "cases")


if __name__ == "__main__":
    main()
