#pragma once

// metav1.MicroTime, the time stamps of Leases and Events: "2026-11-24T10:25:02.031000Z". Pure.

#include <string>

#include "operator/base/clock.h"

namespace runtime {

std::string FormatMicroTime(base::SystemTime time);

}  // namespace runtime
