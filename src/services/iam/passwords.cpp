#include "services/iam/passwords.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/names.hpp"
#include "text/utf8.hpp"

namespace lapwing::iam {
namespace {

std::unexpected<Error> violation(std::string message) {
  return fail(gen::iam::errors::password_policy_violation(std::move(message)));
}

// Kinds of characters in a password.
struct Kinds {
  explicit Kinds(std::string_view password) {
    const auto has = [&](auto kind) { return std::ranges::any_of(password, kind); };
    lowercase = has([](char c) { return c >= 'a' && c <= 'z'; });
    uppercase = has([](char c) { return c >= 'A' && c <= 'Z'; });
    number = has([](char c) { return c >= '0' && c <= '9'; });
    symbol = has([](char c) {
      return std::string_view("!@#$%^&*()_+-=[]{}|'").find(c) != std::string_view::npos;
    });
  }
  int count() const { return lowercase + uppercase + number + symbol; }

  bool lowercase = false;
  bool uppercase = false;
  bool number = false;
  bool symbol = false;
};

}  // namespace

Status check_password(const Account& account, std::string_view user_name,
                      std::string_view password) {
  const Kinds has(password);
  const std::size_t characters = text::utf8_length(password);
  if (account.password_policy.empty()) {
    if (characters < kPasswordCharactersMin) {
      return violation(
          fmt::format("Password should have a minimum length of {}", kPasswordCharactersMin));
    }
    if (has.count() < kPasswordKindsMin || password == user_name) {
      return violation("Password does not conform to the account password policy.");
    }
    return {};
  }
  const PasswordPolicy& policy = account.password_policy.front();
  if (characters < static_cast<std::size_t>(policy.minimum_length)) {
    return violation(
        fmt::format("Password should have a minimum length of {}", policy.minimum_length));
  }
  if (policy.uppercase && !has.uppercase) {
    return violation("Password should have at least one uppercase letter");
  }
  if (policy.lowercase && !has.lowercase) {
    return violation("Password should have at least one lowercase letter");
  }
  if (policy.numbers && !has.number) {
    return violation("Password should have at least one number");
  }
  if (policy.symbols && !has.symbol) {
    return violation("Password should have at least one symbol");
  }
  return {};
}

}  // namespace lapwing::iam
