#pragma once

// JSON of the API server to the types of types.h, with the defaults that the CRD's descriptions
// state. Pure; never throws. A field of a wrong type can only come from a CRD that is older or
// newer than this program; it is an error that names the field.

#include <string>

#include "controllers/api/types.h"
#include "operator/kube/decode.h"

namespace disagg::api {

base::Result<std::shared_ptr<const DisaggDeployment>> DecodeDisaggDeployment(
    const std::string& json);
base::Result<std::shared_ptr<const ServingModel>> DecodeServingModel(const std::string& json);
base::Result<std::shared_ptr<const AcceleratorClass>> DecodeAcceleratorClass(
    const std::string& json);

// The same for caches. One object that cannot be decoded must not stop a watch: it enters the cache
// with `decode_error` as the annotation kDecodeError and an empty spec, and becomes Stalled.
inline constexpr char kDecodeError[] = "disagg.dev/internal-decode-error";
// Why an object of a cache is not known as a whole: it is not JSON that can be read
// (meta.decode_error), or not of our types; "" where it is known.
const std::string& DecodeErrorOf(const kube::ObjectMeta& meta);
kube::Decoder DisaggDeploymentDecoder();
kube::Decoder ServingModelDecoder();
kube::Decoder AcceleratorClassDecoder();

}  // namespace disagg::api
