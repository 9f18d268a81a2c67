// What services are given of one another, by interface, and what the process gives to all of them.
//
// A service publishes what it offers when it has been made (Service::publish); all have been made
// before the first starts, and they start in the order of server/services.cpp. So a constructor may
// keep this, and start() is the first to look into it: what stands earlier in that order is at work
// then, and what stands later can be kept, and asked once requests come.
//
// Null: there is none, as where only some services run, or in a test that gives none.
//
// Thread-safety: does not change from the first start() on; what it names says its own.
#pragma once

namespace lapwing::aws {
class CredentialStore;
class SessionMint;
}  // namespace lapwing::aws
namespace lapwing::delivery {
class HttpCaller;
}
namespace lapwing::engine {
class Events;
class Functions;
struct EngineSide;
}  // namespace lapwing::engine
namespace lapwing::ports {
class AwsApi;
class Destinations;
class FunctionRunner;
class LogSink;
class MetricSink;
class NetworkUsers;
class Networks;
class OwnEvents;
class QueueSource;
class Roles;
class StreamSources;
}  // namespace lapwing::ports

namespace lapwing::hosting {

struct Ports {
  // The process's own.
  ports::AwsApi* api = nullptr;                // any operation of any service
  const aws::SessionMint* sessions = nullptr;  // credentials of sessions
  const engine::EngineSide* engine = nullptr;  // what runs functions
  delivery::HttpCaller* http = nullptr;        // requests to addresses that somebody names

  // Of services.
  ports::Destinations* destinations = nullptr;   // each adds itself where events can go to it
  ports::Roles* roles = nullptr;                 // IAM
  const aws::CredentialStore* keys = nullptr;    // IAM: access keys of users
  ports::LogSink* logs = nullptr;                // CloudWatch Logs
  engine::Functions* functions = nullptr;        // Lambda
  engine::Events* events = nullptr;              // Lambda: asynchronous invocations
  ports::FunctionRunner* runner = nullptr;       // Lambda: synchronous runs
  ports::Networks* networks = nullptr;           // EC2: VPCs, what security groups let out
  ports::NetworkUsers* network_users = nullptr;  // Lambda: what stands in subnets
  ports::OwnEvents* own_events = nullptr;        // EventBridge: what services tell of themselves
  ports::QueueSource* queues = nullptr;          // SQS: what mappings take messages from
  ports::StreamSources* streams = nullptr;       // each adds itself where it has streams
  ports::MetricSink* metrics = nullptr;          // CloudWatch: there is none yet
};

}  // namespace lapwing::hosting
