// The load client: POSTs one body over kept connections, one request in flight on each, and
// measures. One thread over epoll with requests made beforehand, so that it costs a few
// microseconds a request and is not what is measured. Requests are signed again each second, as
// the date they carry has that resolution.
//
//   lapwing_load --address HOST:PORT --path P --body B [--expect B] [--connections N]
//     [--seconds S | --requests N] [--warm-up N] [--functions N [--first N] [--zipf S]]
//     [--key ID --secret S [--service NAME]] [--type MEDIA-TYPE] [--target OPERATION] [--finish 1]
//
// Prints one JSON object. An answer counts as an error unless it is 200, names no function
// error and is what was expected.
#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "aws/sigv4_signer.hpp"
#include "base/clock.hpp"
#include "load_options.hpp"

namespace lapwing::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kStallMs = 30'000;

[[noreturn]] void die(std::string_view what) {
  fmt::print(stderr, "load: {}\n", what);
  std::exit(1);
}

// The bytes of one request to one path, signed for the current second.
class RequestMaker {
 public:
  explicit RequestMaker(const LoadOptions& options)
      : options_(options), made_(static_cast<std::size_t>(options.functions)) {
    if (options.zipf <= 0) return;
    for (std::size_t n = 1; n <= made_.size(); ++n) {
      weights_.push_back(std::pow(static_cast<double>(n), -options.zipf));
    }
    draw_ = std::discrete_distribution<std::size_t>(weights_.begin(), weights_.end());
  }

  // One of another body.
  std::string once(const std::string& body) const { return bytes_of(options_.path, body); }

  const std::string& next() {
    const std::size_t index = weights_.empty() ? turn_++ % made_.size() : draw_(random_);
    Made& made = made_[index];
    const std::int64_t second = unix_ms(clock_.wall()) / 1000;
    if (made.second != second) make(made, index, second);
    return made.bytes;
  }

 private:
  struct Made {
    std::int64_t second = -1;
    std::string bytes;
  };

  void make(Made& made, std::size_t index, std::int64_t second) {
    const std::string number = fmt::format("{}", static_cast<std::size_t>(options_.first) + index);
    made.second = second;
    made.bytes =
        bytes_of(numbered(options_.path, "{}", number), numbered(options_.body, "@@", number));
  }

  static std::string numbered(std::string text, std::string_view mark, std::string_view number) {
    for (auto at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + number.size())) {
      text.replace(at, mark.size(), number);
    }
    return text;
  }

  std::string bytes_of(const std::string& path, const std::string& body) const {
    std::string out = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", path,
                                  options_.address, body.size());
    if (!options_.type.empty()) out += fmt::format("Content-Type: {}\r\n", options_.type);
    std::vector<aws::HeaderView> signed_fields{{"Host", options_.address}};
    if (options_.event) signed_fields.push_back({"X-Amz-Invocation-Type", "Event"});
    if (!options_.target.empty()) signed_fields.push_back({"X-Amz-Target", options_.target});
    for (const auto& field : std::span(signed_fields).subspan(1)) {
      out += fmt::format("{}: {}\r\n", field.name, field.value);
    }
    if (!options_.access_key_id.empty()) {
      const aws::Request request{"POST", path, {}, signed_fields, body};
      const aws::Credentials keys{options_.access_key_id, options_.secret_access_key, {}};
      for (const auto& field :
           aws::sign(request, keys, {"us-east-1", options_.service}, clock_.wall())) {
        out += fmt::format("{}: {}\r\n", field.name, field.value);
      }
    }
    return out + "\r\n" + body;
  }

  const LoadOptions& options_;
  SystemClock clock_;
  std::vector<Made> made_;
  std::size_t turn_ = 0;
  std::vector<double> weights_;
  std::discrete_distribution<std::size_t> draw_;
  std::mt19937 random_{42};  // the same calls in every run
};

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

// The DeleteMessageBatch of the messages in an answer to ReceiveMessage (query); empty where there
// are none.
std::string deletion_of(std::string_view answer, long& messages) {
  constexpr std::string_view kOpen = "<ReceiptHandle>";
  std::string out;
  int number = 0;
  for (std::size_t at = answer.find(kOpen); at != std::string_view::npos;
       at = answer.find(kOpen, at)) {
    at += kOpen.size();
    ++number;
    ++messages;
    out += fmt::format(
        "&DeleteMessageBatchRequestEntry.{0}.Id={0}"
        "&DeleteMessageBatchRequestEntry.{0}.ReceiptHandle=",
        number);
    for (const char c : answer.substr(at, answer.find('<', at) - at)) {
      const bool plain = c != '+' && c != '/' && c != '=';
      out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned>(c));
    }
  }
  return out.empty() ? out : "Action=DeleteMessageBatch" + out;
}

struct Connection {
  int fd = -1;
  std::string held;
  std::string finish;  // asked next
  SteadyClock::time_point asked;
};

struct Tally {
  long done = 0;
  long messages = 0;
  long errors = 0;
  std::string first_error;
  std::vector<float> micros;
};

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options), requests_(options) {}

  int run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    connections_.resize(static_cast<std::size_t>(options_.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) dial(i);
    if (options_.warm_up > 0) phase(options_.warm_up, 3600);
    tally_ = {};
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const auto from = SteadyClock::now();
    phase(options_.requests, options_.seconds);
    report(std::chrono::duration<double>(SteadyClock::now() - from).count(), before);
    return 0;
  }

 private:
  void dial(std::size_t index) {
    const auto colon = options_.address.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(
        std::strtoul(options_.address.c_str() + colon + 1, nullptr, 10)));
    if (inet_pton(AF_INET, options_.address.substr(0, colon).c_str(), &address.sin_addr) != 1) {
      die("not an IPv4 address");
    }
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // The cast is how the sockets interface takes every kind of address.
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      die("cannot connect");
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll");
    connections_[index].fd = fd;
  }

  void ask(Connection& connection) {
    const std::string once =
        connection.finish.empty() ? std::string() : requests_.once(connection.finish);
    connection.finish.clear();
    const std::string& bytes = once.empty() ? requests_.next() : once;
    connection.asked = SteadyClock::now();
    if (send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size())) {
      die("the server took no request");
    }
  }

  // Until `count` answers (0: any number) or `seconds` have passed; ends with nothing in flight.
  void phase(long count, double seconds) {
    const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
    long to_ask = count > 0 ? count : -1;
    std::size_t in_flight = 0;
    const auto may_ask = [&] { return to_ask != 0 && (count > 0 || SteadyClock::now() < end); };
    for (Connection& connection : connections_) {
      if (!may_ask()) break;
      ask(connection);
      --to_ask;
      ++in_flight;
    }
    epoll_event events[64];
    while (in_flight > 0) {
      const int ready = epoll_wait(epoll_, events, 64, kStallMs);
      if (ready <= 0) die("no answer for 30 s");
      for (int i = 0; i < ready; ++i) {
        Connection& connection = connections_[events[i].data.u64];
        if (!take(connection)) continue;
        --in_flight;
        if (!may_ask()) continue;
        ask(connection);
        --to_ask;
        ++in_flight;
      }
    }
  }

  // True when the answer is whole.
  bool take(Connection& connection) {
    char buffer[65536];
    const ssize_t count = read(connection.fd, buffer, sizeof buffer);
    if (count <= 0) die("the server closed a connection");
    connection.held.append(buffer, static_cast<std::size_t>(count));
    const std::string_view held = connection.held;
    const auto end = held.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view head = held.substr(0, end + 2);
    const std::string length(header(head, "content-length"));
    const std::size_t whole =
        end + 4 + static_cast<std::size_t>(std::strtoul(length.c_str(), nullptr, 10));
    if (held.size() < whole) return false;
    const auto waited = SteadyClock::now() - connection.asked;
    tally_.micros.push_back(std::chrono::duration<float, std::micro>(waited).count());
    ++tally_.done;
    const std::string_view body = held.substr(end + 4, whole - end - 4);
    if (head.substr(9, 3) != (options_.event ? "202" : "200") ||
        !header(head, "x-amz-function-error").empty() ||
        (!options_.expect.empty() && body != options_.expect)) {
      if (tally_.errors++ == 0) tally_.first_error = std::string(held.substr(0, 300));
    }
    if (options_.finish) connection.finish = deletion_of(body, tally_.messages);
    connection.held.erase(0, whole);
    return true;
  }

  void report(double seconds, const rusage& before) {
    rusage now{};
    getrusage(RUSAGE_SELF, &now);
    const auto micros = [](const timeval& a, const timeval& b) {
      return static_cast<double>(b.tv_sec - a.tv_sec) * 1e6 +
             static_cast<double>(b.tv_usec - a.tv_usec);
    };
    const double cpu =
        micros(before.ru_utime, now.ru_utime) + micros(before.ru_stime, now.ru_stime);
    if (tally_.micros.empty()) die("nothing was answered");
    std::sort(tally_.micros.begin(), tally_.micros.end());
    const auto at = [&](double share) {
      return tally_
          .micros[static_cast<std::size_t>(share * static_cast<double>(tally_.micros.size() - 1))];
    };
    if (tally_.errors > 0) fmt::print(stderr, "load: first error: {}\n", tally_.first_error);
    fmt::print(
        "{{\"requests\": {}, \"errors\": {}, \"seconds\": {:.4f}, \"per_second\": {:.1f}, "
        "\"min_us\": {:.1f}, \"p50_us\": {:.1f}, \"p90_us\": {:.1f}, \"p99_us\": {:.1f}, "
        "\"max_us\": {:.1f}, \"client_cpu_us\": {:.2f}, \"messages\": {}}}\n",
        tally_.done, tally_.errors, seconds, static_cast<double>(tally_.done) / seconds, at(0),
        at(0.5), at(0.9), at(0.99), at(1), cpu / static_cast<double>(tally_.done), tally_.messages);
  }

  const LoadOptions& options_;
  RequestMaker requests_;
  std::vector<Connection> connections_;
  Tally tally_;
  int epoll_ = -1;
};

}  // namespace
}  // namespace lapwing::bench

int main(int argc, char** argv) {
  lapwing::bench::LoadOptions options;
  if (!lapwing::bench::parse_options(argc, argv, options)) return 2;
  return lapwing::bench::Load(options).run();
}
