// Template: an interpreter that has loaded what every function needs and waits. Children
// forked from it are running programs of waiting sandboxes a millisecond later, and share its
// memory as long as they do not write to it.
//
// The template itself is trusted code only: it runs in its root's mount namespace, with no
// network, no capabilities and no secrets, and ends with the server. fork_server/ is what
// makes an ordinary interpreter one.
//
//   auto python = co_await launcher.start_template(loop, plan);
//   auto program = co_await sandbox.fork_from(**python, std::move(fds));
//
// Thread-safety: the loop that started it.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::net {
class Loop;
template <class T>
class Task;
}  // namespace lapwing::net

namespace lapwing::sandbox {

struct TemplatePlan {
  std::string name;  // for humans
  RootPlan root;
  // Must call fork() when it is ready, with _LAPWING_FORK_NOW in its environment. LD_PRELOAD of
  // the fork server is part of its environment from the start.
  ProgramPlan program;
};

// Ended by its destruction; what was forked from it lives on.
class Template {
 public:
  virtual ~Template() = default;
  virtual int pid() const = 0;
  // False once it has died; sandboxes are then started without it.
  virtual bool alive() const = 0;
};

}  // namespace lapwing::sandbox
