#include "runtime/testing/environment_fixture.hpp"

#include <array>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "os/file.hpp"
#include "runtime/language/catalogue.hpp"

namespace lapwing::runtime::testing {
namespace {

constexpr std::string_view kNext = "/2018-06-01/runtime/invocation/next";

std::string make_directory() {
  char path[] = "/tmp/lapwing-environment-XXXXXX";
  EXPECT_NE(::mkdtemp(path), nullptr);
  return path;
}

CatalogueOptions nothing_below(const std::string& directory) {
  CatalogueOptions options;
  options.root = directory + "/nothing";
  return options;
}

PlannerOptions bootstraps_in(const std::string& directory) {
  PlannerOptions options;
  options.bootstrap_dir = directory;
  return options;
}

class Lines final : public ports::LogStream {
 public:
  explicit Lines(Said& into) : into_(into) {}
  void append(std::vector<ports::LogEvent> events) override {
    for (ports::LogEvent& event : events) into_.push_back(std::move(event.message));
  }

 private:
  Said& into_;
};

}  // namespace

Client::Client(const std::string& address) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  address.copy(to.sun_path, sizeof to.sun_path);
  to.sun_path[0] = '\0';  // '@': the abstract namespace
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  // The layout of sockaddr_un begins with sockaddr's.
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), size), 0) << address;
}

void Client::send(std::string_view method, std::string_view path, std::string_view body,
                  std::string_view headers) {
  const std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n{}", method, path,
                  headers, body.size(), body);
  EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

std::string Client::received() {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

// What all tests of a suite use: the root, the code.
struct EnvironmentTest::World {
  World()
      : directory(make_directory()),
        catalogue(Catalogue::discover(nothing_below(directory))),
        roots(directory),
        views(directory),
        planner(bootstraps_in(directory), catalogue, roots, views) {
    EXPECT_TRUE(os::make_directories(directory + "/code"));
    EXPECT_TRUE(os::write_atomically(directory + "/code/bootstrap", "", 0755));
    EXPECT_TRUE(planner.prepare());
  }
  ~World() { EXPECT_TRUE(os::remove_tree(directory)); }

  std::string directory;
  Catalogue catalogue;
  sandbox::RootStore roots;
  sandbox::MachineViews views;
  SandboxPlanner planner;
};

EnvironmentTest::World* EnvironmentTest::world_ = nullptr;

void EnvironmentTest::SetUpTestSuite() { world_ = new World; }
void EnvironmentTest::TearDownTestSuite() { delete std::exchange(world_, nullptr); }

EnvironmentTest::EnvironmentTest()
    : loops_(1, clock_, null_logger()), loop_(loops_.at(0)), launcher_(loop_), tasks_(loop_) {
  ::signal(SIGPIPE, SIG_IGN);  // as the server
  starters_ = std::make_unique<StarterGroup>(loops_, launcher_, null_logger(),
                                             StarterOptions{.standby = false});
  snapshots_ = std::make_unique<SnapshotStore>(world_->directory + "/snapshots", 1 << 30);
  host_.starters = starters_.get();
  host_.planner = &world_->planner;
  host_.catalogue = &world_->catalogue;
  host_.logs = this;
  host_.credentials = this;
  host_.connections = &connections_;
  host_.snapshots = snapshots_.get();
  host_.random = &random_;
  host_.logger = &null_logger();
}

EnvironmentTest::~EnvironmentTest() {
  launcher_.go();
  if (environment_ && !shut_) {
    environment_->interrupt();
    settle();
    shut_down();
  }
  tasks_.cancel_all();
  environment_.reset();
  tasks_.spawn(stop_starters());
  settle();
  EXPECT_EQ(launcher_.alive(), 0u);
  if (!layers_.empty()) EXPECT_TRUE(os::remove_tree(layers_));
}

net::Task<void> EnvironmentTest::stop_starters() { co_await starters_->of(loop_).stop(); }

std::unique_ptr<ports::LogStream> EnvironmentTest::open(ports::LogStreamRef) {
  return std::make_unique<Lines>(lines_);
}

void EnvironmentTest::add_extension(const std::string& name) {
  if (layers_.empty()) layers_ = make_directory();
  ASSERT_TRUE(os::make_directories(layers_ + "/extensions"));
  ASSERT_TRUE(os::write_atomically(layers_ + "/extensions/" + name, "", 0755));
}

void EnvironmentTest::make(FunctionVersion changes, InitializationType type) {
  auto function = std::make_shared<FunctionVersion>(std::move(changes));
  function->account = AccountId(kDefaultAccount);
  function->region = Region(kDefaultRegion);
  function->name = FunctionName("f");
  function->arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
  function->runtime = "provided.al2023";
  function->handler = "code.handler";
  function->code_dir = world_->directory + "/code";
  function->layers_dir = layers_;
  function->logging.log_group = "/aws/lambda/f";
  function_ = std::move(function);
  environment_ = std::make_unique<Environment>(loop_, host_, function_, type);
}

net::Task<void> EnvironmentTest::do_initialise() { warm_ = co_await environment_->initialise(); }

void EnvironmentTest::initialise() {
  warm_.reset();
  tasks_.spawn(do_initialise());
  settle();
}

void EnvironmentTest::make_warm() {
  make();
  initialise();
  runtime_asks();
  ASSERT_EQ(warm_, true);
  lines_.clear();
  launcher_.take_said();
}

net::Task<void> EnvironmentTest::do_run(Invocation invocation) {
  auto [sender, receiver] = net::one_shot<Outcome>(loop_);
  tasks_.spawn(receive(std::move(receiver)));
  co_await environment_->run(std::move(invocation), std::move(sender));
  done_ = true;
}

net::Task<void> EnvironmentTest::receive(net::OneShotReceiver<Outcome> receiver) {
  Result<Outcome> outcome = co_await receiver;
  if (outcome) outcome_ = *std::move(outcome);
}

void EnvironmentTest::run(const std::string& request_id, bool want_tail) {
  outcome_.reset();
  done_ = false;
  Invocation invocation;
  invocation.request_id = request_id;
  invocation.invoked_arn = function_->arn;
  invocation.payload = "{}";
  invocation.want_tail = want_tail;
  tasks_.spawn(do_run(std::move(invocation)));
  settle();
}

net::Task<void> EnvironmentTest::do_shut_down() {
  co_await environment_->shutdown();
  shut_ = true;
}

void EnvironmentTest::begin_shut_down() {
  tasks_.spawn(do_shut_down());
  settle();
}

void EnvironmentTest::shut_down() {
  begin_shut_down();
  EXPECT_TRUE(shut_);
}

Client EnvironmentTest::connect(const std::string& listener) {
  return Client(box().addresses.at(listener));
}

// Each process has a connection of its own.
void EnvironmentTest::runtime_asks() {
  if (std::exchange(connected_, &runtime_program()) != &runtime_program()) runtime_ = connect();
  runtime_.send("GET", kNext);
  settle();
}

void EnvironmentTest::runtime_answers(std::string_view request_id, std::string_view body) {
  runtime_.send("POST", fmt::format("/2018-06-01/runtime/invocation/{}/response", request_id),
                body);
  settle();
}

void EnvironmentTest::runtime_posts_init_error(std::string_view type, std::string_view body) {
  runtime_ = connect();
  connected_ = &runtime_program();
  runtime_.send("POST", "/2018-06-01/runtime/init/error", body,
                fmt::format("Lambda-Runtime-Function-Error-Type: {}\r\n", type));
  settle();
}

void EnvironmentTest::print(std::string_view text) {
  const int fd = runtime_program().ends.at(STDOUT_FILENO).get();
  EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  settle();
}

Client EnvironmentTest::register_extension(std::string_view name, std::string_view events) {
  Client extension = connect();
  extension.send("POST", "/2020-01-01/extension/register",
                 fmt::format(R"({{"events":{}}})", events),
                 fmt::format("Lambda-Extension-Name: {}\r\n", name));
  settle();
  constexpr std::string_view kHeader = "Lambda-Extension-Identifier: ";
  const std::string answer = extension.received();
  const std::size_t at = answer.find(kHeader);
  EXPECT_NE(at, std::string::npos) << answer;
  if (at != std::string::npos) extension_id_ = answer.substr(at + kHeader.size(), 36);
  return extension;
}

void EnvironmentTest::extension_asks(Client& extension) {
  extension.send("GET", "/2020-01-01/extension/event/next", {},
                 fmt::format("Lambda-Extension-Identifier: {}\r\n", extension_id_));
  settle();
}

void EnvironmentTest::settle() {
  loop_.post([this] { turns(96); });
  loop_.run();
}

void EnvironmentTest::turns(int left) {
  if (left == 0) return loop_.stop();
  loop_.post([this, left] { turns(left - 1); });
}

}  // namespace lapwing::runtime::testing
