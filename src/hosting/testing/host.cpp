#include "hosting/testing/host.hpp"

#include <charconv>
#include <memory>
#include <stdexcept>

#include "aws/streaming.hpp"
#include "text/json_writer.hpp"

namespace lapwing::hosting::testing {
namespace {

constexpr auto kHangs = std::chrono::seconds(30);

const text::JsonValue* step(const text::JsonValue* value, std::string_view name) {
  if (!value->is_array()) return value->find(name);
  std::size_t index = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
  if (read.ec != std::errc() || index >= value->items().size()) return nullptr;
  return &value->items()[index];
}

const text::JsonValue* find(const text::JsonValue& root, std::string_view path) {
  const text::JsonValue* value = &root;
  while (!path.empty() && value != nullptr) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    value = step(value, name);
  }
  return value;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out;
  text::append_json_string(out, text);
  return out;
}

std::string Answer::at(std::string_view path) const {
  const auto document = text::parse_json_copy(text);
  if (!ok() || !document) return {};
  const text::JsonValue* value = find(document->root(), path);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->as_string());
  if (value->is_number()) return std::string(value->number_text());
  if (value->is_bool()) return value->as_bool() ? "true" : "false";
  return value->is_array() ? "[...]" : "{...}";
}

std::size_t Answer::size(std::string_view path) const {
  const auto document = text::parse_json_copy(text);
  if (!ok() || !document) return 0;
  const text::JsonValue* value = find(document->root(), path);
  return value == nullptr ? 0 : value->size();
}

std::string Answer::names(std::string_view path) const {
  const auto document = text::parse_json_copy(text);
  std::string out;
  if (!ok() || !document) return out;
  const text::JsonValue* value = find(document->root(), path);
  if (value == nullptr || !value->is_object()) return out;
  for (const text::JsonMember& member : value->members()) out += std::string(member.key) + " ";
  return out;
}

Answer Pending::get() {
  if (answer_.wait_for(kHangs) != std::future_status::ready) {
    throw std::runtime_error("the operation did not end");
  }
  return answer_.get();
}

HostBase::HostBase(std::size_t workers)
    : engine(store::make_memory_engine(clock)),
      background(clock, null_logger(), {.pace = background::Pace::kManual}),
      pipeline_(clock, null_logger(), &authoriser_, workers),
      time_(clock, background, engine->store(), {&loop_}) {
  caller.host = "localhost:4566";
  caller.principal_arn = "arn:aws:iam::000000000000:root";
  caller.request_id = RequestId("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  ports.destinations = &destinations_;
  background.start();
  loops_.start();
}

HostBase::~HostBase() {
  loops_.stop();
  background.stop();
}

Dependencies HostBase::dependencies() {
  return {*engine, clock,         clock,
          random,  null_logger(), background,
          loops_,  pipeline_,     keys_.emplace(server_key),
          ports};
}

void HostBase::begin_service() {
  service_ = make();
  service_->publish(ports);
  EXPECT_TRUE(service_->start());
  EXPECT_TRUE(service_->api().table().uncovered().empty())
      << service_->api().table().uncovered().front();
}

void HostBase::end_service() {
  if (service_ == nullptr) return;
  service_->stop();
  service_.reset();
}

void HostBase::restart() {
  end_service();
  begin_service();
}

Pending HostBase::send(aws::Caller as, std::string_view operation, std::string_view input) {
  auto promise = std::make_shared<std::promise<Answer>>();
  Pending pending(promise->get_future());
  loop_.post([this, promise, as = std::move(as), name = std::string(operation),
              text = std::string(input)]() mutable {
    loop_.spawn([](const aws::Service& api, net::Loop& loop, std::string operation_name,
                   std::string body, aws::Caller by, std::shared_ptr<aws::Allowance> allowance,
                   std::shared_ptr<std::promise<Answer>> answer) -> net::Task<void> {
      aws::Call call;
      call.caller = std::move(by);
      call.allowance = allowance.get();
      Result<std::string> out =
          co_await api.perform(loop, operation_name, std::move(body), std::move(call));
      answer->set_value(out ? Answer{*std::move(out), ""}
                            : Answer{out.error().message(), out.error().code()});
    }(service_->api(), loop_, std::move(name), std::move(text), std::move(as), allowance, promise));
  });
  return pending;
}

namespace {

struct Whole final : aws::Exchange {
  std::string bytes;
};

// Who is answered by a stream looks at its head, and goes.
class HeadOnly final : public aws::AnswerWire {
 public:
  net::Task<Status> respond(aws::Response whole) override {
    seen = std::move(whole);
    co_return Status();
  }
  net::Task<Status> begin(aws::Response head) override {
    seen = std::move(head);
    co_return Status();
  }
  net::Task<Status> write(std::string_view) override {
    co_return fail(make_error(ErrorKind::kCancelled, "the client has gone"));
  }
  net::Task<Status> finish() override { co_return Status(); }

  aws::Response seen;
};

net::Task<void> answer_whole(const aws::Service& api, net::Loop& loop,
                             std::shared_ptr<const Whole> asked,
                             std::shared_ptr<std::promise<aws::Response>> answer) {
  aws::Response out;
  if (api.streams(*asked->operation)) {
    HeadOnly wire;
    aws::NoBody nothing;
    (void)co_await api.stream(loop, asked, nothing, wire);  // that it went is no fault of its
    out = std::move(wire.seen);
  } else if (HostBase::is_sent_whole(asked->protocol)) {
    Result<aws::Response> served = co_await api.serve(loop, asked);
    out = served ? *std::move(served)
                 : aws::error_response(api.model(), asked->protocol, served.error(),
                                       asked->call.caller.request_id);
  } else {
    const Result<std::string> done =
        co_await api.perform(loop, api.model().name(*asked->operation), asked->bytes, asked->call);
    if (done) {
      out.body = *done;
    } else {
      out = aws::error_response(api.model(), asked->protocol, done.error(),
                                asked->call.caller.request_id);
    }
  }
  answer->set_value(std::move(out));
}

}  // namespace

aws::Response HostBase::serve(aws::Protocol protocol, std::string_view operation,
                              std::string body) {
  auto asked = std::make_shared<Whole>();
  asked->operation = service_->api().model().find_operation(operation);
  asked->protocol = protocol;
  asked->call.caller = caller;
  asked->bytes = std::move(body);
  asked->request.method = "POST";
  asked->request.raw_path = "/";
  asked->request.body = asked->bytes;
  auto promise = std::make_shared<std::promise<aws::Response>>();
  std::future<aws::Response> answer = promise->get_future();
  loop_.post([this, asked, promise] {
    loop_.spawn(answer_whole(service_->api(), loop_, asked, promise));
  });
  if (answer.wait_for(kHangs) != std::future_status::ready) {
    throw std::runtime_error("the operation did not end");
  }
  return answer.get();
}

std::uint64_t HostBase::changes() {
  const auto own = engine->changes().last();
  const auto space = engine->space(service_->api().id());
  return own.value_or(0) + (space ? (*space)->changes().last().value_or(0) : 0);
}

Pending HostBase::begin(std::string_view operation, std::string_view input) {
  return send(caller, operation, input);
}

Answer HostBase::call(std::string_view operation, std::string_view input) {
  return send(caller, operation, input).get();
}

Answer HostBase::call_as(const aws::Caller& as, std::string_view operation,
                         std::string_view input) {
  return send(as, operation, input).get();
}

}  // namespace lapwing::hosting::testing
