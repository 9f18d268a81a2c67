// The relay floor: what the kernel asks for carrying a call to another process and its answer
// back, and nothing else: one thread, one epoll set, no request is looked at.
//
//   lapwing_floor_relay WORKERS tcp
//   lapwing_floor_relay WORKERS pipe PROGRAM [ARGUMENT ...]
//
// A client's request is what one recv gives. `pipe`: a line is written to a worker, PROGRAM with a
// pipe at its standard input and one at its output, and what it writes is the answer, as with our
// Python runtime. `tcp`: a worker, this program again, takes the event from a connection, sends
// its answer, waits until that is acknowledged, and asks for the next, as the Runtime API has it.
// Listens on a free port of 127.0.0.1, prints "listening on HOST:PORT", ends with its standard
// input.
#include <arpa/inet.h>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::string_view kEvent = "{\"name\": \"World\"}\n";
constexpr std::string_view kAccepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kAsk = "GET /next HTTP/1.1\r\nHost: relay\r\n\r\n";
constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n"
    "{\"message\": \"Hello World\"}";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void send_all(int fd, std::string_view text) {
  if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    die("send");
  }
}

// As the server does it: no waiting for more to send, and Reno between processes of one machine.
void prepare(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

int listen_on_loopback(sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    die("listen");
  }
  return fd;
}

[[noreturn]] void work_over_tcp(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  prepare(fd);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    die("connect");
  }
  char bytes[4096];
  for (;;) {
    send_all(fd, kAsk);
    if (recv(fd, bytes, sizeof(bytes), 0) <= 0) std::exit(0);
    send_all(fd, kAnswer);
    if (recv(fd, bytes, sizeof(bytes), 0) <= 0) std::exit(0);
  }
}

class Relay {
 public:
  explicit Relay(bool tcp) : tcp_(tcp), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void add_client_listener(int fd) { watch(fd, Kind::kClientListener, fd, -1); }
  void add_worker_listener(int fd) { watch(fd, Kind::kWorkerListener, fd, -1); }
  void add_end(int fd) { watch(fd, Kind::kEnd, fd, -1); }
  void add_worker(int from, int to) {
    watch(from, Kind::kWorker, from, to);
    idle_.push_back(&ends_.back());
  }

  void run() {
    epoll_event events[64];
    for (;;) {
      const int count = epoll_wait(epoll_, events, 64, -1);
      for (int i = 0; i < count; ++i) {
        if (!handle(*static_cast<End*>(events[i].data.ptr))) return;
      }
    }
  }

 private:
  enum class Kind { kEnd, kClientListener, kWorkerListener, kClient, kWorker };
  struct End {
    Kind kind;
    int from;
    int to;         // worker: where events go
    End* client;    // worker: whose call it has
    bool answered;  // worker over tcp: its answer has come, its question has not
  };

  void watch(int fd, Kind kind, int from, int to) {
    ends_.push_back(End{kind, from, to, nullptr, true});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &ends_.back();
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  void give(End& worker, End& client) {
    worker.client = &client;
    worker.answered = false;
    if (write(worker.to, kEvent.data(), kEvent.size()) < 0) die("write");
  }

  void free_for_next(End& worker) {
    worker.client = nullptr;
    if (waiting_.empty()) {
      idle_.push_back(&worker);
    } else {
      give(worker, *waiting_.front());
      waiting_.pop_front();
    }
  }

  bool handle(End& end) {
    char bytes[4096];
    switch (end.kind) {
      case Kind::kEnd:
        return read(end.from, bytes, 1) > 0;
      case Kind::kClientListener:
      case Kind::kWorkerListener: {
        const int fd = accept4(end.from, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) die("accept");
        prepare(fd);
        watch(fd, end.kind == Kind::kClientListener ? Kind::kClient : Kind::kWorker, fd, fd);
        return true;
      }
      case Kind::kClient:
        if (recv(end.from, bytes, sizeof(bytes), 0) <= 0) {
          close(end.from);
          end.from = -1;  // a call of it may be under way
        } else if (idle_.empty()) {
          waiting_.push_back(&end);
        } else {
          End* worker = idle_.back();
          idle_.pop_back();
          give(*worker, end);
        }
        return true;
      case Kind::kWorker:
        if (read(end.from, bytes, sizeof(bytes)) <= 0) die("a worker ended");
        if (!end.client || end.answered) {  // over tcp: it asks
          end.answered = false;
          free_for_next(end);
          return true;
        }
        if (end.client->from >= 0) send_all(end.client->from, kAnswer);
        if (!tcp_) {
          free_for_next(end);
        } else {
          end.answered = true;
          send_all(end.to, kAccepted);
        }
        return true;
    }
    return true;
  }

  bool tcp_;
  int epoll_;
  std::deque<End> ends_;  // stays where it is: the epoll set holds addresses
  std::vector<End*> idle_;
  std::deque<End*> waiting_;
};

int serve(int workers, bool tcp, char** program) {
  Relay relay(tcp);
  std::vector<pid_t> made;
  sockaddr_in address;
  if (tcp) {
    const int listener = listen_on_loopback(address);
    for (int i = 0; i < workers; ++i) {
      const pid_t child = fork();
      if (child == 0) work_over_tcp(address);
      made.push_back(child);
    }
    relay.add_worker_listener(listener);
  } else {
    for (int i = 0; i < workers; ++i) {
      int event[2];
      int answer[2];
      if (pipe2(event, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0) die("pipe");
      const pid_t child = fork();
      if (child == 0) {
        dup2(event[0], STDIN_FILENO);
        dup2(answer[1], STDOUT_FILENO);
        execvp(program[0], program);
        die(program[0]);
      }
      close(event[0]);
      close(answer[1]);
      made.push_back(child);
      relay.add_worker(answer[0], event[1]);
    }
  }
  relay.add_client_listener(listen_on_loopback(address));
  relay.add_end(STDIN_FILENO);
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  relay.run();
  for (const pid_t child : made) {
    kill(child, SIGTERM);
    waitpid(child, nullptr, 0);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool tcp = argc == 3 && std::strcmp(argv[2], "tcp") == 0;
  if (!tcp && (argc < 4 || std::strcmp(argv[2], "pipe") != 0)) return 2;
  const std::string_view count = argv[1];
  int workers = 0;
  if (std::from_chars(count.data(), count.data() + count.size(), workers).ec != std::errc())
    return 2;
  return serve(workers, tcp, argv + 3);
}
