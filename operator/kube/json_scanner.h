#pragma once

// Finds the members of an object and the elements of an array in the text of an answer without
// reading them. It knows strings, escapes and brackets only, so that a value that no parser takes
// (a number of 400 digits, ten thousand levels) cannot hide its neighbours. Needs no stack and no
// memory, however deep the text is. Pure.

#include <functional>
#include <string_view>

namespace kube {

// A key as it is written, without its quotes, and the text of its value.
using MemberVisitor = std::function<void(std::string_view key, std::string_view value)>;
using ElementVisitor = std::function<void(std::string_view value)>;

// True when `text` is one whole object, or array. Where the text ends in the middle of a value,
// that value is visited as far as it goes (a number or a word: as ""), and the result is false.
bool ScanObject(std::string_view text, const MemberVisitor& visit);
bool ScanArray(std::string_view text, const ElementVisitor& visit);

}  // namespace kube
