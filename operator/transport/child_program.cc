#include "operator/transport/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace transport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = 1 << 20;

base::Error ProgramError(std::string what) {
  return base::MakeError(base::ErrorCode::kInternal, "ProgramFailed", std::move(what));
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { Reset(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }
  void Reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& more) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!more.contains(text.substr(0, text.find('=')))) environment.push_back(text);
  }
  for (const auto& [name, value] : more) environment.push_back(name + "=" + value);
  return environment;
}

// The errno of posix_spawnp. The child leads a process group of its own and has none of our blocked
// signals and files.
int Spawn(const ChildProgram& program, int output, pid_t& pid) {
  std::vector<std::string> args = {program.command};
  args.insert(args.end(), program.args.begin(), program.args.end());
  std::vector<std::string> environment = Environment(program.env);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  const int error = posix_spawnp(&pid, program.command.c_str(), &files, &attributes,
                                 Pointers(args).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

// By number: the wrapper of glibc 2.36 is not declared extern "C" and cannot be linked from C++.
int PidfdOpen(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// A child that is still running when this goes out of scope is killed.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), pidfd_(PidfdOpen(pid)) {}
  ~Child() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int ended_fd() const { return pidfd_.get(); }
  // Only after ended_fd has become readable.
  int ExitStatus() {
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

 private:
  pid_t pid_;
  Fd pidfd_;
};

// False when there is no more for now.
bool ReadSome(int fd, std::string& output) {
  char buffer[4096];
  const ssize_t got = read(fd, buffer, sizeof(buffer));
  if (got > 0) output.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

// Reads until the child itself has ended; what it may have left running with its output open is not
// waited for.
base::Status Follow(const Child& child, int stop_fd, int output_fd, Clock::time_point deadline,
                    std::string& output) {
  pollfd fds[] = {{child.ended_fd(), POLLIN, 0}, {stop_fd, POLLIN, 0}, {output_fd, POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return ProgramError("did not end in time and was killed");
    const int ready = poll(fds, 3, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return ProgramError(std::strerror(errno));
    if (ready <= 0) continue;
    if (fds[1].revents != 0) return ProgramError("was stopped");
    if (fds[2].revents != 0 && !ReadSome(output_fd, output)) fds[2].fd = -1;
    if (output.size() > kMaxOutput) return ProgramError("printed more than 1 MiB");
    if (fds[0].revents == 0) continue;
    while (output.size() <= kMaxOutput && ReadSome(output_fd, output)) {
    }
    return {};
  }
}

base::Status CheckExit(int status) {
  if (WIFSIGNALED(status)) {
    return ProgramError("was ended by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    return ProgramError("ended with exit code " + std::to_string(WEXITSTATUS(status)));
  }
  return {};
}

}  // namespace

base::Result<std::string> RunChildProgram(const ChildProgram& program,
                                          std::chrono::milliseconds timeout,
                                          const std::stop_token& stop) {
  const Clock::time_point deadline = Clock::now() + timeout;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ProgramError(std::strerror(errno));
  const Fd output_end(ends[0]);
  Fd input_end(ends[1]);
  // Its end of the pipe blocks as usual.
  fcntl(input_end.get(), F_SETFL, 0);
  pid_t pid = 0;
  if (const int error = Spawn(program, input_end.get(), pid)) {
    return ProgramError("cannot be started: " + std::string(std::strerror(error)));
  }
  input_end.Reset();
  Child child(pid);
  if (child.ended_fd() < 0) return ProgramError(std::strerror(errno));
  const Fd stopped(eventfd(0, EFD_CLOEXEC));
  const std::stop_callback on_stop(stop, [&stopped] { eventfd_write(stopped.get(), 1); });
  std::string output;
  if (base::Status followed = Follow(child, stopped.get(), output_end.get(), deadline, output);
      !followed) {
    return followed.error();
  }
  if (base::Status exited = CheckExit(child.ExitStatus()); !exited) return exited.error();
  return output;
}

}  // namespace transport
