#include "services/iam/operations/saml_providers.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "resources/unique_id.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/tags.hpp"
#include "text/time_format.hpp"
#include "text/xml_reader.hpp"

namespace lapwing::iam {
namespace {

constexpr char kCounted[] = "SAMLProviders";
constexpr std::size_t kIdCharacters = 32;
// Metadata that says nothing else is good for a hundred years.
constexpr auto kUnlimited = std::chrono::hours(24 * 36'525);

std::unexpected<Error> no_metadata() {
  return fail(gen::iam::errors::invalid_input("Could not parse metadata"));
}

// Metadata of SAML 2.0 that describes an identity provider; when it ends.
Result<std::int64_t> check_document(const Core& core, const std::string& document) {
  if (document.size() > kSamlDocumentBytesMax) {
    return fail(gen::iam::errors::limit_exceeded(
        fmt::format("Cannot exceed quota for SAMLMetadataDocument: {}", kSamlDocumentBytesMax)));
  }
  const auto root = text::parse_xml(document);
  if (!root || root->local_name() != "EntityDescriptor" ||
      root->find("IDPSSODescriptor") == nullptr) {
    return no_metadata();
  }
  if (const std::string* until = root->attribute("validUntil")) {
    const auto time = text::parse_iso8601(*until);
    if (!time) return no_metadata();
    return unix_ms(*time);
  }
  return core.now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(kUnlimited).count();
}

}  // namespace

Result<gen::iam::CreateSAMLProviderResponse> create_saml_provider(
    Core& core, const aws::Call& call, gen::iam::CreateSAMLProviderRequest in) {
  SamlProvider provider;
  provider.account = account_of(call);
  provider.name = std::move(in.name);
  provider.document = std::move(in.saml_metadata_document);
  provider.id = resources::unique_id(core.random, "SAMLP", kIdCharacters);
  provider.created_ms = core.now_ms();
  LAPWING_TRY(provider.valid_until_ms, check_document(core, provider.document));
  LAPWING_CHECK(put_tags(provider.tags, in.tags.value_or(TagList()), KeyCase::kTells));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto found, SamlProviders::find(txn, SamlProviderTable::key(provider)));
    if (found) return fail(errors::exists("SAML Provider with name", provider.name));
    LAPWING_CHECK(count(txn, provider.account, kCounted, 1, kSamlProvidersMax));
    LAPWING_CHECK(SamlProviders::insert(txn, provider));
    return {};
  }));
  gen::iam::CreateSAMLProviderResponse out;
  out.saml_provider_arn = arn_of(provider);
  out.tags = show_some_tags(provider.tags);
  return out;
}

Result<gen::iam::GetSAMLProviderResponse> get_saml_provider(
    Core& core, const aws::Call& call, const gen::iam::GetSAMLProviderRequest& in) {
  LAPWING_TRY(const SamlProvider provider, read<SamlProvider>(core, [&](store::Reader& reader) {
                return find_saml_provider(reader, account_of(call), in.saml_provider_arn);
              }));
  gen::iam::GetSAMLProviderResponse out;
  out.create_date = wall_from_unix_ms(provider.created_ms);
  out.saml_metadata_document = provider.document;
  out.saml_provider_uuid = provider.id;
  out.tags = show_some_tags(provider.tags);
  out.valid_until = wall_from_unix_ms(provider.valid_until_ms);
  return out;
}

Result<gen::iam::ListSAMLProvidersResponse> list_saml_providers(
    Core& core, const aws::Call& call, const gen::iam::ListSAMLProvidersRequest&) {
  using Out = gen::iam::ListSAMLProvidersResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    const PageAsk all{"", static_cast<std::size_t>(kSamlProvidersMax), ""};
    LAPWING_TRY(const auto page,
                page_records<SamlProviderTable>(reader, all, account_key(account_of(call), ""),
                                                [](const SamlProvider&) { return true; }));
    Out out;
    out.saml_provider_list.emplace();
    for (const SamlProvider& provider : page.items) {
      out.saml_provider_list->push_back(
          {.arn = arn_of(provider),
           .create_date = wall_from_unix_ms(provider.created_ms),
           .valid_until = wall_from_unix_ms(provider.valid_until_ms)});
    }
    return out;
  });
}

Result<gen::iam::UpdateSAMLProviderResponse> update_saml_provider(
    Core& core, const aws::Call& call, gen::iam::UpdateSAMLProviderRequest in) {
  std::int64_t valid_until_ms = 0;
  if (in.saml_metadata_document) {
    LAPWING_TRY(valid_until_ms, check_document(core, *in.saml_metadata_document));
  }
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(SamlProvider provider,
                find_saml_provider(txn, account_of(call), in.saml_provider_arn));
    if (in.saml_metadata_document) {
      provider.document = *in.saml_metadata_document;
      provider.valid_until_ms = valid_until_ms;
    }
    LAPWING_CHECK(SamlProviders::put(txn, provider));
    return {};
  }));
  return gen::iam::UpdateSAMLProviderResponse{.saml_provider_arn = in.saml_provider_arn};
}

Result<aws::Empty> delete_saml_provider(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteSAMLProviderRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const SamlProvider provider,
                find_saml_provider(txn, account_of(call), in.saml_provider_arn));
    LAPWING_CHECK(count(txn, provider.account, kCounted, -1, kSamlProvidersMax));
    return SamlProviders::erase(txn, SamlProviderTable::key(provider));
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
