"""A mail server for tests: takes what comes, or refuses as it is told to; STARTTLS where it is given
a certificate."""
import socketserver
import ssl
import threading


class Handler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        office = self.server.office
        self.say(office.greeting)
        mail = {"from": None, "to": []}
        while line := self.rfile.readline():
            command = line.decode().strip()
            office.heard.append(command)
            word = command.split(" ")[0].split(":")[0].upper()
            if word == "DATA":
                self.say("354 go on")
                mail["text"] = self.read_mail()
                office.mails.append(mail)
                self.say("250 taken")
            elif word == "EHLO":
                self.say("250-here")
                self.say("250-AUTH PLAIN")
                self.say("250 STARTTLS")
            elif word == "STARTTLS" and office.context:
                self.say("220 go on")
                self.connection = office.context.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", 0)
                office.encrypted += 1
            else:
                self.say(office.answers.get(word, "250 fine"))
                if word == "MAIL":
                    mail = {"from": command.split("<")[1][:-1], "to": []}
                if word == "RCPT":
                    mail["to"].append(command.split("<")[1][:-1])
                if word == "QUIT":
                    return

    def read_mail(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines).decode()


class Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class PostOffice:
    """`mails`: what was taken. `answers`: by command, instead of "250 fine"."""

    def __init__(self, certificate=None):
        self.mails, self.heard, self.answers, self.encrypted = [], [], {}, 0
        self.greeting = "220 here"
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.server = Threads(("127.0.0.1", 0), Handler)
        self.server.office = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
