#include "operator/kube/watch_decoder.h"

#include <utility>

#include "operator/kube/json_fields.h"
#include "operator/kube/status_error.h"

namespace kube {
namespace {

constexpr char kInitialEventsEnd[] = "k8s.io/initial-events-end";

base::Error Unreadable(std::string_view line, std::string why) {
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidWatchEvent",
                         "a watch event is unreadable: " + std::move(why) + "; it begins with " +
                             std::string(line.substr(0, 120)));
}

void ReadBookmark(const Json& object, WatchEvent& event) {
  event.type = EventType::kBookmark;
  IfObject(object, "metadata", [&](const Json& metadata) {
    event.resource_version = TextField(metadata, "resourceVersion");
    IfObject(metadata, "annotations", [&](const Json& annotations) {
      event.initial_events_end = TextField(annotations, kInitialEventsEnd) == "true";
    });
  });
}

bool ReadChangeType(std::string_view type, WatchEvent& event) {
  if (type == "ADDED") {
    event.type = EventType::kAdded;
  } else if (type == "MODIFIED") {
    event.type = EventType::kModified;
  } else if (type == "DELETED") {
    event.type = EventType::kDeleted;
  } else {
    return false;
  }
  return true;
}

}  // namespace

WatchDecoder::WatchDecoder(Decoder decoder, std::size_t max_line)
    : decoder_(std::move(decoder)), max_line_(max_line) {}

base::Status WatchDecoder::Feed(std::string_view bytes,
                                const std::function<void(WatchEvent)>& sink) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (pending_.size() + part.size() > max_line_) {
      return base::MakeError(
          base::ErrorCode::kTooLarge, "WatchEventTooLarge",
          "a watch event is longer than " + std::to_string(max_line_) + " bytes");
    }
    if (end == bytes.npos) {
      pending_ += part;
      return {};
    }
    bytes.remove_prefix(end + 1);
    base::Status status;
    if (pending_.empty()) {
      status = DecodeLine(part, sink);
    } else {
      pending_ += part;
      status = DecodeLine(pending_, sink);
      pending_.clear();
    }
    if (!status) return status;
  }
  return {};
}

base::Status WatchDecoder::DecodeLine(std::string_view line,
                                      const std::function<void(WatchEvent)>& sink) {
  if (line.find_first_not_of(" \r\t") == line.npos) return {};
  Json root, object;
  if (const auto error = parser_.parse(line.data(), line.size()).get(root)) {
    return Unreadable(line, simdjson::error_message(error));
  }
  if (root["object"].get(object) != simdjson::SUCCESS) return Unreadable(line, "it has no object");
  const std::string_view type = TextField(root, "type");
  WatchEvent event;
  if (type == "BOOKMARK") {
    ReadBookmark(object, event);
    if (event.resource_version.empty()) return Unreadable(line, "it has no resourceVersion");
  } else if (type == "ERROR") {
    event.error = ErrorFromStatusObject(simdjson::minify(object));
  } else if (ReadChangeType(type, event)) {
    auto decoded = decoder_(object);
    if (!decoded) return decoded.error();
    event.object = std::move(*decoded);
    event.resource_version = event.object->meta.resource_version;
  } else {
    return Unreadable(line, "its type is \"" + std::string(type) + "\"");
  }
  sink(std::move(event));
  return {};
}

}  // namespace kube
