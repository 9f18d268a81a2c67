// The records of EventBridge, in its space.
#pragma once

#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/events/bus.hpp"
#include "services/events/connection.hpp"

namespace lapwing::events {

using resources::scope_fields;

struct BusTable {
  using Record = Bus;
  static constexpr std::string_view kKind = "events.bus";
  static constexpr int kFormat = 1;

  static std::string key(const Bus& bus) { return bus.address.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& bus) {
    scope_fields(f, bus.address.scope);
    f("name", bus.address.name);
    f("created", bus.created_ms);
    f("modified", bus.modified_ms);
    f("description", bus.description);
    f("dead_letter", bus.dead_letter_arn);
    f("log_level", bus.log_level);
    f("log_detail", bus.log_detail);
    f("policy", bus.policy);
    f("tags", bus.tags);
  }
};

struct RuleTable {
  using Record = Rule;
  static constexpr std::string_view kKind = "events.rule";
  static constexpr int kFormat = 1;

  static std::string key(const Rule& rule) { return rule.address.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& rule) {
    scope_fields(f, rule.address.bus.scope);
    f("bus", rule.address.bus.name);
    f("name", rule.address.name);
    f("id", rule.id);
    f("pattern", rule.pattern);
    f("schedule", rule.schedule);
    f("state", rule.state);
    f("description", rule.description);
    f("role", rule.role_arn);
    f("created_by", rule.created_by);
    f("anchor", rule.anchor_ms);
    f("tags", rule.tags);
    f("targets", rule.target_texts);
    f("target_marks", rule.target_marks);
  }
};

struct ArchiveTable {
  using Record = Archive;
  static constexpr std::string_view kKind = "events.archive";
  static constexpr int kFormat = 1;

  static std::string key(const Archive& archive) { return archive.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& archive) {
    scope_fields(f, archive.scope);
    f("name", archive.name);
    f("id", archive.id);
    f("bus", archive.bus_name);
    f("pattern", archive.pattern);
    f("description", archive.description);
    f("retention", archive.retention_days);
    f("created", archive.created_ms);
  }
};

struct ReplayTable {
  using Record = Replay;
  static constexpr std::string_view kKind = "events.replay";
  static constexpr int kFormat = 1;

  static std::string key(const Replay& replay) { return replay.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& replay) {
    scope_fields(f, replay.scope);
    f("name", replay.name);
    f("archive", replay.archive_name);
    f("archive_id", replay.archive_id);
    f("bus", replay.bus_name);
    f("filters", replay.filter_arns);
    f("description", replay.description);
    f("state", replay.state);
    f("reason", replay.state_reason);
    f("from", replay.from_ms);
    f("until", replay.until_ms);
    f("started", replay.started_ms);
    f("ended", replay.ended_ms);
    f("last", replay.last_ms);
    f("last_sequence", replay.last_sequence);
  }
};

struct ConnectionTable {
  using Record = Connection;
  static constexpr std::string_view kKind = "events.connection";
  static constexpr int kFormat = 1;

  static std::string key(const Connection& connection) { return connection.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& connection) {
    scope_fields(f, connection.scope);
    f("name", connection.name);
    f("id", connection.id);
    f("secret_id", connection.secret_id);
    f("type", connection.type);
    f("description", connection.description);
    f("sealed", connection.sealed);
    f("state", connection.state);
    f("reason", connection.state_reason);
    f("created", connection.created_ms);
    f("modified", connection.modified_ms);
    f("authorized", connection.authorized_ms);
  }
};

struct ApiDestinationTable {
  using Record = ApiDestination;
  static constexpr std::string_view kKind = "events.api";
  static constexpr int kFormat = 1;

  static std::string key(const ApiDestination& api) { return api.key(); }

  template <class Fields, class R>
  static void fields(Fields& f, R& api) {
    scope_fields(f, api.scope);
    f("name", api.name);
    f("id", api.id);
    f("connection", api.connection_arn);
    f("method", api.method);
    f("url", api.url);
    f("description", api.description);
    f("rate", api.rate);
    f("created", api.created_ms);
    f("modified", api.modified_ms);
  }
};

}  // namespace lapwing::events
