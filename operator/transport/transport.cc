#include "operator/transport/transport.h"

#include <future>

namespace transport {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

}  // namespace

std::string_view ToString(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
  }
  return "";
}

std::string_view FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoringCase(key, name)) return value;
  }
  return "";
}

base::Result<Response> SendAndWait(Transport& transport, Request request) {
  // The callback may still be returning from set_value when this thread goes on.
  auto answer = std::make_shared<std::promise<base::Result<Response>>>();
  auto future = answer->get_future();
  transport.Send(std::move(request),
                 [answer](base::Result<Response> result) { answer->set_value(std::move(result)); });
  return future.get();
}

}  // namespace transport
