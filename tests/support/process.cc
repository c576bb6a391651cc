#include "tests/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

namespace disagg::testing {
namespace {

using std::chrono::milliseconds;

// What the child's descriptors 0, 1 and 2 are; -1: those of this process.
struct Stdio {
  int in = -1;
  int out = -1;
  int err = -1;
};

// Everything exec needs, made before the fork: between fork and exec nothing may allocate.
class ExecImage {
 public:
  ExecImage(std::vector<std::string> argv, const std::vector<std::string>& extra_env)
      : argv_(std::move(argv)) {
    std::map<std::string, std::string> merged;
    for (char** entry = environ; *entry != nullptr; ++entry) Add(*entry, merged);
    for (const std::string& entry : extra_env) Add(entry, merged);
    for (auto& [name, entry] : merged) env_.push_back(entry);
    argv_pointers_ = Pointers(argv_);
    env_pointers_ = Pointers(env_);
  }

  void Exec() { execvpe(argv_pointers_[0], argv_pointers_.data(), env_pointers_.data()); }

 private:
  static void Add(const std::string& entry, std::map<std::string, std::string>& merged) {
    merged[entry.substr(0, entry.find('='))] = entry;
  }
  static std::vector<char*> Pointers(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& s : strings) pointers.push_back(s.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  std::vector<std::string> argv_;
  std::vector<std::string> env_;
  std::vector<char*> argv_pointers_;
  std::vector<char*> env_pointers_;
};

// Runs in the child. Only calls that are safe after a fork of a process with threads.
[[noreturn]] void BecomeChild(ExecImage& image, const Stdio& stdio, pid_t parent, int error_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before the line above
  if (stdio.in >= 0) dup2(stdio.in, 0);
  if (stdio.out >= 0) dup2(stdio.out, 1);
  if (stdio.err >= 0) dup2(stdio.err, 2);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // also what a library has opened without O_CLOEXEC
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  image.Exec();
  const int error = errno;
  [[maybe_unused]] ssize_t written = write(error_fd, &error, sizeof error);
  _exit(127);
}

// Returns the pid, or -1 with errno set when fork or exec has failed.
pid_t Spawn(ExecImage& image, const Stdio& stdio) {
  int error_pipe[2];  // closed by a successful exec, so the read below ends
  if (pipe2(error_pipe, O_CLOEXEC) != 0) return -1;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeChild(image, stdio, parent, error_pipe[1]);
  close(error_pipe[1]);
  int error = pid < 0 ? errno : 0;
  if (pid > 0 && read(error_pipe[0], &error, sizeof error) > 0) waitpid(pid, nullptr, 0);
  close(error_pipe[0]);
  errno = error;
  return error == 0 ? pid : -1;
}

int Milliseconds(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
}

// By number: the declarations of glibc 2.36 cannot be linked from C++.
int PidfdOpen(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// Waits until there is something to read, or the end, on `fd`.
bool Readable(int fd, std::chrono::steady_clock::time_point deadline) {
  pollfd entry{fd, POLLIN, 0};
  int ready;
  do {
    ready = poll(&entry, 1, Milliseconds(deadline));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A file in memory that begins with `content` and is read or written from its start.
int MemoryFile(const std::string& content) {
  const int fd = memfd_create("stdio", MFD_CLOEXEC);
  if (fd >= 0 && pwrite(fd, content.data(), content.size(), 0) < 0) {
    ADD_FAILURE() << "memfd: " << std::strerror(errno);
  }
  return fd;
}

std::string TakeContent(int fd) {
  std::string content(static_cast<size_t>(std::max<off_t>(lseek(fd, 0, SEEK_END), 0)), '\0');
  const ssize_t length = pread(fd, content.data(), content.size(), 0);
  content.resize(static_cast<size_t>(std::max<ssize_t>(length, 0)));
  close(fd);
  return content;
}

}  // namespace

std::unique_ptr<Process> Process::Start(const std::vector<std::string>& argv,
                                        const ProcessOptions& options) {
  Stdio stdio;
  int talk[2] = {-1, -1};
  int output = -1;
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  stdio.in = nothing;
  if (!options.output_file.empty()) {
    output = open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    stdio.out = stdio.err = output;
  }
  // A socket instead of pipes: writing to a child that is gone must not raise SIGPIPE.
  if (options.talk && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) == 0) {
    stdio.in = stdio.out = talk[1];
  }
  ExecImage image(argv, options.env);
  const pid_t pid = Spawn(image, stdio);
  const int error = errno;
  for (int fd : {nothing, output, talk[1]}) {
    if (fd >= 0) close(fd);
  }
  if (pid < 0) {
    if (talk[0] >= 0) close(talk[0]);
    ADD_FAILURE() << "cannot start " << argv[0] << ": " << std::strerror(error);
    return nullptr;
  }
  return std::unique_ptr<Process>(new Process(pid, PidfdOpen(pid), talk[0]));
}

Process::~Process() {
  Kill(SIGKILL);
  Wait(std::chrono::seconds(10));
  close(pid_fd_);
  if (talk_fd_ >= 0) close(talk_fd_);
}

// Through the pidfd: after the process was waited for, its number may belong to another one.
void Process::Kill(int signal) { syscall(SYS_pidfd_send_signal, pid_fd_, signal, nullptr, 0); }

std::optional<int> Process::Wait(milliseconds timeout) {
  if (exit_code_) return exit_code_;
  if (!Readable(pid_fd_, std::chrono::steady_clock::now() + timeout)) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) exit_code_ = ExitCode(status);
  return exit_code_;
}

bool Process::WriteLine(const std::string& line) {
  const std::string text = line + "\n";
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t n = send(talk_fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

std::optional<std::string> Process::ReadLine(milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  size_t end;
  while ((end = unread_.find('\n')) == std::string::npos) {
    char buffer[4096];
    if (!Readable(talk_fd_, deadline)) return std::nullopt;
    const ssize_t n = read(talk_fd_, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    unread_.append(buffer, static_cast<size_t>(n));
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

void Process::CloseInput() { shutdown(talk_fd_, SHUT_WR); }

CommandResult RunCommand(const std::vector<std::string>& argv, const std::string& input,
                         milliseconds timeout) {
  // Files in memory rather than pipes: no side can block the other, however much is said.
  const Stdio stdio{MemoryFile(input), MemoryFile(""), MemoryFile("")};
  ExecImage image(argv, {});
  CommandResult result;
  const pid_t pid = Spawn(image, stdio);
  if (pid < 0) {
    result.err = "cannot start " + argv[0] + ": " + std::strerror(errno);
  } else {
    const int pid_fd = PidfdOpen(pid);
    if (!Readable(pid_fd, std::chrono::steady_clock::now() + timeout)) kill(pid, SIGKILL);
    int status = 0;
    if (waitpid(pid, &status, 0) == pid) result.exit_code = ExitCode(status);
    close(pid_fd);
  }
  close(stdio.in);
  result.out = TakeContent(stdio.out);
  result.err += TakeContent(stdio.err);
  return result;
}

}  // namespace disagg::testing
