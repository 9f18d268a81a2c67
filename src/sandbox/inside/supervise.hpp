// What a sandbox's first process does once the isolation is applied: starts programs, takes
// the server's orders, passes signals on, reports exits, and ends when server or helper go.
// Every process of the pid namespace dies with it.
#pragma once

#include "sandbox/inside/inside.hpp"
#include "sandbox/inside/system_answers.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

class Supervisor {
 public:
  explicit Supervisor(const Inside& inside);

  // SIGCHLD becomes readable; before the first program.
  Status listen_to_children();
  // The program the sandbox lives and ends with.
  Status start_main(const ProgramPlan& plan);
  // Gives up what applying the plan needed, once nothing more has to be mounted.
  void seal();
  // Until the end of the sandbox.
  void serve();

 private:
  Result<pid_t> start(std::uint64_t id, const ProgramPlan& plan, const std::vector<int>& targets,
                      const std::vector<int>& sources);
  bool take_order();  // false: the server has let go of the sandbox
  Status obey(const Order& order, const std::vector<os::UniqueFd>& fds,
              std::vector<os::UniqueFd>& answer);
  Status assign(const Order& order, const std::vector<os::UniqueFd>& fds);
  Status start_ordered(const Order& order, const std::vector<os::UniqueFd>& fds);
  // Kills every program and what it left behind, and waits for their ends.
  Status clear();
  bool reap();  // false: the main program has ended
  void signal(std::uint64_t id, int number);

  const Inside& inside_;
  os::UniqueFd child_signals_;
  std::vector<std::pair<pid_t, std::uint64_t>> programs_;  // running ones started here
  SystemAnswers answers_;
};

// /tmp is its programs' user's alone, as on AWS. While power lasts.
Status give_tmp_away();
// Nobody to tell when this fails: the server has gone, and the sandbox follows.
void send_report(int socket, const Report& report, const std::vector<int>& fds);
// The bytes of a memory file.
Result<std::string> read_memory_file(int fd);

}  // namespace lapwing::sandbox
