#include "services/sns/matching.hpp"

#include <string>

namespace lapwing::sns {
namespace {

using patterns::Attribute;

Attribute::Kind kind_of(const MessageAttribute& attribute) {
  if (attribute.binary()) return Attribute::Kind::kBinary;
  if (attribute.type == "String.Array") return Attribute::Kind::kStringArray;
  if (attribute.type.starts_with("Number")) return Attribute::Kind::kNumber;
  return Attribute::Kind::kString;
}

void take(const View& view, const patterns::Match& match, std::vector<const Subscription*>& out) {
  for (const patterns::PatternId number : match.ids()) {
    if (const Subscription* const found = view.find(number)) out.push_back(found);
  }
}

// Of those whose protocol has this text: of others it is another one.
void match_text(const View& view, const Message& message, const std::string& text,
                patterns::Match& match, std::vector<const Subscription*>& out) {
  if (!view.by_body->match(text, match)) return;  // no JSON
  for (const patterns::PatternId number : match.ids()) {
    const Subscription* const found = view.find(number);
    if (found != nullptr && &message.text_for(found->protocol) == &text) out.push_back(found);
  }
}

}  // namespace

std::vector<const Subscription*> matching(const View& view, const Message& message) {
  std::vector<const Subscription*> out;
  out.reserve(view.unfiltered.size() + view.filtered.size());
  for (const SubscriptionPtr& each : view.unfiltered) out.push_back(each.get());
  patterns::Match match;
  if (view.by_attributes != nullptr) {
    std::vector<Attribute> attributes;
    for (const MessageAttribute& each : message.attributes) {
      attributes.push_back({each.name, kind_of(each), each.value});
    }
    view.by_attributes->match(attributes, match);
    take(view, match, out);
  }
  if (view.by_body != nullptr) {
    match_text(view, message, message.text, match, out);
    for (const auto& [protocol, text] : message.texts) {
      match_text(view, message, text, match, out);
    }
  }
  return out;
}

}  // namespace lapwing::sns
