#include "services/iam/operations/oidc_providers.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {
namespace {

// What stands behind the scheme, without a slash at its end.
Result<std::string> host_of(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  const auto allowed = [](unsigned char c) { return c > ' ' && c < 0x7F && c != '?' && c != '#'; };
  std::string_view host = url;
  if (host.starts_with(kScheme)) {
    host.remove_prefix(kScheme.size());
    while (host.ends_with('/')) host.remove_suffix(1);
    if (!host.empty() && host.front() != '/' && std::ranges::all_of(host, allowed)) {
      return std::string(host);
    }
  }
  return fail(errors::validation("Invalid Open ID Connect Provider URL"));
}

Status check_thumbprints(const std::vector<std::string>& thumbprints) {
  if (thumbprints.size() <= kThumbprintsMax) return {};
  return fail(
      gen::iam::errors::invalid_input("Thumbprint list must contain fewer than 5 entries."));
}

Status check_client_ids(const std::vector<std::string>& ids) {
  if (ids.size() <= kClientIdsMax) return {};
  return fail(errors::quota("ClientIdsPerOpenIdConnectProvider", kClientIdsMax));
}

Result<aws::Empty> change_provider(Core& core, const aws::Call& call, std::string_view arn,
                                   FunctionRef<Status(OidcProvider&)> body) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(OidcProvider provider, find_oidc_provider(txn, account_of(call), arn));
    LAPWING_CHECK(body(provider));
    LAPWING_CHECK(OidcProviders::put(txn, provider));
    return {};
  }));
  return aws::Empty();
}

}  // namespace

Result<gen::iam::CreateOpenIDConnectProviderResponse> create_oidc_provider(
    Core& core, const aws::Call& call, const gen::iam::CreateOpenIDConnectProviderRequest& in) {
  OidcProvider provider;
  provider.account = account_of(call);
  LAPWING_TRY(provider.host, host_of(in.url));
  provider.created_ms = core.now_ms();
  provider.client_ids = in.client_id_list.value_or(std::vector<std::string>());
  provider.thumbprints = in.thumbprint_list.value_or(std::vector<std::string>());
  LAPWING_CHECK(check_thumbprints(provider.thumbprints));
  LAPWING_CHECK(check_client_ids(provider.client_ids));
  LAPWING_CHECK(put_tags(provider.tags, in.tags.value_or(TagList()), KeyCase::kTells));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto found, OidcProviders::find(txn, OidcProviderTable::key(provider)));
    if (found) return fail(errors::exists("Provider with url", in.url));
    LAPWING_CHECK(count(txn, provider.account, "OpenIdConnectProviders", 1, kOidcProvidersMax));
    LAPWING_CHECK(OidcProviders::insert(txn, provider));
    return {};
  }));
  gen::iam::CreateOpenIDConnectProviderResponse out;
  out.open_id_connect_provider_arn = arn_of(provider);
  out.tags = show_some_tags(provider.tags);
  return out;
}

Result<gen::iam::GetOpenIDConnectProviderResponse> get_oidc_provider(
    Core& core, const aws::Call& call, const gen::iam::GetOpenIDConnectProviderRequest& in) {
  LAPWING_TRY(const OidcProvider provider, read<OidcProvider>(core, [&](store::Reader& reader) {
                return find_oidc_provider(reader, account_of(call),
                                          in.open_id_connect_provider_arn);
              }));
  gen::iam::GetOpenIDConnectProviderResponse out;
  out.url = provider.host;
  out.create_date = wall_from_unix_ms(provider.created_ms);
  if (!provider.client_ids.empty()) out.client_id_list = provider.client_ids;
  if (!provider.thumbprints.empty()) out.thumbprint_list = provider.thumbprints;
  out.tags = show_some_tags(provider.tags);
  return out;
}

Result<gen::iam::ListOpenIDConnectProvidersResponse> list_oidc_providers(
    Core& core, const aws::Call& call, const gen::iam::ListOpenIDConnectProvidersRequest&) {
  using Out = gen::iam::ListOpenIDConnectProvidersResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    const PageAsk all{"", static_cast<std::size_t>(kOidcProvidersMax), ""};
    LAPWING_TRY(const auto page,
                page_records<OidcProviderTable>(reader, all, account_key(account_of(call), ""),
                                                [](const OidcProvider&) { return true; }));
    Out out;
    out.open_id_connect_provider_list.emplace();
    for (const OidcProvider& provider : page.items) {
      out.open_id_connect_provider_list->push_back({.arn = arn_of(provider)});
    }
    return out;
  });
}

Result<aws::Empty> delete_oidc_provider(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteOpenIDConnectProviderRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const OidcProvider provider,
                find_oidc_provider(txn, account_of(call), in.open_id_connect_provider_arn));
    LAPWING_CHECK(count(txn, provider.account, "OpenIdConnectProviders", -1, kOidcProvidersMax));
    return OidcProviders::erase(txn, OidcProviderTable::key(provider));
  }));
  return aws::Empty();
}

Result<aws::Empty> add_client_id(Core& core, const aws::Call& call,
                                 const gen::iam::AddClientIDToOpenIDConnectProviderRequest& in) {
  return change_provider(core, call, in.open_id_connect_provider_arn,
                         [&](OidcProvider& provider) -> Status {
                           auto& ids = provider.client_ids;
                           if (std::ranges::find(ids, in.client_id) == ids.end())
                             ids.push_back(in.client_id);
                           return check_client_ids(ids);
                         });
}

Result<aws::Empty> remove_client_id(
    Core& core, const aws::Call& call,
    const gen::iam::RemoveClientIDFromOpenIDConnectProviderRequest& in) {
  return change_provider(
      core, call, in.open_id_connect_provider_arn, [&](OidcProvider& provider) -> Status {
        if (std::erase(provider.client_ids, in.client_id) != 0) return {};
        return fail(
            gen::iam::errors::no_such_entity(fmt::format("Client ID {} not found.", in.client_id)));
      });
}

Result<aws::Empty> update_thumbprint(
    Core& core, const aws::Call& call,
    const gen::iam::UpdateOpenIDConnectProviderThumbprintRequest& in) {
  LAPWING_CHECK(check_thumbprints(in.thumbprint_list));
  return change_provider(core, call, in.open_id_connect_provider_arn,
                         [&](OidcProvider& provider) -> Status {
                           provider.thumbprints = in.thumbprint_list;
                           return {};
                         });
}

}  // namespace lapwing::iam
