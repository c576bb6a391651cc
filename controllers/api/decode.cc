#include "controllers/api/decode.h"

#include <algorithm>

#include "controllers/api/decode_parts.h"

namespace disagg::api {
namespace {

constexpr std::size_t kMostErrors = 3;

base::Error NotDecodable(const std::string& message) {
  return base::MakeError(base::ErrorCode::kInvalid, "NotDecodable", message);
}

// Paths begin at the object's root: ".spec.x" is "spec.x" for a person.
std::string Joined(const std::vector<std::string>& errors) {
  std::string text;
  for (std::size_t i = 0; i < errors.size() && i < kMostErrors; ++i) {
    text += (i == 0 ? "" : "; ") + errors[i].substr(errors[i].starts_with('.') ? 1 : 0);
  }
  if (errors.size() > kMostErrors) {
    text += "; and " + std::to_string(errors.size() - kMostErrors) + " more";
  }
  return text;
}

struct Decoded {
  kube::ObjectMeta meta;
  nlohmann::json object;
};

base::Result<Decoded> DecodeEnvelope(const simdjson::dom::element& element) {
  auto meta = kube::DecodeMeta(element, {.prefixes = {"disagg.dev/", "app.kubernetes.io/"}});
  if (!meta.ok()) return std::move(meta).error();
  // Only this program may say so.
  meta->annotations.Erase(kDecodeError);
  // Some thousand small objects at most: a second parse is cheaper than a second kind of reader.
  nlohmann::json object =
      nlohmann::json::parse(std::string(simdjson::minify(element)), nullptr, false);
  if (!object.is_object()) return NotDecodable("not a JSON object");
  return Decoded{std::move(*meta), std::move(object)};
}

template <typename T>
base::Result<std::shared_ptr<const T>> DecodeStrictly(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  if (const auto error = parser.parse(json).get(element)) {
    return NotDecodable(std::string("not JSON: ") + simdjson::error_message(error));
  }
  auto envelope = DecodeEnvelope(element);
  if (!envelope.ok()) return std::move(envelope).error();
  auto decoded = std::make_shared<T>();
  decoded->meta = std::move(envelope->meta);
  std::vector<std::string> errors;
  DecodeInto(envelope->object, decoded.get(), &errors);
  if (!errors.empty()) return NotDecodable(Joined(errors));
  return std::shared_ptr<const T>(std::move(decoded));
}

// Whether an error is about the field `path` or something in it.
bool IsAbout(const std::string& error, const std::string& path) {
  return error.starts_with(path + ".") || error.starts_with(path + ":");
}

// The status is kept beside what tells what to give back (suspension, and the roles that could be
// read): it names the revision that goes on being healed.
void ForgetSpec(const std::vector<std::string>& errors, DisaggDeployment* object) {
  DeploymentSpec kept;
  kept.suspend = object->spec.suspend;
  kept.accelerator = object->spec.accelerator;
  for (const auto& [role, spec] : object->spec.roles) {
    const std::string path = ".spec." + std::string(ToString(role));
    if (std::none_of(errors.begin(), errors.end(),
                     [&](const auto& error) { return IsAbout(error, path); })) {
      kept.roles[role] = spec;
    }
  }
  object->spec = std::move(kept);
}

template <typename T>
void ForgetSpec(const std::vector<std::string>&, T* object) {
  T empty;
  empty.meta = std::move(object->meta);
  *object = std::move(empty);
}

template <typename T>
kube::Decoder CacheDecoder() {
  return [](const simdjson::dom::element& element) -> base::Result<kube::ObjectPtr> {
    auto envelope = DecodeEnvelope(element);
    if (!envelope.ok()) return std::move(envelope).error();
    auto decoded = std::make_shared<T>();
    decoded->meta = std::move(envelope->meta);
    std::vector<std::string> errors;
    DecodeInto(envelope->object, decoded.get(), &errors);
    if (!errors.empty()) {
      ForgetSpec(errors, decoded.get());
      decoded->meta.annotations.Set(kDecodeError, Joined(errors));
    }
    return kube::ObjectPtr(std::move(decoded));
  };
}

}  // namespace

base::Result<std::shared_ptr<const DisaggDeployment>> DecodeDisaggDeployment(
    const std::string& json) {
  return DecodeStrictly<DisaggDeployment>(json);
}

base::Result<std::shared_ptr<const ServingModel>> DecodeServingModel(const std::string& json) {
  return DecodeStrictly<ServingModel>(json);
}

base::Result<std::shared_ptr<const AcceleratorClass>> DecodeAcceleratorClass(
    const std::string& json) {
  return DecodeStrictly<AcceleratorClass>(json);
}

const std::string& DecodeErrorOf(const kube::ObjectMeta& meta) {
  return meta.decode_error.empty() ? meta.annotation(kDecodeError) : meta.decode_error.get();
}

kube::Decoder DisaggDeploymentDecoder() { return CacheDecoder<DisaggDeployment>(); }
kube::Decoder ServingModelDecoder() { return CacheDecoder<ServingModel>(); }
kube::Decoder AcceleratorClassDecoder() { return CacheDecoder<AcceleratorClass>(); }

}  // namespace disagg::api
