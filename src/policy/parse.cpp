#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "policy/document.hpp"
#include "policy/elements.hpp"
#include "text/json.hpp"

namespace lapwing::policy {
namespace {

using text::JsonKind;
using text::JsonMember;
using text::JsonValue;

constexpr std::string_view kSyntax = "Syntax errors in policy.";

bool has_duplicate_keys(const JsonValue& value) {
  if (value.is_array()) return std::ranges::any_of(value.items(), has_duplicate_keys);
  if (!value.is_object()) return false;
  std::vector<std::string_view> keys;
  for (const JsonMember& member : value.members()) keys.push_back(member.key);
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end() ||
         std::ranges::any_of(value.members(),
                             [](const JsonMember& each) { return has_duplicate_keys(each.value); });
}

bool only_keys(const JsonValue& object, std::span<const std::string_view> allowed) {
  return std::ranges::all_of(object.members(), [&](const JsonMember& member) {
    return std::ranges::find(allowed, member.key) != allowed.end();
  });
}

// Reads the tree; every function answers whether the grammar holds.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool document(const JsonValue& root, Document& out) const {
    static constexpr std::array<std::string_view, 3> kKeys = {"Version", "Id", "Statement"};
    if (!root.is_object() || has_duplicate_keys(root) || !only_keys(root, kKeys)) return false;
    if (!text_of(root, "Version", out.version) || !text_of(root, "Id", out.id)) return false;
    if (root.find("Version") != nullptr && out.version != "2008-10-17" &&
        out.version != "2012-10-17") {
      return false;
    }
    const JsonValue* statements = root.find("Statement");
    if (statements == nullptr) return false;
    if (statements->is_object()) return statement(*statements, out.statements.emplace_back());
    if (!statements->is_array() || statements->size() == 0) return false;
    return std::ranges::all_of(statements->items(), [&](const JsonValue& each) {
      return statement(each, out.statements.emplace_back());
    });
  }

 private:
  static bool text_of(const JsonValue& object, std::string_view key, std::string& out) {
    const JsonValue* found = object.find(key);
    if (found == nullptr) return true;
    out = found->as_string();
    return found->is_string();
  }

  // "x" or ["x", "y"].
  static bool texts(const JsonValue& value, std::vector<std::string>& out) {
    if (value.is_string()) {
      out.emplace_back(value.as_string());
      return true;
    }
    if (!value.is_array()) return false;
    for (const JsonValue& item : value.items()) {
      if (!item.is_string()) return false;
      out.emplace_back(item.as_string());
    }
    return true;
  }

  // Action or NotAction, Resource or NotResource: one of them, or none.
  static bool either(const JsonValue& object, std::string_view key, std::string_view negated,
                     std::vector<std::string>& out, bool& is_negated) {
    const JsonValue* plain = object.find(key);
    const JsonValue* other = object.find(negated);
    if (plain != nullptr && other != nullptr) return false;
    is_negated = other != nullptr;
    const JsonValue* found = is_negated ? other : plain;
    return found == nullptr || texts(*found, out);
  }

  bool statement(const JsonValue& value, Statement& out) const {
    static constexpr std::array<std::string_view, 9> kKeys = {
        "Sid",      "Effect",      "Principal", "NotPrincipal", "Action",
        "Resource", "NotResource", "NotAction", "Condition"};
    if (!value.is_object() || !only_keys(value, kKeys)) return false;
    const JsonValue* effect = value.find("Effect");
    if (effect == nullptr || !effect->is_string() || !text_of(value, "Sid", out.sid)) return false;
    const std::string_view said = effect->as_string();
    if (!is_effect(said)) return false;
    out.effect = said == "Allow" ? Effect::kAllow : Effect::kDeny;
    if (!either(value, "Action", "NotAction", out.actions, out.not_action) ||
        !either(value, "Resource", "NotResource", out.resources, out.not_resource)) {
      return false;
    }
    const JsonValue* condition = value.find("Condition");
    return principals(value, out) && (condition == nullptr || conditions(*condition, out));
  }

  static bool is_effect(std::string_view said) {
    std::string lower(said);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower == "allow" || lower == "deny";
  }

  bool principals(const JsonValue& statement, Statement& out) const {
    const JsonValue* plain = statement.find("Principal");
    const JsonValue* negated = statement.find("NotPrincipal");
    if (plain != nullptr && negated != nullptr) return false;
    out.not_principal = negated != nullptr;
    const JsonValue* value = plain != nullptr ? plain : negated;
    if (value == nullptr) return true;
    if (value->is_string()) {
      out.everyone = true;
      return value->as_string() == "*";
    }
    static constexpr std::array<std::string_view, 4> kTypes = {"AWS", "Service", "Federated",
                                                               "CanonicalUser"};
    if (!value->is_object() || value->size() == 0 || !only_keys(*value, kTypes)) return false;
    for (const JsonMember& member : value->members()) {
      if (member.value.is_string()) {
        name_of(member.key, member.value, out);
        continue;
      }
      if (!member.value.is_array()) return false;
      for (const JsonValue& item : member.value.items()) {
        if (!item.is_string()) return false;
        name_of(member.key, item, out);
      }
    }
    return true;
  }

  void name_of(std::string_view type, const JsonValue& value, Statement& out) const {
    Principal principal{std::string(type), std::string(value.as_string())};
    // Text without escapes is a view into what was parsed.
    const char* begin = value.as_string().data();
    const std::less<const char*> before;
    if (!before(begin, text_.data()) && before(begin, text_.data() + text_.size())) {
      principal.offset = static_cast<std::size_t>(begin - text_.data());
      principal.size = value.as_string().size();
    }
    out.principals.push_back(std::move(principal));
  }

  static bool scalar(const JsonValue& value, std::vector<std::string>& out) {
    if (value.is_string()) {
      out.emplace_back(value.as_string());
    } else if (value.is_number()) {
      out.emplace_back(value.number_text());
    } else if (value.is_bool()) {
      out.emplace_back(value.as_bool() ? "true" : "false");
    } else {
      return false;
    }
    return true;
  }

  static bool conditions(const JsonValue& value, Statement& out) {
    if (!value.is_object()) return false;
    for (const JsonMember& test : value.members()) {
      if (!test.value.is_object()) return false;
      if (test.value.size() != 0 && !is_condition_test(test.key)) return false;
      for (const JsonMember& key : test.value.members()) {
        Condition condition{std::string(test.key), std::string(key.key), {}};
        if (key.value.is_array()) {
          for (const JsonValue& item : key.value.items()) {
            if (!scalar(item, condition.values)) return false;
          }
        } else if (!scalar(key.value, condition.values)) {
          return false;
        }
        out.conditions.push_back(std::move(condition));
      }
    }
    return true;
  }

  std::string_view text_;
};

bool legacy_fault_of_words(const JsonValue& root, const Document& document) {
  // Effects are read in any case by one of IAM's parsers, and exactly by the other.
  const JsonValue& statements = *root.find("Statement");
  const auto exact = [](const JsonValue& statement) {
    const std::string_view effect = statement.find("Effect")->as_string();
    return effect == "Allow" || effect == "Deny";
  };
  if (statements.is_object() ? !exact(statements)
                             : !std::ranges::all_of(statements.items(), exact)) {
    return true;
  }
  for (const Statement& statement : document.statements) {
    for (const Condition& condition : statement.conditions) {
      if (is_date_test(condition.test) && !std::ranges::all_of(condition.values, is_date)) {
        return true;
      }
    }
  }
  return false;
}

// The first fault of the resources, or a fault of the older parser, which comes before all.
std::string resources_fault(const Document& document) {
  std::string fault;
  for (const Statement& statement : document.statements) {
    // IAM names the first in alphabetical order.
    std::vector<std::string> sorted = statement.resources;
    std::ranges::sort(sorted);
    for (const std::string& resource : sorted) {
      if (!fault.empty()) break;
      fault = resource_fault(resource);
    }
    if (fault.empty() && std::ranges::any_of(statement.resources, fails_legacy_parsing)) {
      return std::string(kLegacyFault);
    }
  }
  return fault;
}

std::string actions_fault(const Document& document) {
  for (const Statement& statement : document.statements) {
    for (const std::string& action : statement.actions) {
      if (std::string fault = action_fault(action); !fault.empty()) return fault;
    }
  }
  return {};
}

bool repeats_sid(const Document& document) {
  std::vector<std::string_view> sids;
  for (const Statement& statement : document.statements) {
    if (!statement.sid.empty()) sids.push_back(statement.sid);
  }
  std::ranges::sort(sids);
  return std::ranges::adjacent_find(sids) != sids.end();
}

bool lacks_actions(const Statement& statement) { return statement.actions.empty(); }
bool lacks_resources(const Statement& statement) { return statement.resources.empty(); }
bool has_principal(const Statement& statement) {
  return statement.everyone || statement.not_principal || !statement.principals.empty();
}

std::string shared_fault(const JsonValue& root, const Document& document) {
  if (legacy_fault_of_words(root, document)) return std::string(kLegacyFault);
  std::string resources = resources_fault(document);
  if (resources == kLegacyFault) return resources;
  if (repeats_sid(document)) return "Statement IDs (SID) in a single policy must be unique.";
  if (std::ranges::any_of(document.statements, lacks_actions)) {
    return "Policy statement must contain actions.";
  }
  if (!resources.empty()) return resources;
  return actions_fault(document);
}

std::string identity_fault(const JsonValue& root, const Document& document) {
  if (document.version != "2012-10-17") {
    return "Policy document must be version 2012-10-17 or greater.";
  }
  if (std::ranges::any_of(document.statements, has_principal)) {
    return "Policy document should not specify a principal.";
  }
  if (std::string fault = shared_fault(root, document); !fault.empty()) return fault;
  if (std::ranges::any_of(document.statements, lacks_resources)) {
    return "Policy statement must contain resources.";
  }
  return {};
}

std::string trust_fault(const JsonValue& root, const Document& document) {
  for (const Statement& statement : document.statements) {
    if (statement.not_resource || !statement.resources.empty()) {
      return "Has prohibited field Resource";
    }
    if (!has_principal(statement)) return "Missing required field Principal";
  }
  if (std::string fault = shared_fault(root, document); !fault.empty()) return fault;
  for (const Statement& statement : document.statements) {
    if (!std::ranges::all_of(statement.actions, is_trust_action)) {
      return "AssumeRole policy may only specify STS AssumeRole actions.";
    }
  }
  return {};
}

std::string resource_policy_fault(const JsonValue& root, const Document& document) {
  if (!std::ranges::all_of(document.statements, has_principal)) {
    return "Missing required field Principal";
  }
  if (legacy_fault_of_words(root, document)) return std::string(kLegacyFault);
  if (std::ranges::any_of(document.statements, lacks_actions)) {
    return "Policy statement must contain actions.";
  }
  return {};
}

std::string fault_of(const JsonValue& root, const Document& document, Use use) {
  switch (use) {
    case Use::kIdentity:
      return identity_fault(root, document);
    case Use::kTrust:
      return trust_fault(root, document);
    case Use::kResource:
      return resource_policy_fault(root, document);
  }
  return {};
}

}  // namespace

std::expected<Document, Fault> parse(std::string_view text, Use use) {
  const auto tree = text::parse_json(text);
  if (!tree) {
    return std::unexpected(
        Fault{use == Use::kTrust ? "This policy contains invalid Json" : std::string(kSyntax)});
  }
  Document document;
  if (!Reader(text).document(tree->root(), document)) {
    return std::unexpected(Fault{std::string(kSyntax)});
  }
  std::string fault = fault_of(tree->root(), document, use);
  if (!fault.empty()) return std::unexpected(Fault{std::move(fault)});
  return document;
}

std::size_t counted_size(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xC0U) == 0x80U;  // of a character counted already
    if (!continues && byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') ++count;
  }
  return count;
}

}  // namespace lapwing::policy
