// Policy documents: whatever comes in is read or refused with a message; where a principal stands
// lies within the text; white space around a document changes nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/document.hpp"

namespace {

using lapwing::policy::Document;
using lapwing::policy::Principal;
using lapwing::policy::Statement;
using lapwing::policy::Use;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text, Use use) {
  const auto parsed = lapwing::policy::parse(text, use);
  const std::string spaced = " \n" + std::string(text) + "\t";
  const auto again = lapwing::policy::parse(spaced, use);
  require(parsed.has_value() == again.has_value());
  if (!parsed) {
    require(!parsed.error().message.empty() && parsed.error().message == again.error().message);
    return;
  }
  require(!parsed->statements.empty());
  for (const Statement& statement : parsed->statements) {
    require(!statement.actions.empty());
    require(statement.resources.empty() == (use == Use::kTrust));
    for (const Principal& principal : statement.principals) {
      require(use == Use::kTrust);
      if (principal.size == 0) continue;
      require(text.substr(principal.offset, principal.size) == principal.name);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require(lapwing::policy::counted_size(text) <= size);
  check(text, Use::kIdentity);
  check(text, Use::kTrust);
  return 0;
}
