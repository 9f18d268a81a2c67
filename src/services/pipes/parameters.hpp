// What a pipe says of its source, enrichment, target and logs, as the model has it; kept as JSON,
// so that it is shown as it was given.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "gen/pipes/shape/pipe_enrichment_parameters.hpp"
#include "gen/pipes/shape/pipe_log_configuration_parameters.hpp"
#include "gen/pipes/shape/pipe_source_parameters.hpp"
#include "gen/pipes/shape/pipe_target_parameters.hpp"
#include "gen/pipes/shape/update_pipe_source_parameters.hpp"
#include "services/pipes/pipe.hpp"

namespace lapwing::pipes {

struct Parameters {
  std::optional<gen::pipes::PipeSourceParameters> source;
  std::optional<gen::pipes::PipeEnrichmentParameters> enrichment;
  std::optional<gen::pipes::PipeTargetParameters> target;
  std::optional<gen::pipes::PipeLogConfigurationParameters> log;
};

Result<Parameters> parameters_of(const Pipe& pipe);
void keep(const Parameters& parameters, Pipe& pipe);

// What an update says, over what there is: members stay that it does not have, but structures of
// one service are replaced whole, and so are logs. An empty template is none.
void merge(const gen::pipes::UpdatePipeSourceParameters& in, Parameters& parameters);
void merge(const gen::pipes::PipeEnrichmentParameters& in, Parameters& parameters);
void merge(const gen::pipes::PipeTargetParameters& in, Parameters& parameters);
// What is of other kinds of targets than this one.
void drop_foreign(std::optional<Kind> kind, Parameters& parameters);

// With what is not said: how many messages a batch has, for this target and enrichment.
std::int32_t batch_size_of(const Parameters& parameters, std::int32_t most);
std::int32_t window_of(const Parameters& parameters);

}  // namespace lapwing::pipes
