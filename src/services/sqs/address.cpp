#include "services/sqs/address.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sqs/errors.hpp"
#include "resources/table.hpp"
#include "text/utf8.hpp"

namespace lapwing::sqs {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// "https://host/a/b" is "a/b"; what has no scheme is a path already.
std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  url.remove_prefix(scheme + 3);
  const std::size_t slash = url.find('/');
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
}

}  // namespace

std::string Address::key() const { return resources::scoped_key(scope, name); }
std::string Address::arn() const { return aws::make_arn("sqs", scope.region, scope.account, name); }

bool is_queue_name(std::string_view name) {
  if (name.size() > kNameCharactersMax) return false;
  if (is_fifo_name(name)) name.remove_suffix(5);
  return !name.empty() && std::ranges::all_of(name, is_name_character);
}

Result<Address> parse_url(const aws::Call& call, std::string_view url) {
  const auto invalid = [&] {
    return fail(gen::sqs::errors::invalid_address(fmt::format(
        "The address {} is not valid for this endpoint.", text::truncate_utf8(url, kUrlBytesMax))));
  };
  std::string_view path = path_of(url);
  path = path.substr(0, path.find_first_of("?#"));
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (url.size() > kUrlBytesMax || !is_queue_name(name)) return invalid();
  Address out{aws::scope_of(call.caller), std::string(name)};
  if (slash == std::string_view::npos) return out;
  std::string_view before = path.substr(0, slash);
  before = before.substr(before.rfind('/') + 1);
  if (before.empty()) return out;
  if (!aws::is_account_id(before)) return invalid();
  out.scope.account = AccountId(before);
  return out;
}

Status check_account(const aws::Call& call, const Address& address) {
  if (address.scope.account == call.caller.account) return {};
  return fail(Error(ErrorKind::kDenied, "AccessDenied",
                    fmt::format("Access to the resource {} is denied.", address.arn()))
                  .with_status(403));
}

Result<Address> parse_arn(std::string_view text) {
  LAPWING_TRY(aws::Arn arn, aws::Arn::parse(text));
  if (arn.service != "sqs" || !is_queue_name(arn.resource) ||
      !aws::is_account_id(arn.account.view())) {
    return fail(make_error(ErrorKind::kInvalid, "not the ARN of a queue"));
  }
  return Address{{std::move(arn.account), std::move(arn.region)}, std::move(arn.resource)};
}

std::string url_of(const aws::Call& call, const Queue& queue) {
  const std::string_view host =
      call.caller.host.empty() ? std::string_view("localhost") : call.caller.host;
  return fmt::format("http://{}/{}/{}", host, queue.scope.account.view(), queue.name);
}

}  // namespace lapwing::sqs
