#include "images/reference.hpp"

#include <charconv>

#include <fmt/core.h>

#include "images/errors.hpp"
#include "images/limits.hpp"

namespace lapwing::images {
namespace {

constexpr std::string_view kLayoutScheme = "oci:";
constexpr std::string_view kArchiveScheme = "oci-archive:";
constexpr std::size_t kTagBytesMax = 128;
constexpr std::size_t kRepositoryBytesMax = 255;
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kTagRest =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

bool only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kTagBytesMax && only(text, kTagRest) &&
         text.front() != '.' && text.front() != '-';
}

// Letters and digits, parted by ".", "_", "__" or dashes.
bool is_component(std::string_view text) {
  if (text.empty() || !only(text, "abcdefghijklmnopqrstuvwxyz0123456789._-")) return false;
  if (!only(text.substr(0, 1), kLower) || !only(text.substr(text.size() - 1), kLower)) return false;
  return text.find("..") == std::string_view::npos && text.find("___") == std::string_view::npos;
}

bool is_repository(std::string_view text) {
  if (text.empty() || text.size() > kRepositoryBytesMax) return false;
  while (true) {
    const std::size_t slash = text.find('/');
    if (!is_component(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool names_registry(std::string_view text) {
  return text.find_first_of(".:") != std::string_view::npos || text == "localhost";
}

Error refuse(std::string_view text, std::string_view why) {
  return errors::invalid(fmt::format("{} is no image: {}", text.substr(0, 300), why));
}

// Takes "@sha256:..." off the end.
Status take_digest(std::string_view& rest, ImageReference& out) {
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return {};
  LAPWING_TRY(out.digest, Digest::parse(rest.substr(at + 1)));
  rest = rest.substr(0, at);
  return {};
}

bool clean_path(std::string_view path) {
  return path.starts_with('/') && path.size() > 1 && path.find('\0') == std::string_view::npos &&
         !(std::string(path) + "/").contains("/../");
}

Result<ImageReference> parse_local(std::string_view text, ImageReference out,
                                   std::string_view rest) {
  LAPWING_CHECK(take_digest(rest, out));
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    if (!is_tag(out.tag)) return fail(refuse(text, "a tag is up to 128 letters, digits, _ . -"));
    rest = rest.substr(0, colon);
  }
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  if (!clean_path(rest)) return fail(refuse(text, "an absolute path without .. is needed"));
  out.path = rest;
  return out;
}

}  // namespace

std::string ImageReference::name() const {
  switch (kind) {
    case ReferenceKind::kRegistry:
      return registry + "/" + repository;
    case ReferenceKind::kLayout:
      return std::string(kLayoutScheme) + path;
    case ReferenceKind::kArchive:
      return std::string(kArchiveScheme) + path;
  }
  return {};
}

std::string ImageReference::with_digest(const Digest& which) const {
  return name() + "@" + which.text();
}

bool is_local_reference(std::string_view text) {
  return text.starts_with(kLayoutScheme) || text.starts_with(kArchiveScheme);
}

Result<HostPort> split_registry(std::string_view registry) {
  HostPort out;
  std::string_view host = registry;
  std::string_view port;
  const std::size_t colon = registry.rfind(':');
  if (registry.starts_with('[')) {
    const std::size_t end = registry.find(']');
    if (end == std::string_view::npos) return fail(refuse(registry, "a ] is missing"));
    host = registry.substr(1, end - 1);
    if (end + 1 < registry.size()) port = registry.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return fail(refuse(registry, "no such host"));
    if (!port.empty()) port.remove_prefix(1);
    if (!only(host, "0123456789abcdefABCDEF:.")) return fail(refuse(registry, "no such host"));
  } else {
    if (colon != std::string_view::npos) {
      host = registry.substr(0, colon);
      port = registry.substr(colon + 1);
    }
    if (!only(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")) {
      return fail(refuse(registry, "no such host"));
    }
  }
  if (host.empty() || host.size() > 253) return fail(refuse(registry, "no such host"));
  if (colon != std::string_view::npos && registry.ends_with(':')) {
    return fail(refuse(registry, "no port"));
  }
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size() || out.port == 0) {
      return fail(refuse(registry, "no such port"));
    }
  }
  out.host = host;
  return out;
}

Result<ImageReference> parse_reference(std::string_view text) {
  if (text.size() > kReferenceBytesMax) return fail(refuse(text, "the name is too long"));
  ImageReference out;
  if (text.starts_with(kArchiveScheme)) {
    out.kind = ReferenceKind::kArchive;
    return parse_local(text, std::move(out), text.substr(kArchiveScheme.size()));
  }
  if (text.starts_with(kLayoutScheme)) {
    out.kind = ReferenceKind::kLayout;
    return parse_local(text, std::move(out), text.substr(kLayoutScheme.size()));
  }
  std::string_view rest = text;
  LAPWING_CHECK(take_digest(rest, out));
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !names_registry(rest.substr(0, slash))) {
    return fail(refuse(text, "it names no registry"));
  }
  out.registry = rest.substr(0, slash);
  LAPWING_CHECK(split_registry(out.registry));
  rest.remove_prefix(slash + 1);
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    if (!is_tag(out.tag)) return fail(refuse(text, "a tag is up to 128 letters, digits, _ . -"));
    rest = rest.substr(0, colon);
  }
  if (!is_repository(rest)) return fail(refuse(text, "no such repository name"));
  out.repository = rest;
  if (out.tag.empty() && !out.digest) return fail(refuse(text, "a tag or a digest is needed"));
  return out;
}

}  // namespace lapwing::images
