#include "services/iam/service.hpp"

#include "gen/iam/types.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/operations/account.hpp"
#include "services/iam/operations/attachments.hpp"
#include "services/iam/operations/context_keys.hpp"
#include "services/iam/operations/credential_report.hpp"
#include "services/iam/operations/groups.hpp"
#include "services/iam/operations/inline_policies.hpp"
#include "services/iam/operations/instance_profiles.hpp"
#include "services/iam/operations/login_profiles.hpp"
#include "services/iam/operations/mfa_devices.hpp"
#include "services/iam/operations/oidc_providers.hpp"
#include "services/iam/operations/policies.hpp"
#include "services/iam/operations/roles.hpp"
#include "services/iam/operations/saml_providers.hpp"
#include "services/iam/operations/server_certificates.hpp"
#include "services/iam/operations/service_credentials.hpp"
#include "services/iam/operations/service_linked_roles.hpp"
#include "services/iam/operations/signing_certificates.hpp"
#include "services/iam/operations/ssh_keys.hpp"
#include "services/iam/operations/tagging.hpp"
#include "services/iam/operations/users.hpp"
#include "services/iam/operations/which.hpp"
#include "services/iam/resource_arns.hpp"

namespace lapwing::iam {
namespace {

namespace model = gen::iam;
using aws::Access;
using aws::OperationTable;

// What a request makes, with the path that it says.
template <class In>
std::string resource_made(const aws::Call& call, const In& in) {
  const auto arn = [&](std::string_view type, std::string_view name) {
    return arn_of(account_of(call), type, in.path.value_or("/"), name);
  };
  if constexpr (requires { in.server_certificate_name; }) {
    return arn("server-certificate", in.server_certificate_name);
  } else if constexpr (requires { in.instance_profile_name; }) {
    return arn("instance-profile", in.instance_profile_name);
  } else if constexpr (requires { in.policy_name; }) {
    return arn("policy", in.policy_name);
  } else {
    return arn(resource_type(kind_of<In>()), name_in(in));
  }
}

// What a request acts on.
template <class In>
Result<std::string> resource_of(Core& core, const aws::Call& call, const In& in) {
  if constexpr (requires { in.path.value_or("/"); }) {
    return resource_made(call, in);
  } else if constexpr (
      requires { in.policy_arn.size(); } && !requires { in.role_name; } &&
      !requires { in.user_name; } && !requires { in.group_name; }) {
    return in.policy_arn;
  } else if constexpr (requires { in.open_id_connect_provider_arn; }) {
    return in.open_id_connect_provider_arn;
  } else if constexpr (requires { in.saml_provider_arn; }) {
    return in.saml_provider_arn;
  } else if constexpr (requires { in.server_certificate_name; }) {
    return certificate_asked(core, call, in.server_certificate_name);
  } else if constexpr (requires { in.instance_profile_name; }) {
    return profile_asked(core, call, in.instance_profile_name);
  } else if constexpr (requires { in.role_name; }) {
    return identity_asked(core, call, Kind::kRole, in.role_name);
  } else if constexpr (requires { in.group_name; }) {
    return identity_asked(core, call, Kind::kGroup, in.group_name);
  } else if constexpr (requires { in.user_name.size(); }) {
    return identity_asked(core, call, Kind::kUser, in.user_name);
  } else if constexpr (requires { in.user_name.value(); }) {
    if (!in.user_name) return call.caller.principal_arn;
    return identity_asked(core, call, Kind::kUser, *in.user_name);
  } else {
    static_assert(requires { in.aws_service_name; });
    return arn_of(account_of(call), "role", "/aws-service-role/" + in.aws_service_name + "/", "*");
  }
}

template <class Op, class Fn>
void add(OperationTable& table, Core& core, Fn fn, Access access) {
  using In = typename Op::Input;
  table.add<Op>(
      core, fn,
      {.access = access, .resource = &resource_of<In>, .body_bytes_max = kDocumentRequestBytesMax});
}

template <class Op, class Fn>
void add_for_all(OperationTable& table, Core& core, Fn fn, Access access) {
  table.add<Op>(core, fn, {.access = access, .resource = aws::kNoResource});
}

void add_roles(OperationTable& table, Core& core) {
  add<model::CreateRole>(table, core, create_role, Access::kWrite);
  add<model::GetRole>(table, core, get_role, Access::kRead);
  add_for_all<model::ListRoles>(table, core, list_roles, Access::kList);
  add<model::UpdateRole>(table, core, update_role, Access::kWrite);
  add<model::UpdateRoleDescription>(table, core, update_role_description, Access::kWrite);
  add<model::UpdateAssumeRolePolicy>(table, core, update_assume_role_policy, Access::kPermissions);
  add<model::DeleteRole>(table, core, delete_role, Access::kWrite);
  add<model::PutRolePolicy>(table, core, put_policy<model::PutRolePolicy>, Access::kPermissions);
  add<model::GetRolePolicy>(table, core, get_policy_of<model::GetRolePolicy>, Access::kRead);
  add<model::DeleteRolePolicy>(table, core, delete_policy_of<model::DeleteRolePolicy>,
                               Access::kPermissions);
  add<model::ListRolePolicies>(table, core, list_policies_of<model::ListRolePolicies>,
                               Access::kList);
  add<model::AttachRolePolicy>(table, core, attach_policy<model::AttachRolePolicy>,
                               Access::kPermissions);
  add<model::DetachRolePolicy>(table, core, detach_policy<model::DetachRolePolicy>,
                               Access::kPermissions);
  add<model::ListAttachedRolePolicies>(table, core, list_attached<model::ListAttachedRolePolicies>,
                                       Access::kList);
  add<model::PutRolePermissionsBoundary>(
      table, core, put_boundary<model::PutRolePermissionsBoundary>, Access::kPermissions);
  add<model::DeleteRolePermissionsBoundary>(
      table, core, delete_boundary<model::DeleteRolePermissionsBoundary>, Access::kPermissions);
  add<model::TagRole>(table, core, tag<model::TagRole>, Access::kTagging);
  add<model::UntagRole>(table, core, untag<model::UntagRole>, Access::kTagging);
  add<model::ListRoleTags>(table, core, list_tags<model::ListRoleTags>, Access::kList);
  add<model::CreateServiceLinkedRole>(table, core, create_service_linked_role, Access::kWrite);
  add<model::DeleteServiceLinkedRole>(table, core, delete_service_linked_role, Access::kWrite);
  add_for_all<model::GetServiceLinkedRoleDeletionStatus>(
      table, core, get_service_linked_role_deletion_status, Access::kRead);
}

void add_users(OperationTable& table, Core& core) {
  add<model::CreateUser>(table, core, create_user, Access::kWrite);
  add<model::GetUser>(table, core, get_user, Access::kRead);
  add_for_all<model::ListUsers>(table, core, list_users, Access::kList);
  add<model::UpdateUser>(table, core, update_user, Access::kWrite);
  add<model::DeleteUser>(table, core, delete_user, Access::kWrite);
  add<model::PutUserPolicy>(table, core, put_policy<model::PutUserPolicy>, Access::kPermissions);
  add<model::GetUserPolicy>(table, core, get_policy_of<model::GetUserPolicy>, Access::kRead);
  add<model::DeleteUserPolicy>(table, core, delete_policy_of<model::DeleteUserPolicy>,
                               Access::kPermissions);
  add<model::ListUserPolicies>(table, core, list_policies_of<model::ListUserPolicies>,
                               Access::kList);
  add<model::AttachUserPolicy>(table, core, attach_policy<model::AttachUserPolicy>,
                               Access::kPermissions);
  add<model::DetachUserPolicy>(table, core, detach_policy<model::DetachUserPolicy>,
                               Access::kPermissions);
  add<model::ListAttachedUserPolicies>(table, core, list_attached<model::ListAttachedUserPolicies>,
                                       Access::kList);
  add<model::PutUserPermissionsBoundary>(
      table, core, put_boundary<model::PutUserPermissionsBoundary>, Access::kPermissions);
  add<model::DeleteUserPermissionsBoundary>(
      table, core, delete_boundary<model::DeleteUserPermissionsBoundary>, Access::kPermissions);
  add<model::TagUser>(table, core, tag<model::TagUser>, Access::kTagging);
  add<model::UntagUser>(table, core, untag<model::UntagUser>, Access::kTagging);
  add<model::ListUserTags>(table, core, list_tags<model::ListUserTags>, Access::kList);
  add<model::ListGroupsForUser>(table, core, list_groups_for_user, Access::kList);
  add<model::CreateAccessKey>(table, core, create_access_key, Access::kWrite);
  add<model::ListAccessKeys>(table, core, list_access_keys, Access::kList);
  add<model::UpdateAccessKey>(table, core, update_access_key, Access::kWrite);
  add<model::DeleteAccessKey>(table, core, delete_access_key, Access::kWrite);
  add_for_all<model::GetAccessKeyLastUsed>(table, core, get_access_key_last_used, Access::kRead);
}

void add_groups(OperationTable& table, Core& core) {
  add<model::CreateGroup>(table, core, create_group, Access::kWrite);
  add<model::GetGroup>(table, core, get_group, Access::kRead);
  add_for_all<model::ListGroups>(table, core, list_groups, Access::kList);
  add<model::UpdateGroup>(table, core, update_group, Access::kWrite);
  add<model::DeleteGroup>(table, core, delete_group, Access::kWrite);
  add<model::AddUserToGroup>(table, core, add_user_to_group, Access::kWrite);
  add<model::RemoveUserFromGroup>(table, core, remove_user_from_group, Access::kWrite);
  add<model::PutGroupPolicy>(table, core, put_policy<model::PutGroupPolicy>, Access::kPermissions);
  add<model::GetGroupPolicy>(table, core, get_policy_of<model::GetGroupPolicy>, Access::kRead);
  add<model::DeleteGroupPolicy>(table, core, delete_policy_of<model::DeleteGroupPolicy>,
                                Access::kPermissions);
  add<model::ListGroupPolicies>(table, core, list_policies_of<model::ListGroupPolicies>,
                                Access::kList);
  add<model::AttachGroupPolicy>(table, core, attach_policy<model::AttachGroupPolicy>,
                                Access::kPermissions);
  add<model::DetachGroupPolicy>(table, core, detach_policy<model::DetachGroupPolicy>,
                                Access::kPermissions);
  add<model::ListAttachedGroupPolicies>(
      table, core, list_attached<model::ListAttachedGroupPolicies>, Access::kList);
}

void add_policies(OperationTable& table, Core& core) {
  add<model::CreatePolicy>(table, core, create_policy, Access::kPermissions);
  add<model::GetPolicy>(table, core, get_policy, Access::kRead);
  add_for_all<model::ListPolicies>(table, core, list_policies, Access::kList);
  add<model::DeletePolicy>(table, core, delete_policy, Access::kPermissions);
  add<model::ListEntitiesForPolicy>(table, core, list_entities_for_policy, Access::kList);
  add<model::CreatePolicyVersion>(table, core, create_policy_version, Access::kPermissions);
  add<model::GetPolicyVersion>(table, core, get_policy_version, Access::kRead);
  add<model::ListPolicyVersions>(table, core, list_policy_versions, Access::kList);
  add<model::SetDefaultPolicyVersion>(table, core, set_default_policy_version,
                                      Access::kPermissions);
  add<model::DeletePolicyVersion>(table, core, delete_policy_version, Access::kPermissions);
  add<model::TagPolicy>(table, core, tag<model::TagPolicy>, Access::kTagging);
  add<model::UntagPolicy>(table, core, untag<model::UntagPolicy>, Access::kTagging);
  add<model::ListPolicyTags>(table, core, list_tags<model::ListPolicyTags>, Access::kList);
}

void add_instance_profiles(OperationTable& table, Core& core) {
  add<model::CreateInstanceProfile>(table, core, create_instance_profile, Access::kWrite);
  add<model::GetInstanceProfile>(table, core, get_instance_profile, Access::kRead);
  add_for_all<model::ListInstanceProfiles>(table, core, list_instance_profiles, Access::kList);
  add<model::ListInstanceProfilesForRole>(table, core, list_instance_profiles_for_role,
                                          Access::kList);
  add<model::DeleteInstanceProfile>(table, core, delete_instance_profile, Access::kWrite);
  add<model::AddRoleToInstanceProfile>(table, core, add_role_to_instance_profile, Access::kWrite);
  add<model::RemoveRoleFromInstanceProfile>(table, core, remove_role_from_instance_profile,
                                            Access::kWrite);
  add<model::TagInstanceProfile>(table, core, tag<model::TagInstanceProfile>, Access::kTagging);
  add<model::UntagInstanceProfile>(table, core, untag<model::UntagInstanceProfile>,
                                   Access::kTagging);
  add<model::ListInstanceProfileTags>(table, core, list_tags<model::ListInstanceProfileTags>,
                                      Access::kList);
}

void add_oidc_providers(OperationTable& table, Core& core) {
  add_for_all<model::CreateOpenIDConnectProvider>(table, core, create_oidc_provider,
                                                  Access::kWrite);
  add<model::GetOpenIDConnectProvider>(table, core, get_oidc_provider, Access::kRead);
  add_for_all<model::ListOpenIDConnectProviders>(table, core, list_oidc_providers, Access::kList);
  add<model::DeleteOpenIDConnectProvider>(table, core, delete_oidc_provider, Access::kWrite);
  add<model::AddClientIDToOpenIDConnectProvider>(table, core, add_client_id, Access::kWrite);
  add<model::RemoveClientIDFromOpenIDConnectProvider>(table, core, remove_client_id,
                                                      Access::kWrite);
  add<model::UpdateOpenIDConnectProviderThumbprint>(table, core, update_thumbprint, Access::kWrite);
  add<model::TagOpenIDConnectProvider>(table, core, tag<model::TagOpenIDConnectProvider>,
                                       Access::kTagging);
  add<model::UntagOpenIDConnectProvider>(table, core, untag<model::UntagOpenIDConnectProvider>,
                                         Access::kTagging);
  add<model::ListOpenIDConnectProviderTags>(
      table, core, list_tags<model::ListOpenIDConnectProviderTags>, Access::kList);
}

void add_account(OperationTable& table, Core& core) {
  add_for_all<model::GetAccountSummary>(table, core, get_account_summary, Access::kList);
  add_for_all<model::ListAccountAliases>(table, core, list_account_aliases, Access::kList);
  add_for_all<model::CreateAccountAlias>(table, core, create_account_alias, Access::kWrite);
  add_for_all<model::DeleteAccountAlias>(table, core, delete_account_alias, Access::kWrite);
  add_for_all<model::GetAccountPasswordPolicy>(table, core, get_account_password_policy,
                                               Access::kRead);
  add_for_all<model::UpdateAccountPasswordPolicy>(table, core, update_account_password_policy,
                                                  Access::kWrite);
  add_for_all<model::DeleteAccountPasswordPolicy>(table, core, delete_account_password_policy,
                                                  Access::kPermissions);
  add_for_all<model::GetAccountAuthorizationDetails>(table, core, get_account_authorization_details,
                                                     Access::kRead);
}

void add_certificates(OperationTable& table, Core& core) {
  add<model::UploadServerCertificate>(table, core, upload_server_certificate, Access::kWrite);
  add<model::GetServerCertificate>(table, core, get_server_certificate, Access::kRead);
  add_for_all<model::ListServerCertificates>(table, core, list_server_certificates, Access::kList);
  add<model::UpdateServerCertificate>(table, core, update_server_certificate, Access::kWrite);
  add<model::DeleteServerCertificate>(table, core, delete_server_certificate, Access::kWrite);
  add<model::TagServerCertificate>(table, core, tag<model::TagServerCertificate>, Access::kTagging);
  add<model::UntagServerCertificate>(table, core, untag<model::UntagServerCertificate>,
                                     Access::kTagging);
  add<model::ListServerCertificateTags>(table, core, list_tags<model::ListServerCertificateTags>,
                                        Access::kList);
  add<model::UploadSigningCertificate>(table, core, upload_signing_certificate, Access::kWrite);
  add<model::ListSigningCertificates>(table, core, list_signing_certificates, Access::kList);
  add<model::UpdateSigningCertificate>(table, core, update_signing_certificate, Access::kWrite);
  add<model::DeleteSigningCertificate>(table, core, delete_signing_certificate, Access::kWrite);
}

void add_passwords(OperationTable& table, Core& core) {
  add<model::CreateLoginProfile>(table, core, create_login_profile, Access::kWrite);
  add<model::GetLoginProfile>(table, core, get_login_profile, Access::kRead);
  add<model::UpdateLoginProfile>(table, core, update_login_profile, Access::kWrite);
  add<model::DeleteLoginProfile>(table, core, delete_login_profile, Access::kWrite);
  add_for_all<model::ChangePassword>(table, core, change_password, Access::kWrite);
}

void add_mfa_devices(OperationTable& table, Core& core) {
  add_for_all<model::CreateVirtualMFADevice>(table, core, create_virtual_mfa_device,
                                             Access::kWrite);
  add_for_all<model::ListVirtualMFADevices>(table, core, list_virtual_mfa_devices, Access::kList);
  add_for_all<model::DeleteVirtualMFADevice>(table, core, delete_virtual_mfa_device,
                                             Access::kWrite);
  add<model::EnableMFADevice>(table, core, enable_mfa_device, Access::kWrite);
  add<model::ResyncMFADevice>(table, core, resync_mfa_device, Access::kWrite);
  add<model::DeactivateMFADevice>(table, core, deactivate_mfa_device, Access::kWrite);
  add<model::GetMFADevice>(table, core, get_mfa_device, Access::kRead);
  add<model::ListMFADevices>(table, core, list_mfa_devices, Access::kList);
  add_for_all<model::TagMFADevice>(table, core, tag<model::TagMFADevice>, Access::kTagging);
  add_for_all<model::UntagMFADevice>(table, core, untag<model::UntagMFADevice>, Access::kTagging);
  add_for_all<model::ListMFADeviceTags>(table, core, list_tags<model::ListMFADeviceTags>,
                                        Access::kList);
}

void add_ssh_keys(OperationTable& table, Core& core) {
  add<model::UploadSSHPublicKey>(table, core, upload_ssh_public_key, Access::kWrite);
  add<model::GetSSHPublicKey>(table, core, get_ssh_public_key, Access::kRead);
  add<model::ListSSHPublicKeys>(table, core, list_ssh_public_keys, Access::kList);
  add<model::UpdateSSHPublicKey>(table, core, update_ssh_public_key, Access::kWrite);
  add<model::DeleteSSHPublicKey>(table, core, delete_ssh_public_key, Access::kWrite);
}

void add_service_credentials(OperationTable& table, Core& core) {
  using List = model::ListServiceSpecificCredentials;
  using Create = model::CreateServiceSpecificCredential;
  table.add<Create>(core, create_service_credential,
                    {.access = Access::kWrite,
                     .resource = &resource_of<Create::Input>,
                     .accepts = {"UserName", "ServiceName"}});
  table.add<List>(core, list_service_credentials,
                  {.access = Access::kList,
                   .resource = &resource_of<List::Input>,
                   .accepts = {"UserName", "ServiceName"}});
  add<model::ResetServiceSpecificCredential>(table, core, reset_service_credential, Access::kWrite);
  add<model::UpdateServiceSpecificCredential>(table, core, update_service_credential,
                                              Access::kWrite);
  add<model::DeleteServiceSpecificCredential>(table, core, delete_service_credential,
                                              Access::kWrite);
}

void add_saml_providers(OperationTable& table, Core& core) {
  using Create = model::CreateSAMLProvider;
  using Update = model::UpdateSAMLProvider;
  table.add<Create>(core, create_saml_provider,
                    {.access = Access::kWrite,
                     .resource =
                         [](const aws::Call& call, const Create::Input& in) {
                           return arn_of(account_of(call), "saml-provider", "/", in.name);
                         },
                     .accepts = {"Name", "SAMLMetadataDocument", "Tags"},
                     .body_bytes_max = kSamlRequestBytesMax});
  table.add<Update>(core, update_saml_provider,
                    {.access = Access::kWrite,
                     .resource = &resource_of<Update::Input>,
                     .accepts = {"SAMLProviderArn", "SAMLMetadataDocument"},
                     .body_bytes_max = kSamlRequestBytesMax});
  add<model::GetSAMLProvider>(table, core, get_saml_provider, Access::kRead);
  add_for_all<model::ListSAMLProviders>(table, core, list_saml_providers, Access::kList);
  add<model::DeleteSAMLProvider>(table, core, delete_saml_provider, Access::kWrite);
  add<model::TagSAMLProvider>(table, core, tag<model::TagSAMLProvider>, Access::kTagging);
  add<model::UntagSAMLProvider>(table, core, untag<model::UntagSAMLProvider>, Access::kTagging);
  add<model::ListSAMLProviderTags>(table, core, list_tags<model::ListSAMLProviderTags>,
                                   Access::kList);
}

void add_reports(OperationTable& table, Core& core) {
  add_for_all<model::GenerateCredentialReport>(table, core, generate_credential_report,
                                               Access::kRead);
  add_for_all<model::GetCredentialReport>(table, core, get_credential_report, Access::kRead);
  add_for_all<model::GetContextKeysForCustomPolicy>(table, core, get_context_keys_for_custom_policy,
                                                    Access::kRead);
  add_for_all<model::GetContextKeysForPrincipalPolicy>(
      table, core, get_context_keys_for_principal_policy, Access::kRead);
  add_for_all<model::SetSecurityTokenServicePreferences>(table, core, set_token_preferences,
                                                         Access::kWrite);
}

void refuse_the_rest(OperationTable& table) {
  table.refuse({"AcceptDelegationRequest",
                "AcquireRole",
                "AssociateDelegationRequest",
                "CreateDelegationRequest",
                "DisableOrganizationsRootCredentialsManagement",
                "DisableOrganizationsRootSessions",
                "DisableOutboundWebIdentityFederation",
                "EnableOrganizationsRootCredentialsManagement",
                "EnableOrganizationsRootSessions",
                "EnableOutboundWebIdentityFederation",
                "GenerateOrganizationsAccessReport",
                "GenerateServiceLastAccessedDetails",
                "GetAccountProperties",
                "GetDelegationRequest",
                "GetHumanReadableSummary",
                "GetOrganizationsAccessReport",
                "GetOutboundWebIdentityFederationInfo",
                "GetRoleTemplateVersion",
                "GetServiceLastAccessedDetails",
                "GetServiceLastAccessedDetailsWithEntities",
                "ListDelegationRequests",
                "ListOrganizationsFeatures",
                "ListPoliciesGrantingServiceAccess",
                "PutAccountProperties",
                "RejectDelegationRequest",
                "SendDelegationToken",
                "SimulateCustomPolicy",
                "SimulatePrincipalPolicy",
                "UpdateDelegationRequest"});
}

OperationTable make_table(Core& core) {
  OperationTable table(model::kModel);
  add_roles(table, core);
  add_users(table, core);
  add_groups(table, core);
  add_policies(table, core);
  add_instance_profiles(table, core);
  add_oidc_providers(table, core);
  add_account(table, core);
  add_passwords(table, core);
  add_mfa_devices(table, core);
  add_ssh_keys(table, core);
  add_service_credentials(table, core);
  add_saml_providers(table, core);
  add_reports(table, core);
  add_certificates(table, core);
  refuse_the_rest(table);
  return table;
}

}  // namespace

// The names of the keys are those of what they sealed in data directories that there are.
Service::Service(const hosting::Dependencies& given)
    : background_(given.background),
      log_(given.log),
      sealer_(given.key("iam secrets"), given.key("iam passwords"), given.random),
      keys_(given.store.store(), given.clock, sealer_),
      roles_(given.store, given.read<Settings>().known_roles_only()),
      core_{
          given.store.store(), given.clock, given.random, given.real_clock, sealer_, keys_, roles_},
      api_(make_table(core_), given.pipeline) {}

void Service::publish(hosting::Ports& ports) {
  ports.roles = &roles_;
  ports.keys = &keys_;
}

Status Service::start() {
  LAPWING_CHECK(roles_.load());
  LAPWING_TRY(const std::size_t unreadable, keys_.load());
  if (unreadable > 0) {
    log_.warn("iam",
              "access keys were sealed with another server's key and are refused: restore "
              "server.key beside the rest of the data directory, or make new ones",
              {{"keys", static_cast<std::uint64_t>(unreadable)}});
  }
  keys_.start(background_);
  return {};
}

void Service::stop() { keys_.stop(); }

}  // namespace lapwing::iam
