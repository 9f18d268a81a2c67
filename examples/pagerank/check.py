"""Ranks against a page rank worked out here by plain repetition, on the same published graph."""

import json
import sys

# Who met whom in the karate club that W. Zachary watched (1977); members numbered from 1.
KARATE_CLUB = {
    2: [1], 3: [1, 2], 4: [1, 2, 3], 5: [1], 6: [1], 7: [1, 5, 6], 8: [1, 2, 3, 4], 9: [1, 3],
    10: [3], 11: [1, 5, 6], 12: [1], 13: [1, 4], 14: [1, 2, 3, 4], 17: [6, 7], 18: [1, 2],
    20: [1, 2], 22: [1, 2], 26: [24, 25], 28: [3, 24, 25], 29: [3], 30: [24, 27], 31: [2, 9],
    32: [1, 25, 26, 29], 33: [3, 9, 15, 16, 19, 21, 23, 24, 30, 31, 32],
    34: [9, 10, 14, 15, 16, 19, 20, 21, 23, 24, 27, 28, 29, 30, 31, 32, 33],
}
neighbours = {v: [] for v in range(34)}
for a, met in KARATE_CLUB.items():
    for b in met:
        neighbours[a - 1].append(b - 1)
        neighbours[b - 1].append(a - 1)
ranks = [1 / 34] * 34
for _ in range(200):
    ranks = [
        0.15 / 34 + 0.85 * sum(ranks[w] / len(neighbours[w]) for w in neighbours[v])
        for v in range(34)
    ]

answer = json.load(open(sys.argv[1]))
assert (answer["vertices"], answer["edges"]) == (34, 78), answer
assert abs(answer["sum"] - 1) < 1e-9, answer
assert [t["vertex"] for t in answer["top"]] == sorted(range(34), key=lambda v: -ranks[v])[:5], answer
assert all(abs(t["rank"] - ranks[t["vertex"]]) < 1e-9 for t in answer["top"]), answer
