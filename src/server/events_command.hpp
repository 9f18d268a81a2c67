// `lapwing events`: what waits in a server, is tried again, has died; the story of one event; and
// one that has died, sent again.
#pragma once

#include <string>

namespace lapwing::server {

struct EventsWanted {
  std::string listen;    // "HOST:PORT", or empty
  std::string list;      // one of the lists; empty: all
  std::string service;   // "sqs"; empty: all
  std::string function;  // a name; empty: any
  std::string holds;
  std::string after;   // where a page before has ended
  int limit = 0;       // 0: as the server does
  bool json = false;   // as the server says it
  bool again = false;  // replays what was replayed already
};

// Each returns the exit status: 2 where what was said makes no sense, 1 where the server does not
// do it.
int run_events(const EventsWanted& wanted);
int run_events_trace(const EventsWanted& wanted, const std::string& id);
int run_events_replay(const EventsWanted& wanted, const std::string& id);

// What these print of an answer's JSON; the text itself where it is none.
std::string events_text(const std::string& json);
std::string story_text(const std::string& json);

}  // namespace lapwing::server
