// The records of pipes.
#pragma once

#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/pipes/pipe.hpp"

namespace lapwing::pipes {

struct PipeTable {
  using Record = Pipe;
  static constexpr std::string_view kKind = "pipes.pipe";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kChanging = "changing";

  static std::string key(const Pipe& each) { return resources::scoped_key(each.scope, each.name); }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("name", each.name);
    f("id", each.id);
    f("source", each.source_arn);
    f("enrichment", each.enrichment_arn);
    f("target", each.target_arn);
    f("role", each.role_arn);
    f("description", each.description);
    f("source_parameters", each.source_parameters);
    f("enrichment_parameters", each.enrichment_parameters);
    f("target_parameters", each.target_parameters);
    f("log_configuration", each.log_configuration);
    f("state", each.state);
    f("wanted", each.wanted);
    f("reason", each.reason);
    f("created", each.created_ms);
    f("modified", each.modified_ms);
    f("tags", each.tags);
  }
  static void terms(const Pipe& each, resources::Terms& terms) {
    if (is_changing(each.state)) terms.push_back({std::string(kChanging), "yes"});
  }
};
using Pipes = resources::Table<PipeTable>;

}  // namespace lapwing::pipes
