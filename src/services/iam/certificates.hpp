// Certificates: of servers, kept by account, and those that users sign with (by name only: nothing
// takes such signatures any more). Records, and what keeps them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/iam/records.hpp"
#include "services/iam/tables.hpp"

namespace lapwing::iam {

struct ServerCertificate {
  std::string account;
  std::string name;
  std::string path;
  std::string id;  // "ASCA..."
  std::string body;
  std::string chain;
  std::string sealed_key;  // Sealer::seal, of its id
  std::int64_t uploaded_ms = 0;
  std::int64_t expires_ms = 0;
  Tags tags;
};

struct ServerCertificateTable {
  using Record = ServerCertificate;
  static constexpr std::string_view kKind = "iam.server-certificate";
  static constexpr int kFormat = 1;
  static std::string key(const ServerCertificate& certificate) {
    return account_key(certificate.account, certificate.name);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& certificate) {
    f("account", certificate.account);
    f("name", certificate.name);
    f("path", certificate.path);
    f("id", certificate.id);
    f("body", certificate.body);
    f("chain", certificate.chain);
    f("sealed_key", certificate.sealed_key);
    f("uploaded", certificate.uploaded_ms);
    f("expires", certificate.expires_ms);
    f("tags", certificate.tags);
  }
};
using ServerCertificates = resources::Table<ServerCertificateTable>;

std::string arn_of(const ServerCertificate& certificate);
// NoSuchEntity.
Result<ServerCertificate> find_server_certificate(store::Reader& reader, std::string_view account,
                                                  std::string_view name);

}  // namespace lapwing::iam
