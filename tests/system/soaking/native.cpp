// The soak's native function (see languages.py): a Runtime API client of plain system calls. The
// events are the soak's own, so their strings are found by name, and hold nothing to unescape.
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <netinet/in.h>
#include <set>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kLinesMax = 50;
using Texts = std::set<std::string>;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(1);
}

int dial(const std::string& api) {
  const std::size_t colon = api.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(api.substr(colon + 1))));
  inet_pton(AF_INET, api.substr(0, colon).c_str(), &address.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // The cast is how the sockets interface takes every kind of address.
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    die("connect");
  }
  return fd;
}

std::string header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      return std::string(line.substr(line.find_first_not_of(' ', name.size() + 1)));
    }
  }
  return {};
}

struct Answer {
  std::string head;
  std::string body;
};

class Client {
 public:
  explicit Client(const std::string& api) : fd_(dial(api)), host_(api) {}

  Answer next() { return exchange("GET", "next", {}, {}); }
  void post(const std::string& path, const std::string& body, const std::string& headers = {}) {
    exchange("POST", path, body, headers);
  }

 private:
  Answer exchange(const std::string& method, const std::string& path, const std::string& body,
                  const std::string& headers) {
    std::string request = method + " /2018-06-01/runtime/invocation/" + path +
                          " HTTP/1.1\r\nHost: " + host_ + "\r\n" + headers +
                          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    for (std::string_view rest = request; !rest.empty();) {
      const ssize_t count = write(fd_, rest.data(), rest.size());
      if (count <= 0) die("write");
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    std::size_t end = 0;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos) fill();
    Answer answer{held_.substr(0, end + 2), {}};
    const auto length = std::strtoul(header(answer.head, "content-length").c_str(), nullptr, 10);
    while (held_.size() < end + 4 + length) fill();
    answer.body = held_.substr(end + 4, length);
    held_.erase(0, end + 4 + length);
    return answer;
  }
  void fill() {
    char buffer[65536];
    const ssize_t count = read(fd_, buffer, sizeof buffer);
    if (count <= 0) die("read");
    held_.append(buffer, static_cast<std::size_t>(count));
  }
  int fd_;
  std::string host_;
  std::string held_;
};

std::string member(const std::string& event, const std::string& name) {
  const std::string key = "\"" + name + "\": \"";
  const std::size_t at = event.find(key);
  if (at == std::string::npos) die("event");
  return event.substr(at + key.size(), event.find('"', at + key.size()) - at - key.size());
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string list(const Texts& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + quoted(text);
  return "[" + out + "]";
}

// The lines of a file.
std::vector<std::string> lines_of(const char* path) {
  std::vector<std::string> lines;
  FILE* file = std::fopen(path, "r");
  if (file == nullptr) die(path);
  char line[256];
  while (std::fgets(line, sizeof line, file)) lines.emplace_back(line, std::strcspn(line, "\n"));
  std::fclose(file);
  return lines;
}

void append_line(const char* path, const std::string& line) {
  FILE* file = std::fopen(path, "a");
  if (file == nullptr) die(path);
  std::fprintf(file, "%s\n", line.c_str());
  std::fclose(file);
}

Texts files_in_tmp() {
  Texts found;
  DIR* folder = opendir("/tmp");
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") found.insert(name);
  }
  closedir(folder);
  return found;
}

// Ends the child of an earlier event and leaves another.
void leave_child() {
  static pid_t child = 0;
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    execl("/bin/sleep", "sleep", "600", nullptr);
    _exit(127);
  }
}

}  // namespace

int main() {
  const std::string code = lines_of("secret.txt").at(0);
  const std::string secret = std::getenv("SECRET");
  const std::string name = std::getenv("AWS_LAMBDA_FUNCTION_NAME");
  const std::string version = std::getenv("AWS_LAMBDA_FUNCTION_VERSION");
  Client client(std::getenv("AWS_LAMBDA_RUNTIME_API"));
  Texts owners;
  for (int count = 1;; ++count) {
    const Answer next = client.next();
    const std::string id = header(next.head, "lambda-runtime-aws-request-id");
    const std::string what = member(next.body, "do");
    const std::string nonce = member(next.body, "nonce");
    owners.insert(member(next.body, "owner"));
    if (count <= kLinesMax) append_line("/tmp/marker", secret);
    const std::vector<std::string> lines = lines_of("/tmp/marker");
    const Texts kept(lines.begin(), lines.end());
    if (what == "exit") _exit(7);
    if (what == "abort") std::abort();
    if (what == "hang") sleep(60);
    if (what == "child") leave_child();
    if (what == "log") {
      std::printf("said %s %s\n", nonce.c_str(), member(next.body, "owner").c_str());
      std::fflush(stdout);
    }
    if (what == "raise") {
      client.post(id + "/error",
                  R"({"errorType":"Own.Refused","errorMessage":"on purpose )" + nonce + "\"}",
                  "Lambda-Runtime-Function-Error-Type: Own.Refused\r\n");
      continue;
    }
    client.post(id + "/response",
                "{\"env\":" + quoted(secret) + ",\"code\":" + quoted(code) +
                    ",\"nonce\":" + quoted(nonce) + ",\"pad\":" + quoted(member(next.body, "pad")) +
                    ",\"name\":" + quoted(name) + ",\"version\":" + quoted(version) +
                    ",\"count\":" + std::to_string(count) + ",\"owners\":" + list(owners) +
                    ",\"kept\":" + list(kept) + ",\"lines\":" + std::to_string(lines.size()) +
                    ",\"tmp\":" + list(files_in_tmp()) + "}");
  }
}
