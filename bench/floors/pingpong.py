"""The least a Python function can cost: JSON in, JSON out, one line at a time, over the socket
on descriptor 3."""

import json
import socket


def lambda_handler(event, context):
    return {"message": "Hello " + event["name"]}


def main():
    with socket.socket(fileno=3) as link:
        held = b""
        while True:
            piece = link.recv(65536)
            if not piece:
                return
            held += piece
            while b"\n" in held:
                line, held = held.split(b"\n", 1)
                link.sendall(json.dumps(lambda_handler(json.loads(line), None)).encode() + b"\n")


if __name__ == "__main__":
    main()
