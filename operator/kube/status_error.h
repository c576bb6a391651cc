#pragma once

// Answers of the API server that are not a success, as base::Error. Pure.

#include <map>
#include <string>
#include <string_view>

#include "operator/base/result.h"

namespace kube {

// `status` is the HTTP status, `body` a metav1.Status (or anything: proxies answer in HTML),
// `retry_after` the header's text ("" when absent; seconds or an HTTP date, dates count as 1 s).
// 409 is kAlreadyExists when Status.reason says so, else kConflict; 403 with "exceeded quota" gets
// reason "QuotaExceeded".
base::Error ErrorFromResponse(int status, std::string_view body, std::string_view retry_after);

// Of an ERROR event inside a watch stream: its object is a metav1.Status.
base::Error ErrorFromStatusObject(std::string_view status_json);

}  // namespace kube
