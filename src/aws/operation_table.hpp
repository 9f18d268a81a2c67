// What a service does: a row for each operation of its model.
//
//   aws::OperationTable table(gen::sqs::kModel);
//   table.add<gen::sqs::SendMessage>(core, send_message,
//       {.access = Access::kWrite, .resource = queue_arn, .body_bytes_max = kSendBytesMax});
//   table.refuse({"AddPermission", ...});
//
// An operation is a function of one of these shapes; the compiler tells which it is:
//   plain    Result<Output>(Core&, const Call&, Input [, ResponseExtras&])   on a worker, may block
//   waiting  net::Task<Result<Output>>(Core&, net::Loop&, const Call&, Input)  on the caller's
//            loop, holds no thread while it waits: long polls, durable writes
// An input is handed over whole (Input, Input&& or const Input&).
//
// A table covers its model: every operation is a row or refused, or the server does not start
// (check_covered). Rows say what authorisation, limits, metrics and the coverage page need; no
// operation checks its own permission.
//
// Thread-safety: built by one thread, then const; the functions must be safe to call concurrently.
#pragma once

#include <atomic>
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
#include "aws/authoriser.hpp"
#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace lapwing::aws {

// Of requests whose operation says nothing else, or is not known: far above what they need.
inline constexpr std::size_t kBodyBytesDefault = 1024 * 1024;

template <class Op>
struct Row {
  Access access = Access::kRead;
  // IAM's action; the service's prefix and the operation's name where nothing is said.
  std::string_view action = {};
  // The ARN that is acted on; "*" where there is none.
  std::string (*resource)(const Call& call, const typename Op::Input& input) = nullptr;
  // Input members that are supported ("A" with all below it, or "A.B"); any other one that
  // carries content is refused by name. Empty: every one. Misspelt names throw.
  std::initializer_list<std::string_view> accepts = {};
  std::size_t body_bytes_max = kBodyBytesDefault;
};

// Asks the Authoriser about a resource of the operation under way.
class Gate {
 public:
  virtual Status pass(std::string_view resource) const = 0;
  // The input is a structure now: nobody looks at the request any more.
  virtual void input_taken() const {}

 protected:
  ~Gate() = default;
};

// An input as it was read, and the memory it lies in.
struct Decoded {
  Arena arena{};
  Value value{};

  // Once it was turned into a structure: a package of 50 MB is not held twice.
  void drop() {
    value = Value();
    arena.clear();
  }
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual bool waits() const = 0;
  // One of these, by waits().
  // `input` is used up; what is answered lies in `arena`.
  virtual Result<Value> run(const Call& call, Decoded& input, Arena& arena, ResponseExtras& extras,
                            const Gate& gate) const;
  virtual net::Task<Result<Value>> wait(net::Loop& loop, const Call& call, Decoded& input,
                                        Arena& arena, const Gate& gate) const;
};

namespace detail {

template <class Op>
std::string resource_of(const Row<Op>& row, const Call& call, const typename Op::Input& input) {
  return row.resource == nullptr ? std::string("*") : row.resource(call, input);
}

template <class Op>
typename Op::Input input_of(Decoded& input) {
  typename Op::Input in;
  if constexpr (!std::is_same_v<typename Op::Input, Empty>) from(input.value, in);
  input.drop();
  return in;
}

template <class Op>
Result<Value> value_of(Result<typename Op::Output> out, Arena& arena) {
  if (!out) return std::unexpected(std::move(out).error());
  if constexpr (std::is_same_v<typename Op::Output, Empty>) {
    return Value();
  } else {
    return to(*out, arena);
  }
}

template <class Op, class Core, class Fn>
class PlainHandler final : public Handler {
 public:
  PlainHandler(Core& core, Fn fn, const Row<Op>& row) : core_(core), fn_(fn), row_(row) {}
  bool waits() const override { return false; }

  Result<Value> run(const Call& call, Decoded& input, Arena& arena, ResponseExtras& extras,
                    const Gate& gate) const override {
    auto in = input_of<Op>(input);
    LAPWING_CHECK(gate.pass(resource_of(row_, call, in)));
    if constexpr (std::is_invocable_v<const Fn&, Core&, const Call&, typename Op::Input,
                                      ResponseExtras&>) {
      return value_of<Op>(fn_(core_, call, std::move(in), extras), arena);
    } else {
      return value_of<Op>(fn_(core_, call, std::move(in)), arena);
    }
  }

 private:
  Core& core_;
  Fn fn_;
  Row<Op> row_;
};

template <class Op, class Core, class Fn>
class WaitingHandler final : public Handler {
 public:
  WaitingHandler(Core& core, Fn fn, const Row<Op>& row) : core_(core), fn_(fn), row_(row) {}
  bool waits() const override { return true; }

  net::Task<Result<Value>> wait(net::Loop& loop, const Call& call, Decoded& input, Arena& arena,
                                const Gate& gate) const override {
    Task task = begin(loop, call, input, gate);
    co_return value_of<Op>(co_await std::move(task), arena);
  }

 private:
  using Task = net::Task<Result<typename Op::Output>>;

  // Not within the coroutine (noinline): its frame, of which there may be thousands that wait, does
  // not hold what is needed only here.
  [[gnu::noinline]] Task begin(net::Loop& loop, const Call& call, Decoded& input,
                               const Gate& gate) const {
    auto in = input_of<Op>(input);
    gate.input_taken();
    Status passed = gate.pass(resource_of(row_, call, in));
    if (!passed) return refused(std::move(passed).error());
    return fn_(core_, loop, call, std::move(in));
  }
  static Task refused(Error error) { co_return std::unexpected(std::move(error)); }

  Core& core_;
  Fn fn_;
  Row<Op> row_;
};

}  // namespace detail

// Of one operation, since the start.
struct OperationCounts {
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> refused{0};  // 4xx
  std::atomic<std::uint64_t> failed{0};   // 5xx
};

class OperationTable {
 public:
  explicit OperationTable(const ServiceModel& model);
  OperationTable(OperationTable&&) = default;
  OperationTable& operator=(OperationTable&&) = default;

  template <class Op, class Core, class Fn>
  void add(Core& core, Fn fn, const Row<Op>& row) {
    constexpr bool kWaits =
        std::is_invocable_v<const Fn&, Core&, net::Loop&, const Call&, typename Op::Input>;
    using Typed = std::conditional_t<kWaits, detail::WaitingHandler<Op, Core, Fn>,
                                     detail::PlainHandler<Op, Core, Fn>>;
    add_row(Op::kName, {row.access, row.action, row.accepts, row.body_bytes_max},
            std::make_unique<Typed>(core, fn, row));
  }
  // A row that the server serves on a way of its own (Invoke), which calls authorise and record.
  void add_elsewhere(std::string_view operation, Access access, std::string_view action);
  // What is not built, by name; a name that is no operation, or is built, throws.
  void refuse(std::initializer_list<std::string_view> operations);

  struct RowFacts {
    Access access;
    std::string_view action;
    std::initializer_list<std::string_view> accepts;
    std::size_t body_bytes_max;
  };
  // For operations whose function is not typed.
  void add_row(std::string_view operation, const RowFacts& facts, std::unique_ptr<Handler> handler);

  struct Entry {
    std::unique_ptr<Handler> handler;
    Access access = Access::kRead;
    std::string action;
    std::vector<std::string> accepts;
    std::size_t body_bytes_max = kBodyBytesDefault;
    bool elsewhere = false;
    bool refused = false;
    std::unique_ptr<OperationCounts> counts;

    bool built() const { return handler != nullptr || elsewhere; }
  };
  const ServiceModel& model() const { return *model_; }
  const Entry& entry(std::uint16_t operation) const { return entries_[operation]; }
  // Names of operations that are neither rows nor refused.
  std::vector<std::string_view> uncovered() const;
  // Input members that are refused when they carry anything ("A.B").
  std::vector<std::string> refused_members(const OperationRow& operation) const;
  // The refusal of unsupported members, or success.
  Status check_accepted(const OperationRow& operation, const Value& input) const;

 private:
  Entry& find(std::string_view operation);

  const ServiceModel* model_;
  std::vector<Entry> entries_;  // by operation index
};

// code NotImplemented, 501: a known operation that is not built.
Error not_implemented(std::string_view service, std::string_view operation);
// The same for a parameter, or a value of it ("Code.S3Bucket", "PackageType=Image").
Error unsupported(std::string_view service, std::string_view operation, std::string_view parameter);

}  // namespace lapwing::aws
