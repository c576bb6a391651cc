#pragma once

// Answers of the API server that are not a success, as base::Error. Pure.
//
// What matters is whether the answer speaks about the object or about anything else (architecture,
// rule 16). The object is wrong: 400 and 422 (kInvalid), admission (kDenied). Everything else is
// retryable, also what a proxy sends in HTML under one of these numbers.

#include <string>
#include <string_view>

#include "operator/base/result.h"

namespace kube {

// `status` is the HTTP status, `body` a metav1.Status (or anything: proxies answer in HTML),
// `retry_after` the header's text ("" when absent; seconds, honoured up to 60, or an HTTP date,
// which counts as 1 s).
//  * 409 is kAlreadyExists when Status.reason says so, else kConflict.
//  * 403 is kDenied when admission refused the object, kForbidden when a right is missing, the
//    namespace is terminating or no Status says which; "exceeded quota" has reason QuotaExceeded.
//  * What etcd or the server finds too large (413, or 500 "request is too large") is kTooLarge with
//    reason TooLarge.
base::Error ErrorFromResponse(int status, std::string_view body, std::string_view retry_after);

// Of an ERROR event inside a watch stream: its object is a metav1.Status.
base::Error ErrorFromStatusObject(std::string_view status_json);

}  // namespace kube
