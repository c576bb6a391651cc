#include "operator/kube/resource.h"

namespace kube {
namespace {

bool Unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string EncodeQuery(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (Unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

std::string Path(const Resource& resource, std::string_view namespace_name, std::string_view name,
                 std::string_view subresource) {
  // The core group is older than groups and keeps a root of its own.
  std::string path = (resource.group.empty() ? "/api/" : "/apis/") + resource.ApiVersion();
  if (resource.namespaced && !namespace_name.empty()) {
    path += "/namespaces/" + EncodeQuery(namespace_name);
  }
  path += "/" + resource.plural;
  if (!name.empty()) path += "/" + EncodeQuery(name);
  if (!subresource.empty()) path += "/" + std::string(subresource);
  return path;
}

}  // namespace kube
