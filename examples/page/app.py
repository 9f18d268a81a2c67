"""A web page from a template: the answer is what API Gateway and function URLs expect."""

import os

from jinja2 import Environment, FileSystemLoader, select_autoescape

environment = Environment(
    loader=FileSystemLoader(os.path.join(os.path.dirname(__file__), "templates")),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
template = environment.get_template("report.html")


def handler(event, context):
    total = sum(row["price"] * row["count"] for row in event["rows"])
    page = template.render(title=event["title"], rows=event["rows"], total=total)
    return {
        "statusCode": 200,
        "headers": {"content-type": "text/html; charset=utf-8"},
        "body": page,
    }
