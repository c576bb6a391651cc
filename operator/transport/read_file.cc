#include "operator/transport/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace transport {
namespace {

constexpr off_t kMaxSize = 4 << 20;

base::Error CannotRead(const std::string& path, const std::string& why) {
  return base::MakeError(base::ErrorCode::kInvalid, "FileUnreadable",
                         "cannot read " + path + ": " + why);
}

base::Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string text;
  char buffer[16 << 10];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotRead(path, std::strerror(errno));
    text.append(buffer, static_cast<std::size_t>(got));
    if (static_cast<off_t>(text.size()) > kMaxSize) return CannotRead(path, "larger than 4 MiB");
  }
}

}  // namespace

base::Result<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, std::strerror(errno));
  struct stat info = {};
  base::Result<std::string> text = std::string();
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    text = CannotRead(path, "not a regular file");
  } else {
    text = ReadAll(fd, path);
  }
  close(fd);
  return text;
}

}  // namespace transport
