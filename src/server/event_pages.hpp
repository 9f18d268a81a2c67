// What is told of events and of what goes to people, merged of all services:
//
//   GET  /_lapwing/events?list=queues&service=sqs&function=f&holds=TEXT&limit=100&after=TOKEN
//   GET  /_lapwing/events/trace/ID
//   POST /_lapwing/events/replay   {"id": "ID"}, with "again": true also what was replayed already
//   GET  /_lapwing/outbox?protocol=email&to=ADDRESS&account=...&limit=100&after=TOKEN
//
// Who may ask is the caller's business (admin.hpp). Everything is read on a worker; answers are
// pages.
//
// Thread-safety: any loop; nothing is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/budget.hpp"
#include "http/server.hpp"
#include "journal/journal.hpp"
#include "net/task.hpp"
#include "net/worker_pool.hpp"
#include "server/services.hpp"

namespace lapwing::server {

class EventPages {
 public:
  // `memory`: what answers are counted in while they are made; null: nowhere.
  EventPages(Services& services, journal::Journal& journal, net::WorkerPool& workers,
             http::Memory* memory)
      : services_(services), journal_(journal), workers_(workers), memory_(memory) {}

  static bool owns(std::string_view path);
  // `body`: of a POST, whole.
  net::Task<void> handle(http::RequestContext& context, std::string body);

 private:
  // JSON. Errors have their statuses.
  Result<std::string> answer(http::Method method, const std::string& path, const std::string& query,
                             const std::string& body);
  Result<std::string> lists(const std::string& query);
  Result<std::string> story(std::string_view id);
  Result<std::string> replay(std::string_view body);
  Result<std::string> outbox(const std::string& query);
  // When what has died under this id was last sent again since, as far as is known.
  Result<std::optional<std::int64_t>> replayed_at(std::string_view id);

  Services& services_;
  journal::Journal& journal_;
  net::WorkerPool& workers_;
  http::Memory* const memory_;
};

}  // namespace lapwing::server
