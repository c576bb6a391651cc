#include "operator/transport/credentials.h"

#include <optional>
#include <utility>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/transport/exec_credentials.h"
#include "operator/transport/read_file.h"

namespace transport {
namespace {

// The kubelet replaces a projected token at 80 % of its life, of at least ten minutes.
constexpr std::chrono::seconds kTokenFileAge{60};

// A line break inside would end the header that the token is sent in.
base::Result<std::string> CleanToken(std::string text, const std::string& path) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) {
    return base::MakeError(base::ErrorCode::kInvalid, "InvalidToken",
                           "the token file " + path + " is empty");
  }
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  if (text.find_first_of(" \t\r\n") != text.npos) {
    return base::MakeError(base::ErrorCode::kInvalid, "InvalidToken",
                           "the token file " + path + " holds more than one word");
  }
  return text;
}

class FixedCredentials : public CredentialSource {
 public:
  explicit FixedCredentials(std::string token) : credentials_{std::move(token), "", ""} {}
  void Get(Callback callback) override { callback(credentials_); }
  void OnUnauthorized(const std::string&) override {}

 private:
  const Credentials credentials_;
};

class FileCredentials : public CredentialSource {
 public:
  FileCredentials(std::string path, const base::Clock& clock)
      : path_(std::move(path)), clock_(clock) {}

  void Get(Callback callback) override { callback(Current()); }

  void OnUnauthorized(const std::string& token) override {
    base::MutexLock lock(mutex_);
    if (token == token_) read_at_.reset();
  }

 private:
  // While the file cannot be read (it is being replaced), the last token goes on being used.
  base::Result<Credentials> Current() {
    base::MutexLock lock(mutex_);
    const auto now = clock_.Steady();
    if (!read_at_ || now - *read_at_ >= kTokenFileAge) {
      auto token = Read();
      if (!token && token_.empty()) return token.error();
      if (token) {
        token_ = std::move(*token);
        read_at_ = now;
      }
    }
    return Credentials{token_, "", ""};
  }

  base::Result<std::string> Read() const {
    auto text = ReadFile(path_);
    if (!text) return text.error();
    return CleanToken(std::move(*text), path_);
  }

  const std::string path_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::string token_ GUARDED_BY(mutex_);
  std::optional<base::SteadyTime> read_at_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<CredentialSource> MakeCredentialSource(const kube::ClusterConfig& config,
                                                       const base::Clock& clock) {
  if (config.exec) return MakeExecCredentials(config, clock);
  if (!config.token_file.empty()) {
    return std::make_unique<FileCredentials>(config.token_file, clock);
  }
  return std::make_unique<FixedCredentials>(config.token);
}

}  // namespace transport
