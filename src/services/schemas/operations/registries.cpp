#include "services/schemas/operations/registries.hpp"

#include <utility>

#include <fmt/core.h>

#include "policy/document.hpp"
#include "services/schemas/limits.hpp"
#include "services/schemas/names.hpp"

namespace lapwing::schemas {
namespace {

// Create, Describe and Update answer the same members.
template <class Out>
Out show(const Registry& registry) {
  Out out;
  out.registry_arn = registry.arn();
  out.registry_name = registry.name;
  out.description = registry.description;
  out.tags = registry.tags;
  return out;
}

// The registry of this name with what `body` does to it.
Result<Registry> change_registry(Core& core, const aws::Call& call, std::string_view name,
                                 FunctionRef<Status(Registry&)> body) {
  return core.change<Registry>([&](store::Txn& txn) -> Result<Registry> {
    LAPWING_TRY(Registry registry, get_registry(txn, aws::scope_of(call.caller), name));
    LAPWING_CHECK(body(registry));
    LAPWING_CHECK(Registries::put(txn, registry));
    return registry;
  });
}

Result<std::string> named(const std::optional<std::string>& registry) {
  if (!registry) return fail(bad_request("RegistryName is required."));
  return *registry;
}

Status check_policy(std::string_view text) {
  if (text.size() > kPolicyBytesMax) {
    return fail(bad_request(fmt::format("The policy is longer than {} bytes.", kPolicyBytesMax)));
  }
  const auto document = policy::parse(text, policy::Use::kResource);
  if (document) return {};
  return fail(bad_request(fmt::format("The policy is not valid: {}", document.error().message)));
}

}  // namespace

Result<gen::schemas::CreateRegistryResponse> create_registry(
    Core& core, const aws::Call& call, gen::schemas::CreateRegistryRequest in) {
  LAPWING_CHECK(check_registry_name(in.registry_name));
  Registry wanted{.scope = aws::scope_of(call.caller),
                  .name = std::move(in.registry_name),
                  .description = std::move(in.description),
                  .tags = std::move(in.tags).value_or(resources::Tags()),
                  .created_ms = core.now_ms()};
  LAPWING_CHECK(check_tags(wanted.tags));
  LAPWING_TRY(const Registry made, core.change<Registry>([&](store::Txn& txn) -> Result<Registry> {
    LAPWING_TRY(const auto there, Registries::find(txn, RegistryTable::key(wanted)));
    if (there) {
      return fail(conflict(fmt::format("Registry with name {} already exists.", wanted.name)));
    }
    LAPWING_CHECK(Registries::insert(txn, wanted));
    return wanted;
  }));
  return show<gen::schemas::CreateRegistryResponse>(made);
}

Result<gen::schemas::DescribeRegistryResponse> describe_registry(
    Core& core, const aws::Call& call, const gen::schemas::DescribeRegistryRequest& in) {
  LAPWING_TRY(const Registry registry, core.read<Registry>([&](store::Reader& reader) {
    return get_registry(reader, aws::scope_of(call.caller), in.registry_name);
  }));
  return show<gen::schemas::DescribeRegistryResponse>(registry);
}

Result<gen::schemas::UpdateRegistryResponse> update_registry(
    Core& core, const aws::Call& call, gen::schemas::UpdateRegistryRequest in) {
  LAPWING_TRY(const Registry registry,
              change_registry(core, call, in.registry_name, [&](Registry& each) -> Status {
                if (in.description) each.description = in.description;
                return {};
              }));
  return show<gen::schemas::UpdateRegistryResponse>(registry);
}

Result<aws::Empty> delete_registry(Core& core, const aws::Call& call,
                                   const gen::schemas::DeleteRegistryRequest& in) {
  return core.change<aws::Empty>([&](store::Txn& txn) -> Result<aws::Empty> {
    LAPWING_TRY(const Registry registry,
                get_registry(txn, aws::scope_of(call.caller), in.registry_name));
    const std::string key = RegistryTable::key(registry);
    LAPWING_TRY(const auto schemas, Schemas::list(txn, {.prefix = key + "/", .limit = 1}));
    if (!schemas.records.empty()) {
      return fail(bad_request(
          fmt::format("Registry with name {} has schemas. Delete them first.", registry.name)));
    }
    LAPWING_CHECK(Registries::erase(txn, key));
    return aws::Empty();
  });
}

Result<gen::schemas::ListRegistriesResponse> list_registries(
    Core& core, const aws::Call& call, const gen::schemas::ListRegistriesRequest& in) {
  const std::string prefix = in.registry_name_prefix.value_or("");
  const std::string scope = in.scope.value_or("");
  if (!scope.empty() && scope != "LOCAL" && scope != "Local" && scope != "AWS") {
    return fail(bad_request("Scope must be LOCAL or AWS."));
  }
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked(fmt::format("schemas.ListRegistries {} {}", scope, prefix), in.next_token,
                         in.limit));
  gen::schemas::ListRegistriesResponse out;
  auto& list = out.registries.emplace();
  if (scope == "AWS") return out;  // there are none
  using Page = resources::Paged<Registry>;
  LAPWING_TRY(Page page, core.read<Page>([&](store::Reader& reader) {
    return resources::page_records<RegistryTable>(
        reader, ask, resources::scoped_key(aws::scope_of(call.caller), prefix),
        [](const Registry&) { return true; });
  }));
  for (const Registry& each : page.items) {
    list.push_back({.registry_arn = each.arn(), .registry_name = each.name, .tags = each.tags});
  }
  out.next_token = std::move(page.next);
  return out;
}

Result<gen::schemas::PutResourcePolicyResponse> put_resource_policy(
    Core& core, const aws::Call& call, gen::schemas::PutResourcePolicyRequest in) {
  LAPWING_TRY(const std::string name, named(in.registry_name));
  LAPWING_CHECK(check_policy(in.policy));
  const std::string revision = make_uuid(core.random);
  LAPWING_TRY(const Registry registry,
              change_registry(core, call, name, [&](Registry& each) -> Status {
                if (in.revision_id && *in.revision_id != each.policy_revision) {
                  return fail(policy_changed());
                }
                if (each.policy != in.policy) each.policy_revision = revision;
                each.policy = in.policy;
                return {};
              }));
  return gen::schemas::PutResourcePolicyResponse{.policy = registry.policy,
                                                 .revision_id = registry.policy_revision};
}

Result<gen::schemas::GetResourcePolicyResponse> get_resource_policy(
    Core& core, const aws::Call& call, const gen::schemas::GetResourcePolicyRequest& in) {
  LAPWING_TRY(const std::string name, named(in.registry_name));
  LAPWING_TRY(const Registry registry, core.read<Registry>([&](store::Reader& reader) {
    return get_registry(reader, aws::scope_of(call.caller), name);
  }));
  if (registry.policy.empty()) return fail(no_such_policy(name));
  return gen::schemas::GetResourcePolicyResponse{.policy = registry.policy,
                                                 .revision_id = registry.policy_revision};
}

Result<aws::Empty> delete_resource_policy(Core& core, const aws::Call& call,
                                          const gen::schemas::DeleteResourcePolicyRequest& in) {
  LAPWING_TRY(const std::string name, named(in.registry_name));
  LAPWING_CHECK(change_registry(core, call, name, [&](Registry& each) -> Status {
    if (each.policy.empty()) return fail(no_such_policy(name));
    each.policy.clear();
    each.policy_revision.clear();
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::schemas
