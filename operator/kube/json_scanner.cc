#include "operator/kube/json_scanner.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace kube {
namespace {

using ByteClass = std::array<bool, 256>;

constexpr ByteClass ClassOf(std::string_view bytes) {
  ByteClass result{};
  for (const char c : bytes) result[static_cast<unsigned char>(c)] = true;
  return result;
}

constexpr ByteClass kSpace = ClassOf(" \t\r\n");
constexpr ByteClass kEndsScalar = ClassOf(",]}: \t\r\n\"[{");
constexpr ByteClass kStructure = ClassOf("\"{}[]");
constexpr ByteClass kInString = ClassOf("\"\\");

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool Take(char c) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool AtEnd() {
    SkipSpace();
    return at_ == text_.size();
  }

  // The text of the value that begins here; false when it does not end, or there is none.
  bool TakeValue(std::string_view& value) {
    SkipSpace();
    const std::size_t start = at_;
    const bool whole = SkipValue();
    at_ = std::min(at_, text_.size());
    value = text_.substr(start, at_ - start);
    return whole;
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && Is(kSpace)) ++at_;
  }

  bool Is(const ByteClass& bytes) const { return bytes[static_cast<unsigned char>(text_[at_])]; }

  void SkipTo(const ByteClass& bytes) {
    while (at_ < text_.size() && !Is(bytes)) ++at_;
  }

  bool SkipValue() {
    if (at_ == text_.size()) return false;
    if (text_[at_] == '"') return SkipString();
    if (text_[at_] == '{' || text_[at_] == '[') return SkipNested();
    const std::size_t start = at_;
    SkipTo(kEndsScalar);
    if (at_ < text_.size()) return at_ > start;
    at_ = start;  // half a number looks like a whole one
    return false;
  }

  bool SkipString() {
    ++at_;
    for (SkipTo(kInString); at_ < text_.size(); SkipTo(kInString)) {
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      at_ += 2;
    }
    return false;
  }

  bool SkipNested() {
    std::size_t depth = 0;
    for (SkipTo(kStructure); at_ < text_.size(); SkipTo(kStructure)) {
      if (text_[at_] == '"') {
        if (!SkipString()) return false;
        continue;
      }
      const bool opens = text_[at_] == '{' || text_[at_] == '[';
      ++at_;
      depth = opens ? depth + 1 : depth - 1;
      if (depth == 0) return true;
    }
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool ScanObject(std::string_view text, const MemberVisitor& visit) {
  Cursor cursor(text);
  if (!cursor.Take('{')) return false;
  if (cursor.Take('}')) return cursor.AtEnd();
  do {
    std::string_view key, value;
    if (!cursor.TakeValue(key) || !key.starts_with('"') || !cursor.Take(':')) return false;
    const bool whole = cursor.TakeValue(value);
    visit(key.substr(1, key.size() - 2), value);
    if (!whole) return false;
  } while (cursor.Take(','));
  return cursor.Take('}') && cursor.AtEnd();
}

bool ScanArray(std::string_view text, const ElementVisitor& visit) {
  Cursor cursor(text);
  if (!cursor.Take('[')) return false;
  if (cursor.Take(']')) return cursor.AtEnd();
  do {
    std::string_view value;
    const bool whole = cursor.TakeValue(value);
    visit(value);
    if (!whole) return false;
  } while (cursor.Take(','));
  return cursor.Take(']') && cursor.AtEnd();
}

}  // namespace kube
