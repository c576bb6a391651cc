#pragma once

// Trees and tables of aligned columns. Pure.
//
//   minimax-m3   serving
//   |- router    1/1   http://...
//   |  `- minimax-m3-router-x2k4q   Ready
//   `- decode    1/1   DEP8
//
// Rows of one depth share their column widths. Text of the cluster is made harmless on the way:
// whoever may write a pod's message must not be able to steer the terminal of the person who reads
// it.

#include <string>
#include <vector>

namespace disagg::status_view {

enum class Tone { kPlain, kGood, kWaiting, kBad };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

using Row = std::vector<Cell>;

struct Branch {
  Row row;
  std::vector<Branch> children;
};

struct Style {
  bool ascii = false;   // branches without line-drawing characters
  bool colour = false;  // ANSI colours for the tones
};

std::string RenderTree(const Branch& root, const Style& style);
std::string RenderTable(const std::vector<Row>& rows, const Style& style);

}  // namespace disagg::status_view
