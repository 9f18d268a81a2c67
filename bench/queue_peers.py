"""What else plays SQS on the same machine, measured beside Lapwing in the same run: the rows of
`tools/bench sqs_peers`. Installed into build/peers, pinned; all keep messages in memory only, and
none looks at signatures. Standard library only."""

import concurrent.futures
import time

from harness import BenchError, Row, median
from peers import HOME, SOURCES, NotRun, Peer, files, install, install_python
from queues import Client, Target

ELASTICMQ = "0.15.8"  # the newest server that Maven Central has whole
GOAWS = "github.com/Admiral-Piett/goaws/app/cmd@v0.4.5"


class QueuePeer(Peer):
    account, keeps = "000000000000", True

    def target(self, programs):
        kind = Target if self.keeps else UnkeptTarget
        # Signed, as some tell services by the scope.
        return kind(programs, self.address, account=self.account)


class UnkeptTarget(Target):
    """Of a server that closes each connection: a client in Python, as the load client keeps its
    own."""

    def load(self, body, path, connections=1, seconds=0, requests=0, warm_up=0, finish=0):
        until, messages, count = time.monotonic() + seconds, 0, 0

        def worker(_):
            done = found = 0
            while (time.monotonic() < until if seconds else done * connections < requests):
                said = Client(self).ask(path, body)
                done += 1
                if finish:
                    handles = [part.split(b"<", 1)[0].decode()
                               for part in said.split(b"<ReceiptHandle>")[1:]]
                    found += len(handles)
                    if handles:
                        Client(self).ask(path, "Action=DeleteMessageBatch" + "".join(
                            "&DeleteMessageBatchRequestEntry.{0}.Id={0}"
                            "&DeleteMessageBatchRequestEntry.{0}.ReceiptHandle={1}".format(
                                i + 1, handle) for i, handle in enumerate(handles)))
            return done, found
        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            for done, found in pool.map(worker, range(connections)):
                count, messages = count + done, messages + found
        return {"per_second": count / seconds if seconds else 0, "seconds": seconds,
                "messages": messages}


class ElasticMq(QueuePeer):
    name = "ElasticMQ " + ELASTICMQ

    def install(self):
        pom = (SOURCES / "elasticmq.xml").read_text().replace("VERSION", ELASTICMQ)
        (HOME / "elasticmq.xml").write_text(pom)
        install("elasticmq", "mvn", ["-q", "-B", "-f", "elasticmq.xml",
                                     "dependency:copy-dependencies",
                                     "-DoutputDirectory=" + str(HOME / "elasticmq")], pom)

    def command(self, port):
        (HOME / "elasticmq.conf").write_text(
            'include classpath("application.conf")\n'
            'rest-sqs {{ bind-port = {0}, bind-hostname = "127.0.0.1", sqs-limits = strict }}\n'
            'node-address {{ host = "127.0.0.1", port = {0} }}\n'
            'rest-stats.enabled = false\n'.format(port))
        return ["java", "-Dconfig.file=elasticmq.conf", "-cp", str(HOME / "elasticmq") + "/*",
                "org.elasticmq.server.Main"], {}


class MiniStack(QueuePeer):
    name = "MiniStack 1.5.33"

    def install(self):
        install_python()

    def command(self, port):
        return [HOME / "venv/bin/ministack"], {"GATEWAY_PORT": str(port),
                                               "GATEWAY_HOST": "127.0.0.1"}


class MotoQueues(QueuePeer):
    name, account, keeps = "moto 5.2.5", "123456789012", False

    def install(self):
        install_python()

    def command(self, port):
        return [HOME / "venv/bin/moto_server", "-H", "127.0.0.1", "-p", port], {}


class GoAws(QueuePeer):
    name, account = "goaws 0.4.5", "queue"

    def install(self):
        install("goaws", "go", ["install", GOAWS], GOAWS, GOBIN=str(HOME / "bin-goaws"))

    def command(self, port):
        (HOME / "goaws.yaml").write_text(
            "Local:\n  Host: 127.0.0.1\n  Port: {}\n  Region: us-east-1\n"
            "  AccountId: queue\n  LogToFile: false\n".format(port))
        return [HOME / "bin-goaws/cmd", "-config", HOME / "goaws.yaml", "Local"], {}


def measure(target, what, queue, seconds):
    try:
        return getattr(target, what)(queue, seconds)
    except BenchError as error:
        return str(error).splitlines()[0][:100]


def rows(bench, wanted):
    HOME.mkdir(parents=True, exist_ok=True)
    files()
    server = bench.server()
    targets, running, absent = {"Lapwing, on disk, signed": Target(bench.programs,
                                                                 server.address)}, [], []
    try:
        for peer in (ElasticMq(), MiniStack(), MotoQueues(), GoAws()):
            try:
                peer.install()
                peer.start()
                running.append(peer)
                targets[peer.name] = peer.target(bench.programs)
            except NotRun as why:
                absent.append((peer.name, str(why)))
        figures = {name: {what: [] for _, what, _ in wanted} for name in targets}
        for turn in range(bench.rounds):
            queue = "peers-{}".format(turn)
            for name, target in targets.items():
                target.create(queue)
                for _, what, _ in wanted:
                    figures[name][what].append(measure(target, what, queue, bench.seconds))
    finally:
        for peer in running:
            peer.stop()
    for label, what, _ in wanted:
        ours = figures["Lapwing, on disk, signed"][what]
        for name in targets:
            rates = figures[name][what]
            wrong = [rate for rate in rates if isinstance(rate, str)]
            if wrong:
                yield Row(name + ": " + label, "", "failed: " + wrong[0], None, "", None, {})
                continue
            yield Row(name + ": " + label, "", "{:,.0f}/s".format(median(rates)),
                      median(rates) / median(ours), "", None, {"per_second": rates})
    for name, why in absent:
        yield Row(name, "", "not run: " + why, None, "", None, {"not_run": why})
