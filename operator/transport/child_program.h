#pragma once

// Runs a program without a shell and reads what it prints.

#include <chrono>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "operator/base/result.h"

namespace transport {

struct ChildProgram {
  std::string command;                     // looked up in PATH unless it holds a slash
  std::vector<std::string> args;           // without the command itself
  std::map<std::string, std::string> env;  // on top of this process's environment
};

// Its standard output, of at most 1 MiB, once it has ended with 0. Standard input is empty,
// standard error is ours. It is killed with all of its process group after `timeout` and when
// `stop` is requested. An error's message continues a sentence that begins with the program: "ended
// with exit code 1".
base::Result<std::string> RunChildProgram(const ChildProgram& program,
                                          std::chrono::milliseconds timeout,
                                          const std::stop_token& stop);

}  // namespace transport
