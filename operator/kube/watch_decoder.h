#pragma once

// Splits the byte stream of a watch into events. Sans I/O: bytes in, events out; chunk boundaries
// may fall anywhere. One object per stream; not thread-safe.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "operator/base/result.h"
#include "operator/kube/decode.h"
#include "operator/kube/json_parser.h"

namespace kube {

// kSkipped: about an object that has no metadata by which it could be tracked.
enum class EventType { kAdded, kModified, kDeleted, kBookmark, kError, kSkipped };

struct WatchEvent {
  EventType type = EventType::kError;
  ObjectPtr object;              // of the first three
  std::string resource_version;  // of the object or the bookmark
  bool initial_events_end = false;
  base::Error error;  // of kError and kSkipped
};

class WatchDecoder {
 public:
  // Of a line longer than `max_line` bytes the rest is dropped: its object is decoded as far as it
  // goes and has a decode_error (item_decoder.h).
  WatchDecoder(Decoder decoder, std::size_t max_line);

  // Feeds bytes; calls `sink` for every event completed by them, in order. An error means that the
  // stream is none of a watch and has to be closed.
  base::Status Feed(std::string_view bytes, const std::function<void(WatchEvent)>& sink);

  // True when no half line is left, i.e. the stream may end here.
  bool at_boundary() const { return pending_.empty(); }

 private:
  base::Status DecodeLine(std::string_view line, bool cut,
                          const std::function<void(WatchEvent)>& sink);
  base::Result<WatchEvent> DecodeEvent(std::string_view type, std::string_view object, bool cut);
  base::Result<WatchEvent> DecodeBookmark(std::string_view object);
  WatchEvent DecodeChange(EventType type, std::string_view object, bool cut);

  Decoder decoder_;
  std::size_t max_line_;
  std::string pending_;
  bool cut_ = false;  // `pending_` is the beginning of a line that is too long
  JsonParser parser_;
};

}  // namespace kube
