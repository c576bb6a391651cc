#pragma once

// The bounded inbox between the transport's thread, which receives a watch, and the loop, which
// decodes it. A full inbox stops reading from the socket until it has been emptied.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/transport/transport.h"

namespace runtime {

class WatchInbox : public transport::StreamSink {
 public:
  // What has arrived since the last Take.
  struct Delivery {
    int status = 0;           // HTTP status; 0 before the head
    bool json = true;         // what the head says of the body; false: a proxy's page
    std::string retry_after;  // the header
    std::string bytes;
    std::optional<base::Status> end;  // last delivery: how the stream ended
    bool paused = false;              // the caller has to Resume the stream
  };

  // `arrived` is called from the transport's thread, at most once per Take; it must only post.
  WatchInbox(std::size_t max_bytes, std::function<void()> arrived)
      : max_bytes_(max_bytes), arrived_(std::move(arrived)) {}

  void OnHead(int status, const transport::Headers& headers) override;
  bool OnData(std::string_view bytes) override;
  void OnEnd(base::Status status) override;

  Delivery Take();

 private:
  void Announce() REQUIRES(mutex_);

  const std::size_t max_bytes_;
  const std::function<void()> arrived_;
  base::Mutex mutex_;
  Delivery waiting_ GUARDED_BY(mutex_);
  bool announced_ GUARDED_BY(mutex_) = false;
};

}  // namespace runtime
