#include "hosting/testing/host.hpp"

#include <charconv>
#include <stdexcept>

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

Answer Pending::get() {
  if (answer_.wait_for(kHangs) != std::future_status::ready) {
    throw std::runtime_error("the operation did not end");
  }
  return answer_.get();
}

HostBase::HostBase()
    : engine(store::make_memory_engine(clock)),
      background(clock, null_logger(), {.pace = background::Pace::kManual}),
      pipeline_(clock),
      time_(clock, background, engine->store(), {&loop_}),
      loop_(real_, null_logger()) {
  caller.host = "localhost:4566";
  caller.principal_arn = "arn:aws:iam::000000000000:root";
  caller.request_id = RequestId("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  background.start();
  thread_ = std::thread([this] { loop_.run(); });
}

HostBase::~HostBase() {
  loop_.stop();
  thread_.join();
  background.stop();
}

Dependencies HostBase::dependencies() {
  return {*engine, clock, random, null_logger(), background, pipeline_};
}

void HostBase::begin_service() {
  service_ = make();
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
                   std::string body, aws::Caller by,
                   std::shared_ptr<std::promise<Answer>> answer) -> net::Task<void> {
      aws::Call call;
      call.caller = std::move(by);
      Result<std::string> out =
          co_await api.perform(loop, operation_name, std::move(body), std::move(call));
      answer->set_value(out ? Answer{*std::move(out), ""}
                            : Answer{out.error().message(), out.error().code()});
    }(service_->api(), loop_, std::move(name), std::move(text), std::move(as), promise));
  });
  return pending;
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
