"""An internet of the test's own: one network namespace plays the machine, another everything
outside it. Nothing leaves either, and both go with the test.

The calling thread, and what it starts, is in the machine while `Internet` is entered.
"""
import contextlib
import ctypes
import http.server
import itertools
import os
import pathlib
import shutil
import socket
import socketserver
import struct
import subprocess
import threading

MACHINE_V4, MACHINE_V6 = "198.51.100.2", "2001:db8:0:1::2"
SITE_V4, SITE_V6, SITE_NAME = "203.0.113.5", "2001:db8:0:2::5", "www.fake.example"
DENIED_V4 = "203.0.113.6"
METADATA = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254"]
MACHINE_PORT = 8099  # of the machine's own HTTP server, on every address it has
NUMBERS = itertools.count()
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def usable():
    """Why tests with namespaces cannot run here, or nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    return next((f"no {tool}" for tool in ("ip", "nft") if not shutil.which(tool)), None)


def enter(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if LIBC.setns(fd, 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(fd)


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.client_address[0].removeprefix("::ffff:").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class SiteServer(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128


def dns_answer(query, by_tcp):
    """Knows SITE_NAME, and big.fake.example, whose answer is for TCP alone."""
    end = query.index(b"\0", 12) + 5
    name, kind = [], struct.unpack(">H", query[end - 4:end - 2])[0]
    at = 12
    while query[at]:
        name.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    name, flags, records = ".".join(name).lower(), 0x8180, []
    if name == SITE_NAME:
        records = {1: [socket.inet_aton(SITE_V4)],
                   28: [socket.inet_pton(socket.AF_INET6, SITE_V6)]}.get(kind, [])
    elif name == "big.fake.example":
        records = [socket.inet_aton(f"203.0.113.{n}") for n in range(100, 200)] * (kind == 1)
        if not by_tcp:
            records, flags = [], flags | 0x0200  # truncated
    else:
        flags |= 3  # NXDOMAIN
    answer = query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + query[12:end]
    for record in records:
        answer += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(record)) + record
    return answer


class UdpDns(socketserver.BaseRequestHandler):
    asked = []

    def handle(self):
        query, answering = self.request
        UdpDns.asked.append(query)
        answering.sendto(dns_answer(query, False), self.client_address)


class TcpDns(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.rfile.read(2):
            query = self.rfile.read(struct.unpack(">H", length)[0])
            answer = dns_answer(query, True)
            self.wfile.write(struct.pack(">H", len(answer)) + answer)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class UdpEcho(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(b"echo " + self.request[0], self.client_address)


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class UdpServer6(UdpServer):
    address_family = socket.AF_INET6


class Internet:
    def __init__(self):
        number = f"{os.getpid()}-{next(NUMBERS)}"
        self.machine, self.outside = f"lapwing-machine-{number}", f"lapwing-outside-{number}"
        self.etc = pathlib.Path("/etc/netns") / self.machine
        self.cleaning = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._namespaces()
            self._servers()
        except BaseException:
            self.cleaning.close()
            raise
        return self

    def __exit__(self, *error):
        self.cleaning.close()

    def _namespaces(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.cleaning.callback(os.close, home)
        for name in (self.machine, self.outside):
            run("ip", "netns", "add", name)
            self.cleaning.callback(run, "ip", "netns", "del", name)
        # `ip netns exec` shows this one as /etc/resolv.conf.
        self.etc.mkdir(parents=True)
        self.cleaning.callback(shutil.rmtree, self.etc)
        (self.etc / "resolv.conf").write_text("search secret.example\nnameserver 127.0.0.53\n")
        run("ip", "-n", self.machine, "link", "add", "out0", "type", "veth", "peer", "name", "in0",
            "netns", self.outside)
        outside = [SITE_V4, DENIED_V4, SITE_V6, *METADATA]
        for name, link, addresses in (
                (self.machine, "out0", [MACHINE_V4 + "/24", MACHINE_V6 + "/64"]),
                (self.outside, "in0", ["198.51.100.1/24", "2001:db8:0:1::1/64", *outside])):
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", link, "up")
            for address in addresses:
                run("ip", "-n", name, "address", "add", address, "dev", link,
                    *(["nodad"] if ":" in address else []))
        run("ip", "-n", self.machine, "route", "add", "default", "via", "198.51.100.1")
        run("ip", "-n", self.machine, "-6", "route", "add", "default", "via", "2001:db8:0:1::1")
        enter(f"/run/netns/{self.machine}")
        self.cleaning.callback(LIBC.setns, home, 0)

    def _servers(self):
        self.serve(self.outside, lambda: SiteServer(("::", 80), Site))
        self.serve(self.outside, lambda: UdpServer((SITE_V4, 7), UdpEcho))
        self.serve(self.outside, lambda: UdpServer6((SITE_V6, 7), UdpEcho))
        self.serve(self.machine, lambda: SiteServer(("::", MACHINE_PORT), Site))
        self.serve(self.machine, lambda: UdpServer(("127.0.0.53", 53), UdpDns))
        self.serve(self.machine, lambda: TcpServer(("127.0.0.53", 53), TcpDns))

    def serve(self, name, make):
        """A socket stays in the namespace it was made in, no matter who uses it."""
        made, failed = [], []

        def make_there():
            try:
                enter(f"/run/netns/{name}")
                made.append(make())
            except BaseException as error:
                failed.append(error)
        thread = threading.Thread(target=make_there)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        threading.Thread(target=made[0].serve_forever, daemon=True).start()
        self.cleaning.callback(made[0].server_close)
        self.cleaning.callback(made[0].shutdown)

    def links(self):
        return sorted(line.split(":")[1].split("@")[0].strip() for line in
                      run("ip", "-n", self.machine, "-o", "link").splitlines())

    def tables(self):
        return run("ip", "netns", "exec", self.machine, "nft", "list", "tables").split("\n")[:-1]

    def forwards(self):
        with open("/proc/sys/net/ipv4/conf/out0/forwarding") as f:
            return f.read().strip() == "1"

    def addresses(self):
        """Every address of the machine but loopback's."""
        lines = run("ip", "-n", self.machine, "-o", "address", "show", "up").splitlines()
        return sorted(line.split()[3].split("/")[0] for line in lines if " lo " not in line)
