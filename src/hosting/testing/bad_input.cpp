#include "hosting/testing/bad_input.hpp"

#include <fmt/core.h>

#include "hosting/testing/bad_values.hpp"
#include "text/json.hpp"
#include "text/percent.hpp"

namespace lapwing::hosting::testing {
namespace {

using aws::OperationRow;
using aws::Protocol;
using aws::ServiceModel;
using aws::ShapeKind;
using aws::ShapeRow;
using text::JsonValue;

constexpr std::size_t kToldMax = 20;
constexpr std::size_t kNestingMax = 100'000;

// A JSON value as the fields of a form.
class Form {
 public:
  Form(const ServiceModel& model, std::string& out) : model_(model), out_(out) {}

  void structure(const ShapeRow& shape, const JsonValue& value, const std::string& prefix) {
    for (const text::JsonMember& given : value.members()) {
      const std::uint16_t number = model_.find_member(shape, given.key);
      if (number == aws::kNone) {
        field(prefix + std::string(given.key), "x");
        continue;
      }
      const aws::MemberRow& member = model_.members_of(shape)[number];
      any(model_.shape(member.shape), given.value, prefix + std::string(model_.text(member.query)));
    }
  }

 private:
  void any(const ShapeRow& shape, const JsonValue& value, const std::string& path) {
    if (value.is_string()) return field(path, value.as_string());
    if (value.is_number()) return field(path, value.number_text());
    if (value.is_bool()) return field(path, value.as_bool() ? "true" : "false");
    if (value.is_null()) return;
    if (value.is_array()) {
      std::size_t number = 1;
      const bool list = shape.kind == ShapeKind::kList;
      const ShapeRow& element = list ? model_.shape(shape.element) : shape;
      const bool flat = shape.has(aws::ShapeFlags::kFlattened);
      for (const JsonValue& item : value.items()) {
        any(element, item, fmt::format("{}{}.{}", path, flat ? "" : ".member", number++));
      }
      return;
    }
    if (shape.kind == ShapeKind::kStructure) return structure(shape, value, path + ".");
    std::size_t number = 1;
    for (const text::JsonMember& entry : value.members()) {
      const std::string base = fmt::format(
          "{}{}.{}.", path, shape.has(aws::ShapeFlags::kFlattened) ? "" : ".entry", number++);
      if (shape.kind != ShapeKind::kMap) {
        field(base + "x", entry.key);
        continue;
      }
      field(base + std::string(model_.text(shape.key_name)), entry.key);
      any(model_.shape(shape.element), entry.value,
          base + std::string(model_.text(shape.element_name)));
    }
  }

  void field(const std::string& name, std::string_view value) {
    out_ += fmt::format("&{}={}", text::uri_encode(name), text::uri_encode(value));
  }

  const ServiceModel& model_;
  std::string& out_;
};

class Sender {
 public:
  Sender(HostBase& host, Protocol protocol)
      : host_(host), model_(host.api().model()), protocol_(protocol) {}

  std::string told;

  // As JSON, whatever the protocol.
  void send(const OperationRow& operation, const std::string& what, const std::string& json,
            bool surely) {
    if (protocol_ != Protocol::kQuery) return raw(operation, what, json, surely);
    const auto document = text::parse_json_copy(json);
    if (!document || !document->root().is_object() || operation.input == aws::kNone) return;
    std::string form = start_of(operation);
    Form(model_, form).structure(model_.shape(operation.input), document->root(), "");
    raw(operation, what, form, surely && form.find("=") != std::string::npos && !lost(what));
  }
  std::string start_of(const OperationRow& operation) const {
    return fmt::format("Action={}&Version={}", model_.name(operation), model_.api_version);
  }

  void raw(const OperationRow& operation, const std::string& what, std::string body, bool surely) {
    host_.advance(Duration::zero());  // what earlier inputs have set going in the background ends
    const std::uint64_t before = host_.changes();
    const aws::Response answer = host_.serve(protocol_, model_.name(operation), std::move(body));
    const bool refused = answer.status >= 400;
    const bool fine = (refused || !surely) && (answer.status < 500 || answer.status == 501) &&
                      (!refused || host_.changes() == before) && (!refused || !answer.body.empty());
    if (fine || told.size() > kToldMax * 200) return;
    told += fmt::format("{} {} ({}): {} {:.200}{}\n", to_string(protocol_), model_.name(operation),
                        what, answer.status, answer.body,
                        refused && host_.changes() != before ? " and something was changed" : "");
  }

 private:
  // What a form cannot say: a member that is there and has nothing in it.
  static bool lost(const std::string& what) {
    return what.ends_with("no elements") || what.ends_with("null");
  }

  HostBase& host_;
  const ServiceModel& model_;
  Protocol protocol_;
};

void send_broken_json(Sender& sender, const OperationRow& operation, std::size_t most) {
  const std::string deep(kNestingMax, '[');
  for (const std::string& body :
       {std::string("{"), std::string("null"), std::string("[]"), std::string("1"),
        std::string("\"x\""), std::string("\xff\xfe"), std::string("{}{}"), deep,
        "{\"x\":" + deep + "}", std::string(100, '\0'), "{\"a\":1,\"a\":2}" + std::string(9, ' '),
        fmt::format(R"({{"x":"{}"}})", std::string(most - 16, 'x'))}) {
    sender.raw(operation, fmt::format("broken JSON {:.16}", body), body, false);
  }
}

void send_broken_forms(Sender& sender, const OperationRow& operation, std::size_t most) {
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += fmt::format("&x{}=y", i);
  std::string deep = "&x";
  for (int i = 0; i < 50'000; ++i) deep += ".member.1";
  for (const std::string& more :
       {std::string("&x=%ff%fe"), std::string("&x=%zz"), std::string("&=&=&&&"),
        std::string("&x.member.99999999999999999999.Key=a&x.member.0.Key=b&x.member.-1=c"),
        "&x=" + std::string(most - 200, 'x'), many.substr(0, most - 200),
        deep.substr(0, most - 200) + "=a"}) {
    sender.raw(operation, fmt::format("a broken form {:.16}", more),
               sender.start_of(operation) + more, false);
  }
}

void send_all(HostBase& host, Protocol protocol, const BadInput& how, FunctionRef<void()> before,
              std::string& told) {
  const ServiceModel& model = host.api().model();
  Sender sender(host, protocol);
  const bool wire = protocol != Protocol::kQuery && HostBase::is_sent_whole(protocol);
  const BadValues values(model, how, wire);
  for (const OperationRow& operation : model.operations) {
    if (operation.name_only) {  // nothing of it is read
      sender.raw(operation, "known by name alone", "{", true);
      continue;
    }
    before();
    const std::size_t most = host.api().body_limit(operation);
    if (protocol == Protocol::kQuery) {
      send_broken_forms(sender, operation, most);
    } else {
      send_broken_json(sender, operation, most);
    }
    if (operation.input == aws::kNone) continue;
    const ShapeRow& input = model.shape(operation.input);
    for (const BadValue& value : values.bad(input)) {
      sender.send(operation, value.what, value.json, value.surely);
    }
    sender.send(operation, "all at once", values.all_bad(input), false);
    // The largest text that gets this far, in each member.
    for (const aws::MemberRow& member : model.members_of(input)) {
      if (model.shape(member.shape).kind != ShapeKind::kString) continue;
      sender.send(operation, "a long text",
                  fmt::format(R"({{"{}":"{}"}})", model.text(wire ? member.wire : member.name),
                              std::string(most / 2, 'x')),
                  false);
    }
  }
  told += sender.told;
}

}  // namespace

std::string send_bad_input(HostBase& host, const BadInput& how, FunctionRef<void()> before) {
  std::string told;
  bool sent = false;
  for (const Protocol protocol : host.api().model().protocols) {
    if (!HostBase::is_sent_whole(protocol)) continue;
    send_all(host, protocol, how, before, told);
    sent = true;
  }
  if (!sent) send_all(host, host.api().model().protocols.front(), how, before, told);
  return told;
}

std::string send_bad_input(HostBase& host, const BadInput& how) {
  return send_bad_input(host, how, [] {});
}

}  // namespace lapwing::hosting::testing
