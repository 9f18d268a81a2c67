// How a service offers its operations. In services/<name>/service.cpp:
//
//   aws::OperationTable table(gen::lambda::kModel);
//   table.add<gen::lambda::GetFunction>([&](const aws::Caller& caller,
//                                           gen::lambda::GetFunctionRequest in)
//       -> Result<gen::lambda::GetFunctionResponse> { ... });
//   table.add<gen::lambda::CreateFunction>(fn, {"FunctionName", "Code.ZipFile", "Handler"});
//   return aws::Service(std::move(table), patterns, log);
//
// The function may take a third parameter, aws::ResponseExtras&, to set a status or headers
// that no output member carries. The optional list names the input members that are
// supported ("A" with all below it, or "A.B"); any other one that carries content is refused
// by name with NotImplemented. Misspelt names throw at registration. table.limit_body<Op>(bytes)
// says how large a request may be.
//
// handle() is parse -> validate -> refuse unsupported -> call -> write, and turns every
// error into a response of the caller's protocol. It blocks as long as the operation does;
// call it on a worker thread. Thread-safety: const members from any thread; the registered
// functions must be safe to call concurrently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "aws/arena.hpp"
#include "aws/caller.hpp"
#include "aws/empty.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace lapwing::text {
class PatternCache;
}

namespace lapwing::aws {

// Of requests whose operation says nothing else, or is not known: far above what they need.
inline constexpr std::size_t kBodyBytesDefault = 1024 * 1024;

class Handler {
 public:
  virtual ~Handler() = default;
  virtual Result<Value> call(const Caller& caller, const Value& input, Arena& arena,
                             ResponseExtras& extras) const = 0;
};

template <class Op, class Fn>
class TypedHandler final : public Handler {
 public:
  explicit TypedHandler(Fn fn) : fn_(std::move(fn)) {}

  Result<Value> call(const Caller& caller, const Value& input, Arena& arena,
                     ResponseExtras& extras) const override {
    typename Op::Input in;
    if constexpr (!std::is_same_v<typename Op::Input, Empty>) from(input, in);
    auto out = run(caller, std::move(in), extras);
    if (!out) return std::unexpected(std::move(out).error());
    if constexpr (std::is_same_v<typename Op::Output, Empty>) {
      return Value();
    } else {
      return to(*out, arena);
    }
  }

 private:
  Result<typename Op::Output> run(const Caller& caller, typename Op::Input in,
                                  ResponseExtras& extras) const {
    if constexpr (std::is_invocable_v<const Fn&, const Caller&, typename Op::Input,
                                      ResponseExtras&>) {
      return fn_(caller, std::move(in), extras);
    } else {
      return fn_(caller, std::move(in));
    }
  }

  Fn fn_;
};

class OperationTable {
 public:
  explicit OperationTable(const ServiceModel& model);
  OperationTable(OperationTable&&) = default;
  OperationTable& operator=(OperationTable&&) = default;

  // Fn: Result<Op::Output>(const Caller&, Op::Input [, ResponseExtras&]), callable as const.
  template <class Op, class Fn>
  void add(Fn fn, std::initializer_list<std::string_view> supported = {}) {
    add_handler(static_cast<std::uint16_t>(Op::kId),
                std::make_unique<TypedHandler<Op, Fn>>(std::move(fn)), supported);
  }
  // For operations that have no typed structs. `supported` empty: every member is.
  void add_handler(std::uint16_t operation, std::unique_ptr<Handler> handler,
                   std::initializer_list<std::string_view> supported);

  // How large a request's body may be; kBodyBytesDefault where nothing is said.
  template <class Op>
  void limit_body(std::size_t bytes) {
    entries_[static_cast<std::uint16_t>(Op::kId)].body_limit = bytes;
  }
  std::size_t body_limit(std::uint16_t operation) const;

  const ServiceModel& model() const { return *model_; }
  // nullptr where the operation is not built.
  const Handler* find(std::uint16_t operation) const;
  // The refusal of unsupported members, or success.
  Status check_supported(const OperationRow& operation, const Value& input) const;

 private:
  struct Entry {
    std::unique_ptr<Handler> handler;
    std::vector<std::string> supported;
    std::size_t body_limit = kBodyBytesDefault;
  };

  const ServiceModel* model_;
  std::vector<Entry> entries_;  // by operation index
};

class Service {
 public:
  // `patterns` and `log` are shared by all services and must outlive them. Errors that are
  // ours to fix are logged with their detail; the caller sees the public message only.
  Service(OperationTable table, text::PatternCache& patterns, Logger& log)
      : table_(std::move(table)), patterns_(&patterns), log_(&log) {}

  std::string_view id() const { return table_.model().id; }
  const ServiceModel& model() const { return table_.model(); }
  // Beyond it the request is refused before the rest of its body is read.
  std::size_t body_limit(const OperationRow& operation) const {
    return table_.body_limit(operation.index);
  }

  Response handle(const OperationRow& operation, Protocol protocol, const Request& request,
                  const Caller& caller) const;

 private:
  Result<Response> run(const OperationRow& operation, Protocol protocol, const Request& request,
                       const Caller& caller) const;

  OperationTable table_;
  text::PatternCache* patterns_;
  Logger* log_;
};

// An error as the protocol writes it, with all headers; status from the error, else from the
// model's error shape, else from the error's kind.
Response error_response(const ServiceModel& model, Protocol protocol, const Error& error,
                        const RequestId& request_id);

// The same for requests that never reached a service (bad signature, unknown service): the
// protocol is a guess, the shape of the answer is that protocol's.
Response error_response(Protocol protocol, const Error& error, const RequestId& request_id);

// code NotImplemented, 501: a known operation that is not built.
Error not_implemented(std::string_view service, std::string_view operation);

}  // namespace lapwing::aws
