#include "services/iam/operations/service_linked_roles.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/managed_policies.hpp"
#include "services/iam/operations/roles.hpp"
#include "services/iam/show.hpp"

namespace lapwing::iam {
namespace {

struct ServiceRole {
  std::string_view service;
  std::string_view role;
  std::string_view policy;  // path and name, of AWS's own
  bool takes_suffix;
};

constexpr ServiceRole kRoles[] = {
    {"acm.amazonaws.com", "AWSServiceRoleForCertificateManager",
     "/aws-service-role/CertificateManagerServiceRolePolicy", false},
    {"apidestinations.events.amazonaws.com", "AWSServiceRoleForAmazonEventBridgeApiDestinations",
     "/aws-service-role/AmazonEventBridgeApiDestinationsServiceRolePolicy", false},
    {"autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling",
     "/aws-service-role/AutoScalingServiceRolePolicy", true},
    {"backup.amazonaws.com", "AWSServiceRoleForBackup",
     "/aws-service-role/AWSBackupServiceLinkedRolePolicyForBackup", false},
    {"batch.amazonaws.com", "AWSServiceRoleForBatch", "/aws-service-role/BatchServiceRolePolicy",
     false},
    {"cassandra.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_CassandraTable",
     "/aws-service-role/AWSApplicationAutoscalingCassandraTablePolicy", false},
    {"cks.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceCustomKeyStores",
     "/aws-service-role/AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy", false},
    {"cloudtrail.amazonaws.com", "AWSServiceRoleForCloudTrail",
     "/aws-service-role/CloudTrailServiceRolePolicy", false},
    {"dynamodb.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
     "/aws-service-role/AWSApplicationAutoscalingDynamoDBTablePolicy", false},
    {"ec2.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_EC2SpotFleetRequest",
     "/aws-service-role/AWSApplicationAutoscalingEC2SpotFleetRequestPolicy", false},
    {"ecr.amazonaws.com", "AWSServiceRoleForECRTemplate",
     "/aws-service-role/ECRTemplateServiceRolePolicy", false},
    {"ecs.amazonaws.com", "AWSServiceRoleForECS", "/aws-service-role/AmazonECSServiceRolePolicy",
     false},
    {"ecs.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_ECSService",
     "/aws-service-role/AWSApplicationAutoscalingECSServicePolicy", false},
    {"eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate",
     "/aws-service-role/AmazonEKSForFargateServiceRolePolicy", false},
    {"eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup",
     "/aws-service-role/AWSServiceRoleForAmazonEKSNodegroup", false},
    {"eks.amazonaws.com", "AWSServiceRoleForAmazonEKS",
     "/aws-service-role/AmazonEKSServiceRolePolicy", false},
    {"elasticache.amazonaws.com", "AWSServiceRoleForElastiCache",
     "/aws-service-role/ElastiCacheServiceRolePolicy", false},
    {"elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem",
     "/aws-service-role/AmazonElasticFileSystemServiceRolePolicy", false},
    {"elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing",
     "/aws-service-role/AWSElasticLoadBalancingServiceRolePolicy", false},
    {"email.cognito-idp.amazonaws.com", "AWSServiceRoleForAmazonCognitoIdpEmailService",
     "/aws-service-role/AmazonCognitoIdpEmailServiceRolePolicy", false},
    {"kafka.amazonaws.com", "AWSServiceRoleForKafka", "/aws-service-role/KafkaServiceRolePolicy",
     false},
    {"kafka.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_KafkaCluster",
     "/aws-service-role/AWSApplicationAutoscalingKafkaClusterPolicy", false},
    {"lakeformation.amazonaws.com", "AWSServiceRoleForLakeFormationDataAccess",
     "/aws-service-role/LakeFormationDataAccessServiceRolePolicy", false},
    {"lambda.amazonaws.com", "AWSServiceRoleForLambda",
     "/aws-service-role/AWSLambdaServiceRolePolicy", false},
    {"lambda.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
     "/aws-service-role/AWSApplicationAutoscalingLambdaConcurrencyPolicy", false},
    {"memorydb.amazonaws.com", "AWSServiceRoleForMemoryDB",
     "/aws-service-role/MemoryDBServiceRolePolicy", false},
    {"mq.amazonaws.com", "AWSServiceRoleForAmazonMQ", "/aws-service-role/AmazonMQServiceRolePolicy",
     false},
    {"mrk.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceMultiRegionKeys",
     "/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy", false},
    {"notifications.amazonaws.com", "AWSServiceRoleForAwsUserNotifications",
     "/aws-service-role/AWSUserNotificationsServiceLinkedRolePolicy", false},
    {"observability.aoss.amazonaws.com", "AWSServiceRoleForAmazonOpenSearchServerless",
     "/aws-service-role/AmazonOpenSearchServerlessServiceRolePolicy", false},
    {"opensearchservice.amazonaws.com", "AWSServiceRoleForAmazonOpenSearchService",
     "/aws-service-role/AmazonOpenSearchServiceRolePolicy", false},
    {"ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway",
     "/aws-service-role/APIGatewayServiceRolePolicy", false},
    {"pullthroughcache.ecr.amazonaws.com", "AWSServiceRoleForECRPullThroughCache",
     "/aws-service-role/AWSECRPullThroughCache_ServiceRolePolicy", false},
    {"ram.amazonaws.com", "AWSServiceRoleForResourceAccessManager",
     "/aws-service-role/AWSResourceAccessManagerServiceRolePolicy", false},
    {"rds.amazonaws.com", "AWSServiceRoleForRDS", "/aws-service-role/AmazonRDSServiceRolePolicy",
     false},
    {"rds.application-autoscaling.amazonaws.com",
     "AWSServiceRoleForApplicationAutoScaling_RDSCluster",
     "/aws-service-role/AWSApplicationAutoscalingRDSClusterPolicy", false},
    {"replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication",
     "/aws-service-role/DynamoDBReplicationServiceRolePolicy", false},
    {"replication.ecr.amazonaws.com", "AWSServiceRoleForECRReplication",
     "/aws-service-role/ECRReplicationServiceRolePolicy", false},
    {"replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator",
     "/aws-service-role/AWSLambdaReplicator", false},
    {"schemas.amazonaws.com", "AWSServiceRoleForSchemas",
     "/aws-service-role/AmazonEventBridgeSchemasServiceRolePolicy", false},
    {"ses.amazonaws.com", "AWSServiceRoleForAmazonSES",
     "/aws-service-role/AmazonSESServiceRolePolicy", false},
    {"ssm.amazonaws.com", "AWSServiceRoleForAmazonSSM",
     "/aws-service-role/AmazonSSMServiceRolePolicy", false},
    {"vpcorigin.cloudfront.amazonaws.com", "AWSServiceRoleForCloudFrontVPCOrigin",
     "/aws-service-role/AWSCloudFrontVPCOriginServiceRolePolicy", false},
    {"wafv2.amazonaws.com", "AWSServiceRoleForWAFV2Logging",
     "/aws-service-role/WAFV2LoggingServiceRolePolicy", false},
};

constexpr std::string_view kTask = "task/aws-service-role/";

std::string trust_of(std::string_view service) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},)"
      R"("Action":"sts:AssumeRole"}}]}})",
      service);
}

}  // namespace

Result<gen::iam::CreateServiceLinkedRoleResponse> create_service_linked_role(
    Core& core, const aws::Call& call, const gen::iam::CreateServiceLinkedRoleRequest& in) {
  const auto known = std::ranges::find(kRoles, in.aws_service_name, &ServiceRole::service);
  if (known == std::end(kRoles)) {
    return fail(aws::unsupported("iam", "CreateServiceLinkedRole",
                                 "AWSServiceName=" + in.aws_service_name));
  }
  if (in.custom_suffix && !known->takes_suffix) {
    return fail(gen::iam::errors::invalid_input(
        fmt::format("Custom suffix is not allowed for {}", known->service)));
  }
  Identity role;
  role.account = account_of(call);
  role.kind = Kind::kRole;
  role.name = known->role;
  if (in.custom_suffix) role.name += "_" + *in.custom_suffix;
  role.path = fmt::format("/aws-service-role/{}/", known->service);
  role.id = new_id(core.random, Kind::kRole);
  role.created_ms = core.now_ms();
  role.description = in.description.value_or("");
  role.trust = trust_of(known->service);
  role.attached.push_back(fmt::format("arn:aws:iam::aws:policy{}", known->policy));
  using Out = gen::iam::CreateServiceLinkedRoleResponse;
  Out out;
  LAPWING_CHECK(change_identity(core, role.account, role.id, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto taken, Identities::find(txn, IdentityTable::key(role)));
    if (taken) {
      return fail(gen::iam::errors::invalid_input(
          fmt::format("Service role name {} has been taken in this account, please try a "
                      "different suffix.",
                      role.name)));
    }
    LAPWING_CHECK(insert_identity(txn, role));
    LAPWING_TRY(out.role, show_role(txn, role, Detail::kCreated));
    return {};
  }));
  return out;
}

Result<gen::iam::DeleteServiceLinkedRoleResponse> delete_service_linked_role(
    Core& core, const aws::Call& call, const gen::iam::DeleteServiceLinkedRoleRequest& in) {
  gen::iam::DeleteServiceLinkedRoleResponse out;
  const std::string task = make_uuid(core.random);
  std::string id;
  LAPWING_CHECK(change_identity(core, account_of(call), id, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity role,
                find_identity(txn, account_of(call), Kind::kRole, in.role_name));
    id = role.id;
    if (!is_service_linked(role)) return fail(errors::no_identity(Kind::kRole, in.role_name));
    out.deletion_task_id = fmt::format("task{}{}/{}", role.path, role.name, task);
    return erase_identity(txn, role);
  }));
  return out;
}

Result<gen::iam::GetServiceLinkedRoleDeletionStatusResponse>
get_service_linked_role_deletion_status(
    Core&, const aws::Call&, const gen::iam::GetServiceLinkedRoleDeletionStatusRequest& in) {
  if (!in.deletion_task_id.starts_with(kTask) ||
      std::ranges::count(in.deletion_task_id, '/') != 4) {
    return fail(gen::iam::errors::no_such_entity(
        fmt::format("The deletion task with id {} cannot be found.", in.deletion_task_id)));
  }
  gen::iam::GetServiceLinkedRoleDeletionStatusResponse out;
  out.status = gen::iam::DeletionTaskStatusType::kSucceeded;
  return out;
}

}  // namespace lapwing::iam
