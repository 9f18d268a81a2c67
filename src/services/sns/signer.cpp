#include "services/sns/signer.hpp"

#include <utility>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/words.hpp"
#include "text/base64.hpp"

namespace lapwing::sns {
namespace {

// The one record's key, and what its seal is bound to.
constexpr std::string_view kAllRegions = "all";

}  // namespace

Signer::Signer(store::Store& store, const crypto::AesKey& seal, Random& random, const Clock& clock)
    : store_(store), seal_(seal), random_(random), clock_(clock) {}

void Signer::take(crypto::RsaKey rsa, std::string certificate) {
  std::string name = fmt::format("SimpleNotificationService-{}.pem",
                                 crypto::sha256_hex(certificate).substr(0, 32));
  auto key =
      std::make_shared<const Key>(Key{std::move(rsa), std::move(certificate), std::move(name)});
  const std::scoped_lock lock(mutex_);
  key_ = std::move(key);
}

Status Signer::load() {
  return store_.read([this](store::Reader& reader) -> Status {
    LAPWING_TRY(auto stored, SigningKeys::find(reader, kAllRegions));
    if (!stored) return {};
    const auto sealed = text::base64_decode(stored->record.sealed);
    auto pem =
        sealed ? crypto::aes_gcm_open(seal_, *sealed, kAllRegions) : fail(internal_error("base64"));
    auto rsa = pem ? crypto::RsaKey::read(*pem) : fail(std::move(pem).error());
    if (!rsa) {
      return fail(
          internal_error("the key that SNS signs with was not sealed with this server's key: was "
                         "server.key restored with the rest of the data directory?"));
    }
    take(*std::move(rsa), std::move(stored->record.certificate));
    return {};
  });
}

Status Signer::prepare() {
  const std::scoped_lock lock(making_);
  if (key() != nullptr) return {};
  crypto::RsaKey rsa = crypto::RsaKey::generate(kSigningKeyBits);
  // A day earlier: whose clock is a little behind can use it, too.
  SigningKey record{std::string(kAllRegions),
                    text::base64_encode(std::string_view(
                        crypto::aes_gcm_seal(seal_, random_, rsa.pem(), kAllRegions))),
                    rsa.certificate("sns.amazonaws.com", clock_.wall() - std::chrono::hours(24),
                                    kCertificateDays)};
  const auto written = store_.transact([&](store::Txn& txn) -> Status {
    const auto put = SigningKeys::put(txn, record);
    if (!put) return fail(put.error());
    return {};
  });
  if (!written) return fail(store_failure(written.error()));
  take(std::move(rsa), std::move(record.certificate));
  return {};
}

std::shared_ptr<const Signer::Key> Signer::key() const {
  const std::scoped_lock lock(mutex_);
  return key_;
}

std::string Signer::sign(int version, std::string_view text) {
  const std::shared_ptr<const Key> by = key();
  if (by == nullptr) return {};
  const std::string which = fmt::format("{} {}", version, crypto::sha256_hex(text));
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = signed_.find(which); found != signed_.end()) return found->second;
  }
  std::string signature = text::base64_encode(std::string_view(
      by->rsa.sign(version == 2 ? crypto::RsaDigest::kSha256 : crypto::RsaDigest::kSha1, text)));
  const std::scoped_lock lock(mutex_);
  if (signed_.emplace(which, signature).second) order_.push_back(which);
  if (order_.size() > kSignaturesKept) {
    signed_.erase(order_.front());
    order_.pop_front();
  }
  return signature;
}

std::string Signer::certificate_name() const {
  const std::shared_ptr<const Key> by = key();
  return by == nullptr ? std::string() : by->name;
}

std::string Signer::certificate(std::string_view name) const {
  const std::shared_ptr<const Key> by = key();
  return by != nullptr && by->name == name ? by->certificate : std::string();
}

}  // namespace lapwing::sns
