// For tests of IAM: a service of its own, documents, and inputs that carry them. Test files are in
// this namespace.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "hosting/testing/host.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/service.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"

namespace lapwing::iam::testing {

using hosting::testing::Answer;

using Host = hosting::testing::Host<Service>;

inline constexpr std::string_view kTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)"
    R"("Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
inline constexpr std::string_view kPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";
inline constexpr std::string_view kAdministrator = "arn:aws:iam::aws:policy/AdministratorAccess";

// An object of strings: input({{"RoleName", "r"}}).
inline std::string input(
    std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, value] : members) json.member(name, value);
  json.end_object();
  return out;
}

inline std::string decoded(const Answer& answer, std::string_view path) {
  return text::percent_decode(answer.at(path)).value_or("not encoded");
}

inline Answer create_role(Host& host, std::string_view name, std::string_view trust = kTrust) {
  return host.call("CreateRole", input({{"RoleName", name}, {"AssumeRolePolicyDocument", trust}}));
}
inline Answer create_user(Host& host, std::string_view name) {
  return host.call("CreateUser", input({{"UserName", name}}));
}
inline Answer create_policy(Host& host, std::string_view name,
                            std::string_view document = kPolicy) {
  return host.call("CreatePolicy", input({{"PolicyName", name}, {"PolicyDocument", document}}));
}

// A document of so many counted characters, white space beside.
inline std::string document_of(std::size_t size) {
  const std::string_view head =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Sid":")";
  return "\n\t" + std::string(head) + std::string(size - head.size() - 3, 'a') + "\" }}  ";
}

inline std::string arn(std::string_view resource) {
  return "arn:aws:iam::000000000000:" + std::string(resource);
}

}  // namespace lapwing::iam::testing
