#pragma once

// What is known of the engines' and routers' command lines: spellings of one flag, flags that typed
// fields render, flags that may differ between prefill and decode. Pure tables and the merge over
// them.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/types.h"

namespace disagg::api {

// "max_num_seqs" -> "max-num-seqs", "tp" -> "tensor-parallel-size": the one spelling under which a
// flag is merged, compared, hashed and rendered. Leading dashes are not removed: they are an error
// of the spec.
std::string NormalizeFlag(EngineType engine, std::string_view key);
std::string NormalizeFlag(RouterType router, std::string_view key);

// "enable-x" -> "no-enable-x" and back: what argparse's BooleanOptionalAction takes for the
// opposite of a bare flag.
std::string NegationOf(std::string_view flag);

// The typed field that renders this (normalised) flag or its negation:
// "spec.<role>.parallelism.tensor"; "the operator" for what no field is for (ports, addresses);
// nothing when free.
std::optional<std::string> TypedFieldOf(EngineType engine, std::string_view flag);
std::optional<std::string> TypedFieldOf(RouterType router, std::string_view flag);

// True when prefill and decode may differ in it without becoming unable to exchange KV blocks:
// batch sizes, eager mode, scheduling, memory shares, logging. Everything else is part of the
// contract.
bool IsLocalFlag(EngineType engine, std::string_view flag);

// engine.args < role.args, keys normalised, `false` kept as kBool (omits an inherited flag). A
// role's flag replaces the inherited opposite of it. Keys that collide after normalising within one
// map keep the first; validation reports them.
Args MergeArgs(EngineType engine, const Args& shared, const Args& role);

// "--flag", "--flag value", ... in byte order of the flags. `true` is a bare flag, `false` nothing,
// a list one flag with several values, a repeat the flag several times. A value with a leading dash
// is written "--flag=value".
std::vector<std::string> ToCommandLine(const Args& normalized);

}  // namespace disagg::api
