#include "operator/base/text.h"

namespace base {
namespace {

constexpr std::size_t kLongestLine = 200;

// The length of the character at the beginning of `text` if it must not be shown, else 0. UTF-8:
// U+0000-001F and 007F, U+0080-009F, U+200E-200F and 202A-202E, U+2066-2069.
std::size_t UnprintableAt(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return 2;
  if (byte(0) != 0xE2) return 0;
  const bool marks = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F);
  const bool embeds = byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
  return marks || embeds || isolates ? 3 : 0;
}

}  // namespace

std::string_view CutUtf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bad = UnprintableAt(text.substr(at));
    printable += bad > 0 ? ' ' : text[at];
    at += bad > 0 ? bad : 1;
  }
  return printable;
}

std::string LastLine(const std::string& text) {
  std::string_view line = text;
  line = line.substr(0, line.find_last_not_of(" \r\n") + 1);
  line = line.substr(line.rfind('\n') + 1);  // npos + 1 is 0
  const std::string_view shown = CutUtf8(line, kLongestLine);
  return std::string(shown) + (shown.size() < line.size() ? "..." : "");
}

}  // namespace base
