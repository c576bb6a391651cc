// Which ServingModel a name means. A metadata.name always means its own object; an alias that
// several claim means the oldest of them (creationTimestamp, then name).

#include <algorithm>
#include <tuple>

#include "controllers/api/resolution.h"

namespace disagg::api {
namespace {

bool Claims(const ServingModel& model, const std::string& alias) {
  return std::find(model.aliases.begin(), model.aliases.end(), alias) != model.aliases.end();
}

bool Older(const ServingModel& a, const ServingModel& b) {
  return std::tie(a.meta.creation_time, a.meta.name) < std::tie(b.meta.creation_time, b.meta.name);
}

}  // namespace

std::shared_ptr<const ServingModel> FindModel(const Catalogue& catalogue, const std::string& ref) {
  std::shared_ptr<const ServingModel> owner;
  for (const auto& model : catalogue.models) {
    if (model->meta.name == ref) return model;
    if (Claims(*model, ref) && (!owner || Older(*model, *owner))) owner = model;
  }
  return owner;
}

std::vector<std::string> ConflictingAliases(const Catalogue& catalogue, const ServingModel& model) {
  std::vector<std::string> conflicts;
  for (const std::string& alias : model.aliases) {
    const auto owner = FindModel(catalogue, alias);
    if (owner && owner->meta.name != model.meta.name) conflicts.push_back(alias);
  }
  return conflicts;
}

}  // namespace disagg::api
