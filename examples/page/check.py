import json
import sys

answer = json.load(open(sys.argv[1]))
page = answer["body"]
assert answer["statusCode"] == 200
assert "<title>Order &lt;7&gt; für Zoë</title>" in page, page
assert '<tr class="odd"><td>Espresso &amp; milk</td><td>2</td><td>6.50</td></tr>' in page, page
assert "<script>" not in page and "&lt;script&gt;" in page
assert "<p>Total: 12.20 for 3 items</p>" in page, page
assert page.rstrip().endswith("</html>")
