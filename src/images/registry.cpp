#include "images/registry.hpp"

#include <algorithm>
#include <unistd.h>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "images/credentials.hpp"
#include "images/errors.hpp"
#include "images/limits.hpp"
#include "net/timeout.hpp"
#include "net/worker_pool.hpp"
#include "os/file.hpp"
#include "text/json.hpp"
#include "text/percent.hpp"

namespace lapwing::images {
namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kDockerHubRegistry = "registry-1.docker.io";
constexpr std::size_t kRefusalBytesMax = 64 * kKiB;

// '*' stands for any characters.
bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (matches(rest, text.substr(at))) return true;
  }
  return false;
}

bool is_loopback_name(std::string_view host) {
  const auto numeric = net::Address::ip(host, 0);
  return host == "localhost" || (numeric && numeric->is_loopback());
}

// Never called, whatever name leads there.
bool is_forbidden(const net::Address& address) {
  std::string_view host = address.host();
  if (host.starts_with("::ffff:")) host.remove_prefix(7);
  if (host == "::" || host.starts_with("0.")) return true;
  if (host.starts_with("169.254.") || host == "fd00:ec2::254") return true;
  return address.kind() == net::Address::Kind::kIpv6 && host.size() > 3 && host.starts_with("fe") &&
         std::string_view("89ab").contains(host[2]);
}

bool is_retryable(const Error& error) {
  return error.kind() == ErrorKind::kUnavailable || error.kind() == ErrorKind::kTimeout ||
         error.kind() == ErrorKind::kUnknown || error.kind() == ErrorKind::kCancelled;
}

// A certificate that is not trusted says nothing about who may have the image.
Error of_transport(Error error, std::string_view host) {
  if (error.kind() != ErrorKind::kDenied) return error;
  return errors::unavailable(host, error.to_log());
}

}  // namespace

std::string mirror_of(const RegistryOptions& options, const std::string& registry) {
  for (const auto& [pattern, mirror] : options.mirrors) {
    if (matches(pattern, registry)) return mirror;
  }
  return registry;
}

bool is_plain(const RegistryOptions& options, const std::string& registry) {
  for (const std::string& known : options.insecure) {
    if (known == registry) return true;
  }
  const auto parts = split_registry(registry);
  return parts && is_loopback_name(parts->host);
}

Registry::Registry(net::Loop& loop, const RegistryParts& parts, const ImageReference& reference)
    : loop_(&loop),
      parts_(parts),
      reference_(reference),
      registry_(mirror_of(*parts.options, reference.registry)),
      repository_(reference.repository),
      client_(loop, {}) {
  if (registry_ != kDockerHub) return;
  registry_ = kDockerHubRegistry;
  if (!repository_.contains('/')) repository_ = "library/" + repository_;
}

Result<Registry::Url> Registry::parse_url(std::string_view text) {
  Url out;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return fail(errors::invalid("a registry names a URL that is none"));
  }
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    out.tls = false;
  } else {
    return fail(errors::invalid("a registry names a URL that is none"));
  }
  const std::size_t path = std::min(text.find_first_of("/?#"), text.size());
  out.host = text.substr(0, path);
  if (out.host.contains('@')) return fail(errors::invalid("a registry names a URL with a user"));
  LAPWING_CHECK(split_registry(out.host));
  text = text.substr(path);
  text = text.substr(0, text.find('#'));
  out.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
  return out;
}

Result<Registry::Url> Registry::follow(const Url& from, std::string_view location) const {
  Url out = from;
  if (location.starts_with('/') && !location.starts_with("//")) {
    LAPWING_TRY(
        out, parse_url(fmt::format("{}://{}{}", from.tls ? "https" : "http", from.host, location)));
    return out;
  }
  LAPWING_TRY(out, parse_url(location.starts_with("//")
                                 ? fmt::format("{}:{}", from.tls ? "https" : "http", location)
                                 : std::string(location)));
  if (!out.tls && !is_plain(*parts_.options, out.host)) {
    return fail(errors::invalid(
        fmt::format("registry {} leads to plain HTTP at {}", reference_.registry, out.host)));
  }
  if (from.tls && !out.tls) {
    return fail(errors::invalid(
        fmt::format("registry {} leads from TLS to plain HTTP", reference_.registry)));
  }
  return out;
}

Result<Registry::Url> Registry::url_of(std::string_view kind, std::string_view which) const {
  const bool plain = is_plain(*parts_.options, registry_);
  return parse_url(fmt::format("{}://{}/v2/{}/{}/{}", plain ? "http" : "https", registry_,
                               repository_, kind, which));
}

// Where a URL leads, unless nobody may go there.
net::Task<Result<http::Endpoint>> Registry::reach(Url url, MonoTime deadline) {
  LAPWING_CO_TRY(const HostPort at, split_registry(url.host));
  const std::uint16_t port = at.port != 0 ? at.port : url.tls ? 443 : 80;
  const Duration patience = std::max<Duration>(deadline - loop_->now(), Duration::zero());
  LAPWING_CO_TRY(net::Address address,
                 co_await net::with_timeout(*loop_, patience,
                                            net::resolve(*loop_, *parts_.resolver, at.host, port)));
  const bool named_local = is_plain(*parts_.options, url.host);
  if (is_forbidden(address) || (address.is_loopback() && !named_local)) {
    co_return fail(errors::denied(reference_.name(),
                                  fmt::format("{} is at {}", url.host, address.to_string())));
  }
  if (url.tls && parts_.tls == nullptr) co_return fail(internal_error("no TLS for registries"));
  co_return http::Endpoint{std::move(address), url.host, url.tls ? parts_.tls : nullptr};
}

net::Task<Result<Registry::Answer>> Registry::request(Url url, std::string accept,
                                                      MonoTime deadline) {
  LAPWING_CO_TRY(const http::Endpoint endpoint, co_await reach(url, deadline));
  http::Request request;
  request.target = url.target;
  if (!accept.empty()) request.headers.add("Accept", accept);
  request.headers.add("User-Agent", "lapwing");
  if (url.host == registry_ && !authorization_.empty()) {
    request.headers.add("Authorization", authorization_);
  }
  Answer out;
  auto opened = co_await client_.open(endpoint, std::move(request), deadline);
  if (!opened) co_return fail(of_transport(std::move(opened).error(), url.host));
  out.exchange = *std::move(opened);
  LAPWING_CO_TRY(out.head, co_await out.exchange->head());
  co_return out;
}

Error Registry::refusal(int status) const {
  const std::string detail = fmt::format("{} answers {}", registry_, status);
  if (status == 401 || status == 403) return errors::denied(reference_.name(), detail);
  if (status == 404) return errors::not_found(reference_.name());
  return errors::unavailable(reference_.registry, detail);
}

// Through authentication and redirects to an answer that has what was asked for.
net::Task<Result<Registry::Answer>> Registry::get(Url url, std::string accept, MonoTime deadline) {
  bool asked = false;
  for (int redirects = 0; redirects <= kRedirectsMax;) {
    auto answer = co_await request(url, accept, deadline);
    if (!answer) co_return answer;
    const int status = answer->head->status;
    if (status == 200) co_return answer;
    const std::string challenge(answer->head->headers.get_or("WWW-Authenticate"));
    const std::string location(answer->head->headers.get_or("Location"));
    // So that the connection can be used again.
    (void)co_await answer->exchange->body().read_all(kRefusalBytesMax);
    if (status == 401 && !asked && url.host == registry_) {
      asked = true;
      LAPWING_CO_CHECK(co_await authorize(challenge, deadline));
      continue;
    }
    const bool moved =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!moved) co_return fail(refusal(status));
    ++redirects;
    LAPWING_CO_TRY(url, follow(url, location));
  }
  co_return fail(errors::invalid(
      fmt::format("registry {} redirects more than {} times", reference_.registry, kRedirectsMax)));
}

net::Task<Status> Registry::authorize(std::string challenge, MonoTime deadline) {
  const std::optional<Challenge> wanted = parse_challenge(challenge);
  if (!wanted) co_return fail(errors::denied(reference_.name(), "challenge: " + challenge));
  if (wanted->bearer) {
    LAPWING_CO_TRY(const std::string token, co_await fetch_token(*wanted, deadline));
    authorization_ = "Bearer " + token;
    co_return Status();
  }
  LAPWING_CO_TRY(const std::optional<std::string> known,
                 find_credentials(parts_.options->credentials_file, registry_));
  if (!known) co_return fail(errors::denied(reference_.name(), "credentials are needed"));
  authorization_ = "Basic " + *known;
  co_return Status();
}

net::Task<Result<std::string>> Registry::fetch_token(Challenge challenge, MonoTime deadline) {
  LAPWING_CO_TRY(Url url, parse_url(challenge.realm));
  if (!url.tls && !is_plain(*parts_.options, url.host)) {
    co_return fail(errors::invalid(
        fmt::format("registry {} wants its token fetched over plain HTTP", reference_.registry)));
  }
  LAPWING_CO_TRY(const std::optional<std::string> known,
                 find_credentials(parts_.options->credentials_file, registry_));
  url.target += url.target.contains('?') ? '&' : '?';
  // What this client needs, whatever the challenge asks for.
  url.target += fmt::format("service={}&scope={}", text::uri_encode(challenge.service),
                            text::uri_encode(fmt::format("repository:{}:pull", repository_)));
  // A token service on the registry's own host is told the same as one elsewhere.
  authorization_.clear();
  LAPWING_CO_TRY(const http::Endpoint endpoint, co_await reach(url, deadline));
  http::Request request;
  request.target = url.target;
  request.headers.add("User-Agent", "lapwing");
  if (known) request.headers.add("Authorization", "Basic " + *known);
  auto answer = co_await client_.send(endpoint, std::move(request), {}, deadline);
  if (!answer) co_return fail(of_transport(std::move(answer).error(), url.host));
  if (answer->status != 200) co_return fail(refusal(answer->status));
  if (answer->body.size() > kTokenBytesMax) co_return fail(errors::too_large("a token too large"));
  const auto document = text::parse_json(answer->body);
  for (const std::string_view key : {"token", "access_token"}) {
    const text::JsonValue* token = document ? document->root().find(key) : nullptr;
    if (token == nullptr || token->as_string().empty()) continue;
    if (token->as_string().find_first_of("\r\n") != std::string_view::npos) break;
    co_return std::string(token->as_string());
  }
  co_return fail(errors::denied(reference_.name(), "the token service gives no token"));
}

net::Task<Result<ManifestDocument>> Registry::manifest(std::string which, MonoTime deadline) {
  for (int attempt = 1;; ++attempt) {
    LAPWING_CO_TRY(Url url, url_of("manifests", which));
    auto answer = co_await get(std::move(url), manifest_media_types(), deadline);
    if (answer) {
      ManifestDocument out;
      out.media_type = answer->head->headers.get_or("Content-Type");
      auto bytes = co_await answer->exchange->body().read_all(kManifestBytesMax);
      if (!bytes && bytes.error().kind() == ErrorKind::kTooLarge) {
        co_return fail(
            errors::too_large(fmt::format("a manifest of more than {} bytes", kManifestBytesMax)));
      }
      if (bytes) {
        out.bytes = *std::move(bytes);
        co_return out;
      }
      answer = fail(std::move(bytes).error());
    }
    if (attempt == kAttempts || !is_retryable(answer.error()) || loop_->now() > deadline) {
      if (!is_retryable(answer.error())) co_return fail(std::move(answer).error());
      co_return fail(errors::unavailable(reference_.registry, answer.error().to_log()));
    }
    co_await loop_->sleep(kRetryAfter * attempt);
  }
}

net::Task<Status> Registry::receive(const Descriptor& descriptor, int fd) {
  LAPWING_CO_TRY(Url url, url_of("blobs", descriptor.digest.text()));
  const MonoTime end = loop_->now() + kBlobTimeout;
  LAPWING_CO_TRY(Answer answer, co_await get(std::move(url), "", loop_->now() + kAnswerTimeout));
  crypto::Sha256 hash;
  std::uint64_t total = 0;
  while (true) {
    answer.exchange->set_deadline(std::min(end, loop_->now() + kBlobIdle));
    LAPWING_CO_TRY(const std::string_view piece, co_await answer.exchange->body().next());
    if (piece.empty()) break;
    total += piece.size();
    if (total > descriptor.size) break;
    hash.update(piece);
    LAPWING_CO_CHECK(os::write_all(fd, piece));
  }
  if (total != descriptor.size || crypto::to_hex(hash.finish()) != descriptor.digest.hex()) {
    co_return fail(errors::damaged("blob", descriptor.digest.text()));
  }
  co_return Status();
}

net::Task<Status> Registry::blob(Descriptor descriptor, int fd) {
  for (int attempt = 1;; ++attempt) {
    Status done = co_await receive(descriptor, fd);
    if (done) co_return done;
    if (attempt == kAttempts || !is_retryable(done.error())) {
      if (!is_retryable(done.error())) co_return done;
      co_return fail(errors::unavailable(reference_.registry, done.error().to_log()));
    }
    if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) {
      co_return fail(errno_error("start a blob again"));
    }
    co_await loop_->sleep(kRetryAfter * attempt);
  }
}

}  // namespace lapwing::images
