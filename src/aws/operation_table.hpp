// What a service does: a row for each operation of its model.
//
//   aws::OperationTable table(gen::sqs::kModel);
//   table.add<gen::sqs::SendMessage>(core, send_message,
//       {.access = Access::kWrite, .resource = queue_arn, .body_bytes_max = kSendBytesMax});
//   table.refuse({"AddPermission", ...});
//
// An operation is a function of one of these shapes; the compiler tells which it is:
//   plain    Result<Output>(Core&, const Call&, Input [, ResponseExtras&])   on a worker, may block
//   waiting  net::Task<Result<Output>>(Core&, net::Loop&, const Call&, Input [, ResponseExtras&])
//            on the caller's loop, holds no thread while it waits: long polls, durable writes
//   raw      net::Task<Status>(Core&, net::Loop&, const Call&, Input, BodySource&, AnswerSink&)
//            on the caller's loop: body or answer pass as they come (aws/streaming.hpp)
// An input is handed over whole (Input, Input&& or const Input&).
//
// Every row says its access and what it acts on: one ARN, several, or aws::kNoResource. One that
// forgets does not compile, and an operation that ran without having been authorised fails. Where
// the input does not say the whole ARN (an IAM role's path), the function asks the Core's records:
// on the worker that runs the operation, or on the loop where it waits or streams, and there it
// must not block.
//
// A table covers its model: every operation is a row or refused, or the server does not start
// (check_covered). What a model holds by name alone (models/ec2.built) is refused from the
// beginning. Rows say what authorisation, limits, metrics and the coverage page need; no
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

class AnswerSink;
class BodySource;

// Of requests whose operation says nothing else, or is not known: far above what they need.
inline constexpr std::size_t kBodyBytesDefault = 1024 * 1024;

// What has to be said: no value stands for it where it is left out.
template <class T>
class Said {
 public:
  constexpr Said(T value) : value_(value) {}
  constexpr operator T() const { return value_; }

 private:
  T value_;
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

// Of actions that are about no single thing (ListQueues): asked about as "*".
struct NoResource {};
inline constexpr NoResource kNoResource;

// The ARN, or the ARNs, that an input is about: a function of the call and the input, and of the
// Core where records have to be asked. Its error is the operation's.
template <class Core, class In>
class ResourceOf {
 public:
  using One = std::string (*)(const Call&, const In&);
  using Several = std::vector<std::string> (*)(const Call&, const In&);
  using Found = Result<std::string> (*)(Core&, const Call&, const In&);

  constexpr ResourceOf(NoResource) {}
  constexpr ResourceOf(One one) : one_(one) {}
  constexpr ResourceOf(Several several) : several_(several) {}
  constexpr ResourceOf(Found found) : found_(found) {}
  template <class Fn>
    requires(std::is_class_v<Fn> && std::is_convertible_v<Fn, One>)
  constexpr ResourceOf(Fn one) : one_(one) {}
  template <class Fn>
    requires(std::is_class_v<Fn> && std::is_convertible_v<Fn, Several>)
  constexpr ResourceOf(Fn several) : several_(several) {}
  template <class Fn>
    requires(std::is_class_v<Fn> && std::is_convertible_v<Fn, Found>)
  constexpr ResourceOf(Fn found) : found_(found) {}

  // All of them have to be allowed; the first that is not is told.
  Status pass(Core& core, const Call& call, const In& input, const Gate& gate) const {
    if (one_ != nullptr) return gate.pass(one_(call, input));
    if (found_ != nullptr) {
      LAPWING_TRY(const std::string arn, found_(core, call, input));
      return gate.pass(arn);
    }
    if (several_ == nullptr) return gate.pass("*");
    const std::vector<std::string> arns = several_(call, input);
    if (arns.empty()) return gate.pass("*");
    for (const std::string& arn : arns) LAPWING_CHECK(gate.pass(arn));
    return {};
  }

 private:
  One one_ = nullptr;
  Several several_ = nullptr;
  Found found_ = nullptr;
};

template <class Op, class Core>
struct Row {
  Said<Access> access;
  // IAM's action; the service's prefix and the operation's name where nothing is said.
  std::string_view action = {};
  ResourceOf<Core, typename Op::Input> resource;
  // Input members that are supported ("A" with all below it, or "A.B"); any other one that
  // carries content is refused by name. Empty: every one. Misspelt names throw.
  std::initializer_list<std::string_view> accepts = {};
  std::size_t body_bytes_max = kBodyBytesDefault;
  // Asked without a signature, too, by everybody: what its input holds (a token) is the permission.
  bool unsigned_too = false;
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
  virtual bool streams() const { return false; }
  // One of these, by streams() and waits(). Each asks the gate before it does anything.
  // `input` is used up; what is answered lies in `arena`.
  virtual Result<Value> run(const Call& call, Decoded& input, Arena& arena, ResponseExtras& extras,
                            const Gate& gate) const;
  virtual net::Task<Result<Value>> wait(net::Loop& loop, const Call& call, Decoded& input,
                                        Arena& arena, ResponseExtras& extras,
                                        const Gate& gate) const;
  virtual net::Task<Status> stream(net::Loop& loop, const Call& call, Decoded& input,
                                   const Gate& gate, BodySource& body, AnswerSink& answer) const;
};

namespace detail {

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
  PlainHandler(Core& core, Fn fn, const Row<Op, Core>& row) : core_(core), fn_(fn), row_(row) {}
  bool waits() const override { return false; }

  Result<Value> run(const Call& call, Decoded& input, Arena& arena, ResponseExtras& extras,
                    const Gate& gate) const override {
    auto in = input_of<Op>(input);
    LAPWING_CHECK(row_.resource.pass(core_, call, in, gate));
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
  Row<Op, Core> row_;
};

template <class Op, class Core, class Fn>
inline constexpr bool kWaitsWithExtras =
    std::is_invocable_v<const Fn&, Core&, net::Loop&, const Call&, typename Op::Input,
                        ResponseExtras&>;

template <class Op, class Core, class Fn>
class WaitingHandler final : public Handler {
 public:
  WaitingHandler(Core& core, Fn fn, const Row<Op, Core>& row) : core_(core), fn_(fn), row_(row) {}
  bool waits() const override { return true; }

  net::Task<Result<Value>> wait(net::Loop& loop, const Call& call, Decoded& input, Arena& arena,
                                ResponseExtras& extras, const Gate& gate) const override {
    return encoded(begin(loop, call, input, extras, gate), arena);
  }

 private:
  using Task = net::Task<Result<typename Op::Output>>;

  // Of which there may be thousands that wait.
  static net::Task<Result<Value>> encoded(Task task, Arena& arena) {
    co_return value_of<Op>(co_await std::move(task), arena);
  }
  Task begin(net::Loop& loop, const Call& call, Decoded& input, ResponseExtras& extras,
             const Gate& gate) const {
    auto in = input_of<Op>(input);
    gate.input_taken();
    Status passed = row_.resource.pass(core_, call, in, gate);
    if (!passed) return refused(std::move(passed).error());
    if constexpr (kWaitsWithExtras<Op, Core, Fn>) {
      return fn_(core_, loop, call, std::move(in), extras);
    } else {
      return fn_(core_, loop, call, std::move(in));
    }
  }
  static Task refused(Error error) { co_return std::unexpected(std::move(error)); }

  Core& core_;
  Fn fn_;
  Row<Op, Core> row_;
};

template <class Op, class Core, class Fn>
class RawHandler final : public Handler {
 public:
  RawHandler(Core& core, Fn fn, const Row<Op, Core>& row) : core_(core), fn_(fn), row_(row) {}
  bool waits() const override { return true; }
  bool streams() const override { return true; }

  net::Task<Status> stream(net::Loop& loop, const Call& call, Decoded& input, const Gate& gate,
                           BodySource& body, AnswerSink& answer) const override {
    auto in = input_of<Op>(input);
    LAPWING_CO_CHECK(row_.resource.pass(core_, call, in, gate));
    co_return co_await fn_(core_, loop, call, std::move(in), body, answer);
  }

 private:
  Core& core_;
  Fn fn_;
  Row<Op, Core> row_;
};

template <class Op, class Core, class Fn>
std::unique_ptr<Handler> make_handler(Core& core, Fn fn, const Row<Op, Core>& row) {
  using In = typename Op::Input;
  constexpr bool kRaw =
      std::is_invocable_v<const Fn&, Core&, net::Loop&, const Call&, In, BodySource&, AnswerSink&>;
  constexpr bool kWaits = std::is_invocable_v<const Fn&, Core&, net::Loop&, const Call&, In> ||
                          kWaitsWithExtras<Op, Core, Fn>;
  if constexpr (kRaw) {
    return std::make_unique<RawHandler<Op, Core, Fn>>(core, fn, row);
  } else if constexpr (kWaits) {
    return std::make_unique<WaitingHandler<Op, Core, Fn>>(core, fn, row);
  } else {
    return std::make_unique<PlainHandler<Op, Core, Fn>>(core, fn, row);
  }
}

}  // namespace detail

// Of one operation, since the start.
struct OperationCounts {
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> refused{0};  // 4xx
  std::atomic<std::uint64_t> failed{0};   // 5xx
  std::atomic<std::uint64_t> left{0};     // the client had gone before its answer was whole
};

class OperationTable {
 public:
  explicit OperationTable(const ServiceModel& model);
  OperationTable(OperationTable&&) = default;
  OperationTable& operator=(OperationTable&&) = default;

  template <class Op, class Core, class Fn>
  void add(Core& core, Fn fn, const std::type_identity_t<Row<Op, Core>>& row) {
    add_row(Op::kName, {row.access, row.action, row.accepts, row.body_bytes_max, row.unsigned_too},
            detail::make_handler<Op>(core, fn, row));
  }
  // A row that the server serves on a way of its own (Invoke), which calls authorise and record.
  // Service::perform() has nothing to do for it.
  void add_elsewhere(std::string_view operation, Access access, std::string_view action);
  // The same, and `fn`, plain or waiting, is what perform() runs: those without HTTP need not take
  // that way.
  template <class Op, class Core, class Fn>
  void add_elsewhere(Core& core, Fn fn, const std::type_identity_t<Row<Op, Core>>& row) {
    add_row_elsewhere(Op::kName,
                      {row.access, row.action, row.accepts, row.body_bytes_max, row.unsigned_too},
                      detail::make_handler<Op>(core, fn, row));
  }
  // What is not built, by name; a name that is no operation, or is built, throws.
  void refuse(std::initializer_list<std::string_view> operations);

  struct RowFacts {
    Said<Access> access;
    std::string_view action;
    std::initializer_list<std::string_view> accepts;
    std::size_t body_bytes_max;
    bool unsigned_too = false;
  };
  // For operations whose function is not typed.
  void add_row(std::string_view operation, const RowFacts& facts, std::unique_ptr<Handler> handler);
  void add_row_elsewhere(std::string_view operation, const RowFacts& facts,
                         std::unique_ptr<Handler> performer);

  struct Entry {
    std::unique_ptr<Handler> handler;
    std::unique_ptr<Handler> performer;  // of a row served elsewhere
    Access access = Access::kRead;
    std::string action;
    std::vector<std::string> accepts;
    std::size_t body_bytes_max = kBodyBytesDefault;
    bool unsigned_too = false;
    bool elsewhere = false;
    bool refused = false;
    std::shared_ptr<OperationCounts> counts;  // also of calls that outlive the service

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
  Entry& describe(std::string_view operation, const RowFacts& facts);

  const ServiceModel* model_;
  std::vector<Entry> entries_;  // by operation index
};

// code NotImplemented, 501: a known operation that is not built.
Error not_implemented(std::string_view service, std::string_view operation);
// The same for a parameter, or a value of it ("Code.S3Bucket", "PackageType=Image"). `why`, where
// there is more to say than that it is not built: the reason, or what to do instead.
Error unsupported(std::string_view service, std::string_view operation, std::string_view parameter,
                  std::string_view why = {});

}  // namespace lapwing::aws
