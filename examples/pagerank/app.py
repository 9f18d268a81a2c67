"""Page rank of a graph: the edges of the event, or one of the well-known graphs igraph carries."""

import igraph


def handler(event, context):
    if "famous" in event:
        graph = igraph.Graph.Famous(event["famous"])
    else:
        graph = igraph.Graph(edges=event["edges"], directed=True)
    ranks = graph.pagerank(damping=event.get("damping", 0.85))
    best = sorted(range(len(ranks)), key=lambda v: -ranks[v])[: event.get("top", 10)]
    return {
        "vertices": graph.vcount(),
        "edges": graph.ecount(),
        "sum": sum(ranks),
        "top": [{"vertex": v, "rank": ranks[v]} for v in best],
    }
