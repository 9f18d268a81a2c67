#include "server/testing/test_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>
#include <stdexcept>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/unique_fd.hpp"
#include "store/memory/memory_engine.hpp"
#include "store/sqlite/sqlite_engine.hpp"

namespace lapwing::server::testing {
namespace {

constexpr time_t kHangsSeconds = 30;
constexpr std::size_t kStatusAt = 9;  // behind "HTTP/1.1 "

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_log());
  return *std::move(result);
}

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().to_log());
}

os::UniqueFd connect_to(std::uint16_t port) {
  os::UniqueFd out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A test that would hang fails instead.
  const timeval patience{.tv_sec = kHangsSeconds, .tv_usec = 0};
  setsockopt(out.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  // The cast is how sockets take addresses of any family.
  if (connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server");
  }
  return out;
}

// The digits at that place, 0 without any.
std::size_t number_at(std::string_view text, std::size_t at) {
  std::size_t out = 0;
  std::from_chars(text.data() + std::min(at, text.size()), text.data() + text.size(), out);
  return out;
}

std::size_t length_of(std::string_view head) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = head.find(kName);
  return at == std::string_view::npos ? 0 : number_at(head, at + kName.size());
}

}  // namespace

void send_to(const os::UniqueFd& connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // refused before it was read: the answer says why
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// "HTTP/1.1 200 OK", the fields, an empty line, and as much of a body as is said.
HttpAnswer read_answer(const os::UniqueFd& connection) {
  std::string text;
  char buffer[4096];
  std::size_t head_end = std::string::npos;
  while (head_end == std::string::npos || text.size() < head_end + 4 + length_of(text)) {
    const ssize_t got = recv(connection.get(), buffer, sizeof buffer, 0);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
    head_end = text.find("\r\n\r\n");
  }
  if (head_end == std::string::npos) throw std::runtime_error("no answer: " + text);
  return {static_cast<int>(number_at(text, kStatusAt)), text.substr(0, head_end + 2),
          text.substr(head_end + 4)};
}

TestDir::TestDir() {
  const char* const place = getenv("TMPDIR");
  path_ = fmt::format("{}/lapwing-server-XXXXXX", place != nullptr ? place : "/tmp");
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
}

TestDir::~TestDir() { (void)os::remove_tree(path_); }

std::unique_ptr<store::Engine> TestServer::open_store(const std::string& data_dir) {
  if (data_dir.empty()) return store::make_memory_engine(clock);
  return must(
      store::open_sqlite_engine({.data_dir = data_dir, .file_clock = &real}, clock, logger_));
}

TestServer::TestServer(TestServerOptions options) {
  Config config;
  config.listen = "127.0.0.1:0";
  config.clock = "manual";
  config.loops = 1;
  config.workers = 2;
  config.credentials = std::move(options.credentials);
  config.data_dir = options.data_dir.empty() ? files_.path() : options.data_dir;
  for (const std::string& setting : options.settings) must(apply_setting(config, setting));
  must(finish_config(config));
  auto machine = std::make_unique<ScriptedMachine>(std::move(options.script));
  machine_ = machine.get();
  instance_ = must(Instance::create(config,
                                    Platform{real,
                                             &clock,
                                             random,
                                             logger_,
                                             open_store(options.data_dir),
                                             std::move(machine),
                                             {},
                                             nullptr,
                                             options.streams},
                                    options.services));
  const std::string address = must(instance_->start());
  port_ = static_cast<std::uint16_t>(number_at(address, address.rfind(':') + 1));
}

TestServer::~TestServer() { stop(); }

void TestServer::stop() {
  if (instance_ == nullptr) return;
  instance_->stop(std::chrono::seconds(1));
  instance_.reset();
  machine_ = nullptr;
}

hosting::testing::Pending TestServer::begin_as(const AccountId& account, std::string_view service,
                                               std::string_view operation, std::string_view input) {
  const aws::Service* api = nullptr;
  for (const auto& each : instance_->services().all()) {
    if (each->api().id() == service) api = &each->api();
  }
  if (api == nullptr) throw std::runtime_error("no such service");
  auto promise = std::make_shared<std::promise<hosting::testing::Answer>>();
  hosting::testing::Pending pending(promise->get_future());
  net::Loop& loop = instance_->loops().at(0);
  loop.post([&loop, api, promise, account, name = std::string(operation),
             text = std::string(input)] {
    loop.spawn([](const aws::Service& of, net::Loop& on, AccountId as, std::string operation_name,
                  std::string body, std::shared_ptr<std::promise<hosting::testing::Answer>> answer)
                   -> net::Task<void> {
      aws::Call call;
      call.caller.host = "localhost:4566";
      call.caller.principal_arn = fmt::format("arn:aws:iam::{}:root", as.view());
      call.caller.account = std::move(as);
      call.caller.request_id = RequestId("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
      Result<std::string> out =
          co_await of.perform(on, operation_name, std::move(body), std::move(call));
      answer->set_value(out ? hosting::testing::Answer{*std::move(out), ""}
                            : hosting::testing::Answer{out.error().message(), out.error().code()});
    }(*api, loop, account, name, text, promise));
  });
  return pending;
}

hosting::testing::Pending TestServer::begin(std::string_view service, std::string_view operation,
                                            std::string_view input) {
  return begin_as(AccountId(kDefaultAccount), service, operation, input);
}

hosting::testing::Answer TestServer::call_as(const AccountId& account, std::string_view service,
                                             std::string_view operation, std::string_view input) {
  return begin_as(account, service, operation, input).get();
}

hosting::testing::Answer TestServer::call(std::string_view service, std::string_view operation,
                                          std::string_view input) {
  return begin(service, operation, input).get();
}

void TestServer::advance(Duration by) { must(instance_->time()->advance(by)); }

HttpAnswer TestServer::request(std::string_view method, std::string_view target,
                               std::string_view headers, std::string_view body) {
  return send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}",
                          method, target, headers, body.size(), body));
}

HttpAnswer TestServer::send(std::string_view bytes) {
  const os::UniqueFd connection = connect();
  send_to(connection, bytes);
  return read_answer(connection);
}

os::UniqueFd TestServer::connect() const { return connect_to(port_); }

}  // namespace lapwing::server::testing
