#pragma once

// The CRDs of this program's own version, as YAML: what `validate` knows of the fields.

namespace kubectl_disagg {

extern const char kAcceleratorClassCrd[];
extern const char kDisaggDeploymentCrd[];
extern const char kServingModelCrd[];

}  // namespace kubectl_disagg
