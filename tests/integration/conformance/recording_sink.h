#pragma once

// A sink that keeps what a stream brings, for tests to look at from their thread.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "operator/transport/transport.h"

namespace transport {

class RecordingSink : public StreamSink {
 public:
  void OnHead(int status, const Headers& headers) override {
    std::lock_guard lock(mutex_);
    ++heads_;
    status_ = status;
    headers_ = headers;
    changed_.notify_all();
  }

  bool OnData(std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    bytes_ += bytes.size();
    if (keeps_) text_ += bytes;
    changed_.notify_all();
    return takes_;
  }

  void OnEnd(base::Status status) override {
    std::lock_guard lock(mutex_);
    ++ends_;
    end_ = std::move(status);
    changed_.notify_all();
  }

  // What OnData returns from now on; whether it keeps the text.
  void Take(bool takes) {
    std::lock_guard lock(mutex_);
    takes_ = takes;
  }
  void OnlyCount() {
    std::lock_guard lock(mutex_);
    keeps_ = false;
  }

  bool WaitForText(const std::string& part) {
    return WaitFor([&] { return text_.find(part) != std::string::npos; });
  }
  bool WaitForBytes(std::size_t count) {
    return WaitFor([&] { return bytes_ >= count; });
  }
  bool WaitForEnd() {
    return WaitFor([&] { return ends_ > 0; });
  }

  int status() const { return Read(status_); }
  std::string text() const { return Read(text_); }
  std::size_t bytes() const { return Read(bytes_); }
  int heads() const { return Read(heads_); }
  int ends() const { return Read(ends_); }
  base::Status end() const { return Read(end_); }

 private:
  template <typename Condition>
  bool WaitFor(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  template <typename T>
  T Read(const T& value) const {
    std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int heads_ = 0, ends_ = 0, status_ = 0;
  Headers headers_;
  std::string text_;
  std::size_t bytes_ = 0;
  base::Status end_;
  bool takes_ = true;
  bool keeps_ = true;
};

}  // namespace transport
