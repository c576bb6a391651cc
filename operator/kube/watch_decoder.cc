#include "operator/kube/watch_decoder.h"

#include <optional>
#include <utility>

#include "operator/kube/item_decoder.h"
#include "operator/kube/json_fields.h"
#include "operator/kube/json_scanner.h"
#include "operator/kube/status_error.h"

namespace kube {
namespace {

constexpr char kInitialEventsEnd[] = "k8s.io/initial-events-end";

base::Error Unreadable(std::string_view line, const std::string& why) {
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidWatchEvent",
                         "a watch event is unreadable: " + why + "; it begins with " +
                             std::string(line.substr(0, 120)));
}

std::optional<EventType> ChangeType(std::string_view type) {
  if (type == "ADDED") return EventType::kAdded;
  if (type == "MODIFIED") return EventType::kModified;
  if (type == "DELETED") return EventType::kDeleted;
  return std::nullopt;
}

}  // namespace

WatchDecoder::WatchDecoder(Decoder decoder, std::size_t max_line)
    : decoder_(std::move(decoder)), max_line_(max_line) {}

base::Status WatchDecoder::Feed(std::string_view bytes,
                                const std::function<void(WatchEvent)>& sink) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    const std::size_t room = max_line_ - pending_.size();
    cut_ = cut_ || part.size() > room;
    const bool at_once = pending_.empty() && end != bytes.npos;
    if (!at_once) pending_ += part.substr(0, room);
    if (end == bytes.npos) return {};
    bytes.remove_prefix(end + 1);
    base::Status status =
        DecodeLine(at_once ? part.substr(0, room) : std::string_view{pending_}, cut_, sink);
    pending_.clear();
    cut_ = false;
    if (!status) return status;
  }
  return {};
}

base::Status WatchDecoder::DecodeLine(std::string_view line, bool cut,
                                      const std::function<void(WatchEvent)>& sink) {
  if (line.find_first_not_of(" \r\t") == line.npos) return {};
  std::string_view type, object;
  const bool whole = ScanObject(line, [&](std::string_view key, std::string_view value) {
    if (key == "type") type = value;
    if (key == "object") object = value;
  });
  if (!whole && !cut) return Unreadable(line, "it is not JSON");
  if (object.empty()) return Unreadable(line, "it has no object");
  auto event = DecodeEvent(type, object, cut);
  if (!event) return Unreadable(line, event.error().message);
  sink(std::move(*event));
  return {};
}

base::Result<WatchEvent> WatchDecoder::DecodeEvent(std::string_view type, std::string_view object,
                                                   bool cut) {
  if (type.starts_with('"')) type = type.substr(1, type.size() - 2);
  if (type == "BOOKMARK") return DecodeBookmark(object);
  if (type == "ERROR") {
    WatchEvent event;
    event.error = ErrorFromStatusObject(object);
    return event;
  }
  if (const auto change = ChangeType(type)) return DecodeChange(*change, object, cut);
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidWatchEvent",
                         "its type is \"" + std::string(type) + "\"");
}

base::Result<WatchEvent> WatchDecoder::DecodeBookmark(std::string_view object) {
  const auto parsed = parser_.Parse(object);
  if (!parsed) return parsed.error();
  WatchEvent event;
  event.type = EventType::kBookmark;
  IfObject(*parsed, "metadata", [&](const Json& metadata) {
    event.resource_version = TextField(metadata, "resourceVersion");
    IfObject(metadata, "annotations", [&](const Json& annotations) {
      event.initial_events_end = TextField(annotations, kInitialEventsEnd) == "true";
    });
  });
  if (!event.resource_version.empty()) return event;
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidWatchEvent",
                         "it has no resourceVersion");
}

WatchEvent WatchDecoder::DecodeChange(EventType type, std::string_view object, bool cut) {
  auto decoded = DecodeItem(object, decoder_, parser_);
  WatchEvent event;
  if (!decoded) {
    event.type = EventType::kSkipped;
    event.error = std::move(decoded).error();
    return event;
  }
  if (cut) {
    MarkIncomplete(*decoded, "it is larger than " + std::to_string(max_line_) + " bytes");
  }
  event.type = type;
  event.object = std::move(*decoded);
  event.resource_version = event.object->meta.resource_version;
  return event;
}

}  // namespace kube
