// The native no-op function: a Runtime API client of plain system calls, one connection kept
// open, answering every event with the same JSON. Linked statically, so that it starts as fast
// as a program can.
#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::string_view kAnswer = "{\"message\": \"Hello World\"}";

[[noreturn]] void die(const char* what) {
  const ssize_t ignored = write(STDERR_FILENO, what, std::strlen(what));
  _exit(ignored < 0 ? 2 : 1);
}

int dial(const std::string& host, const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10)));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) die("not an IPv4 address\n");
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // The cast is how the sockets interface takes every kind of address.
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    die("cannot reach the Runtime API\n");
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// Value of the header in a head, compared without case; empty when missing.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      return value;
    }
  }
  return {};
}

class Client {
 public:
  explicit Client(int fd) : fd_(fd) {}

  // Sends and returns the head of the answer, its body taken and thrown away.
  std::string exchange(std::string_view request) {
    while (!request.empty()) {
      const ssize_t count = write(fd_, request.data(), request.size());
      if (count <= 0) die("the Runtime API has gone\n");
      request.remove_prefix(static_cast<std::size_t>(count));
    }
    std::size_t end;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos) fill();
    std::string head = held_.substr(0, end + 2);
    const std::string length(header(head, "content-length"));
    const std::size_t whole =
        end + 4 + static_cast<std::size_t>(std::strtoul(length.c_str(), nullptr, 10));
    while (held_.size() < whole) fill();
    held_.erase(0, whole);
    return head;
  }

 private:
  void fill() {
    char buffer[16384];
    const ssize_t count = read(fd_, buffer, sizeof buffer);
    if (count <= 0) die("the Runtime API has gone\n");
    held_.append(buffer, static_cast<std::size_t>(count));
  }
  int fd_;
  std::string held_;
};

}  // namespace

int main() {
  const char* variable = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (variable == nullptr) die("AWS_LAMBDA_RUNTIME_API is not set\n");
  const std::string api(variable);
  const std::size_t colon = api.rfind(':');
  Client client(dial(api.substr(0, colon), api.substr(colon + 1)));
  const std::string next =
      "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: " + api + "\r\n\r\n";
  const std::string tail =
      "/response HTTP/1.1\r\nHost: " + api +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(kAnswer.size()) +
      "\r\n\r\n" + std::string(kAnswer);
  while (true) {
    const std::string head = client.exchange(next);
    const std::string_view id = header(head, "lambda-runtime-aws-request-id");
    if (id.empty()) die("no request id\n");
    client.exchange("POST /2018-06-01/runtime/invocation/" + std::string(id) + tail);
  }
}
