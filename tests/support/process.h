#pragma once

// Child processes of tests. None outlives the test: the destructor kills it, and so does the kernel
// when the test process dies in any way. The kernel does so when the THREAD that started the child
// ends: start children from a thread that lives as long as they shall, usually the main one.

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace disagg::testing {

struct ProcessOptions {
  std::vector<std::string> env;  // "KEY=VALUE", on top of this process's environment
  std::string output_file;       // appended stdout and stderr; empty: those of this process
  bool talk = false;             // stdin and stdout serve WriteLine and ReadLine
};

// One child. Not thread-safe, except that Kill may be called from anywhere.
class Process {
 public:
  // Returns null and reports a test failure when the program cannot be started.
  static std::unique_ptr<Process> Start(const std::vector<std::string>& argv,
                                        const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool Running() { return !Wait(std::chrono::milliseconds(0)); }
  void Kill(int signal);

  // The exit code, or 128 + the signal that ended the process; nothing if it still runs after
  // `timeout`.
  std::optional<int> Wait(std::chrono::milliseconds timeout);

  // With `talk`. A line has no newline at its end. ReadLine gives up after `timeout` and at the end
  // of the output.
  bool WriteLine(const std::string& line);
  std::optional<std::string> ReadLine(std::chrono::milliseconds timeout);
  void CloseInput();

 private:
  Process(pid_t pid, int pid_fd, int talk_fd) : pid_(pid), pid_fd_(pid_fd), talk_fd_(talk_fd) {}

  const pid_t pid_;
  const int pid_fd_;
  const int talk_fd_;
  std::string unread_;
  std::optional<int> exit_code_;
};

struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs a program to its end and captures what it says; kills it after `timeout`.
CommandResult RunCommand(const std::vector<std::string>& argv, const std::string& input = "",
                         std::chrono::milliseconds timeout = std::chrono::seconds(60));

}  // namespace disagg::testing
