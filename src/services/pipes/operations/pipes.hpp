// Pipes: made, shown, listed, changed, started, stopped, deleted.
#pragma once

#include "gen/pipes/create_pipe.hpp"
#include "gen/pipes/delete_pipe.hpp"
#include "gen/pipes/describe_pipe.hpp"
#include "gen/pipes/list_pipes.hpp"
#include "gen/pipes/start_pipe.hpp"
#include "gen/pipes/stop_pipe.hpp"
#include "gen/pipes/update_pipe.hpp"
#include "services/pipes/core.hpp"

namespace lapwing::pipes {

Result<gen::pipes::CreatePipeResponse> create_pipe(Core& core, const aws::Call& call,
                                                   gen::pipes::CreatePipeRequest in);
Result<gen::pipes::UpdatePipeResponse> update_pipe(Core& core, const aws::Call& call,
                                                   gen::pipes::UpdatePipeRequest in);
Result<gen::pipes::StartPipeResponse> start_pipe(Core& core, const aws::Call& call,
                                                 gen::pipes::StartPipeRequest in);
Result<gen::pipes::StopPipeResponse> stop_pipe(Core& core, const aws::Call& call,
                                               gen::pipes::StopPipeRequest in);
Result<gen::pipes::DeletePipeResponse> delete_pipe(Core& core, const aws::Call& call,
                                                   gen::pipes::DeletePipeRequest in);
Result<gen::pipes::DescribePipeResponse> describe_pipe(Core& core, const aws::Call& call,
                                                       gen::pipes::DescribePipeRequest in);
Result<gen::pipes::ListPipesResponse> list_pipes(Core& core, const aws::Call& call,
                                                 gen::pipes::ListPipesRequest in);

}  // namespace lapwing::pipes
