#include "sandbox/wire.hpp"

#include <cstring>

namespace lapwing::sandbox {
namespace {

class Writer {
 public:
  void number(std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof bytes);
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first bad read everything reads as empty; finish() tells.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest_.size() < sizeof value) {
      bad_ = true;
      return 0;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  template <class T>
  T as() {
    return static_cast<T>(number());
  }
  std::string text() {
    const std::uint64_t size = number();
    if (bad_ || size > rest_.size()) {
      bad_ = true;
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  // A count of things that take at least eight bytes each.
  std::uint64_t count() {
    const std::uint64_t value = number();
    if (value > rest_.size() / 8) bad_ = true;
    return bad_ ? 0 : value;
  }
  Status finish() const {
    if (bad_) return fail(internal_error("malformed sandbox message"));
    return {};
  }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

void write_binds(Writer& out, const std::vector<Bind>& binds) {
  out.number(binds.size());
  for (const Bind& bind : binds) {
    out.text(bind.source);
    out.text(bind.destination);
  }
}

std::vector<Bind> read_binds(Reader& in) {
  std::vector<Bind> binds(in.count());
  for (Bind& bind : binds) {
    bind.source = in.text();
    bind.destination = in.text();
  }
  return binds;
}

void write_limits(Writer& out, const Limits& limits) {
  out.number(limits.memory_bytes);
  out.number(limits.processes);
  out.number(limits.open_files);
  out.number(limits.tmp_bytes);
  out.number(static_cast<std::uint64_t>(limits.cpu));
  out.number(limits.memory_shown);
  out.number(limits.processors_shown);
}

Limits read_limits(Reader& in) {
  Limits limits;
  limits.memory_bytes = in.number();
  limits.processes = in.as<std::uint32_t>();
  limits.open_files = in.as<std::uint32_t>();
  limits.tmp_bytes = in.number();
  limits.cpu = in.as<CpuModel>();
  limits.memory_shown = in.number();
  limits.processors_shown = in.as<std::uint32_t>();
  return limits;
}

void write_egress(Writer& out, const Egress& egress) {
  out.number(egress ? 1 : 0);
  if (!egress) return;
  out.number(egress->size());
  for (const os::EgressRule& rule : *egress) {
    out.text(rule.to.address.bytes());
    out.number(rule.to.prefix);
    out.number(rule.protocol ? *rule.protocol + 1u : 0u);
    out.number(static_cast<std::uint64_t>(rule.first));
    out.number(static_cast<std::uint64_t>(rule.last));
  }
}

// A rule that cannot be read lets out nothing: what is left of it names no address.
Egress read_egress(Reader& in) {
  if (in.number() == 0) return std::nullopt;
  std::vector<os::EgressRule> rules;
  for (std::uint64_t left = in.count(); left > 0; --left) {
    os::EgressRule rule;
    const auto address = os::IpAddress::from_bytes(in.text());
    rule.to.prefix = in.as<unsigned>();
    const std::uint64_t protocol = in.number();
    if (protocol > 0) rule.protocol = static_cast<std::uint8_t>(protocol - 1);
    rule.first = in.as<std::int32_t>();
    rule.last = in.as<std::int32_t>();
    if (!address || rule.to.prefix > address->bits()) continue;
    rule.to.address = *address;
    rules.push_back(rule);
  }
  return rules;
}

std::string encode_head(const LaunchHead& head, const Plan& plan) {
  Writer out;
  out.text(head.id);
  out.text(plan.name);
  out.text(plan.root.base_dir);
  write_binds(out, plan.root.binds);
  write_binds(out, plan.binds);
  write_limits(out, plan.limits);
  out.text(plan.hostname);
  out.number(plan.listeners.size());
  for (const ListenerPlan& listener : plan.listeners) {
    out.text(listener.name);
    out.text(listener.address);
    out.number(listener.port);
  }
  out.number(plan.sinks.size());
  for (const SinkPlan& sink : plan.sinks) {
    out.text(sink.address);
    out.number(sink.port);
  }
  out.number(static_cast<std::uint64_t>(plan.network));
  write_egress(out, plan.egress);
  out.number(static_cast<std::uint64_t>(plan.weakness));
  out.number(head.targets.size());
  for (const int target : head.targets) out.number(static_cast<std::uint64_t>(target));
  out.number(head.tmp_mount ? 1 : 0);
  out.number(plan.argv.empty() ? 0 : 1);
  return out.take();
}

}  // namespace

std::string encode_binds(const std::vector<Bind>& binds) {
  Writer out;
  write_binds(out, binds);
  return out.take();
}

Result<std::vector<Bind>> decode_binds(std::string_view file) {
  Reader in(file);
  std::vector<Bind> binds = read_binds(in);
  LAPWING_CHECK(in.finish());
  return binds;
}

std::string encode_egress(const EgressChange& change) {
  Writer out;
  out.text(change.id);
  write_egress(out, change.egress);
  return out.take();
}

Result<EgressChange> decode_egress(std::string_view file) {
  Reader in(file);
  EgressChange out;
  out.id = in.text();
  out.egress = read_egress(in);
  LAPWING_CHECK(in.finish());
  return out;
}

std::string encode_program(const ProgramPlan& program) {
  Writer out;
  out.text(program.working_directory);
  out.number(program.argv.size());
  for (const std::string& argument : program.argv) out.text(argument);
  out.number(program.environment.size());
  for (const auto& [key, value] : program.environment) {
    out.text(key);
    out.text(value);
  }
  out.number(program.wrapped ? 1 : 0);
  return out.take();
}

Result<ProgramPlan> decode_program(std::string_view file) {
  Reader in(file);
  ProgramPlan program;
  program.working_directory = in.text();
  program.argv.resize(in.count());
  for (std::string& argument : program.argv) argument = in.text();
  program.environment.resize(in.count());
  for (auto& [key, value] : program.environment) {
    key = in.text();
    value = in.text();
  }
  program.wrapped = in.number() != 0;
  LAPWING_CHECK(in.finish());
  return program;
}

std::string encode_launch(const LaunchHead& head, const Plan& plan) {
  Writer out;
  out.text(encode_head(head, plan));
  std::string file = out.take();
  file += encode_program({plan.argv, plan.environment, plan.working_directory, plan.wrapped});
  return file;
}

Result<LaunchHead> decode_head(std::string_view file) {
  Reader outer(file);
  const std::string bytes = outer.text();
  LAPWING_CHECK(outer.finish());
  Reader in(bytes);
  LaunchHead head;
  head.id = in.text();
  Plan& plan = head.plan;
  plan.name = in.text();
  plan.root.base_dir = in.text();
  plan.root.binds = read_binds(in);
  plan.binds = read_binds(in);
  plan.limits = read_limits(in);
  plan.hostname = in.text();
  plan.listeners.resize(in.count());
  for (ListenerPlan& listener : plan.listeners) {
    listener.name = in.text();
    listener.address = in.text();
    listener.port = in.as<std::uint16_t>();
  }
  plan.sinks.resize(in.count());
  for (SinkPlan& sink : plan.sinks) {
    sink.address = in.text();
    sink.port = in.as<std::uint16_t>();
  }
  plan.network = in.as<NetworkMode>();
  plan.egress = read_egress(in);
  plan.weakness = in.as<Weakness>();
  head.targets.resize(in.count());
  for (int& target : head.targets) target = in.as<int>();
  head.tmp_mount = in.number() != 0;
  head.has_program = in.number() != 0;
  LAPWING_CHECK(in.finish());
  return head;
}

Result<ProgramPlan> decode_launch_program(std::string_view file) {
  Reader in(file);
  const std::uint64_t head_size = in.number();
  LAPWING_CHECK(in.finish());
  if (head_size > file.size() - sizeof head_size) {
    return fail(internal_error("malformed sandbox message"));
  }
  return decode_program(file.substr(sizeof head_size + head_size));
}

std::string encode_template(const TemplatePlan& plan) {
  Writer out;
  out.text(plan.name);
  out.text(plan.root.base_dir);
  write_binds(out, plan.root.binds);
  out.text(encode_program(plan.program));
  return out.take();
}

Result<TemplatePlan> decode_template(std::string_view file) {
  Reader in(file);
  TemplatePlan plan;
  plan.name = in.text();
  plan.root.base_dir = in.text();
  plan.root.binds = read_binds(in);
  const std::string program = in.text();
  LAPWING_CHECK(in.finish());
  LAPWING_TRY(plan.program, decode_program(program));
  return plan;
}

std::string encode_order(const Order& order) {
  Writer out;
  out.number(static_cast<std::uint64_t>(order.kind));
  out.number(order.id);
  out.number(static_cast<std::uint64_t>(order.number));
  out.number(static_cast<std::uint64_t>(order.type));
  out.number(order.destinations.size());
  for (const std::string& destination : order.destinations) out.text(destination);
  out.number(order.targets.size());
  for (const int target : order.targets) out.number(static_cast<std::uint64_t>(target));
  out.number(order.tmp ? 1 : 0);
  out.number(order.memory_bytes);
  out.number(order.processors);
  return out.take();
}

Result<Order> decode_order(std::string_view bytes) {
  Reader in(bytes);
  Order order;
  order.kind = in.as<OrderKind>();
  order.id = in.number();
  order.number = in.as<std::int64_t>();
  order.type = in.as<std::int64_t>();
  order.destinations.resize(in.count());
  for (std::string& destination : order.destinations) destination = in.text();
  order.targets.resize(in.count());
  for (int& target : order.targets) target = in.as<int>();
  order.tmp = in.number() != 0;
  order.memory_bytes = in.number();
  order.processors = in.as<std::uint32_t>();
  LAPWING_CHECK(in.finish());
  return order;
}

std::string encode_report(const Report& report) {
  Writer out;
  out.number(static_cast<std::uint64_t>(report.kind));
  out.number(report.id);
  out.number(static_cast<std::uint64_t>(report.number));
  out.number(static_cast<std::uint64_t>(report.user_us));
  out.number(static_cast<std::uint64_t>(report.system_us));
  out.text(std::string_view(report.text).substr(0, kReportBytesMax / 4));
  out.number(report.steps.size());
  for (const StepTime& step : report.steps) {
    out.text(step.step);
    out.number(static_cast<std::uint64_t>(step.took.count()));
  }
  return out.take();
}

Result<Report> decode_report(std::string_view bytes) {
  Reader in(bytes);
  Report report;
  report.kind = in.as<ReportKind>();
  report.id = in.number();
  report.number = in.as<std::int64_t>();
  report.user_us = in.as<std::int64_t>();
  report.system_us = in.as<std::int64_t>();
  report.text = in.text();
  report.steps.resize(in.count());
  for (StepTime& step : report.steps) {
    step.step = in.text();
    step.took = Duration(in.as<std::int64_t>());
  }
  LAPWING_CHECK(in.finish());
  return report;
}

}  // namespace lapwing::sandbox
