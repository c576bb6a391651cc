#include "controllers/reconcile/revision_object.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/render/objects.h"
#include "operator/kube/json_fields.h"

namespace disagg::reconcile {
namespace {

// What the object's own name says, which nobody can change; empty: it is none that we would give.
std::string NameOf(const kube::ObjectMeta& meta) {
  const std::string prefix = render::RevisionName(meta.controller_name, "");
  return meta.name.starts_with(prefix) ? meta.name.substr(prefix.size()) : "";
}

// The labels that the object's name and its data tell, as far as somebody took or changed them.
std::map<std::string, std::string> LostLabels(const kube::ObjectMeta& meta,
                                              std::string_view contract) {
  std::map<std::string, std::string> labels{{api::kLabelDeployment, meta.controller_name},
                                            {api::kLabelRevision, NameOf(meta)},
                                            {api::kLabelContract, std::string(contract)}};
  std::erase_if(labels, [&](const auto& label) {
    return label.second.empty() || meta.label(label.first) == label.second;
  });
  return labels;
}

std::string WhyDamaged(const kube::ObjectMeta& meta) {
  const std::string missing = render::MissingKeys(meta);
  return missing.empty() ? "its labels, annotations or data are not what the operator wrote"
                         : "it lacks " + missing;
}

// Whether the data has a pod for each rank that the annotation speaks of.
bool HasRanks(const render::RevisionIdentity& identity,
              const simdjson::simdjson_result<kube::Json>& roles) {
  return std::all_of(identity.roles.begin(), identity.roles.end(), [&](const auto& role) {
    simdjson::dom::array pods;
    const auto error = roles[api::ToString(role.first)]["pods"].get(pods);
    std::int64_t ranks = 0;
    for (const auto pod : error ? simdjson::dom::array() : pods) {
      std::int64_t count = 0;
      if (pod["count"].get(count) == simdjson::SUCCESS) ranks += count;
    }
    return ranks == role.second.ranks;
  });
}

// Fills in what the object tells of itself: `roles` is what it has rendered, where it has. The
// label by which watches select is nothing that its identity needs.
void Identify(RevisionObject& object, const simdjson::simdjson_result<kube::Json>& roles) {
  const auto router = roles["router"]["pods"].at(0)["template"];
  std::string_view contract;
  const bool labelled =
      router["metadata"]["labels"][api::kLabelContract].get(contract) == simdjson::SUCCESS;
  auto lost = LostLabels(object.meta, labelled ? contract : "");
  const bool mislabelled = lost.contains(api::kLabelRevision) || lost.contains(api::kLabelContract);
  auto identity = render::IdentityOf(object.meta);
  const bool readable = router.error() == simdjson::SUCCESS;
  if (identity && !mislabelled && readable && HasRanks(*identity, roles)) {
    object.stored.identity = std::move(*identity);
  } else {
    object.damage = {NameOf(object.meta), object.meta.uid, WhyDamaged(object.meta),
                     std::move(lost)};
  }
}

}  // namespace

kube::Decoder RevisionDecoder(kube::KeepKeys keep) {
  return [keep = std::move(keep)](
             const simdjson::dom::element& element) -> base::Result<kube::ObjectPtr> {
    auto meta = kube::DecodeMeta(element, keep);
    if (!meta) return meta.error();
    auto object = std::make_shared<RevisionObject>();
    object->meta = std::move(*meta);
    object->stored.uid = object->meta.uid;
    Identify(*object, element["data"]["rendered"]["roles"]);
    // They are in `stored` now.
    object->meta.annotations.clear();
    return kube::ObjectPtr(std::move(object));
  };
}

void AddRevision(const RevisionObject& revision, planning::Snapshot& snapshot) {
  if (revision.meta.deleting()) return;
  if (!revision.damage) {
    snapshot.revisions.push_back(revision.stored);
    return;
  }
  planning::DamagedRevision damaged = *revision.damage;
  if (damaged.name.empty()) return;
  // Nothing that was not read is missing.
  if (!revision.meta.decode_error.empty()) {
    damaged.why = revision.meta.decode_error.get();
    damaged.lost_labels.clear();
  }
  snapshot.damaged.push_back(std::move(damaged));
}

}  // namespace disagg::reconcile
