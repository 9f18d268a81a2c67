#include "server/front_part.hpp"

#include <utility>

#include <fmt/core.h>

#include "gen/lambda/model.hpp"
#include "gen/models.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "server/instance.hpp"

namespace lapwing::server {
namespace {

// Beyond loopback the metrics name every function to everybody who reaches the port.
bool metrics_signed(const Config& config) {
  if (config.auth == "off" || config.metrics_signed == "never") return false;
  const auto address = parse_listen(config.listen);
  return config.metrics_signed == "always" || !address || !is_loopback(address->first);
}

// They are the operator's, and functions reach the port wherever it listens.
bool functions_may_see(const Config& config) {
  return config.auth == "off" || config.metrics_signed == "never";
}

AdminParts admin_parts(const FrontNeeds& needs) {
  AdminParts out;
  out.version = kVersion;
  out.machine = &needs.machine;
  out.dispatcher = &needs.dispatcher;
  out.services = &needs.services;
  out.workers = &needs.workers;
  out.clock = &needs.clock;
  out.metrics_functions = static_cast<std::size_t>(needs.config.metrics_functions);
  out.authenticator = &needs.sign_in.authenticator;
  out.credentials = &needs.sign_in.credentials;
  out.clients_sign = metrics_signed(needs.config);
  out.events_signed = needs.config.auth != "off";
  out.functions_may = functions_may_see(needs.config);
  out.memory = &needs.memory;
  out.connections = &needs.connections;
  out.waits = &needs.waits;
  out.disk = needs.disk;
  return out;
}

std::unique_ptr<InvokeDoor> make_invoke_door(const FrontNeeds& needs,
                                             const runtime::Catalogue& none) {
  const engine::Functions* const functions = needs.services.ports().functions;
  if (functions == nullptr) return nullptr;
  const runtime::Catalogue* const catalogue = needs.machine.catalogue();
  return std::make_unique<InvokeDoor>(InvokeDoorParts{
      &needs.sign_in.authenticator, needs.services.calls().find(gen::lambda::kModel.id), functions,
      needs.services.ports().events, &needs.dispatcher, catalogue != nullptr ? catalogue : &none,
      &*needs.sign_in.of_roles, &needs.memory, &needs.hashers, &needs.random, &needs.logger});
}

http::ServerOptions server_options(const FrontNeeds& needs) {
  http::ServerOptions options;
  options.connections = &needs.connections;
  options.memory = &needs.memory;
  return options;
}

Result<net::Address> bind_address(const std::string& text) {
  LAPWING_TRY(const auto listen, parse_listen(text));
  const std::string host = listen.first == "localhost" ? "127.0.0.1" : listen.first;
  auto address = net::Address::ip(host, listen.second);
  if (!address) {
    return fail(
        make_error(ErrorKind::kInvalid,
                   fmt::format("listen = {}: write an IP address or localhost, and a port", text)));
  }
  return address;
}

Error cannot_listen(const Error& error, const std::string& listen) {
  if (error.kind() == ErrorKind::kConflict) {
    return make_error(ErrorKind::kConflict,
                      fmt::format("{} is in use by another program: stop it, or say another "
                                  "address with --listen (port 0 takes a free one)",
                                  listen));
  }
  return make_error(error.kind(),
                    fmt::format("cannot listen on {} ({}): say another address with --listen",
                                listen, error.detail().empty() ? error.message() : error.detail()));
}

}  // namespace

FrontPart::FrontPart(const FrontNeeds& needs)
    : reach_(needs.services.reach()),
      guard_(needs.config.hosts),
      router_(gen::all_models()),
      admin_(admin_parts(needs)),
      invoke_door_(make_invoke_door(needs, none_)),
      front_door_({&guard_, &needs.sign_in.authenticator, &router_, &admin_, invoke_door_.get(),
                   &needs.hashers, &needs.memory, &needs.waits, &needs.random, &needs.logger}),
      http_(needs.loops, server_options(needs), served(aws::Origin::kClient)) {
  for (const auto& service : needs.services.services().all()) {
    front_door_.add(service->api());
    for (hosting::DataPlane* const plane : service->data_planes()) front_door_.add(*plane);
  }
  needs.endpoint.open(
      served(aws::Origin::kFunction),
      [this](http::RequestContext& context) { return front_door_.handle_closed(context); },
      needs.memory);
  admin_.observe(front_door_.stats(), invoke_door_ ? &invoke_door_->stats() : nullptr,
                 http_.stats());
}

http::Handler FrontPart::served(aws::Origin from) {
  return [this, from](http::RequestContext& context) { return front_door_.handle(context, from); };
}

Status check_listen(const std::string& text) {
  LAPWING_TRY(const net::Address address, bind_address(text));
  const auto bound = net::Listener::bind(address);
  if (!bound) return fail(cannot_listen(bound.error(), text));
  return {};
}

Result<std::string> FrontPart::listen(const std::string& text) {
  LAPWING_TRY(const net::Address address, bind_address(text));
  reach_.listens(address);  // before anybody can connect
  if (const Status listening = http_.listen(address); !listening) {
    return fail(cannot_listen(listening.error(), text));
  }
  for (const net::Address& bound : http_.addresses()) reach_.listens(bound);
  return http_.addresses().front().to_string();
}

}  // namespace lapwing::server
