#include "services/iam/resource_arns.hpp"

#include "services/iam/certificates.hpp"
#include "services/iam/lookup.hpp"

namespace lapwing::iam {
namespace {

// The ARN of what was found; of what is not there, or has a name that nothing has, `otherwise`.
template <class Record>
Result<std::string> found_or(Result<Record> found, std::string otherwise) {
  if (found) return arn_of(*found);
  const ErrorKind why = found.error().kind();
  if (why == ErrorKind::kNotFound || why == ErrorKind::kInvalid) return otherwise;
  return fail(std::move(found).error());
}

}  // namespace

Result<std::string> identity_asked(Core& core, const aws::Call& call, Kind kind,
                                   std::string_view name) {
  const std::string& account = account_of(call);
  return found_or(
      read<Identity>(
          core, [&](store::Reader& reader) { return find_identity(reader, account, kind, name); }),
      arn_of(account, resource_type(kind), "/", name));
}

Result<std::string> profile_asked(Core& core, const aws::Call& call, std::string_view name) {
  const std::string& account = account_of(call);
  return found_or(
      read<InstanceProfile>(
          core, [&](store::Reader& reader) { return find_profile(reader, account, name); }),
      arn_of(account, "instance-profile", "/", name));
}

Result<std::string> certificate_asked(Core& core, const aws::Call& call, std::string_view name) {
  const std::string& account = account_of(call);
  return found_or(read<ServerCertificate>(core,
                                          [&](store::Reader& reader) {
                                            return find_server_certificate(reader, account, name);
                                          }),
                  arn_of(account, "server-certificate", "/", name));
}

}  // namespace lapwing::iam
