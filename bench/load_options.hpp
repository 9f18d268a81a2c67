// What the load client is told on its command line.
#pragma once

#include <string>

namespace lapwing::bench {

struct LoadOptions {
  std::string address;        // "127.0.0.1:4566"
  std::string path = "/";     // "{}" becomes a number, as many as there are functions
  std::string body;           // "@@" becomes the same number
  std::string type;           // of the body, said where it is given
  std::string expect;         // the exact answer; empty: any
  std::string access_key_id;  // empty: unsigned
  std::string secret_access_key;
  std::string service = "lambda";  // for which requests are signed
  // What an answer hands out (SQS's receipt handles) is deleted by the connection's next request.
  bool finish = false;
  bool event = false;  // invokes asynchronously: 202 is the right answer
  std::string target;  // X-Amz-Target: the operation of AWS's JSON protocols
  int functions = 1;
  int first = 0;  // the number of the first of them
  double zipf =
      0;  // above 0: functions are drawn, number n as often as 1 / (n + 1)^zipf; else in turn
  int connections = 1;
  int warm_up = 0;  // requests before the measurement
  double seconds = 1;
  long requests = 0;  // 0: as many as fit into `seconds`
};

// False after saying on stderr what is wrong.
bool parse_options(int argc, char** argv, LoadOptions& options);

}  // namespace lapwing::bench
