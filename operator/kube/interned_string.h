#pragma once

// A text of which the process holds one copy, however many objects in the caches name it: labels,
// owners, nodes, reasons. Copying one copies a pointer; comparing two compares pointers. A text
// goes when the last that names it goes. Thread-safe as a shared_ptr is, at half its size.
// (Boost.Flyweight does the same, at more than a second of compile time for every file that
// includes object.h.)

#include <string>
#include <string_view>
#include <utility>

namespace kube {

class InternedString {
 public:
  InternedString() = default;  // ""
  explicit InternedString(std::string_view text);
  InternedString(const InternedString& other);
  InternedString(InternedString&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  InternedString& operator=(InternedString other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  InternedString& operator=(std::string_view text) { return *this = InternedString(text); }
  ~InternedString();

  const std::string& get() const;
  // NOLINTNEXTLINE(google-explicit-constructor): reads as the text
  operator const std::string&() const { return get(); }
  bool empty() const { return entry_ == nullptr; }

  friend bool operator==(const InternedString& a, const InternedString& b) {
    return a.entry_ == b.entry_;
  }
  friend bool operator==(const InternedString& a, std::string_view b) { return a.get() == b; }
  friend std::string operator+(std::string a, const InternedString& b) {
    a += b.get();
    return a;
  }
  friend std::string operator+(const InternedString& a, std::string_view b) {
    return std::string(a.get()).append(b);
  }

 private:
  struct Entry;
  class Pool;

  Entry* entry_ = nullptr;  // null: ""
};

}  // namespace kube
