#pragma once

// Splits the byte stream of a watch into events. Sans I/O: bytes in, events out; chunk boundaries
// may fall anywhere. One object per stream; not thread-safe.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "operator/base/result.h"
#include "operator/kube/decode.h"

namespace kube {

enum class EventType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  EventType type = EventType::kError;
  ObjectPtr object;              // null for bookmarks and errors
  std::string resource_version;  // of the object or the bookmark
  bool initial_events_end = false;
  base::Error error;  // for kError
};

class WatchDecoder {
 public:
  // No line may be longer than `max_line` bytes (an etcd value is at most 1.5 MiB; 8 MiB leaves
  // room).
  WatchDecoder(Decoder decoder, std::size_t max_line);

  // Feeds bytes; calls `sink` for every event completed by them, in order. An error means that the
  // stream is unusable and has to be closed.
  base::Status Feed(std::string_view bytes, const std::function<void(WatchEvent)>& sink);

  // True when no half line is left, i.e. the stream may end here.
  bool at_boundary() const { return pending_.empty(); }

 private:
  base::Status DecodeLine(std::string_view line, const std::function<void(WatchEvent)>& sink);

  Decoder decoder_;
  std::size_t max_line_;
  std::string pending_;
  simdjson::dom::parser parser_;
};

}  // namespace kube
