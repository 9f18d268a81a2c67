// A client of the OCI distribution protocol (version 2 of Docker's registry API): manifests and
// blobs of one repository, anonymous or with credentials, Basic or Bearer, through redirects.
//
// Plain HTTP is spoken with registries on this machine's loopback and those named insecure, TLS
// with all others, and a redirect never leads from TLS to plain text. Credentials go to the
// registry that was named and to the token service it names, never along with a redirect to
// another host. Link-local addresses (metadata services) are not called; loopback only for a
// registry that was named so.
//
// Sources: OCI distribution specification 1.1; distribution, "Token Authentication".
// Thread-safety: one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "http/client.hpp"
#include "images/challenge.hpp"
#include "images/image_source.hpp"
#include "images/manifest.hpp"
#include "images/reference.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace lapwing::net {
class WorkerPool;
}

namespace lapwing::images {

struct RegistryOptions {
  std::vector<std::string> insecure;  // "10.0.0.5:5000": plain HTTP is fine there
  // What is asked instead of a registry: "*.dkr.ecr.*.amazonaws.com" -> "localhost:5000".
  std::vector<std::pair<std::string, std::string>> mirrors;
  std::string credentials_file;  // "" for none
  std::string ca_file;           // PEM, trusted besides the system's
};

// The registry that is asked for images of this one.
std::string mirror_of(const RegistryOptions& options, const std::string& registry);
// Whether plain HTTP is spoken with it.
bool is_plain(const RegistryOptions& options, const std::string& registry);

struct RegistryParts {
  const RegistryOptions* options = nullptr;
  net::WorkerPool* resolver = nullptr;  // for names of hosts
  const net::TlsClientContext* tls = nullptr;
};

class Registry {
 public:
  Registry(net::Loop& loop, const RegistryParts& parts, const ImageReference& reference);

  // By tag or digest. kNotFound, kDenied, kUnavailable, ...
  net::Task<Result<ManifestDocument>> manifest(std::string which, MonoTime deadline);
  // Writes the blob to `fd`, an empty file; kInvalid unless it is what the descriptor says.
  net::Task<Status> blob(Descriptor descriptor, int fd);

 private:
  struct Url {
    bool tls = true;
    std::string host;  // with its port, as in Host
    std::string target;
  };
  struct Answer {
    std::unique_ptr<http::ClientExchange> exchange;
    const http::Response* head = nullptr;
  };

  static Result<Url> parse_url(std::string_view text);
  Result<Url> follow(const Url& from, std::string_view location) const;
  Result<Url> url_of(std::string_view kind, std::string_view which) const;
  net::Task<Result<http::Endpoint>> reach(Url url, MonoTime deadline);
  net::Task<Result<Answer>> request(Url url, std::string accept, MonoTime deadline);
  net::Task<Result<Answer>> get(Url url, std::string accept, MonoTime deadline);
  net::Task<Status> authorize(std::string challenge, MonoTime deadline);
  net::Task<Result<std::string>> fetch_token(Challenge challenge, MonoTime deadline);
  net::Task<Status> receive(const Descriptor& descriptor, int fd);
  Error refusal(int status) const;

  net::Loop* loop_;
  RegistryParts parts_;
  ImageReference reference_;
  std::string registry_;
  std::string repository_;
  http::Client client_;
  std::string authorization_;  // of requests to the registry
};

}  // namespace lapwing::images
