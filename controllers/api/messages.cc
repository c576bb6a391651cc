#include "controllers/api/messages.h"

#include "operator/base/text.h"

namespace disagg::api {
namespace {

constexpr std::size_t kLongestValue = 120;
constexpr std::size_t kMostItems = 8;

}  // namespace

std::string Quoted(const std::string& text) {
  if (text.size() <= kLongestValue) return "\"" + text + "\"";
  return "\"" + std::string(base::CutUtf8(text, kLongestValue)) + "...\"";
}

std::string Listed(const std::vector<std::string>& items, const std::string& conjunction) {
  const bool cut = items.size() > kMostItems;
  const std::size_t shown = cut ? kMostItems : items.size();
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = !cut && i + 1 == shown;
    if (i > 0) text += last ? " " + conjunction + " " : ", ";
    text += items[i];
  }
  if (cut) text += " and " + std::to_string(items.size() - kMostItems) + " more";
  return text;
}

FieldError ErrorAt(const std::string& path, const std::string& what, const std::string& reason) {
  return {.path = path, .message = path + ": " + what, .reason = reason};
}

FieldError ErrorOf(const std::string& path, const std::string& value, const std::string& what,
                   const std::string& reason) {
  return {.path = path, .message = path + " " + Quoted(value) + ": " + what, .reason = reason};
}

std::string NotOverNodes(std::string_view why) {
  return "must not be set where a replica takes several nodes: " + std::string(why) +
         "; remove it, or choose widths that fit a node";
}

std::string RolePath(RoleName role) { return std::string("spec.").append(ToString(role)); }

std::string AcceleratorPath(const DeploymentSpec& spec, RoleName role) {
  const bool own = !spec.roles.at(role).accelerator.empty();
  return own ? RolePath(role) + ".accelerator" : "spec.accelerator";
}

const std::string& AcceleratorName(const DeploymentSpec& spec, RoleName role) {
  const std::string& own = spec.roles.at(role).accelerator;
  return own.empty() ? spec.accelerator : own;
}

}  // namespace disagg::api
