#pragma once

// The verbs of the Kubernetes API as HTTP requests, and their answers. Pure.

#include <string>

#include "operator/base/result.h"
#include "operator/runtime/api_client.h"
#include "operator/transport/transport.h"

namespace runtime {

transport::Request MakeGet(const kube::Resource& resource, const kube::ObjectKey& key);
transport::Request MakeMetadataList(const kube::Resource& resource, const MetadataQuery& query);
transport::Request MakeWrite(const WriteRequest& write, const std::string& field_manager);

// Of an answer to a write. Anything but a success becomes an error; a broken connection to one that
// may have been carried out has `outcome_unknown`.
base::Result<WriteResult> ReadWriteAnswer(const base::Result<transport::Response>& answer,
                                          Verb verb);

// The answer, or the error that it stands for.
base::Result<std::string> ReadBody(base::Result<transport::Response> answer);

// The answer to a GET of the object `name`; anything else than that object is an error.
base::Result<std::string> ReadObject(base::Result<std::string> body, const std::string& name);

// For metrics: "create", "apply", "patch", "delete", "dry-run".
std::string ToString(Verb verb);

}  // namespace runtime
